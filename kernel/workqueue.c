/*
 * kernel/workqueue.c - works in order, by one thread a queue.
 *
 * Owns nothing: queue and works are their users'; wait.lock guards list and counters.  Queueing
 * only links the work and wakes the thread, so interrupts may do it.
 */
#include "kernel/workqueue.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "kernel/wait_priv.h"

static bool has_work(void *arg)
{
	const struct workqueue *wq = arg;

	return !list_empty(&wq->works);
}

/* From here on the work is its user's again: its function may queue it anew or free it. */
static struct work *take_first(struct workqueue *wq)
{
	uint64_t flags = spin_lock(&wq->wait.lock);
	struct work *work = list_first_entry(&wq->works, struct work, link);

	list_del(&work->link);
	work->queued = false;
	spin_unlock(&wq->wait.lock, flags);
	return work;
}

static void count_done(struct workqueue *wq)
{
	uint64_t flags = spin_lock(&wq->wait.lock);

	wq->done++;
	wait_queue_wake_locked(&wq->wait);
	spin_unlock(&wq->wait.lock, flags);
}

static void worker(void *arg)
{
	struct workqueue *wq = arg;

	for (;;) {
		struct work *work;

		(void)wait_event(&wq->wait, has_work, wq, 0, false); /* nothing ends it but work */
		work = take_first(wq);
		work->fn(work);
		count_done(wq);
	}
}

int workqueue_init(struct workqueue *wq, const char *name)
{
	wait_queue_init(&wq->wait, name);
	list_init(&wq->works);
	wq->queued = 0;
	wq->done = 0;
	wq->thread = thread_create(name, worker, wq);
	return wq->thread != NULL ? 0 : -ENOMEM;
}

bool work_queue(struct workqueue *wq, struct work *work)
{
	uint64_t flags = spin_lock(&wq->wait.lock);
	bool fresh = !work->queued;

	if (fresh) {
		work->queued = true;
		list_add_tail(&work->link, &wq->works);
		wq->queued++;
		wait_queue_wake_locked(&wq->wait);
	}
	spin_unlock(&wq->wait.lock, flags);
	return fresh;
}

struct flush {
	const struct workqueue *wq;
	uint64_t target;
};

static bool flushed(void *arg)
{
	const struct flush *f = arg;

	return f->wq->done >= f->target;
}

void workqueue_flush(struct workqueue *wq)
{
	struct flush f = {.wq = wq};
	uint64_t flags;

	ASSERT(thread_current() != wq->thread);
	flags = spin_lock(&wq->wait.lock);
	f.target = wq->queued;
	spin_unlock(&wq->wait.lock, flags);
	(void)wait_event(&wq->wait, flushed, &f, 0, false); /* works run in order, so this ends */
}
