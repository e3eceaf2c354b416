/*
 * mm/hotplug/account.c - blocks entering and leaving a zone: states and present/managed pages.
 *
 * Head pages are present while their block is online, never managed.  Blocks that lie wholly
 * in the head count as present, in the zone of the device's first online block, from then to
 * its last offline.
 *
 * Locks: hotplug_lock held; the zone's lock is taken here, since hooks read state and zone.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "mm/alloc_watch.h"
#include "mm/buddy.h"
#include "mm/hotplug/hotplug_priv.h"

static uint64_t memmap_block_pages(const struct memory_device *device)
{
	uint64_t npages = 0;

	for (unsigned i = 0; i < device->nblocks && device->blocks[i].state == BLOCK_MEMMAP; i++)
		npages += device->blocks[i].npages;
	return npages;
}

void account_memmap(struct memory_device *device, struct zone *zone)
{
	uint64_t flags;

	ASSERT(mutex_is_held(&hotplug_lock));
	if (device->memmap_zone == zone)
		return;
	if (device->memmap_zone != NULL) {
		flags = spin_lock(&device->memmap_zone->lock);
		device->memmap_zone->present -= memmap_block_pages(device);
		spin_unlock(&device->memmap_zone->lock, flags);
	}
	if (zone != NULL) {
		flags = spin_lock(&zone->lock);
		zone->present += memmap_block_pages(device);
		spin_unlock(&zone->lock, flags);
	}
	device->memmap_zone = zone;
}

void block_enter_zone(struct memory_block *block, struct zone *zone)
{
	uint64_t usable = block_end(block) - block->usable;
	uint64_t flags;
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	if (block->device->blocks_online++ == 0)
		account_memmap(block->device, zone);

	flags = spin_lock(&zone->lock);
	/* A neighbour's merge may look at the first descriptor as soon as the state says online. */
	memset(pfn_to_page(block->usable), 0, sizeof(struct page));
	block->zone = zone;
	block->dirty = 0;
	memset(block->unmovable, 0, sizeof(block->unmovable));
	if (!memory_device_is_boot(block->device)) {
		block->present = block->npages;
		block->managed = usable;
	}
	zone->present += block->present;
	zone->managed += block->managed;
	err = block_request(block, BLOCK_EVENT_DONE, NULL);
	ASSERT(err == 0);
	spin_unlock(&zone->lock, flags);

	buddy_add_range(zone, block->usable, usable);
	alloc_watch_came();
}

void block_leave_zone(struct memory_block *block)
{
	struct zone *zone = block->zone;
	uint64_t flags;
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	flags = spin_lock(&zone->lock);
	buddy_remove_range_locked(zone, block->usable, block_end(block) - block->usable);
	zone->present -= block->present;
	zone->managed -= block->managed;
	zone_forget_going(zone);
	zone->counted = NULL;
	block->zone = NULL;
	err = block_request(block, BLOCK_EVENT_DONE, NULL);
	ASSERT(err == 0);
	spin_unlock(&zone->lock, flags);

	if (--block->device->blocks_online == 0)
		account_memmap(block->device, NULL);
}
