/*
 * mm/buddy_verify.c - a zone's counts, and whether it agrees with itself, which reads every free
 * chunk's head.
 */
#include "mm/buddy_priv.h"

#include "kernel/lib/format.h"
#include "mm/pcp.h"

/* Reports about one zone go here; false, so that `return wrong(...)` reads well. */
struct report {
	char *text;
	size_t size;
	const struct zone *zone;
};

static bool wrong(const struct report *r, const char *what, unsigned order, pfn_t pfn)
{
	snprintf(r->text, r->size, "zone %u (node %u %s): %s, order %u, pfn 0x%lx", r->zone->id,
		 r->zone->node, zone_type_name(r->zone->type), what, order, pfn);
	return false;
}

/* Below its limit and a block, two free halves would have been merged. */
static bool has_free_buddy(const struct page *page)
{
	unsigned order = page->order;

	if (order >= page->limit || order >= BLOCK_ORDER)
		return false;
	return page_tag(pfn_to_page(page_to_pfn(page) ^ (1UL << order))) == page_tag(page);
}

static bool verify_area(const struct report *r, unsigned order, uint64_t *pages)
{
	const struct free_area *area = &r->zone->area[order];
	const struct list_head *node, *prev = &area->list;
	uint64_t count = 0;

	for (node = area->list.next; node != &area->list; prev = node, node = node->next) {
		const struct page *page = list_entry(node, struct page, link);
		pfn_t pfn = page_to_pfn(page);

		if (node->prev != prev)
			return wrong(r, "a free list's links disagree", order, pfn);
		if (page->state != PAGE_FREE || page->order != order || !heads_chunk(r->zone, page))
			return wrong(r, "a free list holds what is no free chunk", order, pfn);
		if (has_free_buddy(page))
			return wrong(r, "two free buddies are not merged", order, pfn);
		if (++count > area->count)
			break;
	}
	if (count != area->count)
		return wrong(r, "a free list's count is wrong", order, 0);
	if (((r->zone->nonempty >> order) & 1) != (count != 0))
		return wrong(r, "the bitmap of free lists is wrong", order, 0);
	*pages += count << order;
	return true;
}

static bool verify_locked(const struct report *r)
{
	const struct zone *zone = r->zone;
	uint64_t pages = 0;

	for (unsigned order = 0; order <= MAX_ORDER; order++)
		if (!verify_area(r, order, &pages))
			return false;
	if (pages != zone->free)
		return wrong(r, "free pages differ from the free lists", 0, 0);
	if (zone_free_pages(zone) + zone->isolated > zone->managed)
		return wrong(r, "more pages free than managed", 0, 0);
	if (zone->managed > zone->present)
		return wrong(r, "more pages managed than present", 0, 0);
	if (zone->isolated != 0 && zone->isolating == 0)
		return wrong(r, "pages isolated but no block going offline", 0, 0);
	return true;
}

bool buddy_verify(struct zone *zone, char *text, size_t size)
{
	struct report report = {text, size, zone};
	uint64_t flags = spin_lock(&zone->lock);
	bool ok;

	buddy_settle_locked(zone);
	ok = verify_locked(&report);
	spin_unlock(&zone->lock, flags);
	return ok;
}

void buddy_counts(struct zone *zone, struct zone_counts *counts)
{
	uint64_t flags = spin_lock(&zone->lock);
	struct pcp_sums pcp = pcp_sums(zone);

	buddy_settle_locked(zone);
	*counts = (struct zone_counts){
		.present = zone->present,
		.managed = zone->managed,
		.free = zone->free + pcp.pages,
		.pcp = pcp.pages,
		.isolated = zone->isolated,
		.allocs = zone->allocs + pcp.allocs,
		.frees = zone->frees + pcp.frees,
	};
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		counts->area[order] = zone->area[order].count;
	spin_unlock(&zone->lock, flags);
}
