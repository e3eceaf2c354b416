/*
 * mm/hotplug/offline.c - taking blocks offline: all of a request, or nothing.
 *
 *	check	 what holds the pages?  the same code answers a dry run
 *	isolate	 free chunks leave the free lists; what is freed from now on stays out
 *	migrate	 what is movable moves (mm/hotplug/evacuate.c)
 *	verify	 nothing in use is left, or everything goes back
 *	scrub	 what was ever handed out is zeroed
 *	commit	 the zone forgets the blocks; nothing here can fail
 *
 * Lock: hotplug_lock over the whole request; a block that is GOING_OFFLINE is ours.
 */
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/listener.h"
#include "mm/hotplug/offline_priv.h"
#include "mm/hotplug/scrub.h"
#include "mm/page_pin.h"
#include "mm/pcp.h"
#include "mm/slab.h"

static hotplug_progress_fn progress; /* atomic */

FAULT_SITE(offline_check, "a block is looked at before it goes offline")
FAULT_SITE(offline_capacity, "is there room elsewhere for what must move?")
FAULT_SITE(offline_isolate, "a block is taken out of the free lists")
FAULT_SITE(offline_split, "a chunk that crosses a border of the block is cut")
FAULT_SITE(offline_interrupt, "Ctrl-C, wherever an offline looks for it")
FAULT_SITE(offline_verify, "a block turns out not to be empty")
FAULT_SITE(offline_scrub, "a block is scrubbed")

void hotplug_set_progress(hotplug_progress_fn fn)
{
	__atomic_store_n(&progress, fn, __ATOMIC_RELAXED);
}

int offline_still_wanted(const struct offline_request *request, const char *step)
{
	hotplug_progress_fn fn = __atomic_load_n(&progress, __ATOMIC_RELAXED);

	if (fn != NULL)
		fn(step, request->migration.pages, request->capacity.need_pages);
	if (thread_interrupted() || FAULT_HIT(offline_interrupt))
		return refuse(request->why, -EINTR, step, "interrupted");
	if (request->deadline_us != 0 && clock_us() >= request->deadline_us)
		return refuse(request->why, -ETIMEDOUT, step, "the time given is over");
	return 0;
}

/* --- check --- */

/* Pages of a chunk that reach beyond the range: whole windows of it, which stay usable. */
static uint64_t pages_outside(const struct block_range *range, const struct page *page)
{
	pfn_t start = page_to_pfn(page), end = start + chunk_pages(page);
	pfn_t from = MAX(start, ALIGN_DOWN(range->start, BLOCK_PAGES));
	pfn_t to = MIN(end, ALIGN_UP(range->start + range->npages, BLOCK_PAGES));

	return page->order <= BLOCK_ORDER ? 0 : chunk_pages(page) - (to - from);
}

/* Counts a run of `chunks` like the one at `page`; what cannot move refuses. */
static int check_run(struct offline_request *request, const struct page *page, uint64_t chunks)
{
	struct capacity *capacity = &request->capacity;

	if (page->state == PAGE_FREE) {
		capacity->inside[page->order] += chunks;
		capacity->outside_blocks += pages_outside(request->range, page) >> BLOCK_ORDER;
	}
	if (!page_in_use(page))
		return 0;
	if (!page_movable(page))
		return refuse_used_page(request->why, "check", page);
	if (capacity->need[page->order] == 0)
		capacity->first[page->order] = (struct first_chunk){page, page_zone(page)};
	capacity->need[page->order] += chunks;
	capacity->need_pages += chunks << page->order;
	return 0;
}

static int check_chunks(struct memory_block *block, struct offline_request *request)
{
	struct page *end = pfn_to_page(block_end(block));
	uint64_t flags = spin_lock(&block->zone->lock);
	struct page *page = block_first_new_chunk(block, request->range->start);
	int err = 0;

	for (struct page *next; err == 0 && page < end; page = next) {
		uint32_t oldest;

		next = chunk_run_end(page, end, &oldest);
		err = check_run(request, page, (uint64_t)(next - page) >> page->order);
	}
	spin_unlock(&block->zone->lock, flags);
	return err;
}

/* What can be told of a block without walking through it. */
static int offline_look(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct offline_request *request = arg;

	if (block->state != BLOCK_ONLINE) {
		request->result->already += block->state != BLOCK_MEMMAP;
		return request->range->single
			       ? block_request(block, BLOCK_EVENT_OFFLINE, request->why)
			       : 0;
	}
	if (block->managed != block->npages - (block->usable - block->start))
		return refuse_at(
			request->why, -EBUSY, "check", block->usable,
			"and others of the block are reserved by the firmware or since boot");
	return block_refuse_counted(block, request->why, "check");
}

static int offline_check(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct offline_request *request = arg;
	int err;

	if (block->state != BLOCK_ONLINE)
		return 0;
	if (FAULT_HIT(offline_check))
		return refuse_at(request->why, -EBUSY, "check", block->start, FAULT_TEXT);
	err = check_chunks(block, request);
	if (err != 0)
		return err;
	request->result->done++;
	request->result->done_pages += block->npages;
	return offline_still_wanted(request, "check");
}

