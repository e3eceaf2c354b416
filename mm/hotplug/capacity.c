/*
 * mm/hotplug/capacity.c - counting free chunks against needed ones.  Owns nothing.
 */
#include "mm/hotplug/capacity.h"

#include "kernel/lib/errno.h"
#include "mm/node.h"

/* Free chunks of `order` in all zones, less those inside the range. */
static uint64_t chunks_elsewhere(const struct capacity *capacity, unsigned order)
{
	uint64_t count = order == BLOCK_ORDER ? capacity->outside_blocks : 0;
	unsigned node;

	for_each_node (node)
		for (unsigned type = 0; type < ZONE_TYPES; type++)
			count += nodes[node].zone[type].area[order].count;
	return count > capacity->inside[order] ? count - capacity->inside[order] : 0;
}

static unsigned smallest_needed(const struct capacity *capacity)
{
	unsigned order = 0;

	while (capacity->need[order] == 0)
		order++;
	return order;
}

/* Says who holds the first of the pages, and what there would have to be for all of them. */
static int no_room(const struct capacity *capacity, struct refusal *why, unsigned order,
		   uint64_t need, uint64_t have)
{
	const struct page *first = capacity->first[order];

	return refuse_at(why, -ENOSPC, "capacity", page_to_pfn(first),
			 "is held by %s: %lu chunks of order %u must move, room for %lu elsewhere",
			 first->owner->name, (unsigned long)need, order, (unsigned long)have);
}

int capacity_check(const struct capacity *capacity, struct refusal *why)
{
	uint64_t left = 0; /* chunks of the order above that nobody needs */
	uint64_t pages = 0;

	if (capacity->need_pages == 0)
		return 0;
	for (unsigned order = MAX_ORDER + 1; order-- > 0;) {
		uint64_t elsewhere = chunks_elsewhere(capacity, order);
		uint64_t have = elsewhere + 2 * left;

		pages += elsewhere << order;
		if (have < capacity->need[order])
			return no_room(capacity, why, order, capacity->need[order], have);
		left = have - capacity->need[order];
	}
	if (pages < capacity->need_pages + CAPACITY_RESERVE_PAGES) {
		const struct page *first = capacity->first[smallest_needed(capacity)];

		return refuse_at(why, -ENOSPC, "capacity", page_to_pfn(first),
				 "is held by %s: %lu pages must move, %lu are free elsewhere, "
				 "%u of them stay in reserve",
				 first->owner->name, (unsigned long)capacity->need_pages,
				 (unsigned long)pages, CAPACITY_RESERVE_PAGES);
	}
	return 0;
}
