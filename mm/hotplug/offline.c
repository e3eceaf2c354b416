/*
 * mm/hotplug/offline.c - taking blocks offline: all of a request, or nothing.
 *
 *	check	 what holds the pages?  the same code answers a dry run
 *	isolate	 free chunks leave the free lists; what is freed from now on stays out
 *	verify	 nothing in use is left, or everything goes back
 *	scrub	 what was ever handed out is zeroed
 *	commit	 the zone forgets the blocks; nothing here can fail
 *
 * Lock: hotplug_lock over the whole request; a block that is GOING_OFFLINE is ours.
 */
#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "mm/buddy.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/scrub.h"
#include "mm/slab.h"

#define GRANULE_PAGES (SIZE_2M / PAGE_SIZE)

struct offline_request {
	const struct block_range *range;
	unsigned flags;
	uint64_t deadline_us; /* 0: none */
	struct block_result *result;
	struct refusal *why;
};

static int still_wanted(const struct offline_request *request, const char *step)
{
	if (thread_interrupted())
		return refuse(request->why, -EINTR, step, "interrupted");
	if (request->deadline_us != 0 && clock_us() >= request->deadline_us)
		return refuse(request->why, -ETIMEDOUT, step, "the time given is over");
	return 0;
}

/* --- check --- */

static int offline_check(struct memory_block *block, void *arg)
{
	struct offline_request *request = arg;
	struct page *used;

	if (block->state != BLOCK_ONLINE) {
		request->result->already++;
		return request->range->single
			       ? block_request(block, BLOCK_EVENT_OFFLINE, request->why)
			       : 0;
	}
	if (block->managed != block->npages - (block->usable - block->start))
		return refuse_at(
			request->why, -EBUSY, "check", block->usable,
			"and others of the block are reserved by the firmware or since boot");
	used = block_find_used(block, true);
	if (used != NULL)
		return refuse_used_page(request->why, "check", used);
	request->result->done++;
	return still_wanted(request, "check");
}

/* --- isolate --- */

/* Makes chunk borders at both ends of the block.  Zone's lock held. */
static int cut_borders(struct memory_block *block, struct refusal *why)
{
	struct page *first = block_first_chunk(block);
	pfn_t end = block_end(block);
	struct page *last = first;

	if (buddy_split_at_locked(block->zone, first, block->usable) != 0)
		return refuse_used_page(why, "isolate", first);
	last = pfn_to_page(block->usable);
	if (page_to_pfn(last) + (1UL << last->order) > end &&
	    buddy_split_at_locked(block->zone, last, end) != 0)
		return refuse_used_page(why, "isolate", last);
	return 0;
}

static int block_isolate(struct memory_block *block, void *arg)
{
	struct offline_request *request = arg;
	struct zone *zone = block->zone;
	uint64_t flags;
	int err;

	if (block->state != BLOCK_ONLINE)
		return 0;
	flags = spin_lock(&zone->lock);
	err = cut_borders(block, request->why);
	if (err == 0) {
		err = block_request(block, BLOCK_EVENT_OFFLINE, request->why);
		ASSERT(err == 0);
		zone->isolating++;
		buddy_isolate_range_locked(zone, block->usable, block_end(block) - block->usable);
	}
	spin_unlock(&zone->lock, flags);
	return err;
}

static int block_putback(struct memory_block *block, void *arg __unused)
{
	struct zone *zone = block->zone;
	uint64_t flags;
	int err;

	if (block->state != BLOCK_GOING_OFFLINE)
		return 0;
	flags = spin_lock(&zone->lock);
	err = block_request(block, BLOCK_EVENT_CANCEL, NULL);
	ASSERT(err == 0);
	zone->isolating--;
	buddy_putback_range_locked(zone, block->usable, block_end(block) - block->usable);
	spin_unlock(&zone->lock, flags);
	return 0;
}

/* --- verify, scrub, commit --- */

static int block_verify_isolated(struct memory_block *block, void *arg)
{
	struct offline_request *request = arg;
	struct page *used;

	if (block->state != BLOCK_GOING_OFFLINE)
		return 0;
	used = block_find_used(block, true);
	return used != NULL ? refuse_used_page(request->why, "verify", used) : 0;
}

