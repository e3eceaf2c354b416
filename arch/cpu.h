/*
 * arch/cpu.h - arch contract: the CPU itself.
 *
 * What is not inline is in arch/x86_64/cpu.c; the host build (tests/unit) shadows this header with
 * its own.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "kernel/lib/types.h"

#define MAX_CPUS   64
#define CACHE_LINE 64

/* Features found by CPUID; immutable after cpu_init_features(). */
struct cpu_features {
	bool nx, smep, smap, umip, gib_pages, pge, x2apic;
	bool hypervisor;    /* this is a virtual machine that says so */
	unsigned phys_bits; /* physical address bits, MAXPHYADDR [SDM 3A 4.1.4] */
	char brand[49];
};
extern struct cpu_features cpu_features;

/* Fills cpu_features and turns on SMEP, SMAP, UMIP and machine checks where there are any. */
void cpu_init_features(void);
/* A hardware random number, or 0 where the CPU has none. */
uint64_t cpu_random(void);

/*
 * The index of the running CPU, below MAX_CPUS, 0 the boot CPU; meaningful while preemption or
 * IRQs are off.  It is the first word of the block that GS points at (arch/percpu.h).
 */
static inline unsigned cpu_id(void)
{
	unsigned id;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(id));
	return id;
}

/* Its number in the firmware's tables: the initial local APIC id [SDM 2A CPUID leaf 1]. */
uint32_t cpu_apic_id(void);

static inline uint64_t cpu_irq_save(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; pop %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void cpu_irq_restore(uint64_t flags)
{
	if (flags & (1UL << 9)) /* RFLAGS.IF [SDM 1 3.4.3.3] */
		__asm__ volatile("sti" : : : "memory");
}

static inline bool cpu_irqs_enabled(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; pop %0" : "=r"(flags));
	return (flags & (1UL << 9)) != 0;
}

static inline void cpu_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void cpu_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/*
 * One turn of a wait for another CPU: pauses, and does what other CPUs wait for this one to do,
 * so that two that wait for each other with interrupts off get on.  Every loop that waits for
 * another CPU calls it.
 */
void cpu_wait(void);
/* cpu_wait() calls `serve` from now on: there are others. */
void cpu_set_wait(void (*serve)(void));

/* Enables interrupts and halts until the next one, without a gap between the two. */
static inline void cpu_idle(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline uint64_t cpu_cycles(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (uint64_t)hi << 32 | lo;
}

__noreturn void cpu_halt_forever(void);
__noreturn void cpu_triple_fault(void); /* last resort of reboot */

#endif
