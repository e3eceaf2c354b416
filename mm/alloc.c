/*
 * mm/alloc.c - which zone of which node serves a request.
 *
 * Holds nothing and locks nothing itself.  Nodes are tried nearest first; within a node a
 * movable request takes ZONE_MOVABLE before ZONE_NORMAL, so that a near page that may block an
 * offline is preferred to a far one that may not: distance costs at every access.  Zones
 * without a chunk that could fit are passed over by one look at their bitmap, without the lock;
 * the look may be stale, which costs one futile attempt or one zone skipped that has just
 * been given a chunk.
 */
#include "mm/alloc.h"

#include "kernel/clock.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "mm/buddy.h"

FAULT_SITE(alloc_page, "a chunk of pages is wanted, by anybody")

static bool may_have_chunk(const struct zone *zone, unsigned order)
{
	return __atomic_load_n(&zone->nonempty, __ATOMIC_RELAXED) >> order != 0 ||
	       __atomic_load_n(&zone->deferred, __ATOMIC_RELAXED) != NULL;
}

static struct page *alloc_from_node(struct node *node, unsigned order, unsigned flags)
{
	struct page *page;

	if ((flags & ALLOC_MOVABLE) && may_have_chunk(&node->zone[ZONE_MOVABLE], order)) {
		page = buddy_alloc(&node->zone[ZONE_MOVABLE], order);
		if (page != NULL)
			return page;
	}
	if (!may_have_chunk(&node->zone[ZONE_NORMAL], order))
		return NULL;
	return buddy_alloc(&node->zone[ZONE_NORMAL], order);
}

static struct page *alloc_nearest(const struct node *home, unsigned order, unsigned flags)
{
	unsigned n = (flags & ALLOC_THISNODE) ? 1 : home->nfallback;

	for (unsigned i = 0; i < n; i++) {
		struct page *page = alloc_from_node(&nodes[home->fallback[i]], order, flags);

		if (page != NULL)
			return page;
	}
	return NULL;
}

/* Clears a chunk, eight bytes at a time: the string instruction is the fastest there is
 * without vector registers [SDM 1 7.3.9.3]. */
static void clear_chunk(struct page *page, unsigned order)
{
	void *to = page_to_virt(page);
	uint64_t words = (PAGE_SIZE << order) / sizeof(uint64_t);

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0UL) : "memory");
}

struct page *page_alloc(unsigned order, unsigned flags, int node, const struct page_owner *owner)
{
	struct page *page;

	ASSERT(owner != NULL);
	ASSERT(!(flags & ALLOC_MOVABLE) || page_owner_movable(owner));
	ASSERT(node == NODE_ANY || (unsigned)node < nr_nodes);

	if (order > MAX_ORDER || FAULT_HIT(alloc_page))
		return NULL;
	/* Threads run on the boot CPU, which is in node 0. */
	page = alloc_nearest(&nodes[node == NODE_ANY ? 0 : node], order, flags);
	if (page == NULL)
		return NULL;
	page->owner = owner;
	page->caller = (uint32_t)(uintptr_t)__builtin_return_address(0);
	page->birth = (uint32_t)clock_ticks();
	if (flags & ALLOC_ZERO)
		clear_chunk(page, order);
	return page;
}

void page_free(struct page *page)
{
	ASSERT(page->zone / ZONE_TYPES < nr_nodes);
	buddy_free(page_zone(page), page);
}

void pages_settle(void)
{
	unsigned n;

	for_each_node (n)
		for (unsigned type = 0; type < ZONE_TYPES; type++)
			buddy_settle(&nodes[n].zone[type]);
}

static uint64_t sum_zones(uint64_t (*pages)(const struct zone *))
{
	uint64_t sum = 0;
	unsigned n;

	for_each_node (n)
		for (unsigned type = 0; type < ZONE_TYPES; type++)
			sum += pages(&nodes[n].zone[type]);
	return sum;
}

static uint64_t zone_free_pages(const struct zone *zone)
{
	return zone->free;
}

static uint64_t zone_managed_pages(const struct zone *zone)
{
	return zone->managed;
}

static uint64_t zone_present_pages(const struct zone *zone)
{
	return zone->present;
}

uint64_t pages_free(void)
{
	return sum_zones(zone_free_pages);
}

uint64_t pages_managed(void)
{
	return sum_zones(zone_managed_pages);
}

uint64_t pages_present(void)
{
	return sum_zones(zone_present_pages);
}
