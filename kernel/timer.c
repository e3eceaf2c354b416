/*
 * kernel/timer.c - timers, sorted by the time they expire.
 *
 * Owns the list of started timers, under timer_lock (spin, rank TIMER).  Functions are called
 * without the lock, so they may start timers and take any other lock.
 */
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/spinlock.h"

static struct spinlock timer_lock = SPINLOCK_INIT("timers", RANK_TIMER);
static struct list_head timers GUARDED_BY(&timer_lock) =
	LIST_HEAD_INIT(timers);			     /* by expires_us; equal: as started */
static struct timer *firing GUARDED_BY(&timer_lock); /* whose function is being called, and where */
static unsigned firing_cpu GUARDED_BY(&timer_lock);

static bool is_started(const struct timer *t)
{
	return t->link.next != NULL;
}

/* From the end: most timers are started to expire after those that wait. */
static void insert_sorted(struct timer *t) REQUIRES(&timer_lock)
{
	struct list_head *pos = timers.prev;

	while (pos != &timers && list_entry(pos, struct timer, link)->expires_us > t->expires_us)
		pos = pos->prev;
	list_add(&t->link, pos);
}

void timer_start(struct timer *t, uint64_t delay_us, void (*fn)(void *), void *arg)
{
	uint64_t now = clock_us();
	uint64_t flags = spin_lock(&timer_lock);

	if (is_started(t))
		list_del(&t->link);
	t->expires_us = delay_us > UINT64_MAX - now ? UINT64_MAX : now + delay_us;
	t->fn = fn;
	t->arg = arg;
	insert_sorted(t);
	spin_unlock(&timer_lock, flags);
}

bool timer_cancel(struct timer *t)
{
	for (;;) {
		uint64_t flags = spin_lock(&timer_lock);
		bool running = firing == t && firing_cpu != cpu_id();
		bool started = is_started(t);

		if (started)
			list_del(&t->link);
		spin_unlock(&timer_lock, flags);
		if (!running)
			return started;
		cpu_wait();
	}
}

/* The first timer that is due, off the list; NULL: none. */
static struct timer *take_due(uint64_t now_us)
{
	uint64_t flags = spin_lock(&timer_lock);
	struct timer *t = NULL;

	if (!list_empty(&timers)) {
		t = list_first_entry(&timers, struct timer, link);
		if (t->expires_us > now_us)
			t = NULL;
		else
			list_del(&t->link);
	}
	firing = t;
	firing_cpu = cpu_id();
	spin_unlock(&timer_lock, flags);
	return t;
}

void timers_run(uint64_t now_us)
{
	struct timer *t;

	while ((t = take_due(now_us)) != NULL)
		t->fn(t->arg);
}