/* --- isolate --- */

/*
 * Makes chunk borders at both ends of the block.  A chunk in use that crosses one stays whole:
 * when it has moved, its pieces are isolated or freed block by block.
 */
static int cut_borders(struct zone *zone, struct memory_block *block, struct refusal *why)
	REQUIRES(&zone->lock)
{
	struct page *first = block_first_chunk(block);
	struct page *last;

	if (buddy_split_at_locked(zone, first, block->usable) != 0)
		return page_movable(first) ? 0 : refuse_used_page(why, "isolate", first);
	if (FAULT_HIT(offline_split))
		return refuse_at(why, -EBUSY, "isolate", block->usable, FAULT_TEXT);
	last = pfn_to_page(block->usable);
	if (page_to_pfn(last) + chunk_pages(last) > block_end(block) &&
	    buddy_split_at_locked(zone, last, block_end(block)) != 0 && !page_movable(last))
		return refuse_used_page(why, "isolate", last);
	return 0;
}

/* Where the chunks that start in the block begin: behind one in use that crosses its start. */
static pfn_t first_own_chunk(const struct memory_block *block)
{
	struct page *first = block_first_chunk(block);
	pfn_t pfn = page_to_pfn(first);

	return pfn >= block->usable ? pfn : MIN(pfn + chunk_pages(first), block_end(block));
}

static int block_isolate(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct offline_request *request = arg;
	struct zone *zone = block->zone;
	uint64_t flags;
	pfn_t first;
	int err;

	if (block->state != BLOCK_ONLINE)
		return 0;
	flags = spin_lock(&zone->lock);
	err = FAULT_HIT(offline_isolate)
		      ? refuse_at(request->why, -EBUSY, "isolate", block->start, FAULT_TEXT)
		      : cut_borders(zone, block, request->why);
	if (err == 0) {
		err = block_request(block, BLOCK_EVENT_OFFLINE, request->why);
		ASSERT(err == 0);
		zone->isolating++;
		first = first_own_chunk(block);
		buddy_isolate_range_locked(zone, first, block_end(block) - first);
	}
	spin_unlock(&zone->lock, flags);
	/* What was cut grows together again; only a window's first page can have been in one. */
	if (err != 0 && IS_ALIGNED(block->usable, BLOCK_PAGES))
		buddy_merge_at(zone, block->usable);
	return err;
}

static int block_putback(struct memory_block *block, void *arg __unused) REQUIRES(&hotplug_lock)
{
	struct zone *zone = block->zone;
	uint64_t flags;
	pfn_t first;
	int err;

	if (block->state != BLOCK_GOING_OFFLINE)
		return 0;
	flags = spin_lock(&zone->lock);
	err = block_request(block, BLOCK_EVENT_CANCEL, NULL);
	ASSERT(err == 0);
	zone_forget_going(zone);
	first = first_own_chunk(block);
	buddy_putback_range_locked(zone, first, block_end(block) - first);
	spin_unlock(&zone->lock, flags);
	return 0;
}

/* Pages of the blocks may lie on per-CPU lists; from now on no list takes one (mm/pcp.h). */
static int drain_zone_of(struct memory_block *block, void *arg)
{
	struct zone **drained = arg;

	if (block->state == BLOCK_GOING_OFFLINE && block->zone != *drained) {
		pcp_drain(block->zone);
		*drained = block->zone;
	}
	return 0;
}

static void drain_isolated_zones(const struct block_range *range) REQUIRES(&hotplug_lock)
{
	struct zone *drained = NULL;

	blocks_for_each(range, drain_zone_of, &drained);
}

/* --- verify, scrub, commit --- */

static int block_verify_isolated(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct offline_request *request = arg;

	if (block->state != BLOCK_GOING_OFFLINE)
		return 0;
	if (FAULT_HIT(offline_verify))
		return refuse_at(request->why, -EBUSY, "verify", block->start, FAULT_TEXT);
	return block_refuse_used(block, request->why, "verify");
}

static int block_scrub(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	pfn_t window = ALIGN_DOWN(block->start, BLOCK_PAGES);
	struct offline_request *request = arg;
	int err = 0;

	if (block->state != BLOCK_GOING_OFFLINE || memory_device_is_boot(block->device))
		return 0;
	for (uint64_t left = block->dirty; err == 0 && left != 0; left &= left - 1) {
		pfn_t granule = window + (pfn_t)__builtin_ctzl(left) * GRANULE_PAGES;
		pfn_t from = MAX(granule, block->usable);
		pfn_t to = MIN(granule + GRANULE_PAGES, block_end(block));

		scrub_frames(from, to - from);
		err = offline_still_wanted(request, "scrub");
	}
	if (err == 0 && FAULT_HIT(offline_scrub))
		return refuse_at(request->why, -EIO, "scrub", block->start, FAULT_TEXT);
	return err;
}

