/*
 * arch/x86_64/gdt.h - segment selectors and the numbers of the emergency stacks.
 */
#ifndef ARCH_X86_64_GDT_H
#define ARCH_X86_64_GDT_H

#include "kernel/lib/types.h"

enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18 };

/* Indices of the interrupt stack table, from 0; a gate's field counts from 1. */
enum { IST_DOUBLE_FAULT, IST_NMI, IST_MACHINE_CHECK, IST_COUNT };

void gdt_init(void); /* loads GDT and TSS; interrupts are off */

#endif
