/*
 * mm/hotplug/head.c - the arithmetic of the head region.  Owns no state.
 */
#include "mm/hotplug/head.h"

#include "kernel/lib/errno.h"
#include "mm/hotplug/block.h"

#define PAGES_2M (SIZE_2M / PAGE_SIZE)
#define PAGES_1G (SIZE_1G / PAGE_SIZE)

/* How many whole, naturally aligned units of `unit` frames lie in [start, end). */
static uint64_t whole_units(pfn_t start, pfn_t end, uint64_t unit)
{
	pfn_t first = ALIGN_UP(start, unit);
	pfn_t last = ALIGN_DOWN(end, unit);

	return last > first ? (last - first) / unit : 0;
}

/*
 * How an array with `unit` frames a 2 MiB page of it is backed for a device.  Slots that the
 * device fills by 2 MiB frames; what is left at the two ends by 4 KiB frames.  In pages; DIMMs
 * come in 2 MiB, so it is exact.
 */
struct backing {
	uint64_t front, slots, rear;
};

static struct backing plan_backing(pfn_t start, uint64_t npages, uint64_t unit)
{
	uint64_t ratio = unit / PAGES_2M; /* frames a page of the array speaks for */
	pfn_t end = start + npages;
	struct backing b = {.slots = whole_units(start, end, unit)};

	b.front = (b.slots == 0 ? npages : ALIGN_UP(start, unit) - start) / ratio;
	b.rear = npages / ratio - b.front - b.slots * PAGES_2M;
	return b;
}

#ifdef CONFIG_KASAN
static pfn_t plan_shadow_large(pfn_t at, const struct backing *b, struct head_layout *head)
{
	head->shadow_large = at;
	head->shadow_large_slots = b->slots;
	return at + b->slots * PAGES_2M;
}

static pfn_t plan_shadow_ends(pfn_t at, const struct backing *b, struct head_layout *head)
{
	head->shadow_front = at;
	head->shadow_front_pages = b->front;
	head->shadow_rear = at + b->front;
	head->shadow_rear_pages = b->rear;
	return at + b->front + b->rear;
}
#endif

/* What is backed by 2 MiB frames comes first, because the base of a DIMM is 2 MiB aligned. */
static pfn_t plan_arrays(pfn_t start, uint64_t npages, struct head_layout *head)
{
	struct backing memmap = plan_backing(start, npages, VMEMMAP_SLOT_PAGES);
	pfn_t at = start + memmap.slots * PAGES_2M;

	head->memmap_large = start;
	head->memmap_large_slots = memmap.slots;
#ifdef CONFIG_KASAN
	struct backing shadow = plan_backing(start, npages, SHADOW_SLOT_PAGES);

	at = plan_shadow_large(at, &shadow, head);
#endif
	head->memmap_front = at;
	head->memmap_front_pages = memmap.front;
	head->memmap_rear = at + memmap.front;
	head->memmap_rear_pages = memmap.rear;
	at = head->memmap_rear + memmap.rear;
#ifdef CONFIG_KASAN
	at = plan_shadow_ends(at, &shadow, head);
#endif
	return at;
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
				 npages);

	head->tables = plan_arrays(start, npages, head);
	head->tables_pages = gib_pages ? 0 : whole_units(start, start + npages, PAGES_1G);
	head->descriptors = head->tables + head->tables_pages;
	descriptors = sizeof(struct memory_device) +
		      windows_touched(start, npages) * sizeof(struct memory_block);
	head->descriptors_pages = DIV_ROUND_UP(descriptors, PAGE_SIZE);
	head->pages = head->descriptors + head->descriptors_pages - start;
	if (head->pages > npages / 2)
		return refuse_at(why, -ENOSPC, "head", start,
				 "the head needs 0x%lx of 0x%lx pages: less than half is left",
				 head->pages, npages);
	head->usable = npages - head->pages;
	return 0;
}

/*
 * Why this is enough, whatever the alignment.  The levels above are built at boot over the whole
 * window.  What devices may share, and so takes from the pool, is of few kinds:
 *
 *  - a PD, 1 GiB of the direct map.  Where a device owns that gigabyte whole, the PD comes from
 *    its head (or there is none, with 1 GiB pages).  Else one of the device's two ends lies inside.
 *  - a vmemmap PT, the descriptors of 256 MiB.  Where a device fills these whole, they are
 *    mapped by a 2 MiB page.  Else, again, one of its two ends lies inside.
 *
 *  - with the address sanitizer, a PT of the shadow of 16 MiB, in the same way.
 *
 * So each table of the pool can be charged to an end of a device, each end with one of a kind:
 * at most two of each kind a slot.  And no two tables of a kind are for the same place, so there
 * are no more of a kind than places in the window.  tests/unit/test_head.c reaches both bounds.
 */
uint64_t head_pool_tables(unsigned slots, uint64_t window)
{
	uint64_t ends = 2UL * slots;

	uint64_t tables = MIN(ends, DIV_ROUND_UP(window, SIZE_1G)) +
			  MIN(ends, DIV_ROUND_UP(window, VMEMMAP_SLOT_PAGES * PAGE_SIZE));

#ifdef CONFIG_KASAN
	tables += MIN(ends, DIV_ROUND_UP(window, SHADOW_SLOT_PAGES * PAGE_SIZE));
#endif
	return tables;
}
