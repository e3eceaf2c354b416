/*
 * arch/smp.h - arch contract: starting other CPUs, and interrupting them.
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

#include "kernel/lib/types.h"

/* Between mm_init_early() and mm_init(): reserves the page below 1 MiB that CPUs start in. */
void cpu_start_reserve(void);

/* After irq_init() and clock_start_ticks().  0; -ENODEV: there are no local APICs, no timers in
 * them, or no page to start in; else what mmu_map() says.  cpu_start_end() is for after a 0. */
int cpu_start_begin(void);
/* The highest APIC id that an interrupt command can name. */
uint32_t cpu_start_max_id(void);
/* All CPUs that are to be started get the INIT signal; give them 10 ms. */
void cpu_start_init(uint32_t apic_id);
/*
 * Starts one CPU as `index`, on the stack that ends at `stack_top`, in entry(index), with
 * interrupts off and everything else set up; waits until *up, up to patience_us.  0; -ENOMEM;
 * -ETIMEDOUT: it did not come, and will not any more; -EBUSY: it began and did not arrive: nothing
 * more can be started.
 */
struct cpu_start {
	unsigned index;
	uint32_t apic_id;
	vaddr_t stack_top;
	void (*entry)(unsigned index);
	const bool *up;
	uint64_t patience_us;
};
int cpu_start(const struct cpu_start *start);
/* Nobody starts any more: the page is unmapped, unless a CPU is lost in it. */
void cpu_start_end(void);

/* The local timer of the running CPU, as irq_start_tick() set up the boot CPU's. */
void irq_start_tick_here(void);

enum ipi {
	IPI_RESCHEDULE, /* only ends a halt, or runs the exit hook */
	IPI_CALL,
	IPI_FLUSH,
	IPI_KINDS
};

/* Called with interrupts off on the CPU that was interrupted; NULL: nothing but the exit hook. */
void ipi_set_handler(enum ipi ipi, void (*handler)(void));
/* Interrupts a CPU that runs.  Everything written before is visible to its handler. */
void ipi_send(unsigned cpu, enum ipi ipi);
void ipi_send_nmi(unsigned cpu);
/* How many came to that CPU. */
uint64_t ipi_count(unsigned cpu, enum ipi ipi);

#endif
