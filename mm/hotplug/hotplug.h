/*
 * mm/hotplug/hotplug.h - the operations on plugged memory: add, online, offline, remove.
 *
 * Each is check (anything may be refused, with *why) then commit (nothing can fail); a refusal
 * leaves everything as it was.  All take hotplug_lock themselves and may sleep; what only looks and
 * wants it held says so.
 */
#ifndef MM_HOTPLUG_HOTPLUG_H
#define MM_HOTPLUG_HOTPLUG_H

#include "kernel/thread_noalloc.h"
#include "mm/hotplug/block.h"
#include "mm/hotplug/device.h"
#include "mm/init.h"

extern const struct zone_hooks hotplug_zone_hooks;

/* Makes devices and ONLINE blocks of boot memory.  After mm_init(). */
void hotplug_init_boot(const struct boot_span *spans, unsigned nspans);

/*
 * Says how many DIMM slots the firmware has and where DIMMs may appear; builds the upper
 * page-table levels over the window and the table pool.  Called once, by the ACPI driver, before
 * the first add.  size 0: no window known, the CPU's physical bits bound it.
 */
int hotplug_init_slots(unsigned slots, paddr_t window_base, uint64_t window_size,
		       struct refusal *why);

/* Gives a present DIMM a memmap and OFFLINE blocks; policy is memory_device_auto_online()'s.
 * -EEXIST: the slot has a device, or part of the range belongs to one or to the firmware's map. */
int memory_device_add(const struct memory_device_info *info, struct memory_device **device,
		      struct refusal *why);
/* Puts the blocks of the device in `slot` online if the policy says so; 0 if it says offline,
 * -ENODEV if the device has left again. */
int memory_device_auto_online(int slot, struct refusal *why);
/* Forgets a device whose blocks are all offline, and scrubs its head; the firmware keeps the DIMM.
 * For tests: memory_device_eject() is what users have.
 * => nobody else removes or ejects `device` meanwhile */
int memory_device_remove(struct memory_device *device, struct refusal *why);
/* Offline (all or nothing), remove, then ops->eject(). */
int memory_device_eject(const char *name, struct refusal *why);

enum online_type { ONLINE_DEFAULT, ONLINE_KERNEL, ONLINE_MOVABLE };
/* The zone it means now, by policy where it is ONLINE_DEFAULT. */
enum zone_type online_zone_type(enum online_type type, uint64_t npages);

struct block_result {
	unsigned done;		      /* blocks that changed */
	unsigned already;	      /* were there before */
	unsigned refused;	      /* blocks; 1 for a whole request that was refused */
	uint64_t done_pages;	      /* of the blocks that changed, heads included */
	uint64_t moved_pages;	      /* offline: migrated (dry run: would be) */
	uint64_t moved_to[MAX_NODES]; /* of them, by node */
};

enum block_range_flags { RANGE_KEEP_GOING = 1 << 0, RANGE_DRY_RUN = 1 << 1 };

/* -ENOENT: no block there; -EALREADY: nothing left to do; else the first refusal, the blocks done
 * so far back in state and zone unless RANGE_KEEP_GOING. */
int blocks_online(const struct block_range *range, enum online_type type, unsigned flags,
		  struct block_result *result, struct refusal *why);
/* timeout_us 0: none.  -EINTR on thread_interrupt(). */
int blocks_offline(const struct block_range *range, unsigned flags, uint64_t timeout_us,
		   struct block_result *result, struct refusal *why);

/* From now on `fn` (NULL: none) is called at every step of an offline in the thread that runs it,
 * often and with hotplug_lock held: must be quick, and ignore threads that are not its own.  It may
 * be called once more just after another took its place. */
typedef void (*hotplug_progress_fn)(const char *step, uint64_t moved_pages, uint64_t total_pages);
void hotplug_set_progress(hotplug_progress_fn fn);

/* What keeps a range from going offline, grouped by owner.  A chunk that reaches beyond the range
 * counts whole, and once: it would have to move whole. */
struct holder {
	const struct page_owner *owner; /* tells groups apart, and may have ended since */
	char name[PAGE_OWNER_NAME_MAX]; /* "": being allocated */
	vaddr_t caller;
	pfn_t first;   /* of the lowest chunk, */
	uint8_t order; /* and its order */
	uint64_t chunks, pages;
	uint32_t oldest; /* clock_ticks() of the oldest chunk */
	bool movable;
	bool pinned; /* for long, so not movable */
};
/* Fills up to `max` groups of online blocks in the range, most pages first; returns how many
 * groups there are (may exceed max). */
unsigned blocks_holders(const struct block_range *range, struct holder *groups, unsigned max);

/* A chunk as it was when chunk_look() saw it. */
struct chunk_info {
	pfn_t pfn;
	struct page page; /* a copy; its owner may have ended since */
	const struct zone *zone;
	bool in_use, movable;
	char owner[PAGE_OWNER_NAME_MAX]; /* in use and "": being allocated */
};
/* The chunk that holds `pfn`; false if no online block does.  => hotplug_lock held, or nobody else
 * takes the block offline; the zone's lock is taken inside */
bool chunk_look(pfn_t pfn, struct chunk_info *info);

/* Calls fn for every chunk of an online block, in order, with the part of it that lies in the
 * block; hotplug_lock held, the zone's lock taken inside: fn must be quick and print nothing. */
void block_for_each_chunk(const struct memory_block *block,
			  void (*fn)(const struct page *page, pfn_t first, uint64_t npages,
				     void *ctx),
			  void *ctx);

/* Bytes: heads of devices with something online; blocks that are offline, heads included.
 * => hotplug_lock held */
uint64_t hotplug_metadata_online(void);
uint64_t hotplug_offline_bytes(void);
/* The boot-reserved pool: all of its page tables, those left, and the fewest that ever were left.
 */
struct hotplug_pool {
	uint64_t total, free, low;
};
void hotplug_pool_counts(struct hotplug_pool *counts);

/*
 * What happens between a DIMM's event and its blocks' going online, on whatever thread, does so
 * in this section: it lives on the DIMM's head, the pool and ACPICA's arena, and calls of the
 * allocators are counted as foreign.
 */
extern struct noalloc hotplug_noalloc;

/* Every invariant of mm and hot-plug; each violation goes to report(); true: clean. */
bool hotplug_verify(void (*report)(const char *violation));

#endif
