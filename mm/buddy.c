/*
 * mm/buddy.c - free chunks of a zone: giving out, taking back, merging.
 *
 * Owns every PAGE_FREE descriptor and the free lists; the zone's lock guards all of it.  May
 * call the zone's hooks; must never read a descriptor that nobody wrote.  Three facts say
 * which were written:
 *
 *  - below its limit, a chunk exists because a split made it, and that split wrote the
 *    descriptor at its buddy's first page too.  Until the two are merged again the buddy's first
 *    page heads a chunk (perhaps a smaller one: further splits keep the lower head).
 *  - from BLOCK_ORDER on a buddy starts at a block's first page, which always is written while
 *    the block is online; hooks->may_merge() knows whether it is.
 *  - nothing merges at its limit, so the neighbours of what came in by buddy_add_range() are
 *    never looked at.
 */
#include "mm/buddy_priv.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"

const char *page_state_name(const struct page *page)
{
	static const char *const names[] = {
		[PAGE_NONE] = "nothing",      [PAGE_FREE] = "free",	  [PAGE_USED] = "used",
		[PAGE_ISOLATED] = "isolated", [PAGE_COVERED] = "covered", [PAGE_PCP] = "free",
	};

	return page->state < ARRAY_SIZE(names) ? names[page->state] : "nothing";
}

void head_write(struct page *page, enum page_state state, unsigned order, unsigned limit,
		unsigned zone)
{
	page_set_tag(page, head_tag(state, order, limit, zone));
	page->caller = 0;
	page->owner = NULL;
	page->private = 0;
	page->birth = 0;
	page->short_pins = 0;
	page->long_pins = 0;
}

void head_clear(struct page *page)
{
#ifdef CONFIG_DEBUG
	memset(page, HEAD_POISON, sizeof(*page));
#else
	head_write(page, PAGE_NONE, 0, 0, 0);
#endif
}

/* A merge swallowed the upper half's head. */
static void head_swallow(struct zone *zone, pfn_t pfn, unsigned order)
{
	struct page *page = pfn_to_page(pfn);

	if (order >= BLOCK_ORDER)
		head_write(page, PAGE_COVERED, 0, 0, zone->id);
	else
		head_clear(page);
}

/* From BLOCK_ORDER on. */
static bool may_merge(struct zone *zone, pfn_t pfn, pfn_t buddy, unsigned order)
	REQUIRES(&zone->lock)
{
	return zone->hooks != NULL && zone->hooks->may_merge != NULL &&
	       zone->hooks->may_merge(zone, pfn, buddy, order);
}

/* Writes the head of a free chunk and links it. */
static inline struct page *free_add(struct zone *zone, pfn_t pfn, unsigned order, unsigned limit)
	REQUIRES(&zone->lock)
{
	struct page *page = pfn_to_page(pfn);

	page_set_tag(page, head_tag(PAGE_FREE, order, limit, zone->id));
	page->caller = 0;
	area_add(zone, page, order);
	return page;
}

struct page *buddy_release_locked(struct zone *zone, pfn_t pfn, unsigned order, unsigned limit)
{
	struct page *page;

	while (order < limit) {
		pfn_t buddy = pfn ^ (1UL << order);

		if (unlikely(order >= BLOCK_ORDER) && !may_merge(zone, pfn, buddy, order))
			break;
		page = pfn_to_page(buddy);
		DEBUG_CHECK(heads_chunk(zone, page) || order >= BLOCK_ORDER);
		if (page_tag(page) != head_tag(PAGE_FREE, order, limit, zone->id))
			break;
		DEBUG_CHECK(page != zone->deferred);
		area_del(zone, page, order);
		head_swallow(zone, pfn | buddy, order);
		pfn &= buddy;
		order++;
	}
	return free_add(zone, pfn, order, limit);
}

void buddy_settle_locked(struct zone *zone)
{
	struct page *page = zone->deferred;

	if (page == NULL)
		return;
	zone->deferred = NULL;
	buddy_release_locked(zone, page_to_pfn(page), page->order, page->limit);
}

void buddy_list_deferred_locked(struct zone *zone)
{
	area_add(zone, zone->deferred, zone->deferred->order);
	zone->deferred = NULL;
}

void buddy_settle(struct zone *zone)
{
	uint64_t flags = spin_lock(&zone->lock);

	buddy_settle_locked(zone);
	spin_unlock(&zone->lock, flags);
}

/*
 * The first 2^order pages are about to be cut from the free chunk `head`.  What was marked before:
 * everything in a chunk smaller than a granule, unless it still is as it came at online.
 */
