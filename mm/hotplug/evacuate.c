/*
 * mm/hotplug/evacuate.c - the step "migrate" of an offline: what is movable moves, nearest node
 * first; what is busy is tried again.
 *
 * Owns nothing.  Lock: hotplug_lock; the blocks are GOING_OFFLINE.
 */
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "mm/hotplug/offline_priv.h"

/* A page that is pinned or whose owner is busy is tried again after 1, 2, 4 ... 256 ms. */
#define MIGRATE_TRIES	      10
#define MIGRATE_FIRST_WAIT_US 1000
#define MIGRATE_LAST_WAIT_US  256000

/* Names what holds a page that would not move; 0 if it was freed meanwhile. */
static int refuse_unmoved(struct offline_request *request, const struct page *page)
{
	struct zone *zone = page_zone(page);
	uint64_t flags = spin_lock(&zone->lock); /* while it is in use its owner stays */
	int err = page_in_use(page) ? refuse_used_page(request->why, "migrate", page) : 0;

	spin_unlock(&zone->lock, flags);
	return err;
}

/* A batch failed. */
static int refuse_batch(struct offline_request *request, int err)
{
	const struct page *page = request->migration.refused;

	if (err == -EINTR)
		return refuse(request->why, err, "migrate", "interrupted");
	if (err == -ENOMEM)
		return refuse_at(request->why, -ENOSPC, "migrate", page_to_pfn(page),
				 "has nowhere to go: no free chunk of order %u is left",
				 page->order);
	request->migration.busy = page; /* freed meanwhile: there is one more pass */
	return refuse_unmoved(request, page);
}

/*
 * Where a pass over the block begins: at its first page, or at a chunk in use that began before it.
 * That one may be freed at any moment, block by block, and what then is before ours is of no
 * interest: so it is looked for under the lock.
 */
static struct page *first_to_move(const struct memory_block *block, unsigned least_order)
{
	uint64_t flags = spin_lock(&block->zone->lock);
	struct page *page = block_first_chunk(block);

	/* Over a border it lies over all of the block. */
	if (page_to_pfn(page) < block->usable && page->order < least_order)
		page = chunk_next(page);
	spin_unlock(&block->zone->lock, flags);
	return page;
}

/*
 * One pass over the block.  No lock: in a block that is going offline a chunk in use can only
 * be freed, which isolates it in place, so the borders of chunks do not move.  Only of a chunk
 * that began before the block that is not true: migrate_batch() looks again.
 */
static int block_evacuate(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct offline_request *request = arg;
	struct migration *m = &request->migration;
	struct page *end = pfn_to_page(block_end(block));
	int err = 0;

	if (block->state != BLOCK_GOING_OFFLINE)
		return 0;
	m->start = pfn_to_page(block->usable);
	for (m->next = first_to_move(block, request->least_order); err == 0 && m->next < end;) {
		if (m->next >= m->start &&
		    (m->next->state != PAGE_USED || m->next->order < request->least_order)) {
			m->next = chunk_next(m->next);
			continue;
		}
		err = migrate_batch(m, end);
		err = err != 0 ? refuse_batch(request, err)
			       : offline_still_wanted(request, "migrate");
	}
	return err;
}

/* Passes over the range until nothing in it was busy. */
static int passes(struct offline_request *request) REQUIRES(&hotplug_lock)
{
	struct migration *m = &request->migration;
	unsigned wait_us = MIGRATE_FIRST_WAIT_US;

	for (unsigned try = 1;; try++, wait_us = MIN(wait_us * 2, MIGRATE_LAST_WAIT_US)) {
		int err;

		m->busy = NULL;
		err = blocks_for_each(request->range, block_evacuate, request);
		if (err != 0 || m->busy == NULL)
			return err;
		/* Freed just now?  Then another that was busy is still to be named: one more pass,
		 * and so on, since each time there is a chunk less. */
		if (try >= MIGRATE_TRIES && refuse_unmoved(request, m->busy) != 0)
			return request->why->err;
		thread_sleep_us(wait_us); /* interrupted or not: that is asked next */
		err = offline_still_wanted(request, "migrate");
		if (err != 0)
			return err;
	}
}

/*
 * capacity_check() promised room order by order, the largest first.  They go in that order: a
 * small page that took the last large chunk of a near node, while there is room for it on a far
 * one, would break the promise.
 */
static int large_ones_first(struct offline_request *request) REQUIRES(&hotplug_lock)
{
	uint64_t smaller = request->capacity.need_pages;
	int err = 0;

	for (unsigned order = MAX_ORDER; err == 0 && order > 0; order--) {
		uint64_t pages = request->capacity.need[order] << order;

		smaller -= pages;
		if (pages == 0 || smaller == 0)
			continue;
		request->least_order = order;
		err = blocks_for_each(request->range, block_evacuate, request);
	}
	request->least_order = 0;
	return err;
}

int offline_evacuate(struct offline_request *request)
{
	int err = large_ones_first(request);

	if (err == 0)
		err = passes(request);
	request->result->moved_pages = request->migration.pages;
	for (unsigned node = 0; node < MAX_NODES; node++)
		request->result->moved_to[node] = request->migration.to_node[node];
	return err;
}
