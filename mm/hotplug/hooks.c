/*
 * mm/hotplug/hooks.c - what the zones ask the hot-plug core.  Called under a zone's lock.
 */
#include "kernel/lib/assert.h"
#include "mm/hotplug/hotplug_priv.h"

/*
 * A buddy of block size or more starts at a block's first page.  While that block is online in
 * this zone its first descriptor is written, so the allocator may look whether it heads a free
 * chunk of the same order; whatever else the chunk covers is then online here as well.
 *
 * The device at `pfn` stays, since a chunk of it is in the zone.  That of the buddy, if it is
 * another, may be about to be unmapped: nothing of it is looked at.
 */
static bool may_merge(struct zone *zone, pfn_t pfn, pfn_t buddy, unsigned order)
{
	const struct memory_device *device = memory_device_by_pfn(pfn);
	const struct memory_block *block;

	if (device == NULL || buddy < device->start ||
	    buddy + (1UL << order) > device->start + device->npages)
		return false;
	block = device_block(device, buddy);
	return block->state == BLOCK_ONLINE && block->zone == zone && block->start == buddy &&
	       block->usable == buddy;
}

/*
 * Asked for every chunk that a migration frees, block by block: remembers the block, until
 * zone_forget_going() is told that one of the zone's went back or left.
 */
static bool is_isolated(struct zone *zone, pfn_t pfn)
{
	struct memory_block *block;

	if (pfn - zone->going_start < zone->going_npages)
		return true;
	block = block_by_pfn(pfn);
	if (block == NULL || block->zone != zone || block->state != BLOCK_GOING_OFFLINE)
		return false;
	zone->going_start = block->start;
	zone->going_npages = block->npages;
	return true;
}

void zone_forget_going(struct zone *zone)
{
	ASSERT(spin_is_held(&zone->lock) && zone->isolating != 0);
	zone->isolating--;
	zone->going_npages = 0;
}

/* The bits of granules first..last (within a window) set. */
static uint64_t granule_mask(pfn_t first, pfn_t last)
{
	return (~0UL >> (63 - granule_of(last))) & (~0UL << granule_of(first));
}

static void mark_dirty(struct zone *zone __unused, pfn_t pfn, uint64_t npages)
{
	pfn_t end = pfn + npages;

	while (pfn < end) {
		struct memory_block *block = block_by_pfn(pfn);
		pfn_t stop;

		if (block == NULL) /* boot memory, before its blocks are made */
			return;
		stop = MIN(end, block_end(block));
		block->dirty |= granule_mask(pfn, stop - 1);
		pfn = stop;
	}
}

/* Runs of chunks are of one block mostly; block_leave_zone() takes the memory of it away. */
static void count_unmovable(struct zone *zone, pfn_t pfn, int change)
{
	struct memory_block *block = zone->counted;

	if (block == NULL || pfn - block->start >= block->npages) {
		block = block_by_pfn(pfn);
		if (block == NULL) /* boot memory: counted when its blocks are made */
			return;
		zone->counted = block;
	}
	block->unmovable[granule_of(pfn)] += (uint16_t)change;
}

const struct zone_hooks hotplug_zone_hooks = {
	.may_merge = may_merge,
	.is_isolated = is_isolated,
	.mark_dirty = mark_dirty,
	.count_unmovable = count_unmovable,
};
