/*
 * mm/hotplug/block.h - memory blocks, the unit that goes online and offline.
 *
 * A block is the part of one device inside one 128 MiB window.  Its memmap exists from
 * memory_device_add() to memory_device_remove(); its pages are in the free lists only while
 * it is ONLINE.  One table [state][event] says what may follow what, and block_request() is
 * the only function that writes the state.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after memory_device_add()
 *	h	hotplug_lock (mutex)
 *	z	h and the zone's lock to write, either to read
 */
#ifndef MM_HOTPLUG_BLOCK_H
#define MM_HOTPLUG_BLOCK_H

#include "mm/hotplug/device.h"
#include "mm/node.h"

#define GRANULE_PAGES  (SIZE_2M / PAGE_SIZE)
#define BLOCK_GRANULES (BLOCK_PAGES / GRANULE_PAGES)

enum block_state {
	BLOCK_OFFLINE,
	BLOCK_GOING_ONLINE,
	BLOCK_ONLINE,
	BLOCK_GOING_OFFLINE,
	BLOCK_MEMMAP, /* wholly inside the head: neither onlined nor offlined */
	BLOCK_STATES,
};

enum block_event {
	BLOCK_EVENT_ONLINE,  /* asked to go online */
	BLOCK_EVENT_OFFLINE, /* asked to go offline */
	BLOCK_EVENT_DONE,    /* the transition is complete */
	BLOCK_EVENT_CANCEL,  /* the transition is undone */
	BLOCK_EVENTS,
};

struct memory_block {
	pfn_t start;		      /* [I] first page, of the window's part */
	uint64_t npages;	      /* [I] head pages included */
	pfn_t usable;		      /* [I] first page after the head: where chunks start */
	struct memory_device *device; /* [I] */
	enum block_state state;	      /* [z] written by block_request() only */
	struct zone *zone;	      /* [z] NULL exactly while OFFLINE or MEMMAP */
	uint64_t present, managed;    /* [h] pages, while online (boot blocks have holes) */
	uint64_t dirty; /* [z] bit n: granule n (2 MiB) of the window was handed out */
	/* [z] of each granule, the chunks that start in it and are in use by owners who cannot move
	 * them, or on a per-CPU list of a Normal zone, which serves only such owners: so an offline
	 * finds what is in its way by looking at one granule, not at every page */
	uint16_t unmovable[BLOCK_GRANULES];
};

const char *block_state_name(enum block_state state); /* "online", "going-offline", "memmap" */

/* Where the table allows it, moves the block's state and returns 0; else -EALREADY (it is there
 * already), -EBUSY (on its way) or -EINVAL (memmap), with *why naming the block. */
int block_request(struct memory_block *block, enum block_event event, struct refusal *why);

/* "memory39", or "memory39.1" for the second device's part in one window; returns buf. */
const char *block_name(const struct memory_block *block, char *buf, size_t size);
static inline uint64_t block_number(const struct memory_block *block)
{
	return block->start >> BLOCK_ORDER;
}
static inline pfn_t block_end(const struct memory_block *block)
{
	return block->start + block->npages;
}

/* The block that holds `pfn`, or NULL.  => hotplug_lock held; or the lock of the zone that pfn is
 * in, which keeps the block, and so its device, where they are */
struct memory_block *block_by_pfn(pfn_t pfn);
/* By "memoryN" or "memoryN.K"; NULL. */
struct memory_block *block_by_name(const char *name);

/* A set of blocks, what TARGET means: an address range cut by devices. */
struct block_range {
	pfn_t start;
	uint64_t npages;
	bool single; /* one block was named: "already there" is an error */
};

/* Calls fn(block, arg) for the blocks of a range in address order until it returns non-zero,
 * which is returned.  -ENOENT where the range holds no block at all. */
int blocks_for_each(const struct block_range *range, int (*fn)(struct memory_block *, void *),
		    void *arg) REQUIRES(&hotplug_lock);

/* True while nothing unmovable holds a page of it (what lsmem's REMOVABLE says).
 * => hotplug_lock held */
bool block_removable(const struct memory_block *block);

#endif