static int block_scrub(struct memory_block *block, void *arg)
{
	pfn_t window = ALIGN_DOWN(block->start, BLOCK_PAGES);

	if (block->state != BLOCK_GOING_OFFLINE || memory_device_is_boot(block->device))
		return 0;
	for (uint64_t left = block->dirty; left != 0; left &= left - 1) {
		pfn_t granule = window + (pfn_t)__builtin_ctzl(left) * GRANULE_PAGES;
		pfn_t from = MAX(granule, block->usable);
		pfn_t to = MIN(granule + GRANULE_PAGES, block_end(block));

		scrub_frames(from, to - from);
	}
	return still_wanted(arg, "scrub");
}

static int block_commit(struct memory_block *block, void *arg __unused)
{
	if (block->state == BLOCK_GOING_OFFLINE)
		block_leave_zone(block);
	return 0;
}

/* Everything of the range, or nothing. */
static int offline_range(struct offline_request *request)
{
	const struct block_range *range = request->range;
	int err;

	err = blocks_for_each(range, offline_check, request);
	if (err != 0 || (request->flags & RANGE_DRY_RUN))
		return err;
	err = blocks_for_each(range, block_isolate, request);
	if (err == 0)
		err = blocks_for_each(range, block_verify_isolated, request);
	if (err == 0)
		err = blocks_for_each(range, block_scrub, request);
	if (err != 0) {
		blocks_for_each(range, block_putback, request);
		return err;
	}
	blocks_for_each(range, block_commit, request);
	return 0;
}

/* RANGE_KEEP_GOING: every block is a request of its own; the first refusal is reported. */
static int offline_one(struct memory_block *block, void *arg)
{
	struct offline_request *all = arg;
	struct block_range range = {.start = block->start, .npages = block->npages};
	struct block_result result = {0};
	struct offline_request one = *all;
	int err;

	one.range = &range;
	one.result = &result;
	err = offline_range(&one);
	all->result->already += result.already;
	all->result->moved_pages += result.moved_pages;
	if (err == 0)
		all->result->done += result.done;
	else
		all->result->refused++;
	return err == -EINTR || err == -ETIMEDOUT ? err : 0;
}

static int offline_dispatch(struct offline_request *request)
{
	struct block_result *result = request->result;
	int err;

	slab_shrink();
	if (request->flags & RANGE_KEEP_GOING) {
		err = blocks_for_each(request->range, offline_one, request);
		return err == 0 && result->refused != 0 ? request->why->err : err;
	}
	err = offline_range(request);
	if (err != 0 && err != -ENOENT) {
		result->refused = 1;
		result->done = 0;
	}
	return err;
}

int blocks_offline_held(const struct block_range *range, unsigned flags, uint64_t timeout_us,
			struct block_result *result, struct refusal *why)
{
	struct memory_device *device = device_overlapping(range->start, MAX(range->npages, 1UL));
	struct refusal first = {0};
	struct offline_request request = {
		.range = range,
		.flags = flags,
		.deadline_us = timeout_us != 0 ? clock_us() + timeout_us : 0,
		.result = result,
		.why = why != NULL ? why : &first,
	};
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	*result = (struct block_result){0};
	err = offline_dispatch(&request);
	if (err == -ENOENT)
		return refuse_at(why, err, "target", range->start, "there is no block");
	if (err == 0 && result->done == 0)
		return refuse_at(why, -EALREADY, "state", range->start,
				 "nothing is online there: %u blocks", result->already);
	if (!(flags & RANGE_DRY_RUN))
		event_record(EVENT_OFFLINE, device != NULL ? device->name : "-", err, result->done,
			     "%s", err != 0 ? request.why->text : "scrubbed and forgotten");
	return err;
}

int blocks_offline(const struct block_range *range, unsigned flags, uint64_t timeout_us,
		   struct block_result *result, struct refusal *why)
{
	int err = mutex_lock_interruptible(&hotplug_lock);

	if (err != 0)
		return refuse(why, err, "lock", "interrupted while another operation ran");
	err = blocks_offline_held(range, flags, timeout_us, result, why);
	mutex_unlock(&hotplug_lock);
	return err;
}
