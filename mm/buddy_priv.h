/*
 * mm/buddy_priv.h - what the files of the buddy allocator share.  Everything here is called
 * with the zone's lock held.
 */
#ifndef MM_BUDDY_PRIV_H
#define MM_BUDDY_PRIV_H

#include "kernel/lib/assert.h"
#include "mm/buddy.h"

/* The first four bytes of a head as one word: written and compared as one. */
static inline uint32_t head_tag(enum page_state state, unsigned order, unsigned limit,
				unsigned zone)
{
	return (uint32_t)state | order << 8 | limit << 16 | (uint32_t)zone << 24;
}

static inline uint32_t page_tag(const struct page *page)
{
	uint32_t tag;

	__builtin_memcpy(&tag, page, sizeof(tag));
	return tag;
}

static inline void page_set_tag(struct page *page, uint32_t tag)
{
	__builtin_memcpy(page, &tag, sizeof(tag));
}

/* Does the descriptor look like the head of a chunk of this zone? */
static inline bool heads_chunk(const struct zone *zone, const struct page *page)
{
	return page->state >= PAGE_FREE && page->state <= PAGE_ISOLATED &&
	       page->order <= page->limit && page->limit <= MAX_ORDER && page->zone == zone->id &&
	       IS_ALIGNED(page_to_pfn(page), 1UL << page->order);
}

/* Puts a PAGE_FREE head on, or takes it off, the list of its order. */
static inline void area_add(struct zone *zone, struct page *page, unsigned order)
	REQUIRES(&zone->lock)
{
	list_add(&page->link, &zone->area[order].list);
	zone->area[order].count++;
	zone->nonempty |= 1U << order;
}

static inline void area_del(struct zone *zone, struct page *page, unsigned order)
	REQUIRES(&zone->lock)
{
	list_del(&page->link);
	if (--zone->area[order].count == 0)
		zone->nonempty &= ~(1U << order);
}

/* Makes [pfn, pfn + 2^order) a free chunk and merges it; returns the head of the result.  What
 * stood in the descriptor at `pfn` is lost; zone->free is the caller's business. */
struct page *buddy_release_locked(struct zone *zone, pfn_t pfn, unsigned order, unsigned limit)
	REQUIRES(&zone->lock);

/* Does the merge that buddy_free() put off. */
void buddy_settle_locked(struct zone *zone) REQUIRES(&zone->lock);
/* Lists the chunk whose merge was put off, unmerged. */
void buddy_list_deferred_locked(struct zone *zone) REQUIRES(&zone->lock);

/* A head of a chunk that is on no list, with no owner. */
void head_write(struct page *page, enum page_state state, unsigned order, unsigned limit,
		unsigned zone);
/* The descriptor heads nothing any more. */
void head_clear(struct page *page);

#endif
