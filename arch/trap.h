/*
 * arch/trap.h - arch contract: exceptions and the registers they report.
 *
 * Every vector enters through arch/x86_64/trap_entry.asm, which builds a trap_frame.
 * A handler that returns true resumes; otherwise the exception ends in panic_trap().
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include "kernel/lib/types.h"

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss; /* pushed by the CPU [SDM 3A 6.14.2] */
};

enum { TRAP_NMI = 2, TRAP_DOUBLE_FAULT = 8, TRAP_GENERAL = 13, TRAP_PAGE_FAULT = 14 };

typedef bool (*trap_handler_fn)(struct trap_frame *frame);

void trap_init(void); /* GDT, TSS with IST stacks, IDT: from here on a fault is reported */
void trap_register(unsigned vector, trap_handler_fn handler);
/* CR2, the address of the last page fault. */
vaddr_t trap_fault_address(void);

/* Writes up to `max` return addresses of the chain of frames at `rbp`; returns how many. */
unsigned backtrace(uint64_t rbp, vaddr_t *addrs, unsigned max);

#endif
