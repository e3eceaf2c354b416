/*
 * mm/alloc.c - which zone of which node serves a request.
 *
 * Owns a table of the zones' per-CPU lists, immutable after start, and alloc_watch, whose words
 * are atomic; guards nothing.
 *
 * Nodes are tried nearest first, from the running CPU's own on if the caller has no other wish;
 * within a node a movable request takes ZONE_MOVABLE before ZONE_NORMAL, so that a near page that
 * may block an offline is preferred to a far one that may not: distance costs at every access.
 * Zones without a chunk that could fit are passed over by one look at their bitmap, without the
 * lock; the look may be stale, which costs one futile attempt or one zone skipped that has just
 * been given a chunk.
 */
#include "mm/alloc.h"

#include "arch/percpu.h"
#include "kernel/clock.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "mm/alloc_watch.h"
#include "mm/kasan/kasan.h"
#include "mm/page_poison.h"
#include "mm/pcp.h"

FAULT_SITE(alloc_page, "a chunk of pages is wanted, by anybody")

struct alloc_watch alloc_watch;

/* zone->pcp by zone id: the fast path needs nothing else of a zone. */
static struct pcp *pcp_of_zone[UINT8_MAX + 1];

void pages_use_lists(struct zone *zone, struct pcp *pcp, unsigned ncpus)
{
	ASSERT(zone == zone_by_id(zone->id));
	pcp_attach(zone, pcp, ncpus);
	pcp_of_zone[zone->id] = pcp;
}

void pages_set_home(unsigned cpu, unsigned node)
{
	const struct node *own = &nodes[node];
	unsigned i = 0;

	ASSERT(cpu < MAX_CPUS && node < nr_nodes);
	while (i < own->nfallback && nodes[own->fallback[i]].zone[ZONE_NORMAL].managed == 0)
		i++;
	percpu[cpu].home[ALLOC_MOVABLE] = (uint8_t)node;
	percpu[cpu].home[0] = i < own->nfallback ? own->fallback[i] : (uint8_t)node;
}

static bool may_have_chunk(const struct zone *zone, unsigned order)
{
	return __atomic_load_n(&zone->nonempty, __ATOMIC_RELAXED) >> order != 0 ||
	       __atomic_load_n(&zone->deferred, __ATOMIC_RELAXED) != NULL;
}

/*
 * The lists of a Normal zone serve owners who cannot move their pages, and nobody else: what
 * goes to them can be counted as unmovable a batch at a time (zone_hooks->count_unmovable).
 */
static inline bool lists_serve(unsigned zone_id, const struct page_owner *owner)
{
	return zone_id % ZONE_TYPES == ZONE_MOVABLE || owner->ops == NULL;
}

/* This CPU's list first; where it is empty, a batch. */
static struct page *alloc_from_lists(struct zone *zone, unsigned order, unsigned list,
				     const struct page_owner *owner)
{
	struct page *page = pcp_take(zone->pcp, list, owner);

	return page != NULL || !may_have_chunk(zone, order) ? page : pcp_refill(zone, list, owner);
}

static struct page *alloc_from_zone(struct zone *zone, unsigned order,
				    const struct page_owner *owner)
{
	unsigned list = pcp_index(order);

	if (list != PCP_LISTS && zone->pcp != NULL && lists_serve(zone->id, owner))
		return alloc_from_lists(zone, order, list, owner);
	return may_have_chunk(zone, order) ? buddy_alloc_for(zone, order, owner) : NULL;
}

static struct page *alloc_from_node(struct node *node, unsigned order, unsigned flags,
				    const struct page_owner *owner)
{
	struct page *page = NULL;

	if (flags & ALLOC_MOVABLE)
		page = alloc_from_zone(&node->zone[ZONE_MOVABLE], order, owner);
	return page != NULL ? page : alloc_from_zone(&node->zone[ZONE_NORMAL], order, owner);
}

static unsigned nodes_to_try(const struct node *home, unsigned flags)
{
	return (flags & ALLOC_THISNODE) ? 1 : home->nfallback;
}

static struct page *alloc_nearest(const struct node *home, unsigned order, unsigned flags,
				  const struct page_owner *owner)
{
	for (unsigned i = 0; i < nodes_to_try(home, flags); i++) {
		struct page *page = alloc_from_node(&nodes[home->fallback[i]], order, flags, owner);

		if (page != NULL)
			return page;
	}
	return NULL;
}

/* What may serve the request gets back what lies on the CPUs' lists; false: there was nothing. */
static bool drain_lists(const struct node *home, unsigned flags)
{
	bool any = false;

	for (unsigned i = 0; i < nodes_to_try(home, flags); i++) {
		struct zone *zone = nodes[home->fallback[i]].zone;

		any |= pcp_drain_any(&zone[ZONE_NORMAL]);
		if (flags & ALLOC_MOVABLE)
			any |= pcp_drain_any(&zone[ZONE_MOVABLE]);
	}
	return any;
}

/*
 * --- the fast path ---
 *
 * One page, or 2 MiB, from or to this CPU's list.  Everything else is a tail call, so that what
 * is done a thousand times for once of it saves no registers.
 */

/* Clears a chunk, eight bytes at a time: the string instruction is the fastest there is
 * without vector registers [SDM 1 7.3.9.3]. */
