/*
 * arch/x86_64/gdt.h - segment selectors and the numbers of the emergency stacks.
 */
#ifndef ARCH_X86_64_GDT_H
#define ARCH_X86_64_GDT_H

#include "kernel/lib/types.h"

enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18 };

/* Indices of the interrupt stack table, from 0; a gate's field counts from 1. */
enum { IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_COUNT };

#define IST_STACK_SIZE	(16 * KiB)
#define GDT_STACKS_SIZE (IST_COUNT * IST_STACK_SIZE)

void gdt_init(void); /* of the boot CPU, which has its stacks already */
/* GDT and TSS of another CPU, whose emergency stacks are the GDT_STACKS_SIZE bytes at `stacks`. */
void gdt_prepare(unsigned cpu, void *stacks);
void gdt_load(unsigned cpu); /* by that CPU itself, interrupts off */

#endif
