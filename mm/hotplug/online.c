/*
 * mm/hotplug/online.c - putting blocks online.
 *
 * Lock: hotplug_lock over the whole request.
 */
#include "arch/cpu.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/options.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/listener.h"
#include "mm/hotplug/policy.h"

FAULT_SITE(online_check, "a block is about to go online")

struct online_request {
	const struct block_range *range;
	enum zone_type zone_type;
	unsigned flags;
	struct block_result *result;
	struct refusal *why;
};

/*
 * auto-movable: movable as long as movable memory stays within a ratio of kernel memory, whose
 * page tables and slabs have to describe and serve it.
 */
static enum zone_type zone_by_ratio(uint64_t npages)
{
	uint64_t pages[ZONE_TYPES] = {0};
	const struct zone *zone;

	for_each_zone (zone)
		pages[zone->type] += zone->present;
	return (pages[ZONE_MOVABLE] + npages) * 100 <= pages[ZONE_NORMAL] * policy_movable_ratio()
		       ? ZONE_MOVABLE
		       : ZONE_NORMAL;
}

static int count_offline(struct memory_block *block, void *arg)
{
	if (block->state == BLOCK_OFFLINE)
		*(uint64_t *)arg += block->npages;
	return 0;
}

static uint64_t offline_pages(const struct block_range *range) REQUIRES(&hotplug_lock)
{
	uint64_t npages = 0;

	blocks_for_each(range, count_offline, &npages);
	return npages;
}

/* What an event says besides where the blocks went. */
static const char *zone_remark(enum online_type type, enum zone_type zone)
{
	if (type != ONLINE_DEFAULT || policy_online() == POLICY_ONLINE_KERNEL ||
	    policy_zone() != POLICY_ZONE_AUTO_MOVABLE || zone != ZONE_NORMAL)
		return "";
	return ": auto_movable_ratio would be exceeded";
}

/* Linux's rule: `online` alone means kernel memory, unless movable_node or policy says so. */
enum zone_type online_zone_type(enum online_type type, uint64_t npages)
{
	if (type == ONLINE_KERNEL)
		return ZONE_NORMAL;
	if (type == ONLINE_MOVABLE)
		return ZONE_MOVABLE;
	switch (policy_online()) {
	case POLICY_ONLINE_KERNEL:
		return ZONE_NORMAL;
	case POLICY_ONLINE_MOVABLE:
		return ZONE_MOVABLE;
	default:
		break;
	}
	if (policy_zone() == POLICY_ZONE_AUTO_MOVABLE)
		return zone_by_ratio(npages);
	return option_bool("movable_node", false) ? ZONE_MOVABLE : ZONE_NORMAL;
}

/* Puts what is to be done on its way; refuses what cannot be. */
static int online_begin(struct memory_block *block, void *arg)
{
	struct online_request *request = arg;

	switch (block->state) {
	case BLOCK_OFFLINE:
		if (FAULT_HIT(online_check))
			return refuse_at(request->why, -EIO, "state", block->start, FAULT_TEXT);
		request->result->done++;
		request->result->done_pages += block->npages;
		return block_request(block, BLOCK_EVENT_ONLINE, request->why);
	case BLOCK_ONLINE:
		request->result->already++;
		return request->range->single
			       ? block_request(block, BLOCK_EVENT_ONLINE, request->why)
			       : 0;
	case BLOCK_MEMMAP:
		return request->range->single
			       ? block_request(block, BLOCK_EVENT_ONLINE, request->why)
			       : 0;
	default:
		return block_request(block, BLOCK_EVENT_ONLINE, request->why);
	}
}

/* Nothing here can fail. */
static int online_commit(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct online_request *request = arg;
	struct zone *zone = &nodes[block->device->node].zone[request->zone_type];

	if (block->state == BLOCK_GOING_ONLINE)
		block_enter_zone(block, zone);
	return 0;
}

static int online_cancel(struct memory_block *block, void *arg __unused)
{
	int err = 0;

	if (block->state == BLOCK_GOING_ONLINE)
		err = block_request(block, BLOCK_EVENT_CANCEL, NULL);
	ASSERT(err == 0);
	return 0;
}

