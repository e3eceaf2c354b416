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
	uint8_t home[2]; /* nodes; written before the CPU runs threads: pages_set_home() */
} __aligned(CACHE_LINE);

extern struct percpu percpu[MAX_CPUS];

/* Makes the running CPU the one with this index.  Before that nothing may ask for cpu_id(). */
void percpu_load(unsigned cpu);

/* A member of the running CPU's, of a register's size, read by one instruction. */
#define percpu_read(member)                                               \
	({                                                                \
		typeof(((struct percpu *)0)->member) __value;             \
		__asm__ volatile("mov %%gs:%c1, %0"                       \
				 : "=r"(__value)                          \
				 : "i"(offsetof(struct percpu, member))); \
		__value;                                                  \
	})

/* home[i] of the running CPU. */
static inline unsigned percpu_home(unsigned i)
{
	unsigned home;

	__asm__ volatile("movzbl %%gs:%c1(%2), %0"
			 : "=r"(home)
			 : "i"(offsetof(struct percpu, home)), "r"((uint64_t)i));
	return home;
}

#endif
