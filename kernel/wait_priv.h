/*
 * kernel/wait_priv.h - waking by those who hold the queue's lock already.
 */
#ifndef KERNEL_WAIT_PRIV_H
#define KERNEL_WAIT_PRIV_H

#include "kernel/mutex.h"
#include "kernel/thread_priv.h"

/* => wq->lock held */
void wait_queue_wake_locked(struct wait_queue *wq) REQUIRES(&wq->lock);

#endif
