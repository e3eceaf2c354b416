/*
 * kernel/sched_priv.h - between sched.c and sched_queue.c: the run queues.
 *
 * Every function here wants sched_lock held, unless it says otherwise.
 */
#ifndef KERNEL_SCHED_PRIV_H
#define KERNEL_SCHED_PRIV_H

#include "arch/percpu.h"
#include "kernel/thread_priv.h"

#define SLICE_TICKS 2

/* Locks used to protect struct members: [s] sched_lock; [I] immutable once the CPU schedules. */
struct sched_cpu {
	struct percpu *here;	/* [I] its current thread, and whether a switch was put off */
	struct thread *idle;	/* [I] NULL: this CPU does not schedule yet */
	struct list_head queue; /* [s] ready threads, round robin */
	struct list_head woken; /* [s] served first */
	unsigned nready;	/* [s] in both */
	uint64_t switched_at;	/* [s] cycle count when the current thread began to run */
	uint64_t switches;	/* [s] */
	uint64_t steals;	/* [s] threads taken from other CPUs' queues */
	uint64_t idle_cycles;	/* [s] without the present stretch */
} __aligned(CACHE_LINE);

extern struct sched_cpu sched_cpus[MAX_CPUS];

/* The running CPU; its answer stays right while interrupts are off. */
static inline struct sched_cpu *this_cpu(void)
{
	return &sched_cpus[cpu_id()];
}

/* `cpu` runs threads from now on; it is busy until sched_pick() finds nothing. */
void sched_queue_add_cpu(unsigned cpu) REQUIRES(&sched_lock);
/* At the end of the running CPU's queue, with a new slice; elsewhere if it may not run here. */
void sched_put_last(struct thread *t) REQUIRES(&sched_lock);
/* What the running CPU runs next: its own first ready thread, another CPU's, the idle thread.
 * Another CPU that idles is told of what stays behind. */
struct thread *sched_pick(void) REQUIRES(&sched_lock);
/* Takes a thread from a CPU that has at least two more waiting than the running one: true. */
bool sched_pull(void) REQUIRES(&sched_lock);
/* A ready thread's affinity changed: puts it where it may run. */
void sched_requeue(struct thread *t) REQUIRES(&sched_lock);
/* Makes `cpu` look at its queue soon. */
void sched_kick(unsigned cpu) REQUIRES(&sched_lock);

/* Is any thread in any queue?  A hint, without the lock. */
bool sched_somebody_waits(void);

/* Threads on CPUs other than `except` do not run any more; MAX_CPUS: all may run again. */
void sched_queue_freeze(unsigned except) REQUIRES(&sched_lock);

#endif