static void mark_dirty(struct zone *zone, const struct page *head, unsigned order)
	REQUIRES(&zone->lock)
{
	if (zone->hooks == NULL || zone->hooks->mark_dirty == NULL)
		return;
	if (head->order >= ORDER_2M)
		zone->hooks->mark_dirty(zone, page_to_pfn(head), 1UL << MAX(order, ORDER_2M));
	else if (head->order == head->limit)
		zone->hooks->mark_dirty(zone, page_to_pfn(head), chunk_pages(head));
}

/* The free chunk at `page`, on no list any more, becomes a used one. */
static inline struct page *give_out(struct zone *zone, struct page *page, unsigned order,
				    unsigned limit) REQUIRES(&zone->lock)
{
	head_write(page, PAGE_USED, order, limit, zone->id);
	zone->free -= 1UL << order;
	return page;
}

/* Cuts a used chunk from the start of the free chunk `head`; the rest stays free. */
static __always_inline struct page *carve(struct zone *zone, struct page *head, unsigned order)
	REQUIRES(&zone->lock)
{
	unsigned limit = head->limit;
	unsigned half = head->order;
	pfn_t base = page_to_pfn(head);

	if (unlikely(half >= ORDER_2M || half == limit))
		mark_dirty(zone, head, order);
	area_del(zone, head, half);
	while (half-- > order)
		free_add(zone, base + (1UL << half), half, limit);
	return give_out(zone, head, order, limit);
}

static inline struct page *alloc_locked(struct zone *zone, unsigned order) REQUIRES(&zone->lock)
{
	struct page *head = zone->deferred;
	uint32_t fits;

	if (head != NULL && head->order == order) {
		zone->deferred = NULL;
		return give_out(zone, head, order, head->limit);
	}
	fits = zone->nonempty >> order;
	if (unlikely(fits == 0)) {
		buddy_settle_locked(zone);
		fits = zone->nonempty >> order;
		if (fits == 0)
			return NULL;
	}
	head = list_first_entry(&zone->area[order + (unsigned)__builtin_ctz(fits)].list,
				struct page, link);
	return carve(zone, head, order);
}

static inline bool counts_unmovable(const struct zone *zone)
{
	return zone->hooks != NULL && zone->hooks->count_unmovable != NULL;
}

/* The chunk is given to, or taken from, its owner. */
static inline void count_owner(struct zone *zone, const struct page *page, int change)
	REQUIRES(&zone->lock)
{
	if (page->owner == NULL || !counts_unmovable(zone) || page_owner_movable(page->owner))
		return;
	ASSERT(zone->type != ZONE_MOVABLE);
	zone->hooks->count_unmovable(zone, page_to_pfn(page), change);
}

/* The same for a per-CPU list. */
static inline void count_list(struct zone *zone, const struct page *page, int change)
	REQUIRES(&zone->lock)
{
	if (zone->type != ZONE_MOVABLE && counts_unmovable(zone))
		zone->hooks->count_unmovable(zone, page_to_pfn(page), change);
}

struct page *buddy_alloc_for(struct zone *zone, unsigned order, const struct page_owner *owner)
{
	struct page *page;
	uint64_t flags;

	ASSERT(order <= MAX_ORDER);
	flags = spin_lock(&zone->lock);
	page = alloc_locked(zone, order);
	if (page != NULL) {
		zone->allocs++;
		page->owner = owner;
		count_owner(zone, page, 1);
	}
	spin_unlock(&zone->lock, flags);
	return page;
}

unsigned buddy_take_batch(struct zone *zone, unsigned order, unsigned n, struct page **chain)
{
	uint64_t flags = spin_lock(&zone->lock);
	struct page **link = chain;
	unsigned got = 0;

	for (; got < n; got++) {
		struct page *page = alloc_locked(zone, order);

		if (page == NULL)
			break;
		page->state = PAGE_PCP;
		count_list(zone, page, 1);
		*link = page;
		link = (struct page **)&page->private;
	}
	spin_unlock(&zone->lock, flags);
	*link = NULL;
	return got;
}

/*
 * A piece of a freed chunk, a block at most, while blocks of the zone go offline: what lies in
 * them is held back.
 */
static inline void free_piece_isolating(struct zone *zone, pfn_t pfn, unsigned order,
					unsigned limit) REQUIRES(&zone->lock)
{
	if (zone->hooks->is_isolated(zone, pfn)) {
		head_write(pfn_to_page(pfn), PAGE_ISOLATED, order, limit, zone->id);
		zone->isolated += 1UL << order;
	} else {
		zone->free += 1UL << order;
		buddy_release_locked(zone, pfn, order, limit);
	}
}

/*
 * A chunk larger than a block is cut first.  The pieces that are not written yet look covered, so
 * a merge of an earlier one stops there, and the later ones make up for it.
 */
static void free_isolating(struct zone *zone, pfn_t pfn, unsigned order, unsigned limit)
	REQUIRES(&zone->lock)
{
	if (likely(order <= BLOCK_ORDER)) {
		free_piece_isolating(zone, pfn, order, limit);
		return;
	}
	for (pfn_t end = pfn + (1UL << order); pfn < end; pfn += BLOCK_PAGES)
		free_piece_isolating(zone, pfn, BLOCK_ORDER, limit);
}

