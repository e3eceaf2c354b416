/*
 * kernel/thread.h - preemptive kernel threads.
 *
 * One run queue a CPU, round robin, time slices of a few ticks; a thread moves between CPUs
 * unless it is bound to some.  Stacks are kernel mappings with guard pages on both sides.  A
 * thread ends by returning or thread_exit(); who created it may thread_join() it.
 *
 * Lock: sched_lock (spin, rank SCHED) guards states and the queues.
 */
#ifndef KERNEL_THREAD_H
#define KERNEL_THREAD_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define THREAD_NAME_MAX 24
#ifdef CONFIG_KASAN
#define THREAD_STACK_SIZE (32 * KiB) /* redzones around every variable */
#else
#define THREAD_STACK_SIZE (16 * KiB)
#endif

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_SLEEPING, THREAD_DEAD };

struct thread;

/* The first call of all: from here on thread_current() is the thread "main". */
void sched_boot(void);
/* After threads_init() the caller of it is the thread "main", and an idle thread exists.
 * After slab_init() and kmap_init(); other threads run as soon as interrupts do. */
void threads_init(void);

/* Makes and starts a thread; NULL when memory is out.  Not from interrupts.  The name is cut at
 * THREAD_NAME_MAX - 1. */
struct thread *thread_create(const char *name, void (*entry)(void *), void *arg);
/* The same for one that runs on this CPU only. */
struct thread *thread_create_on(unsigned cpu, const char *name, void (*entry)(void *), void *arg);
/* Where `t` may run from now on, a bit a CPU; the running thread is there on return.  -EINVAL: no
 * CPU of the set runs. */
int thread_set_affinity(struct thread *t, uint64_t cpus);
uint64_t thread_affinity(const struct thread *t);
/* Waits for its end and frees it; once a thread, by one joiner.  A thread that nobody joins
 * keeps its stack after its end. */
void thread_join(struct thread *t);
__noreturn void thread_exit(void);

struct thread *thread_current(void);	    /* never NULL: "main" from the first instruction on */
unsigned thread_id(const struct thread *t); /* from 1 */
const char *thread_name(const struct thread *t);
void thread_yield(void);
/* 0, or -EINTR if interrupted first. */
int thread_sleep_us(uint64_t us);
/* False where sleeping is forbidden: spin locks held, interrupts or preemption off, a panic, or
 * before threads run. */
bool thread_may_sleep(void);

/* Ctrl-C: a flag, and a wake-up from interruptible waits. */
void thread_interrupt(struct thread *t);
bool thread_interrupted(void); /* of the current thread; does not clear; false in a panic */
void thread_clear_interrupt(void);

/* No other thread runs on this CPU between the two (they nest). */
void preempt_disable(void);
void preempt_enable(void);

/*
 * The same on every CPU: no other thread runs anywhere between the two, wherever it was
 * interrupted; interrupts go on.  Not to be nested.
 *
 * => from a thread that holds no spin lock; takes a mutex, so not with preemption off
 * => between the two: no sleeping; in a panic they do nothing, since nobody else runs
 */
void threads_freeze(void);
void threads_thaw(void);

/* What a CPU that runs is doing. */
struct sched_cpu_info {
	unsigned thread; /* id of the thread that runs */
	char name[THREAD_NAME_MAX];
	unsigned ready; /* threads in its queue */
	uint64_t switches, steals, idle_us;
};
void sched_cpu_info(unsigned cpu, struct sched_cpu_info *info);

struct thread_info {
	unsigned id;
	char name[THREAD_NAME_MAX];
	enum thread_state state;
	uint64_t runtime_us;
	uint64_t switches;
	char waits_for[THREAD_NAME_MAX]; /* while SLEEPING: the queue, condition or mutex */
	unsigned holder;   /* id of the thread that holds that mutex; 0: not a mutex */
	unsigned cpu;	   /* where it runs, waits to run or ran last */
	uint64_t affinity; /* CPUs where it may run, of those that do */
	size_t stack_used; /* the most it ever used, bytes; 0: not known (main's boot stack) */
};
/* Snapshot of the threads with id >= *id, in order; false at the end. */
bool thread_info(unsigned *id, struct thread_info *info);

#endif
