/*
 * kernel/mutex.h - sleeping locks and conditions; for threads only, never in interrupts.
 *
 * A mutex has an owner; waiters queue in order.  mutex_lock_interruptible() gives up with
 * -EINTR when thread_interrupt() (Ctrl-C) reaches the waiter.
 */
#ifndef KERNEL_MUTEX_H
#define KERNEL_MUTEX_H

#include "kernel/lib/list.h"
#include "kernel/spinlock.h"

struct thread;

struct wait_queue {
	struct spinlock lock;
	struct list_head waiters;
};

struct CAPABILITY("mutex") mutex {
	struct wait_queue wait;
	struct thread *owner;
	const char *name;
};

#define WAIT_QUEUE_INIT(wq, wq_name)                            \
	{                                                       \
		.lock = SPINLOCK_INIT(wq_name, RANK_WAITQUEUE), \
		.waiters = LIST_HEAD_INIT((wq).waiters)         \
	}
#define MUTEX_INIT(m, m_name)                                               \
	{                                                                   \
		.wait = WAIT_QUEUE_INIT((m).wait, m_name), .name = (m_name) \
	}

void wait_queue_init(struct wait_queue *wq, const char *name);
void mutex_init(struct mutex *m, const char *name);
void mutex_lock(struct mutex *m) ACQUIRE(m);
int mutex_lock_interruptible(struct mutex *m) TRY_ACQUIRE(0, m);
bool mutex_trylock(struct mutex *m) TRY_ACQUIRE(true, m);
void mutex_unlock(struct mutex *m) RELEASE(m);
bool mutex_is_held(const struct mutex *m); /* by the running thread */

/*
 * Sleeps until condition(arg) is true, woken by wait_queue_wake(); the condition is evaluated
 * under wq->lock.  timeout_us 0: for ever.  Returns 0, -ETIMEDOUT, or -EINTR if interruptible.
 */
int wait_event(struct wait_queue *wq, bool (*condition)(void *), void *arg, uint64_t timeout_us,
	       bool interruptible);
/* Wakes every waiter; from any context. */
void wait_queue_wake(struct wait_queue *wq);
/*
 * Is there anybody to wake?  Without the lock: who may skip the wake-up must have a full barrier
 * between making the condition true and this look, and the condition one at its start.
 */
static inline bool wait_queue_has_waiters(const struct wait_queue *wq)
{
	return __atomic_load_n(&wq->waiters.next, __ATOMIC_RELAXED) != &wq->waiters;
}

#endif