static void free_locked(struct zone *zone, struct page *page) REQUIRES(&zone->lock)
{
	unsigned order = page->order, limit = page->limit;

	if (zone->deferred != NULL)
		buddy_settle_locked(zone);
	if (unlikely(zone->isolating != 0)) {
		free_isolating(zone, page_to_pfn(page), order, limit);
		return;
	}
	zone->free += 1UL << order;
	/* A chunk that may never have been marked dirty (buddy_add_used_range()) must be found on
	 * a list to be given out. */
	if (order >= ORDER_2M || order == limit) {
		buddy_release_locked(zone, page_to_pfn(page), order, limit);
		return;
	}
	page_set_tag(page, head_tag(PAGE_FREE, order, limit, zone->id));
	page->caller = 0;
	zone->deferred = page;
}

static void free_used(struct zone *zone, struct page *page) REQUIRES(&zone->lock)
{
	if (unlikely(page->state != PAGE_USED || !heads_chunk(zone, page)))
		panic("buddy: freeing pfn 0x%lx of zone %u, which heads %s (order %u): %s",
		      page_to_pfn(page), zone->id, page_state_name(page), page->order,
		      page_is_free(page) ? "double free" : "wild free");
	zone->frees++;
	count_owner(zone, page, -1);
	free_locked(zone, page);
}

void buddy_free(struct zone *zone, struct page *page)
{
	uint64_t flags = spin_lock(&zone->lock);

	free_used(zone, page);
	spin_unlock(&zone->lock, flags);
}

void buddy_free_many(struct zone *zone, struct page *const pages[], unsigned n)
{
	uint64_t flags = spin_lock(&zone->lock);

	for (unsigned i = 0; i < n; i++)
		free_used(zone, pages[i]);
	spin_unlock(&zone->lock, flags);
}

struct page *buddy_give_batch(struct zone *zone, struct page *chain, unsigned n)
{
	uint64_t flags = spin_lock(&zone->lock);

	for (; n > 0; n--) {
		struct page *page = chain;

		ASSERT(page->state == PAGE_PCP && heads_chunk(zone, page));
		chain = (struct page *)page->private;
		count_list(zone, page, -1);
		free_locked(zone, page);
	}
	spin_unlock(&zone->lock, flags);
	return chain;
}

/* The order of the largest naturally aligned chunk at `pfn` within npages, a block at most. */
static unsigned largest_order(pfn_t pfn, uint64_t npages)
{
	return MIN(alignment_order(pfn, BLOCK_ORDER), log2_floor(npages));
}

/* What comes in smaller than a block has neighbours that nobody wrote: it never merges. */
static unsigned limit_of_added(unsigned order)
{
	return order == BLOCK_ORDER ? MAX_ORDER : order;
}

void buddy_add_range(struct zone *zone, pfn_t start, uint64_t npages)
{
	pfn_t end = start + npages;
	uint64_t flags;

	ASSERT(npages != 0 && start / BLOCK_PAGES == (end - 1) / BLOCK_PAGES);
	flags = spin_lock(&zone->lock);
	buddy_settle_locked(zone);
	for (pfn_t pfn = start; pfn < end;) {
		unsigned order = largest_order(pfn, end - pfn);

		buddy_release_locked(zone, pfn, order, limit_of_added(order));
		pfn += 1UL << order;
	}
	zone->free += npages;
	spin_unlock(&zone->lock, flags);
}

void buddy_add_used_range(struct zone *zone, pfn_t start, uint64_t npages,
			  const struct page_owner *owner)
{
	pfn_t end = start + npages;
	uint64_t flags;

	ASSERT(owner != NULL);
	flags = spin_lock(&zone->lock);
	for (pfn_t pfn = start; pfn < end;) {
		unsigned order = largest_order(pfn, end - pfn);
		struct page *page = pfn_to_page(pfn);

		head_write(page, PAGE_USED, order, limit_of_added(order), zone->id);
		page->owner = owner;
		pfn += 1UL << order;
	}
	spin_unlock(&zone->lock, flags);
}

void buddy_merge_at(struct zone *zone, pfn_t pfn)
{
	struct page *page = pfn_to_page(pfn);
	uint64_t flags;

	ASSERT(IS_ALIGNED(pfn, BLOCK_PAGES));
	flags = spin_lock(&zone->lock);
	buddy_settle_locked(zone);
	if (page->state == PAGE_FREE && page->order >= BLOCK_ORDER && heads_chunk(zone, page)) {
		area_del(zone, page, page->order);
		buddy_release_locked(zone, pfn, page->order, page->limit);
	}
	spin_unlock(&zone->lock, flags);
}