static int block_commit(struct memory_block *block, void *arg __unused) REQUIRES(&hotplug_lock)
{
	if (block->state == BLOCK_GOING_OFFLINE)
		block_leave_zone(block);
	return 0;
}

static int offline_decide(struct offline_request *request) REQUIRES(&hotplug_lock)
{
	/* All blocks are looked at before the first is walked through. */
	int err = blocks_for_each(request->range, offline_look, request);

	if (err == 0)
		err = blocks_for_each(request->range, offline_check, request);
	if (err == 0 && FAULT_HIT(offline_capacity))
		return refuse(request->why, -ENOSPC, "capacity", FAULT_TEXT);
	return err != 0 ? err : capacity_check(&request->capacity, request->why);
}

/* Everything of the range, or nothing. */
static int offline_range(struct offline_request *request) REQUIRES(&hotplug_lock)
{
	const struct block_range *range = request->range;
	struct listener_change change = {LISTENER_OFFLINE, range_device(range), range->start,
					 range->npages};
	int err = offline_decide(request);

	if (err != 0)
		return err;
	if (request->flags & RANGE_DRY_RUN) {
		request->result->moved_pages = request->capacity.need_pages;
		return 0;
	}
	if (request->result->done == 0)
		return 0;
	err = listeners_prepare(&change, request->why);
	if (err != 0)
		return err;
	err = blocks_for_each(range, block_isolate, request);
	if (err == 0) {
		drain_isolated_zones(range);
		err = offline_evacuate(request);
	}
	if (err == 0)
		err = blocks_for_each(range, block_verify_isolated, request);
	if (err == 0)
		err = blocks_for_each(range, block_scrub, request);
	if (err != 0) {
		blocks_for_each(range, block_putback, request);
		listeners_abort(&change);
		return err;
	}
	blocks_for_each(range, block_commit, request);
	listeners_commit(&change);
	return 0;
}

/* RANGE_KEEP_GOING: every block is a request of its own; the first refusal is reported. */
static int offline_one(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct offline_request *all = arg;
	struct block_range range = {.start = block->start, .npages = block->npages};
	struct block_result result = {0};
	struct offline_request one = {
		.range = &range,
		.flags = all->flags,
		.deadline_us = all->deadline_us,
		.result = &result,
		.why = all->why,
	};
	int err;

	err = offline_range(&one);
	all->result->already += result.already;
	all->result->moved_pages += result.moved_pages;
	for (unsigned node = 0; node < MAX_NODES; node++)
		all->result->moved_to[node] += result.moved_to[node];
	if (err == 0) {
		all->result->done += result.done;
		all->result->done_pages += result.done_pages;
	} else {
		all->result->refused++;
	}
	return err == -EINTR || err == -ETIMEDOUT ? err : 0;
}

static int offline_dispatch(struct offline_request *request) REQUIRES(&hotplug_lock)
{
	struct block_result *result = request->result;
	int err;

	slab_shrink();
	pages_settle(); /* the check counts free chunks */
	if (request->flags & RANGE_KEEP_GOING) {
		err = blocks_for_each(request->range, offline_one, request);
		return result->refused != 0 ? request->why->err : err;
	}
	err = offline_range(request);
	if (err != 0 && err != -ENOENT) {
		result->refused = 1;
		result->done = 0;
		result->done_pages = 0;
	}
	return err;
}

static void record_offline(const struct offline_request *request, uint64_t began, int err)
{
	const char *name = range_device_name(request->range);
	unsigned long moved = request->result->moved_pages;
	unsigned done = request->result->done;
	char place[64];

	if (err != 0)
		event_record_since(began, EVENT_OFFLINE, name, err, done,
				   "%s (%s, %lu pages moved)", request->why->text,
				   refusal_place(request->why, place, sizeof(place)), moved);
	else
		event_record_since(began, EVENT_OFFLINE, name, 0, done,
				   "scrubbed and forgotten (%lu pages moved)", moved);
}

int blocks_offline_held(const struct block_range *range, unsigned flags, uint64_t timeout_us,
			struct block_result *result, struct refusal *why)
{
	uint64_t began = cpu_cycles();
	struct refusal own = {0}; /* *why may hold another request's */
	struct offline_request request = {
		.range = range,
		.flags = flags,
		.deadline_us = timeout_us != 0 ? clock_us() + timeout_us : 0,
		.result = result,
		.why = &own,
	};
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	*result = (struct block_result){0};
	err = offline_dispatch(&request);
	if (err == -ENOENT)
		return refuse_at(why, err, "target", range->start, "there is no block");
	if (err == 0 && result->done == 0)
		return refuse_at(why, -EALREADY, "state", range->start,
				 "nothing is online there: %u blocks are offline", result->already);
	if (!(flags & RANGE_DRY_RUN))
		record_offline(&request, began, err);
	refusal_pass(&own, why);
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
