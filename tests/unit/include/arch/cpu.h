/*
 * tests/unit/include/arch/cpu.h - the CPU on the host: one at a time, without
 * interrupts; a test may say which.
 */
#ifndef TESTS_UNIT_CPU_H
#define TESTS_UNIT_CPU_H

#include "kernel/lib/types.h"

#define MAX_CPUS   64
#define CACHE_LINE 64

struct cpu_features {
	bool nx, smep, smap, umip, gib_pages, pge, x2apic;
	unsigned phys_bits;
	char brand[49];
};
extern struct cpu_features cpu_features; /* the test's own */

__attribute__((weak)) unsigned host_cpu;

static inline unsigned cpu_id(void)
{
	return host_cpu;
}

static inline uint64_t cpu_irq_save(void)
{
	return 0;
}

static inline void cpu_irq_restore(uint64_t flags __unused)
{
}

static inline bool cpu_irqs_enabled(void)
{
	return false;
}

static inline void cpu_relax(void)
{
}

static inline void cpu_wait(void)
{
}

static inline uint64_t cpu_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

#endif
