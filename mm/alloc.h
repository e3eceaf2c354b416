/*
 * mm/alloc.h - page allocation over nodes and zones.
 *
 * Unmovable requests are served from ZONE_NORMAL only; movable ones from ZONE_MOVABLE first,
 * then NORMAL.  Nodes are tried nearest first, from the running CPU's own on where the caller does
 * not name one.  From any context; never sleeps.
 */
#ifndef MM_ALLOC_H
#define MM_ALLOC_H

#include "mm/node.h"

enum alloc_flags {
	ALLOC_MOVABLE = 1 << 0,	 /* the owner can move it: ZONE_MOVABLE may serve */
	ALLOC_THISNODE = 1 << 1, /* no fallback to other nodes */
	ALLOC_ZERO = 1 << 2,
};

/*
 * A chunk of 2^order pages for `owner` (not NULL; movable owners with ALLOC_MOVABLE, and only
 * they), from `node` (or NODE_ANY) or the nearest that has one.  NULL: none.  Records the caller
 * and the time in the descriptor.
 */
struct page *page_alloc(unsigned order, unsigned flags, int node, const struct page_owner *owner);
/* A chunk of a Normal zone for an owner who could move it but means to keep it where it is, from
 * `node` (not NODE_ANY) or the nearest that has one.  NULL: none. */
struct page *page_alloc_normal(unsigned order, int node, const struct page_owner *owner);
void page_free(struct page *page);

/*
 * Waits until nobody who walks under a zone's lock can still have seen an owner whose last chunk
 * was freed before the call: what holds the struct page_owner may then go.  By taking each zone's
 * lock once.
 */
void page_owner_retire(void);

/* Gives a zone of the node table per-CPU lists (mm/pcp.h), in the caller's memory, zeroed: ncpus
 * entries.  Once, at start. */
struct pcp;
void pages_use_lists(struct zone *zone, struct pcp *pcp, unsigned ncpus);

/*
 * Says which node a CPU is in, before it runs threads and before any DIMM is added: where NODE_ANY
 * begins.  For what cannot move that is the nearest node with boot memory: what would keep a DIMM
 * of the CPU's own node from leaving comes from there only when nothing else is left nearer.
 */
void pages_set_home(unsigned cpu, unsigned node);

/* Empties all per-CPU lists and does the merges that were put off (mm/buddy.h), in every zone:
 * before counting chunks. */
void pages_settle(void);

/* Pages over all zones, without locks (approximate while others allocate). */
uint64_t pages_free(void);
uint64_t pages_managed(void);
uint64_t pages_present(void);

#endif
