/*
 * kernel/wait_memory.h - waiting for memory: until pages come free or a DIMM goes online.
 *
 *	memory_wait_begin(&w);
 *	while (try() == -ENOMEM && memory_wait(&w) == 0)
 *		;
 *	memory_wait_end(&w);
 *
 * What comes free between begin and the sleep, or between two sleeps, ends the next one at
 * once.  What the waiting thread itself frees - a try that got half of what it needs - does not.
 */
#ifndef KERNEL_WAIT_MEMORY_H
#define KERNEL_WAIT_MEMORY_H

#include "kernel/lib/types.h"

struct memory_wait {
	uint64_t seen;
};

/* For threads only, one wait a thread at a time. */
void memory_wait_begin(struct memory_wait *w);
/* Sleeps.  0: try again; -EINTR: interrupted (Ctrl-C, thread_interrupt()). */
int memory_wait(struct memory_wait *w);
void memory_wait_end(struct memory_wait *w);

#endif
