/*
 * mm/vm/pin.c - pins on ranges of vm objects; owns nothing, the counts are in the descriptors.
 *
 * A long pin makes a chunk unmovable, and what is unmovable has no place in ZONE_MOVABLE: there
 * an offline could never again succeed.  So a chunk that lies there, or in a block that is being
 * emptied, moves first, by the owner's own way of moving, under the object's lock.  The lock is
 * let go from chunk to chunk: the ones that are pinned stay where they are.
 *
 * Lock: object->lock (mutex); the zone's for a look at whether a block is going offline.
 */
#include "mm/vm/pin.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/vm/object_priv.h"

/* A chunk that must move and is pinned for a moment is tried again after 1, 2, 4 ... ms. */
#define PIN_TRIES	  10
#define PIN_FIRST_WAIT_US 1000

/* Is a block of the chunk's going offline? */
static bool is_leaving(struct zone *zone, const struct page *page)
{
	pfn_t pfn = page_to_pfn(page), end = pfn + chunk_pages(page);
	uint64_t flags = spin_lock(&zone->lock);
	bool leaving = false;

	for (; zone->isolating != 0 && !leaving && pfn < end; pfn += BLOCK_PAGES)
		leaving = zone->hooks->is_isolated(zone, pfn);
	spin_unlock(&zone->lock, flags);
	return leaving;
}

/* May the chunk stay where it is for as long as it likes? */
static bool place_lasts(const struct page *page)
{
	struct zone *zone = page_zone(page);

	if (!page_movable(page))
		return true; /* it stays anyhow, and keeps its block from leaving */
	return zone->type == ZONE_NORMAL && !is_leaving(zone, page);
}

/* Moves the chunk at *page to a Normal zone.  => object->lock held */
static int move_to_normal(struct vm_object *object, struct page **page, struct refusal *why)
{
	struct zone *zone = page_zone(*page);
	struct page *from = *page, *to;

	if (page_pins(from, PIN_SHORT) != 0)
		return -EAGAIN;
	to = page_alloc_normal(from->order, zone->node, &object->owner);
	if (to == NULL)
		return refuse_at(
			why, -ENOSPC, "pin", page_to_pfn(from),
			"of %s cannot be pinned for long: it lies in ZONE_%s of node %u%s, "
			"and no Normal zone has a free chunk of order %u",
			object->name, zone->type == ZONE_MOVABLE ? "MOVABLE" : "NORMAL", zone->node,
			zone->type == ZONE_MOVABLE ? "" : ", which is going offline", from->order);
	page_set_origin(to, from);
	if (object_move_chunk(object, from, to) != 0) {
		page_free(to);
		return refuse(why, -EINTR, "pin", "interrupted");
	}
	page_free(from);
	*page = to;
	return 0;
}

/* Where the chunk over `offset` starts.  No chunk crosses a multiple of the largest. */
static uint64_t chunk_start(struct vm_object *object, uint64_t offset)
{
	uint64_t start = ALIGN_DOWN(offset, 1UL << MAX_ORDER), next = start;

	mutex_lock(&object->lock);
	while (next <= offset) {
		start = next;
		next += 1UL << object_page(object, start)->order;
	}
	mutex_unlock(&object->lock);
	return start;
}

/* Pins the chunk that starts at *offset and steps behind it. */
static int pin_chunk(struct vm_object *object, uint64_t *offset, enum pin_kind kind,
		     uint64_t *moved, struct refusal *why)
{
	struct page *page;
	int err = 0;

	mutex_lock(&object->lock);
	page = object_page(object, *offset);
	if (kind == PIN_LONG && !place_lasts(page)) {
		err = move_to_normal(object, &page, why);
		if (err == 0)
			++*moved;
	}
	if (err == 0 && page_pin(page, kind) != 0)
		err = refuse_at(why, -EOVERFLOW, "pin", page_to_pfn(page),
				"of %s has %u pins: too many", object->name, page_pins(page, kind));
	if (err == 0)
		*offset += chunk_pages(page);
	mutex_unlock(&object->lock);
	return err;
}

/* The same, waiting for a while for short pins that keep the chunk from moving. */
static int pin_patiently(struct vm_object *object, uint64_t *offset, enum pin_kind kind,
			 uint64_t *moved, struct refusal *why)
{
	uint64_t wait_us = PIN_FIRST_WAIT_US;
	int err;

	for (unsigned try = 1; try <= PIN_TRIES; try++, wait_us *= 2) {
		err = pin_chunk(object, offset, kind, moved, why);
		if (err != -EAGAIN)
			return err;
		if (thread_interrupted())
			return refuse(why, -EINTR, "pin", "interrupted");
		if (try < PIN_TRIES)
			thread_sleep_us(wait_us); /* interrupted or not: that is asked next */
	}
	return refuse(
		why, -EAGAIN, "pin",
		"page %lu of %s must move first, and is pinned by %s, short, at each of %u tries",
		*offset, object->name, object->name, PIN_TRIES);
}

/* Takes back the pins on the chunks from the one that starts at `at` up to `end`. */
static void unpin_until(struct vm_object *object, uint64_t at, uint64_t end, enum pin_kind kind)
{
	mutex_lock(&object->lock);
	while (at < end) {
		struct page *page = object_page(object, at);

		page_unpin(page, kind);
		at += chunk_pages(page);
	}
	mutex_unlock(&object->lock);
}

static bool range_within(const struct vm_object *object, struct vm_range range)
{
	return range.npages != 0 && range.offset < object->npages &&
	       range.npages <= object->npages - range.offset;
}

int vm_object_pin(struct vm_object *object, struct vm_range range, enum pin_kind kind,
		  uint64_t *moved, struct refusal *why)
{
	uint64_t uncounted = 0, start, at;
	int err = 0;

	if (moved == NULL)
		moved = &uncounted;
	*moved = 0;
	if (!range_within(object, range))
		return refuse(why, -ERANGE, "pin", "%s has %lu pages: none of %lu at page %lu",
			      object->name, object->npages, range.npages, range.offset);
	start = at = chunk_start(object, range.offset);
	while (err == 0 && at < range.offset + range.npages)
		err = thread_interrupted() ? refuse(why, -EINTR, "pin", "interrupted")
					   : pin_patiently(object, &at, kind, moved, why);
	if (err != 0)
		unpin_until(object, start, at, kind);
	return err;
}

void vm_object_unpin(struct vm_object *object, struct vm_range range, enum pin_kind kind)
{
	ASSERT(range_within(object, range));
	unpin_until(object, chunk_start(object, range.offset), range.offset + range.npages, kind);
}

pfn_t vm_object_pinned_pfn(struct vm_object *object, uint64_t offset)
{
	uint64_t start = chunk_start(object, offset);
	const struct page *page;

	mutex_lock(&object->lock);
	page = object_page(object, start);
	ASSERT(page_pinned(page));
	mutex_unlock(&object->lock);
	return page_to_pfn(page) + (offset - start);
}