static void clear_chunk(struct page *page, unsigned order)
{
	void *to = page_to_virt(page);
	uint64_t words = (PAGE_SIZE << order) / sizeof(uint64_t);

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0UL) : "memory");
}

static inline void page_born(struct page *page, uint32_t caller)
{
	page_poison_check(page);
	page->caller = caller;
	page->birth = (uint32_t)clock_ticks();
	page->short_pins = page->long_pins = 0;
	kasan_page_alloc(page);
}

static __noinline struct page *alloc_slow(unsigned order, unsigned flags, int node,
					  const struct page_owner *owner, uint32_t caller)
{
	const struct node *home = &nodes[node];
	struct page *page;

	alloc_watch_asked(caller);
	if (order > MAX_ORDER || FAULT_HIT(alloc_page))
		return NULL;
	page = alloc_nearest(home, order, flags, owner);
	/* Other CPUs' lists hold pages, or keep a large chunk from being whole. */
	if (page == NULL && drain_lists(home, flags))
		page = alloc_nearest(home, order, flags, owner);
	if (page == NULL)
		return NULL;
	page_born(page, caller);
	if (flags & ALLOC_ZERO)
		clear_chunk(page, order);
	return page;
}

static __noinline struct page *cleared(struct page *page, unsigned order)
{
	clear_chunk(page, order);
	return page;
}

struct page *page_alloc(unsigned order, unsigned flags, int node, const struct page_owner *owner)
{
	uint32_t caller = (uint32_t)(uintptr_t)__builtin_return_address(0);
	struct page *page = NULL;
	struct pcp *cpus;

	_Static_assert((int)ALLOC_MOVABLE == (int)ZONE_MOVABLE, "the flag picks the zone");
	ASSERT(owner != NULL);
	ASSERT(!(flags & ALLOC_MOVABLE) || page_owner_movable(owner));
	DEBUG_CHECK((flags & ALLOC_MOVABLE) || !page_owner_movable(owner));
	ASSERT(node == NODE_ANY || (unsigned)node < nr_nodes);

	if (node == NODE_ANY)
		node = (int)percpu_home(flags & ALLOC_MOVABLE);
	cpus = pcp_of_zone[(unsigned)node * ZONE_TYPES + (flags & ALLOC_MOVABLE)];
	if (likely(cpus != NULL && !fault_active && !alloc_watch_active())) {
		if (likely(order == 0))
			page = pcp_take(cpus, 0, owner);
		else if (order == ORDER_2M)
			page = pcp_take(cpus, 1, owner);
	}
	if (unlikely(page == NULL))
		return alloc_slow(order, flags, node, owner, caller);
	page_born(page, caller);
	return likely(!(flags & ALLOC_ZERO)) ? page : cleared(page, order);
}

struct page *page_alloc_normal(unsigned order, int node, const struct page_owner *owner)
{
	ASSERT(page_owner_movable(owner) && (unsigned)node < nr_nodes);
	return alloc_slow(order, 0, node, owner, (uint32_t)(uintptr_t)__builtin_return_address(0));
}

static __noinline void free_slow(struct page *page)
{
	ASSERT(page->zone / ZONE_TYPES < nr_nodes);
	buddy_free(page_zone(page), page);
	alloc_watch_came();
}

/* Whole batches come free; a single page on a list is found by who looks again. */
static __noinline void spill(struct pcp *full, unsigned list)
{
	pcp_spill(full, list);
	alloc_watch_came();
}

/*
 * What is in no state to be freed goes to the panic in buddy_free().  A chunk that was in use from
 * the start, and so never was marked dirty, may go on a list: it is boot memory's, which does not
 * leave.
 */
void page_free(struct page *page)
{
	struct pcp *cpus = pcp_of_zone[page->zone], *full;
	enum pcp_put put = PCP_NOT;

	page_poison(page);
	kasan_page_free(page);
	if (likely(cpus != NULL && page->state == PAGE_USED &&
		   lists_serve(page->zone, page->owner))) {
		if (likely(page->order == 0)) {
			put = pcp_put(cpus, 0, page, &full);
			if (unlikely(put == PCP_FULL))
				return spill(full, 0);
		} else if (page->order == ORDER_2M) {
			put = pcp_put(cpus, 1, page, &full);
			if (unlikely(put == PCP_FULL))
				return spill(full, 1);
		}
	}
	if (unlikely(put == PCP_NOT))
		return free_slow(page);
}

/*
 * A page goes to a CPU's list without the zone's lock, so under that lock a chunk may be seen in
 * use whose owner frees it this moment.  Who saw it so holds the lock since before it was freed.
 */
void page_owner_retire(void)
{
	struct zone *zone;

	for_each_zone (zone)
		spin_unlock(&zone->lock, spin_lock(&zone->lock));
}

void pages_settle(void)
{
	struct zone *zone;

	kasan_drain();
	for_each_zone (zone) {
		pcp_drain(zone);
		buddy_settle(zone);
	}
}

static uint64_t sum_zones(uint64_t (*pages)(const struct zone *))
{
	const struct zone *zone;
	uint64_t sum = 0;

	for_each_zone (zone)
		sum += pages(zone);
	return sum;
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
