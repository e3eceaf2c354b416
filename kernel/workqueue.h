/*
 * kernel/workqueue.h - work handed to a thread, from any context, in order.
 *
 * A struct work is the caller's and is queued at most once at a time; queueing allocates
 * nothing.  One thread a queue runs its works one after the other.
 */
#ifndef KERNEL_WORKQUEUE_H
#define KERNEL_WORKQUEUE_H

#include "kernel/lib/list.h"
#include "kernel/mutex.h"

struct work {
	struct list_head link;
	void (*fn)(struct work *work); /* in the queue's thread; may queue or free its work */
	bool queued;
};

/* Everything but `thread` is guarded by wait.lock. */
struct workqueue {
	struct wait_queue wait;
	struct list_head works;
	struct thread *thread;
	uint64_t queued, done; /* works since workqueue_init() */
};

/* Starts the thread `name`: 0 or -ENOMEM. */
int workqueue_init(struct workqueue *wq, const char *name);
/* False if it was queued already. */
bool work_queue(struct workqueue *wq, struct work *work);
/* Waits until everything queued before the call has run; not from the queue's own works. */
void workqueue_flush(struct workqueue *wq);

#endif
