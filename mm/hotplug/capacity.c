/*
 * mm/hotplug/capacity.c - counting free chunks against needed ones.  Owns nothing.
 */
#include "mm/hotplug/capacity.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "mm/node.h"

/* Free chunks of `order` in all zones, less those inside the range. */
static uint64_t chunks_elsewhere(const struct capacity *capacity, unsigned order)
{
	uint64_t count = order == BLOCK_ORDER ? capacity->outside_blocks : 0;
	const struct zone *zone;

	for_each_zone (zone)
		count += zone->area[order].count;
	return count > capacity->inside[order] ? count - capacity->inside[order] : 0;
}

static unsigned smallest_needed(const struct capacity *capacity)
{
	unsigned order = 0;

	while (capacity->need[order] == 0)
		order++;
	return order;
}

/* Whose the page is: it was in use when it was counted, and may have been freed since. */
static const char *holder_of(const struct first_chunk *first, char name[PAGE_OWNER_NAME_MAX])
{
	const struct page *page = first->page;
	uint64_t flags = spin_lock(&first->zone->lock);

	snprintf(name, PAGE_OWNER_NAME_MAX, "%s",
		 page_in_use(page) && page->owner != NULL ? page->owner->name : "nobody any more");
	spin_unlock(&first->zone->lock, flags);
	return name;
}

/* Says who holds the first of the pages, and what there would have to be for all of them. */
static int no_chunks(const struct capacity *capacity, struct refusal *why, unsigned order,
		     uint64_t have)
{
	char name[PAGE_OWNER_NAME_MAX];

	return refuse_at(why, -ENOSPC, "capacity", page_to_pfn(capacity->first[order].page),
			 "is held by %s: %lu chunks of order %u must move, room for %lu elsewhere",
			 holder_of(&capacity->first[order], name), capacity->need[order], order,
			 have);
}

static int no_pages(const struct capacity *capacity, struct refusal *why, uint64_t pages)
{
	const struct first_chunk *first = &capacity->first[smallest_needed(capacity)];
	char name[PAGE_OWNER_NAME_MAX];

	return refuse_at(why, -ENOSPC, "capacity", page_to_pfn(first->page),
			 "is held by %s: %lu pages must move, %lu are free elsewhere, "
			 "%u of them stay in reserve",
			 holder_of(first, name), capacity->need_pages, pages,
			 CAPACITY_RESERVE_PAGES);
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
			return no_chunks(capacity, why, order, have);
		left = have - capacity->need[order];
	}
	if (pages < capacity->need_pages + CAPACITY_RESERVE_PAGES)
		return no_pages(capacity, why, pages);
	return 0;
}
