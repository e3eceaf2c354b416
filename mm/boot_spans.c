/*
 * mm/boot_spans.c - cuts boot memory into spans and gives it to the zones.
 *
 * A span is a run of frames of one node.  It has holes, but none that holds a whole 128 MiB
 * window: there a new span begins.  Written once by mm_init() on one CPU.
 */
#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "mm/buddy.h"
#include "mm/early.h"
#include "mm/init_priv.h"
#include "mm/kasan/kasan.h"

struct boot_span boot_spans[BOOT_SPANS_MAX];
unsigned nr_boot_spans;

static const struct page_owner reserved_owner = {.name = "reserved"};

static bool holds_window(pfn_t start, pfn_t end)
{
	return ALIGN_UP(start, BLOCK_PAGES) + BLOCK_PAGES <= end;
}

/* Adds RAM above everything added so far; false where the table is full. */
static bool add_run(pfn_t start, pfn_t end, uint8_t node)
{
	struct boot_span *last = nr_boot_spans > 0 ? &boot_spans[nr_boot_spans - 1] : NULL;

	if (last != NULL && last->node == node &&
	    !holds_window(last->start + last->npages, start)) {
		last->npages = end - last->start;
		last->present += end - start;
		return true;
	}
	if (nr_boot_spans == BOOT_SPANS_MAX)
		return false;
	boot_spans[nr_boot_spans++] = (struct boot_span){
		.start = start,
		.npages = end - start,
		.present = end - start,
		.node = node,
	};
	return true;
}

void boot_spans_make(const struct srat_info *srat)
{
	uint64_t left = 0;

	nr_boot_spans = 0;
	for (unsigned i = 0; i < early.nram; i++) {
		pfn_t pfn = paddr_to_pfn(early.ram[i].base);
		pfn_t end = pfn + early.ram[i].size / PAGE_SIZE;

		while (pfn < end) {
			uint8_t node;
			pfn_t next = node_boot_run(srat, pfn, end, &node);

			/* Behind a run that was left out nothing may grow a span over it. */
			if (left > 0 || !add_run(pfn, next, node))
				left += next - pfn;
			pfn = next;
		}
	}
	if (left > 0)
		klog(LOG_ERR, "mm: boot memory changes node more than %u times: %lu MiB unused",
		     BOOT_SPANS_MAX, left * PAGE_SIZE / MiB);
}

/* Gives [pfn, end), inside one window, to the zone; returns the pages that are free now. */
static uint64_t feed_window(struct zone *zone, pfn_t pfn, pfn_t end)
{
	uint64_t managed = 0;

	while (pfn < end) {
		const struct page_owner *owner;
		paddr_t border;
		pfn_t next;

		switch (early_piece(&early, pfn_to_paddr(pfn), pfn_to_paddr(end), &border,
				    &owner)) {
		case EARLY_HOLE:
			owner = &reserved_owner;
			break;
		case EARLY_FREE:
		case EARLY_RESERVED:
			break;
		}
		next = paddr_to_pfn(border);
		if (owner != NULL) {
			buddy_add_used_range(zone, pfn, next - pfn, owner);
		} else {
			kasan_poison(phys_to_virt(pfn_to_paddr(pfn)), (next - pfn) * PAGE_SIZE,
				     KASAN_PAGE_FREE);
			buddy_add_range(zone, pfn, next - pfn);
			managed += next - pfn;
		}
		pfn = next;
	}
	return managed;
}

void boot_span_feed(struct boot_span *span)
{
	struct zone *zone = &nodes[span->node].zone[ZONE_NORMAL];
	pfn_t end = span->start + span->npages;
	uint64_t flags;

	for (pfn_t pfn = span->start, next; pfn < end; pfn = next) {
		next = MIN(end, ALIGN_DOWN(pfn, BLOCK_PAGES) + BLOCK_PAGES);
		span->managed += feed_window(zone, pfn, next);
	}
	flags = spin_lock(&zone->lock);
	zone->present += span->present;
	zone->managed += span->managed;
	spin_unlock(&zone->lock, flags);
}
