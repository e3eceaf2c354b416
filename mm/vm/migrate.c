/*
 * mm/vm/migrate.c - isolate, copy, point everybody at the copy, free.  Owns nothing.
 */
#include "mm/vm/migrate.h"

#include "kernel/fault.h"
#include "kernel/lib/errno.h"
#include "mm/alloc.h"

FAULT_SITE(migrate_isolate, "the owner of a page that must move is busy with it")
FAULT_SITE(migrate_alloc, "a page that must move has nowhere to go")
FAULT_SITE(migrate_move, "the owner of a page fails to move it")

/*
 * Pins the chunk's state.  Under the zone's lock a chunk in use cannot be freed, so its owner
 * exists while isolate() takes the owner's own lock.
 */
static int isolate(struct zone *zone, struct page *page, const struct page_owner **owner)
{
	uint64_t flags = spin_lock(&zone->lock);
	int err;

	*owner = NULL;
	if (page->state != PAGE_USED)
		err = 0;
	else if (page->owner == NULL || FAULT_HIT(migrate_isolate))
		err = -EAGAIN; /* no owner: between the free lists and its owner */
	else
		err = page_owner_movable(page->owner) ? page->owner->ops->isolate(page) : -EBUSY;
	if (err == 0 && page->state == PAGE_USED)
		*owner = page->owner;
	spin_unlock(&zone->lock, flags);
	return err;
}

int migrate_chunk(struct page *page, struct migrate_stats *stats)
{
	struct zone *zone = page_zone(page);
	const struct page_owner *owner;
	struct page *to;
	uint64_t pages;
	int err = isolate(zone, page, &owner);

	if (err != 0 || owner == NULL)
		return err;
	to = FAULT_HIT(migrate_alloc) ? NULL
				      : page_alloc(page->order, ALLOC_MOVABLE, zone->node, owner);
	if (to == NULL) {
		owner->ops->putback(page);
		return -ENOMEM;
	}
	to->caller = page->caller; /* `why` goes on naming who allocated it, and when */
	to->birth = page->birth;
	err = FAULT_HIT(migrate_move) ? -EIO : owner->ops->move(page, to);
	if (err != 0) {
		owner->ops->putback(page);
		page_free(to);
		return err;
	}
	pages = 1UL << to->order;
	stats->pages += pages;
	stats->to_node[page_zone(to)->node] += pages;
	page_free(page);
	return 0;
}
