/*
 * mm/zone.h - zones: the free memory of one node that unmovable owners may (NORMAL) or may
 * not (MOVABLE) use.
 *
 * A zone is an object; the real ones stand in the static node table (mm/node.h), a unit test
 * makes its own.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after zone_init()
 *	z	zone->lock (spin, rank ZONE)
 */
#ifndef MM_ZONE_H
#define MM_ZONE_H

#include "kernel/spinlock.h"
#include "mm/page.h"

enum zone_type { ZONE_NORMAL, ZONE_MOVABLE, ZONE_TYPES };

struct memory_block;
struct zone;

/*
 * What the allocator asks the hot-plug core, which knows blocks; NULL: no merge above
 * BLOCK_ORDER, nothing isolated, nothing marked.  All are called under the zone's lock.
 */
struct zone_hooks {
	/* May the chunks of `order` >= BLOCK_ORDER at `pfn` and at `buddy` become one?  True only
	 * if all blocks of both are online, in this zone, of one device, and the block at `buddy`
	 * starts there and has no head: then its first descriptor was written by us. */
	bool (*may_merge)(struct zone *zone, pfn_t pfn, pfn_t buddy, unsigned order);
	/* Is the block that holds `pfn` going offline?  Asked only while zone->isolating != 0. */
	bool (*is_isolated)(struct zone *zone, pfn_t pfn);
	/* [pfn, pfn + npages) was handed out for the first time (perhaps again): must be
	 * scrubbed before it leaves.  Called once a 2 MiB granule at most, not once a page.
	 * Comes for boot memory too, from the first allocation on, when no blocks exist yet. */
	void (*mark_dirty)(struct zone *zone, pfn_t pfn, uint64_t npages);
	/* `change` (1 or -1) chunks more that start at `pfn` belong to an owner who cannot move
	 * them, or to a per-CPU list that serves such owners.  Comes before there are blocks, too.
	 */
	void (*count_unmovable)(struct zone *zone, pfn_t pfn, int change);
};

struct free_area {
	struct list_head list;
	uint64_t count; /* chunks */
};

struct zone {
	struct spinlock lock;
	uint8_t id;			      /* [I] node * ZONE_TYPES + type */
	uint8_t node;			      /* [I] */
	uint8_t type;			      /* [I] enum zone_type */
	const struct zone_hooks *hooks;	      /* [I] may be NULL */
	struct free_area area[MAX_ORDER + 1]; /* [z] */
	uint32_t nonempty;		      /* [z] bit n: area[n] is not empty */
	struct page *deferred; /* [z] free (and counted in `free`), but on no list yet, or NULL */
	struct pcp *pcp;       /* [I] per-CPU lists, of npcp CPUs (mm/pcp.h); NULL: none */
	unsigned npcp;
	unsigned isolating;    /* [z] blocks of this zone that are going offline; mm/pcp.h looks */
	pfn_t going_start;     /* [z] the one of them that was asked for last; for the hooks */
	uint64_t going_npages; /* [z] 0: not known */
	struct memory_block *counted; /* [z] the one whose chunks were counted last, or NULL */
	uint64_t present;  /* [z] pages: everything online, heads and reserved included */
	uint64_t managed;  /* [z] pages: present less what was never given to the free lists */
	uint64_t free;	   /* [z] pages on the free lists; zone_free_pages() has all free ones */
	uint64_t isolated; /* [z] free pages held back by an offline: PAGE_ISOLATED */
	uint64_t allocs, frees; /* [z] chunks, since boot, less those of the per-CPU lists */
};

void zone_init(struct zone *zone, unsigned node, enum zone_type type,
	       const struct zone_hooks *hooks);
const char *zone_type_name(enum zone_type type); /* "Normal", "Movable" */

#endif
