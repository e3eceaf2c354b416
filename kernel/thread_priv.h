/*
 * kernel/thread_priv.h - struct thread, and what sched.c, thread.c and wait.c share.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after thread_create()
 *	s	sched_lock (spin, rank SCHED)
 *	t	the thread itself
 */
#ifndef KERNEL_THREAD_PRIV_H
#define KERNEL_THREAD_PRIV_H

#include "kernel/lib/list.h"
#include "kernel/mutex.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"
#include "mm/page.h"

struct thread {
	struct list_head run;	    /* [s] run queue, while READY */
	struct list_head all;	    /* [s] every thread, in order of id */
	uint64_t sp;		    /* [s] saved stack pointer while it does not run */
	enum thread_state state;    /* [s] */
	bool interruptible;	    /* [s] thread_interrupt() ends this sleep */
	bool interrupted;	    /* [s] written; read by the thread itself without */
	unsigned preempt_off;	    /* [t] depth of preempt_disable() */
	unsigned slice;		    /* [s] ticks left */
	unsigned cpu;		    /* [s] where it runs, waits to run, or ran last */
	uint64_t affinity;	    /* [s] bit i: may run on CPU i */
	unsigned id;		    /* [I] */
	char name[THREAD_NAME_MAX]; /* [I] */

	void *stack;			      /* [I] NULL: the boot stack */
	struct page_owner stack_owner;	      /* [I] of the stack's pages, so it lives here */
	char stack_name[THREAD_NAME_MAX + 8]; /* [I] "stack:NAME" */
	void (*entry)(void *);		      /* [I] */
	void *arg;			      /* [I] */

	const char *waits_for; /* [t] name of what it sleeps on, NULL: its end is joined */
	const struct mutex *waits_mutex; /* [t] that it waits to own, or NULL */

	struct noalloc *noalloc; /* [t] the section without allocations it is in, or NULL */
	bool waits_memory;	 /* [t] between memory_wait_begin() and _end() */

	struct thread *joiner; /* [s] waits in thread_join() */
	uint64_t cycles;       /* [s] run so far */
	uint64_t switches;     /* [s] times it was switched to */
};

extern struct spinlock sched_lock;
extern struct list_head sched_all GUARDED_BY(&sched_lock);

/* The thread that runs first: kmain's. */
extern struct thread sched_main;

/* Turns preemption on: `idle` runs when nobody else can. */
void sched_start(struct thread *idle);

/* The idle thread of another CPU: made, listed once that CPU runs on it, or freed if it never
 * does.  NULL: no memory. */
struct thread *thread_make_idle(unsigned cpu);
void thread_add_idle(struct thread *idle);
void thread_free_idle(struct thread *idle);
/* Before a CPU starts: the thread that it runs first is `idle`. */
void sched_add_cpu(unsigned cpu, struct thread *idle);
/* The CPU itself, on the stack of its idle thread: takes part from now on. */
void sched_join(void);
/* What an idle thread does, for ever. */
__noreturn void thread_run_idle(void *arg);

/* => sched_lock held: TSC counts that `t` has run, up to now if it is running. */
uint64_t sched_cycles(const struct thread *t) REQUIRES(&sched_lock);

/* => sched_lock held: `t` may run from now on. */
void sched_make_ready(struct thread *t) REQUIRES(&sched_lock);

/*
 * sched_switch: give the CPU to the next thread; returns when the caller runs again.
 *
 * => sched_lock held and no other spin lock, interrupts off, preemption on
 * => the state of the running thread says what becomes of it: RUNNING goes to the end of the
 *    queue, SLEEPING and DEAD stay off it
 */
void sched_switch(void) REQUIRES(&sched_lock);
/* The first thing a new thread does: releases the sched_lock it was switched to with. */
void sched_first_run(void) RELEASE(&sched_lock);

/*
 * thread_block: sleep until thread_wake(); `release` is unlocked only once a wake-up can no
 * longer be lost.
 *
 * => `release` held and no other lock; interrupts off, and off again on return
 * => interruptible and interrupted already: returns at once
 * => may return early: the caller looks again at what it waits for
 */
void thread_block(struct spinlock *release, bool interruptible) RELEASE(release);
/* Ends the sleep of `t`, if it sleeps; from any context. */
void thread_wake(struct thread *t);

/* May the running code sleep?  Panics if not. */
void thread_assert_may_sleep(void);

#endif
