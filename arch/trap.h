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

enum {
	TRAP_NMI = 2,
	TRAP_DOUBLE_FAULT = 8,
	TRAP_GENERAL = 13,
	TRAP_PAGE_FAULT = 14,
	TRAP_MACHINE_CHECK = 18,
};

/* trap_frame.error of a page fault [SDM 3A 4.7]. */
enum {
	PF_PRESENT = 1 << 0, /* not absent, but forbidden */
	PF_WRITE = 1 << 1,
	PF_RESERVED = 1 << 3,
	PF_FETCH = 1 << 4,
};

#define RFLAGS_IF (1UL << 9) /* interrupts were on [SDM 1 3.4.3.3] */

typedef bool (*trap_handler_fn)(struct trap_frame *frame);

void trap_init(void); /* GDT, TSS with IST stacks, IDT: from here on a fault is reported */
/* Any of the 256 vectors; NULL unregisters.  Handlers run with interrupts off. */
void trap_register(unsigned vector, trap_handler_fn handler);
/* CR2, the address of the last page fault. */
vaddr_t trap_fault_address(void);

/* Writes up to `max` return addresses of the chain of frames at `rbp`; returns how many. */
unsigned backtrace(uint64_t rbp, vaddr_t *addrs, unsigned max);

/* Loads 8 bytes that may not be mapped; false (and *value untouched) if they are not. */
bool probe_read64(vaddr_t addr, uint64_t *value);

/* Says what a kernel mapping at `va` is ("guard page of stack:shell"), or NULL; no locks.
 * Fault reports call it; a fault in a "guard page of stack:..." is a stack overflow. */
typedef const char *(*trap_describe_fn)(vaddr_t va, char *buf, size_t size);
void trap_set_describer(trap_describe_fn describe);

/* Prints the registers by panic_printf(). */
void trap_report(const struct trap_frame *frame);

#endif
