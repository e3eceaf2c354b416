/*
 * arch/percpu.h - arch contract: what each CPU has for itself.
 *
 * The base of GS points at the running CPU's struct percpu, so that one instruction reads a
 * member of it: who reads so may be moved to another CPU before or after, but not in between.
 * A CPU writes its own members with interrupts off; only need_resched is written by others.
 *
 * More than a few words a CPU belongs in an array of the subsystem's own, indexed by cpu_id()
 * and aligned to CACHE_LINE.
 */
#ifndef ARCH_PERCPU_H
#define ARCH_PERCPU_H

#include "arch/cpu.h"

struct thread;

struct percpu {
	unsigned id;		/* cpu_id() */
	unsigned irq_depth;	/* handlers of interrupts that run on this CPU */
	struct thread *current; /* [sched_lock] thread_current() */
	uint32_t need_resched;	/* a switch was put off; set by any CPU under sched_lock */
	uint32_t apic_id;
} __aligned(CACHE_LINE);

extern struct percpu percpu[MAX_CPUS];

/* Makes the running CPU the one with this index.  Before that nothing may ask for cpu_id(). */
void percpu_load(unsigned cpu);

static inline struct thread *percpu_current(void)
{
	struct thread *current;

	__asm__ volatile("movq %%gs:%c1, %0"
			 : "=r"(current)
			 : "i"(offsetof(struct percpu, current)));
	return current;
}

static inline unsigned percpu_irq_depth(void)
{
	unsigned depth;

	__asm__ volatile("movl %%gs:%c1, %0"
			 : "=r"(depth)
			 : "i"(offsetof(struct percpu, irq_depth)));
	return depth;
}

static inline bool percpu_need_resched(void)
{
	uint32_t need;

	__asm__ volatile("movl %%gs:%c1, %0"
			 : "=r"(need)
			 : "i"(offsetof(struct percpu, need_resched)));
	return need != 0;
}

#endif
