/*
 * mm/buddy.h - the buddy allocator of one zone, chunks of 2^0 to 2^MAX_ORDER pages.
 *
 * Descriptors mean nothing unless they head a chunk, so a merge must know without looking
 * that the buddy's descriptor was written by us.  page->limit says so: it is the order of the
 * largest naturally aligned chunk that was given to the free lists as one at online
 * (buddy_add_range()); both halves of a split inherit it.  Below the limit, the split that made
 * a chunk wrote its buddy too.  A range's chunks of BLOCK_ORDER have the limit MAX_ORDER: from
 * there on the block's first descriptor is always written, and hooks->may_merge() is asked.
 *
 * The lower half of a merge becomes the head; the upper head is cleared, or becomes
 * PAGE_COVERED where it is the first page of a block (order >= BLOCK_ORDER).
 *
 * A small chunk that was just freed is merged and listed only when the next one is freed, or when
 * someone asks for a chunk and there is no other, isolates, looks ...: a page that is freed and
 * allocated in turn costs no split and no merge.  Until then it is PAGE_FREE like any other, and
 * counted in zone->free, but not in area[] nor nonempty.
 *
 * All functions take the zone's lock themselves, from any context, unless they say otherwise.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "mm/zone.h"

/*
 * Takes a chunk out of the free lists: smallest sufficient order, split down, lower half
 * first.  The page comes back as PAGE_USED (the caller fills caller and birth), with `owner`, who
 * is counted if he cannot move it; that may be NULL.  NULL if there is none.  hooks->mark_dirty()
 * is told when a chunk of order >= ORDER_2M or of order == limit is broken or given out: of the 2
 * MiB granules of what is given out, or, where the chunk found is smaller than a granule, of all of
 * it.
 */
struct page *buddy_alloc_for(struct zone *zone, unsigned order, const struct page_owner *owner);

/* Gives a PAGE_USED chunk back: merged, or PAGE_ISOLATED where hooks->is_isolated() (a chunk
 * of order > BLOCK_ORDER is then handled block by block). */
void buddy_free(struct zone *zone, struct page *page);
/* The same for many of one zone, which is locked once. */
void buddy_free_many(struct zone *zone, struct page *const pages[], unsigned n);

/*
 * Batches of chunks of one order for a per-CPU list (mm/pcp.h), PAGE_PCP and linked by
 * page->private.  Taking returns how many there were, up to n, and the chain; giving returns what
 * is left of the chain without its first n.  Those of a ZONE_NORMAL count as unmovable: its lists
 * serve nobody else.
 */
unsigned buddy_take_batch(struct zone *zone, unsigned order, unsigned n, struct page **chain);
struct page *buddy_give_batch(struct zone *zone, struct page *chain, unsigned n);

/*
 * Turns [start, start + npages) into free chunks, writing only their heads, O(log npages) a
 * block.  The range lies inside one 128 MiB window.  The caller accounts present and managed.
 */
void buddy_add_range(struct zone *zone, pfn_t start, uint64_t npages);

/* Writes heads of PAGE_USED chunks with `owner` that tile the range (boot: reserved memory). */
void buddy_add_used_range(struct zone *zone, pfn_t start, uint64_t npages,
			  const struct page_owner *owner);

/*
 * Splits the free or isolated chunk that `head` heads, again and again, until one of its pieces
 * starts at `pfn`, a window border inside it.  -EBUSY if the chunk is in use; 0 and nothing to
 * do if `head` is the chunk at pfn.  The zone's lock is held, and stays so until the range is
 * isolated or may_merge() keeps the pieces apart.
 */
int buddy_split_at_locked(struct zone *zone, struct page *head, pfn_t pfn) REQUIRES(&zone->lock);

/* Merges the free chunk at `pfn`, a window border that heads one, as far as may_merge() allows
 * now (for boot blocks, which were added before anyone knew blocks).  Else does nothing. */
void buddy_merge_at(struct zone *zone, pfn_t pfn);

/*
 * Moves every free chunk of the range out of the free lists (PAGE_ISOLATED).  The range starts
 * and ends at chunk borders (buddy_split_at_locked()) and is tiled by chunks.  Returns free pages
 * isolated.  The caller has set what is_isolated() answers and counted zone->isolating, under
 * the lock: buddy_isolate_range_locked() is for that.
 */
uint64_t buddy_isolate_range_locked(struct zone *zone, pfn_t start, uint64_t npages)
	REQUIRES(&zone->lock);
/* The reverse: isolated chunks become free and merge.  The caller has undone the marks. */
void buddy_putback_range_locked(struct zone *zone, pfn_t start, uint64_t npages)
	REQUIRES(&zone->lock);
/* Forgets a range that is isolated whole: clears every head, takes the pages out of
 * zone->isolated.  Afterwards the zone knows nothing of it. */
void buddy_remove_range_locked(struct zone *zone, pfn_t start, uint64_t npages)
	REQUIRES(&zone->lock);

/* Does the merge that was put off, if any; for whoever shows or compares chunk counts. */
void buddy_settle(struct zone *zone);

/* A consistent look at a zone's counts, in pages and (area) chunks; settles first. */
struct zone_counts {
	uint64_t present, managed, free, isolated, allocs, frees;
	uint64_t pcp; /* pages, of `free`: on per-CPU lists, and so in no area */
	uint64_t area[MAX_ORDER + 1];
};
void buddy_counts(struct zone *zone, struct zone_counts *counts);

/* "free", "used" ...; "nothing" for whatever is no state. */
const char *page_state_name(const struct page *page);

/* Whole-zone check: lists, counts, states, nonempty.  True, or false with `text` filled. */
bool buddy_verify(struct zone *zone, char *text, size_t size);

#endif
