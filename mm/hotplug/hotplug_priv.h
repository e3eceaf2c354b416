/*
 * mm/hotplug/hotplug_priv.h - what the files of the hot-plug core share among themselves.
 */
#ifndef MM_HOTPLUG_HOTPLUG_PRIV_H
#define MM_HOTPLUG_HOTPLUG_PRIV_H

#include "mm/hotplug/hotplug.h"

#define DEVICES_MAX (MEMORY_SLOTS_MAX + BOOT_SPANS_MAX)

/* --- device.c: the table.  hotplug_lock held. --- */

/* The first device that shares a frame with [start, start + npages), or NULL. */
struct memory_device *device_overlapping(pfn_t start, uint64_t npages);
void device_table_insert(struct memory_device *device) REQUIRES(&hotplug_lock);
void device_table_remove(struct memory_device *device) REQUIRES(&hotplug_lock);
/* Fills the blocks array of a device whose start, npages and head are set. */
void device_make_blocks(struct memory_device *device) REQUIRES(&hotplug_lock);

/* --- table_pool.c --- */

/* Takes pages for tables until there are `wanted`.  -ENOMEM with *why: there are fewer. */
int pool_fill(uint64_t wanted, struct refusal *why) REQUIRES(&hotplug_lock);
paddr_t pool_get(void) REQUIRES(&hotplug_lock); /* 0: none is left; contents are not cleared */
void pool_put(paddr_t table) REQUIRES(&hotplug_lock);
struct hotplug_pool pool_counts(void) REQUIRES(&hotplug_lock);
/* Counts the chain; false with `text` filled. */
bool pool_verify(char *text, size_t size) REQUIRES(&hotplug_lock);

/* --- window.c --- */

bool window_covers(paddr_t base, uint64_t size) REQUIRES(&hotplug_lock);

/* --- device_map.c: page tables of devices.  hotplug_lock held. --- */

/* Maps the direct map and the memmap of a planned device; transactional. */
int device_map(const struct memory_device *device, struct refusal *why) REQUIRES(&hotplug_lock);
/* The reverse; also wipes the head's descriptors and tables, which nothing uses any more.
 * => `device` is a copy: the original is one of those descriptors */
void device_unmap(const struct memory_device *device) REQUIRES(&hotplug_lock);
/* Compares the page tables of a device with its plan; false with `text` filled. */
bool device_map_verify(const struct memory_device *device, char *text, size_t size);

/* --- block.c --- */

/* The first device in a range, or NULL; its name, or "-". */
struct memory_device *range_device(const struct block_range *range);
const char *range_device_name(const struct block_range *range);

/* The block of the device that holds `pfn`, which is one of the device's. */
static inline struct memory_block *device_block(const struct memory_device *device, pfn_t pfn)
{
	return &device->blocks[(pfn >> BLOCK_ORDER) - (device->start >> BLOCK_ORDER)];
}

/* The granule (2 MiB) of its window that a page lies in. */
static inline unsigned granule_of(pfn_t pfn)
{
	return (unsigned)((pfn % BLOCK_PAGES) / GRANULE_PAGES);
}

/* --- walk.c: from chunk to chunk.  The zone's lock held, or hotplug_lock and a quiet block. --- */

/* The head of the chunk over block->usable (it may start in an earlier block). */
struct page *block_first_chunk(const struct memory_block *block);
/*
 * The same for a walk over a range that starts at `from`: a chunk that lies over earlier blocks of
 * the range, too, was met in the first of them, and the one behind it comes instead.  It may be
 * beyond the block.
 */
struct page *block_first_new_chunk(const struct memory_block *block, pfn_t from);

/*
 * Chunks that follow each other up to `end` and are alike - in order, state, owner, long pins and
 * the function that allocated them - are looked at as one.  Returns where the run from the chunk
 * at `page` on ends, and the earliest birth in it.  => zone's lock held
 */
struct page *chunk_run_end(const struct page *page, const struct page *end, uint32_t *oldest);
/* Refuses if any chunk of the block is in use; takes the zone's lock. */
int block_refuse_used(const struct memory_block *block, struct refusal *why, const char *step);
/* The same if the owner of one cannot move it, by the counts: at the cost of a granule or two.
 * What was not counted is only pinned. */
int block_refuse_counted(const struct memory_block *block, struct refusal *why, const char *step);
/* Counts the block's unmovable chunks by a walk: 1 for each that starts in granule n to counts[n].
 * => zone's lock held */
void block_count_unmovable(const struct memory_block *block, uint16_t counts[BLOCK_GRANULES]);
/* Fills *why with the page in use, its owner and its allocating function; returns -EBUSY.
 * => zone's lock held, since before it was seen in use */
int refuse_used_page(struct refusal *why, const char *step, const struct page *page);

/* --- account.c: blocks come to a zone and leave it.  hotplug_lock held. --- */

void block_enter_zone(struct memory_block *block, struct zone *zone) REQUIRES(&hotplug_lock);
void block_leave_zone(struct memory_block *block) REQUIRES(&hotplug_lock);
/* The blocks wholly in the head count as present in `zone` from now on; NULL: nowhere. */
void account_memmap(struct memory_device *device, struct zone *zone) REQUIRES(&hotplug_lock);

/* One block of the zone is no longer going offline.  => zone's lock held */
void zone_forget_going(struct zone *zone) REQUIRES(&zone->lock);

/* --- offline.c --- */

/* blocks_offline() with hotplug_lock held. */
int blocks_offline_held(const struct block_range *range, unsigned flags, uint64_t timeout_us,
			struct block_result *result, struct refusal *why) REQUIRES(&hotplug_lock);

/* --- online.c, add.c: with hotplug_lock held.  `restore`: it was so a moment ago; listeners are
 * told, not asked, and who restores records the event. --- */

int blocks_online_held(const struct block_range *range, enum online_type type, unsigned flags,
		       bool restore, struct block_result *result, struct refusal *why)
	REQUIRES(&hotplug_lock);
int memory_device_remove_held(struct memory_device *device, struct refusal *why)
	REQUIRES(&hotplug_lock);
int memory_device_add_held(const struct memory_device_info *info, bool restore,
			   struct memory_device **device, struct refusal *why)
	REQUIRES(&hotplug_lock);

/* --- nodes.c --- */

/* Says in the log when a node gets its first memory and when it loses its last. */
void node_listener_register(void);

#endif
