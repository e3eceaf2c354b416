/*
 * kernel/wait.c - wait queues: sleeping until a condition holds.
 *
 * Owns nothing: a queue is its user's, its lock guards the list of waiters.  A waiter stands on
 * the sleeping thread's own stack and leaves the list before wait_event() returns.  A wake-up
 * can't be lost between the look at the condition and the sleep: both happen under the queue's
 * lock, which thread_block() drops only after the thread counts as sleeping.
 */
#include "kernel/wait_priv.h"

#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"

struct waiter {
	struct list_head link; /* [wq->lock] */
	struct thread *thread;
};

struct timeout {
	struct timer timer;
	struct wait_queue *wq;
	struct thread *thread;
	bool expired; /* [wq->lock] */
};

void wait_queue_init(struct wait_queue *wq, const char *name)
{
	spin_init(&wq->lock, name, RANK_WAITQUEUE);
	list_init(&wq->waiters);
}

static void timeout_expired(void *arg)
{
	struct timeout *t = arg;
	uint64_t flags = spin_lock(&t->wq->lock);

	t->expired = true;
	thread_wake(t->thread);
	spin_unlock(&t->wq->lock, flags);
}

/* Sleeps and looks until one of the three reasons to return is there. => wq->lock held */
static int wait_locked(struct wait_queue *wq, bool (*condition)(void *), void *arg,
		       const struct timeout *timeout, bool interruptible) REQUIRES(&wq->lock)
{
	for (;;) {
		if (condition(arg))
			return 0;
		if (timeout->expired)
			return -ETIMEDOUT;
		if (interruptible && thread_interrupted())
			return -EINTR;
		thread_block(&wq->lock, interruptible);
		(void)spin_lock(&wq->lock); /* interrupts stayed off */
	}
}

int wait_event(struct wait_queue *wq, bool (*condition)(void *), void *arg, uint64_t timeout_us,
	       bool interruptible)
{
	struct thread *self = thread_current();
	struct waiter waiter = {.thread = self};
	struct timeout timeout = {.wq = wq, .thread = self};
	uint64_t flags;
	int err;

	thread_assert_may_sleep();
	if (timeout_us != 0)
		timer_start(&timeout.timer, timeout_us, timeout_expired, &timeout);
	flags = spin_lock(&wq->lock);
	list_add_tail(&waiter.link, &wq->waiters);
	self->waits_for = wq->lock.name;
	err = wait_locked(wq, condition, arg, &timeout, interruptible);
	self->waits_for = NULL;
	list_del(&waiter.link);
	spin_unlock(&wq->lock, flags);
	if (timeout_us != 0)
		(void)timer_cancel(&timeout.timer); /* fired or not, it no longer runs */
	return err;
}

void wait_queue_wake_locked(struct wait_queue *wq)
{
	struct waiter *waiter;

	ASSERT(spin_is_held(&wq->lock));
	list_for_each_entry (waiter, &wq->waiters, link)
		thread_wake(waiter->thread);
}

void wait_queue_wake(struct wait_queue *wq)
{
	uint64_t flags = spin_lock(&wq->lock);

	wait_queue_wake_locked(wq);
	spin_unlock(&wq->lock, flags);
}
