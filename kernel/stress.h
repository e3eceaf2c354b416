/*
 * kernel/stress.h - load on every CPU, verified: what `stress` does.
 *
 * On each CPU a thread that allocates chunks of pages, which stays there, and two that go where
 * there is room: one uses objects of all sizes, one maps memory that moves under it.  Besides
 * these, one thread that takes lists and slabs away, and one that takes blocks of plugged
 * devices offline and puts them back.  Memory that is out is no failure, a refused offline
 * neither; a wrong word and a violated invariant are.
 *
 * Lock: stress_lock (mutex), held from start to stop: one load at a time.
 */
#ifndef KERNEL_STRESS_H
#define KERNEL_STRESS_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"

struct stress_totals {
	unsigned threads;
	uint64_t operations, bytes; /* all told; bytes verified */
	uint64_t maps, drains;	    /* objects mapped; rounds of the shrinker */
	uint64_t offlines, refused; /* blocks that went and came back; that did not go */
	uint64_t out_of_memory;
	bool interrupted;
};

/*
 * Runs for `us`, or until interrupted, and verifies every invariant at the end; each violation
 * goes to report().  All that was allocated is free again, and blocks are as they were, but for
 * what others did to them meanwhile.
 *
 * => 0; -ENOMEM: no memory for the threads; -EBADMSG: a wrong word; -EIO: a violated invariant,
 *    or a block that would not come back
 */
int stress_run(uint64_t us, uint64_t seed, struct stress_totals *totals,
	       void (*report)(const char *violation), struct refusal *why);

/*
 * A load for others to be tried under: from start to stop, on one thread.  `light`: one thread a
 * CPU, which holds little, and no block of a device goes by itself.  A failed start has left
 * nothing behind.
 */
int stress_start(uint64_t seed, bool light, struct refusal *why);
int stress_stop(struct stress_totals *totals, struct refusal *why);
/* Between the two the workers hold nothing and stand still, so that memory can be counted.
 * Without a load they do nothing. */
void stress_hold(void);
void stress_release(void);

#endif
