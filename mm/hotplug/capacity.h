/*
 * mm/hotplug/capacity.h - is there room elsewhere for what a range holds?
 *
 * Chunks move whole, so the question is asked order by order.  A snapshot, taken before the first
 * page moves, without locks but the zone's while the holder of a page is named.
 */
#ifndef MM_HOTPLUG_CAPACITY_H
#define MM_HOTPLUG_CAPACITY_H

#include "kernel/lib/refusal.h"
#include "mm/page.h"

/* Left to unmovable users, who cannot wait for memory (page tables, slabs): 1 MiB. */
#define CAPACITY_RESERVE_PAGES 256

struct zone;

/* A chunk that was in use when it was counted.  Its descriptor may have been cleared since, so the
 * zone is noted as well: under its lock page_in_use() says whether there still is an owner. */
struct first_chunk {
	const struct page *page;
	struct zone *zone;
};

struct capacity {
	uint64_t need[MAX_ORDER + 1];	/* chunks to move, by order */
	uint64_t inside[MAX_ORDER + 1]; /* free chunks of the range: of no use */
	uint64_t outside_blocks;	/* whole blocks of those chunks that lie beyond the range */
	uint64_t need_pages;
	struct first_chunk first[MAX_ORDER + 1]; /* of them: whom a refusal names */
};

/* Adds what the free lists hold outside the range and decides: 0 or -ENOSPC. */
int capacity_check(const struct capacity *capacity, struct refusal *why);

#endif
