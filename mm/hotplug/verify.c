/*
 * mm/hotplug/verify.c - every invariant of devices, blocks, zones and slabs, checked.
 *
 * Owns nothing.  Lock: hotplug_lock, and each zone's while its blocks are walked.
 */
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/thread.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/page_pin.h"
#include "mm/pcp.h"
#include "mm/slab.h"

struct census {
	uint64_t present, managed, free, pcp, isolated;
};

struct verify {
	void (*report)(const char *violation);
	bool clean;
	struct census zones[MAX_NODES][ZONE_TYPES];
};

static struct verify verify GUARDED_BY(&hotplug_lock); /* too large for a stack */

static void __printf(1, 2) violation(const char *fmt, ...) REQUIRES(&hotplug_lock)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	verify.clean = false;
	verify.report(text);
}

/* What can't be moved has no place in ZONE_MOVABLE; who has no owner yet is being allocated. */
static void verify_place(const struct memory_block *block, const struct page *page)
	REQUIRES(&hotplug_lock)
{
	char name[24];

	if (block->zone->type != ZONE_MOVABLE || page->owner == NULL || page_movable(page))
		return;
	violation("%s: pfn 0x%lx of ZONE_MOVABLE is %s %s", block_name(block, name, sizeof(name)),
		  page_to_pfn(page),
		  page_owner_movable(page->owner) ? "pinned, long, by" : "held by unmovable",
		  page->owner->name);
}

/* Chunks tile the block: what the walk adds up to is what the block has. */
static void verify_tiles(const struct memory_block *block, struct census *census)
	REQUIRES(&hotplug_lock)
{
	struct page *end = pfn_to_page(block_end(block));
	struct page *page = block_first_chunk(block);
	struct page *start = pfn_to_page(block->usable);
	char name[24];

	block_name(block, name, sizeof(name));
	while (page < end) {
		struct page *next;
		uint64_t npages;

		if (page->zone != block->zone->id)
			violation("%s: pfn 0x%lx says zone %u", name, page_to_pfn(page),
				  page->zone);
		if (page->order > MAX_ORDER || !IS_ALIGNED(page_to_pfn(page), chunk_pages(page))) {
			violation("%s: pfn 0x%lx heads an impossible chunk of order %u", name,
				  page_to_pfn(page), page->order);
			return;
		}
		next = chunk_next(page);
		npages = (uint64_t)(MIN(next, end) - MAX(page, start));
		if (page->state == PAGE_FREE)
			census->free += npages;
		else if (page->state == PAGE_PCP)
			census->pcp += npages;
		else if (page->state == PAGE_ISOLATED)
			census->isolated += npages;
		else if (page_in_use(page))
			verify_place(block, page);
		else {
			violation("%s: pfn 0x%lx is in state %u where a chunk should start", name,
				  page_to_pfn(page), page->state);
			return;
		}
		page = next;
	}
}

/* => zone's lock held */
static void verify_unmovable(const struct memory_block *block) REQUIRES(&hotplug_lock)
{
	uint16_t walked[BLOCK_GRANULES];
	char name[24];

	block_count_unmovable(block, walked);
	for (unsigned n = 0; n < BLOCK_GRANULES; n++)
		if (walked[n] != block->unmovable[n])
			violation("%s: %u unmovable chunks counted in granule %u, %u found",
				  block_name(block, name, sizeof(name)), block->unmovable[n], n,
				  walked[n]);
}

