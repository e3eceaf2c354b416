/*
 * mm/hotplug/head.c - the arithmetic of the head region.  Owns no state.
 */
#include "mm/hotplug/head.h"

#include "kernel/lib/errno.h"
#include "mm/hotplug/block.h"

#define PAGES_2M (SIZE_2M / PAGE_SIZE)
#define PAGES_1G (SIZE_1G / PAGE_SIZE)

/* Frames that hold the descriptors of `npages` frames; DIMMs come in 2 MiB, so it is exact. */
static uint64_t memmap_pages(uint64_t npages)
{
	return npages * sizeof(struct page) / PAGE_SIZE;
}

/* How many whole, naturally aligned units of `unit` frames lie in [start, end). */
static uint64_t whole_units(pfn_t start, pfn_t end, uint64_t unit)
{
	pfn_t first = ALIGN_UP(start, unit);
	pfn_t last = ALIGN_DOWN(end, unit);

	return last > first ? (last - first) / unit : 0;
}

/*
 * The memmap: slots that the device fills are backed by 2 MiB frames, which come first because
 * the base of a DIMM is 2 MiB aligned; what is left at the two ends by 4 KiB frames after them.
 */
static pfn_t plan_memmap(pfn_t start, uint64_t npages, struct head_layout *head)
{
	pfn_t end = start + npages;
	pfn_t first = ALIGN_UP(start, VMEMMAP_SLOT_PAGES);

	head->memmap_large = start;
	head->memmap_large_slots = whole_units(start, end, VMEMMAP_SLOT_PAGES);
	head->memmap_front = start + head->memmap_large_slots * PAGES_2M;
	if (head->memmap_large_slots == 0)
		head->memmap_front_pages = memmap_pages(npages);
	else
		head->memmap_front_pages = memmap_pages(first - start);
	head->memmap_rear = head->memmap_front + head->memmap_front_pages;
	head->memmap_rear_pages = memmap_pages(npages) - head->memmap_front_pages -
				  head->memmap_large_slots * PAGES_2M;
	return head->memmap_rear + head->memmap_rear_pages;
}

static uint64_t windows_touched(pfn_t start, uint64_t npages)
{
	return ((start + npages - 1) >> BLOCK_ORDER) - (start >> BLOCK_ORDER) + 1;
}

int head_plan(pfn_t start, uint64_t npages, bool gib_pages, struct head_layout *head,
	      struct refusal *why)
{
	uint64_t descriptors;

	*head = (struct head_layout){0};
	if (npages == 0 || !IS_ALIGNED(start, PAGES_2M) || !IS_ALIGNED(npages, PAGES_2M))
		return refuse_at(why, -EINVAL, "head", start,
				 "0x%lx pages: a device starts and ends at multiples of 2 MiB",
				 (unsigned long)npages);

	head->tables = plan_memmap(start, npages, head);
	head->tables_pages = gib_pages ? 0 : whole_units(start, start + npages, PAGES_1G);
	head->descriptors = head->tables + head->tables_pages;
	descriptors = sizeof(struct memory_device) +
		      windows_touched(start, npages) * sizeof(struct memory_block);
	head->descriptors_pages = DIV_ROUND_UP(descriptors, PAGE_SIZE);
	head->pages = head->descriptors + head->descriptors_pages - start;
	if (head->pages > npages / 2)
		return refuse_at(why, -ENOSPC, "head", start,
				 "the head needs 0x%lx of 0x%lx pages: less than half is left",
				 (unsigned long)head->pages, (unsigned long)npages);
	head->usable = npages - head->pages;
	return 0;
}

/*
 * Why this is enough, whatever the alignment.  The levels above are built at boot over the whole
 * window.  What devices may share, and so takes from the pool, is of two kinds:
 *
 *  - a PD, 1 GiB of the direct map.  Where a device owns that gigabyte whole, the PD comes from
 *    its head (or there is none, with 1 GiB pages).  Else one of the device's two ends lies inside.
 *  - a vmemmap PT, the descriptors of 256 MiB.  Where a device fills these whole, they are
 *    mapped by a 2 MiB page.  Else, again, one of its two ends lies inside.
 *
 * So each table of the pool can be charged to an end of a device, each end with one of a kind:
 * at most two of each kind a slot.  And no two tables of a kind are for the same place, so there
 * are no more of a kind than places in the window.  tests/unit/test_head.c reaches both bounds.
 */
uint64_t head_pool_tables(unsigned slots, uint64_t window)
{
	uint64_t ends = 2UL * slots;

	return MIN(ends, DIV_ROUND_UP(window, SIZE_1G)) +
	       MIN(ends, DIV_ROUND_UP(window, VMEMMAP_SLOT_PAGES * PAGE_SIZE));
}
