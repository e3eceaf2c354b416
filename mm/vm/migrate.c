/*
 * mm/vm/migrate.c - isolate, copy, point everybody at the copy, free: a batch at a time.
 *
 * Owns nothing.  A batch is a run of chunks of one owner: the owner's lock, the TLB flush and the
 * wake-up of those who wait are paid once for all of them.
 */
#include "mm/vm/migrate.h"

#include "kernel/fault.h"
#include "kernel/lib/errno.h"
#include "mm/alloc.h"
#include "mm/buddy.h"
#include "mm/kasan/kasan.h"
#include "mm/page_pin.h"

FAULT_SITE(migrate_isolate, "the owner of pages that must move is busy with them")
FAULT_SITE(migrate_alloc, "a page that must move has nowhere to go")
FAULT_SITE(migrate_move, "the owner of pages fails to move them")

static int refused(struct migration *m, const struct page *page, int err)
{
	m->refused = page;
	return err;
}

/*
 * Fills the batch with chunks of its owner from m->next on, until it has PAGE_BATCH_MAX pages or
 * one larger chunk.  => zone's lock held, owner isolated: no pin comes or goes
 */
static int collect(struct migration *m, struct page_batch *batch, const struct page *end)
{
	uint64_t left = PAGE_BATCH_MAX;
	struct page *page = m->next;

	for (; page < end && page_in_use(page) && page->owner == batch->owner && left != 0;
	     page = chunk_next(page)) {
		uint64_t pages = chunk_pages(page);

		if (pages > left && left != PAGE_BATCH_MAX)
			break;
		left -= MIN(pages, left);
		if (!page_pinned(page))
			batch->from[batch->count++] = page;
		else if (page_movable(page))
			m->busy = page;
		else
			return refused(m, page, -EBUSY);
	}
	m->next = page;
	return 0;
}

/* A chunk that lay over m->start when it was found, and does not any more.  => zone's lock held */
static bool no_longer_over_start(const struct migration *m)
{
	return m->next < m->start && (!page_in_use(m->next) || chunk_next(m->next) <= m->start);
}

static int isolate_owner(const struct page_owner *owner)
{
	if (owner == NULL || FAULT_HIT(migrate_isolate))
		return -EAGAIN; /* NULL: between the free lists and its owner */
	return page_owner_movable(owner) ? owner->ops->isolate(owner) : -EBUSY;
}

/* begin() under the zone's lock. */
static int begin_locked(struct migration *m, struct page_batch *batch, const struct page *end)
{
	struct page *page = m->next;
	int err;

	if (no_longer_over_start(m)) {
		m->next = m->start;
		return 0;
	}
	err = page_in_use(page) ? isolate_owner(page->owner) : -ENOENT;
	if (err == 0) {
		batch->owner = page->owner;
		return collect(m, batch, end);
	}
	if (err != -EAGAIN && err != -ENOENT)
		return refused(m, page, err);
	if (err == -EAGAIN) /* else it was freed a moment ago */
		m->busy = page;
	m->next = chunk_next(page);
	return 0;
}

/*
 * Begins a batch at m->next.  While blocks of a zone go offline its chunks are freed under its
 * lock only (mm/pcp.h), so the owner of one exists while isolate() takes the owner's own lock.
 * batch->owner NULL: nothing is isolated.
 */
static int begin(struct migration *m, struct page_batch *batch, const struct page *end)
{
	struct zone *zone = page_zone(m->next);
	uint64_t flags = spin_lock(&zone->lock);
	int err;

	batch->owner = NULL;
	batch->count = 0;
	err = begin_locked(m, batch, end);
	spin_unlock(&zone->lock, flags);
	return err;
}

/* A place for each chunk of the batch, near first, until there is none for one. */
static unsigned alloc_targets(struct page_batch *batch)
{
	int node = page_zone(batch->from[0])->node;
	unsigned n = 0;

	for (; n < batch->count; n++) {
		const struct page *from = batch->from[n];
		struct page *to = FAULT_HIT(migrate_alloc) ? NULL
							   : page_alloc(from->order, ALLOC_MOVABLE,
									node, batch->owner);

		if (to == NULL)
			break;
		page_set_origin(to, from);
		batch->to[n] = to;
	}
	return n;
}

/* The new place of every chunk is counted, the old one freed: before the owner may go away. */
static void free_old(struct migration *m, const struct page_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		const struct page *to = batch->to[i];
		uint64_t pages = chunk_pages(to);

		m->pages += pages;
		m->to_node[to->zone / ZONE_TYPES] += pages;
	}
	if (batch->count == 1) {
		page_free(batch->from[0]); /* a large one may reach beyond what goes offline */
		return;
	}
	/* past the per-CPU lists: isolated, so nobody waits for them */
	for (unsigned i = 0; i < batch->count; i++)
		kasan_page_free(batch->from[i]);
	buddy_free_many(page_zone(batch->from[0]), batch->from, batch->count);
}

static int move(struct migration *m, struct page_batch *batch)
{
	unsigned wanted = batch->count;
	int err = 0;

	if (wanted == 0)
		return 0;
	batch->count = alloc_targets(batch);
	if (batch->count != 0)
		err = FAULT_HIT(migrate_move) ? -EIO : batch->owner->ops->move(batch);
	if (err != 0) {
		for (unsigned i = 0; i < batch->count; i++)
			page_free(batch->to[i]);
		return refused(m, batch->from[0], err);
	}
	if (batch->count != 0)
		free_old(m, batch);
	return batch->count == wanted ? 0 : refused(m, batch->from[batch->count], -ENOMEM);
}

int migrate_batch(struct migration *m, const struct page *end)
{
	struct page_batch batch;
	int err = begin(m, &batch, end);

	if (batch.owner == NULL)
		return err;
	if (err == 0)
		err = move(m, &batch);
	batch.owner->ops->putback(batch.owner);
	return err;
}