static void verify_block(const struct memory_device *device, const struct memory_block *block)
	REQUIRES(&hotplug_lock)
{
	bool in_zone = block->state == BLOCK_ONLINE || block->state == BLOCK_GOING_OFFLINE;
	struct census *census;
	uint64_t flags;
	char name[24];

	block_name(block, name, sizeof(name));
	if (block->device != device)
		violation("%s: belongs to another device", name);
	if (in_zone != (block->zone != NULL))
		violation("%s: is %s but %s a zone", name, block_state_name(block->state),
			  block->zone != NULL ? "has" : "lacks");
	if (block->state == BLOCK_GOING_OFFLINE || block->state == BLOCK_GOING_ONLINE)
		violation("%s: left behind as %s", name, block_state_name(block->state));
	if (!in_zone || block->zone == NULL)
		return;
	census = &verify.zones[block->zone->node][block->zone->type];
	census->present += block->present;
	census->managed += block->managed;
	if (block->usable == block_end(block))
		return;
	flags = spin_lock(&block->zone->lock);
	verify_tiles(block, census);
	verify_unmovable(block);
	spin_unlock(&block->zone->lock, flags);
}

static void verify_device(const struct memory_device *device) REQUIRES(&hotplug_lock)
{
	unsigned online = 0;
	pfn_t next = device->start;
	char text[160];

	for (unsigned i = 0; i < device->nblocks; i++) {
		const struct memory_block *block = &device->blocks[i];

		if (block->start != next)
			violation("%s: block %u starts at pfn 0x%lx, not 0x%lx", device->name, i,
				  block->start, next);
		next = block_end(block);
		online += block->zone != NULL;
		verify_block(device, block);
	}
	if (next != device->start + device->npages)
		violation("%s: its blocks end at pfn 0x%lx", device->name, next);
	if (online != device->blocks_online)
		violation("%s: %u blocks online, %u counted", device->name, online,
			  device->blocks_online);
	if (memory_device_is_boot(device))
		return;
	if ((device->memmap_zone != NULL) != (online != 0))
		violation("%s: its memmap blocks are accounted wrongly", device->name);
	if (device->memmap_zone != NULL)
		for (unsigned i = 0; i < device->nblocks; i++)
			if (device->blocks[i].state == BLOCK_MEMMAP)
				verify.zones[device->memmap_zone->node][device->memmap_zone->type]
					.present += device->blocks[i].npages;
	if (!device_map_verify(device, text, sizeof(text)))
		violation("%s: %s", device->name, text);
}

static void compare(const struct zone *zone, const char *what, uint64_t counted, uint64_t walked)
	REQUIRES(&hotplug_lock)
{
	if (counted != walked)
		violation("node %u %s: %lu %s pages counted, %lu found", zone->node,
			  zone_type_name(zone->type), counted, what, walked);
}

static void verify_zone(struct zone *zone) REQUIRES(&hotplug_lock)
{
	struct census *census = &verify.zones[zone->node][zone->type];
	char text[160];

	compare(zone, "present", zone->present, census->present);
	compare(zone, "managed", zone->managed, census->managed);
	compare(zone, "free", zone->free, census->free);
	compare(zone, "per-CPU", pcp_sums(zone).pages, census->pcp);
	compare(zone, "isolated", zone->isolated, census->isolated);
	if (zone->isolating != 0)
		violation("node %u %s: %u blocks counted as isolating", zone->node,
			  zone_type_name(zone->type), zone->isolating);
	if (!pcp_verify(zone, text, sizeof(text)))
		violation("node %u %s: %s", zone->node, zone_type_name(zone->type), text);
	if (!buddy_verify(zone, text, sizeof(text)))
		violation("node %u %s: %s", zone->node, zone_type_name(zone->type), text);
}

bool hotplug_verify(void (*report)(const char *violation))
{
	struct memory_device *device;
	struct zone *zone;
	char text[160];
	bool clean;

	mutex_lock(&hotplug_lock);
	threads_freeze(); /* the figures must not move between the walk and the comparison */
	memset(&verify, 0, sizeof(verify));
	verify.report = report;
	verify.clean = true;
	for_each_device (device)
		verify_device(device);
	for_each_zone (zone)
		verify_zone(zone);
	if (!slab_verify(text, sizeof(text)))
		violation("%s", text);
	if (!pool_verify(text, sizeof(text)))
		violation("%s", text);
	clean = verify.clean;
	threads_thaw();
	mutex_unlock(&hotplug_lock);
	return clean;
}
