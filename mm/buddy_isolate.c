/*
 * mm/buddy_isolate.c - taking whole blocks out of a zone, and putting them back.
 *
 * Walks a range from chunk to chunk: every descriptor read here heads a chunk, because chunks
 * tile the range.  The zone's lock is held by the caller throughout.
 */
#include "mm/buddy_priv.h"

#include "kernel/lib/errno.h"

/* Halves the free or isolated chunk `head` until one starts at `pfn`. */
static void split_until(struct zone *zone, struct page *head, pfn_t pfn) REQUIRES(&zone->lock)
{
	enum page_state state = head->state;
	unsigned order = head->order, limit = head->limit;
	pfn_t base = page_to_pfn(head);

	if (state == PAGE_FREE)
		area_del(zone, head, order);
	while (base != pfn) {
		pfn_t upper = base + (1UL << --order);
		struct page *sibling = pfn_to_page(pfn < upper ? upper : base);

		head_write(sibling, state, order, limit, zone->id);
		if (state == PAGE_FREE)
			area_add(zone, sibling, order);
		if (pfn >= upper)
			base = upper;
	}
	head_write(pfn_to_page(base), state, order, limit, zone->id);
	if (state == PAGE_FREE)
		area_add(zone, pfn_to_page(base), order);
}

/* Does not settle: that could swallow the head that the caller has found. */
int buddy_split_at_locked(struct zone *zone, struct page *head, pfn_t pfn)
{
	pfn_t base = page_to_pfn(head);

	ASSERT(heads_chunk(zone, head) && pfn >= base && pfn < base + chunk_pages(head));
	if (pfn == base)
		return 0;
	ASSERT(IS_ALIGNED(pfn, BLOCK_PAGES));
	if (head->state == PAGE_USED)
		return -EBUSY;
	split_until(zone, head, pfn);
	return 0;
}

uint64_t buddy_isolate_range_locked(struct zone *zone, pfn_t start, uint64_t npages)
{
	pfn_t end = start + npages;
	uint64_t isolated = 0;

	/* A put-off merge inside the range must not reach out of it. */
	if (zone->deferred >= pfn_to_page(start) && zone->deferred < pfn_to_page(end))
		buddy_list_deferred_locked(zone);
	buddy_settle_locked(zone);
	for (pfn_t pfn = start, next; pfn < end; pfn = next) {
		struct page *page = pfn_to_page(pfn);

		DEBUG_CHECK(heads_chunk(zone, page));
		next = pfn + chunk_pages(page);
		if (page->state != PAGE_FREE) {
			ASSERT(page->state == PAGE_USED || page->state == PAGE_PCP ||
			       page->state == PAGE_ISOLATED);
			continue; /* in use: may reach beyond the range, and moves whole */
		}
		ASSERT(next <= end);
		area_del(zone, page, page->order);
		head_write(page, PAGE_ISOLATED, page->order, page->limit, zone->id);
		isolated += next - pfn;
	}
	zone->free -= isolated;
	zone->isolated += isolated;
	return isolated;
}

void buddy_putback_range_locked(struct zone *zone, pfn_t start, uint64_t npages)
{
	pfn_t end = start + npages;

	ASSERT(zone->deferred == NULL); /* nothing is put off while anything is isolated */
	for (pfn_t pfn = start, next; pfn < end; pfn = next) {
		struct page *page = pfn_to_page(pfn);

		ASSERT(heads_chunk(zone, page));
		next = pfn + chunk_pages(page);
		if (page->state != PAGE_ISOLATED)
			continue;
		zone->isolated -= next - pfn;
		zone->free += next - pfn;
		page = buddy_release_locked(zone, pfn, page->order, page->limit);
		next = page_to_pfn(page) + chunk_pages(page);
	}
}

void buddy_remove_range_locked(struct zone *zone, pfn_t start, uint64_t npages)
{
	pfn_t end = start + npages;

	for (pfn_t pfn = start, next; pfn < end; pfn = next) {
		struct page *page = pfn_to_page(pfn);

		ASSERT(page->state == PAGE_ISOLATED && page->zone == zone->id);
		DEBUG_CHECK(heads_chunk(zone, page));
		next = pfn + chunk_pages(page);
		ASSERT(next <= end);
		for (pfn_t covered = pfn + BLOCK_PAGES; covered < next; covered += BLOCK_PAGES)
			head_clear(pfn_to_page(covered));
		head_clear(page);
	}
	ASSERT(zone->isolated >= npages);
	zone->isolated -= npages;
}
