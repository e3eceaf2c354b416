/*
 * arch/x86_64/trap_priv.h - between trap.c, trap_report.c and trap_entry.asm.
 */
#ifndef ARCH_X86_64_TRAP_PRIV_H
#define ARCH_X86_64_TRAP_PRIV_H

#include "arch/trap.h"

#define EXCEPTIONS  32U			 /* vectors below are the CPU's own [SDM 3A 6.3.1] */
#define KERNEL_HALF 0xffff800000000000UL /* lowest canonical kernel address, 4-level paging */

/* Every CPU has the one interrupt descriptor table. */
void trap_load_idt(void);
void trap_dispatch(struct trap_frame *frame);
/* Says in words what the exception was, and ends in the panic's report. */
__noreturn void trap_panic(const struct trap_frame *frame);

#endif