/* Everything of the range, or nothing.  What is GOING_ONLINE under hotplug_lock is ours. */
static int online_range(struct online_request *request, bool restore) REQUIRES(&hotplug_lock)
{
	const struct block_range *range = request->range;
	struct listener_change change = {LISTENER_ONLINE, range_device(range), range->start,
					 range->npages};
	int err = blocks_for_each(range, online_begin, request);

	if (err == 0 && request->result->done == 0)
		return 0;
	if (err == 0 && !restore)
		err = listeners_prepare(&change, request->why);
	if (err != 0) {
		blocks_for_each(range, online_cancel, request);
		return err;
	}

	/* Nothing below this line can fail. */
	blocks_for_each(range, online_commit, request);
	listeners_commit(&change);
	return 0;
}

/* RANGE_KEEP_GOING: every block is a request of its own; the first refusal is reported. */
static int online_one(struct memory_block *block, void *arg) REQUIRES(&hotplug_lock)
{
	struct online_request *all = arg;
	struct block_range range = {.start = block->start, .npages = block->npages};
	struct block_result result = {0};
	struct online_request one = {&range, all->zone_type, all->flags, &result, all->why};

	if (block->state == BLOCK_ONLINE)
		all->result->already++;
	if (block->state == BLOCK_ONLINE || block->state == BLOCK_MEMMAP)
		return 0;
	if (online_range(&one, false) != 0) {
		all->result->refused++;
		return 0;
	}
	all->result->done += result.done;
	all->result->done_pages += result.done_pages;
	return 0;
}

static int online_dispatch(struct online_request *request, bool restore) REQUIRES(&hotplug_lock)
{
	struct block_result *result = request->result;
	int err;

	if (request->flags & RANGE_KEEP_GOING) {
		err = blocks_for_each(request->range, online_one, request);
		return result->refused != 0 ? request->why->err : err;
	}
	err = online_range(request, restore);
	if (err != 0 && err != -ENOENT) {
		result->refused = 1;
		result->done = 0;
		result->done_pages = 0;
	}
	return err;
}

static void record_online(const struct online_request *request, enum online_type type,
			  uint64_t began, int err)
{
	const char *name = range_device_name(request->range);
	const char *zone = zone_type_name(request->zone_type);
	unsigned done = request->result->done;
	char place[64];

	if (err != 0)
		event_record_since(began, EVENT_ONLINE, name, err, done, "%s (%s, %u blocks to %s)",
				   request->why->text,
				   refusal_place(request->why, place, sizeof(place)), done, zone);
	else
		event_record_since(began, EVENT_ONLINE, name, 0, done, "%u blocks to %s%s", done,
				   zone, zone_remark(type, request->zone_type));
}

int blocks_online_held(const struct block_range *range, enum online_type type, unsigned flags,
		       bool restore, struct block_result *result, struct refusal *why)
{
	uint64_t began = cpu_cycles();
	struct refusal own = {0}; /* *why may hold another request's */
	struct online_request request = {range, online_zone_type(type, offline_pages(range)), flags,
					 result, &own};
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	*result = (struct block_result){0};
	err = online_dispatch(&request, restore);
	if (err == -ENOENT)
		return refuse_at(why, err, "target", range->start, "there is no block");
	if (err == 0 && result->done == 0)
		return refuse_at(why, -EALREADY, "state", range->start,
				 "nothing is offline there: %u blocks are online", result->already);
	if (!restore)
		record_online(&request, type, began, err);
	refusal_pass(&own, why);
	return err;
}

int blocks_online(const struct block_range *range, enum online_type type, unsigned flags,
		  struct block_result *result, struct refusal *why)
{
	int err = mutex_lock_interruptible(&hotplug_lock);
	struct noalloc *outer;

	if (err != 0)
		return refuse(why, err, "lock", "interrupted while another operation ran");
	outer = noalloc_enter(&hotplug_noalloc);
	err = blocks_online_held(range, type, flags, false, result, why);
	noalloc_leave(outer);
	mutex_unlock(&hotplug_lock);
	return err;
}

/* By slot: a pointer would lead into memory that an eject may have taken away meanwhile. */
int memory_device_auto_online(int slot, struct refusal *why)
{
	struct memory_device *device;
	struct block_result result;
	int err;

	if (policy_online() == POLICY_OFFLINE)
		return 0;
	mutex_lock(&hotplug_lock);
	device = memory_device_by_slot(slot);
	if (device == NULL) {
		err = refuse(why, -ENODEV, "target", "the device in slot %d has left", slot);
	} else {
		struct block_range range = {.start = device->start, .npages = device->npages};

		err = blocks_online_held(&range, ONLINE_DEFAULT, 0, false, &result, why);
	}
	mutex_unlock(&hotplug_lock);
	return err;
}
