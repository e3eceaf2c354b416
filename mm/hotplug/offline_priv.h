/*
 * mm/hotplug/offline_priv.h - an offline under way: what its files share.
 *
 * Lock: hotplug_lock over the whole request.
 */
#ifndef MM_HOTPLUG_OFFLINE_PRIV_H
#define MM_HOTPLUG_OFFLINE_PRIV_H

#include "mm/hotplug/capacity.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/vm/migrate.h"

struct offline_request {
	const struct block_range *range;
	unsigned flags;
	uint64_t deadline_us; /* 0: none */
	struct block_result *result;
	struct refusal *why;
	struct capacity capacity;
	struct migration migration;
	unsigned least_order; /* smaller chunks stay for a later pass */
};

/* Shows progress; 0, or a refusal of `step` because of Ctrl-C or because the time is over.  To be
 * asked at least every 100 ms. */
int offline_still_wanted(const struct offline_request *request, const char *step);

/* --- evacuate.c --- */

/* Moves everything in use out of the range's blocks that are GOING_OFFLINE; 0 or a refusal.  What
 * has moved stays where it is then. */
int offline_evacuate(struct offline_request *request) REQUIRES(&hotplug_lock);

#endif
