/*
 * mm/hotplug/block.c - the states of blocks, their names, and finding them.
 *
 * Locks: hotplug_lock (mutex); block->state and block->zone are also read by the zones' hooks,
 * so they change under the zone's lock as well.
 */
#include "mm/hotplug/block.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "mm/hotplug/hotplug_priv.h"

#define REFUSED BLOCK_STATES /* no such transition */

static const uint8_t transitions[BLOCK_STATES][BLOCK_EVENTS] = {
	/*			 ONLINE		     OFFLINE		  DONE		 CANCEL */
	[BLOCK_OFFLINE] = {BLOCK_GOING_ONLINE, REFUSED, REFUSED, REFUSED},
	[BLOCK_GOING_ONLINE] = {REFUSED, REFUSED, BLOCK_ONLINE, BLOCK_OFFLINE},
	[BLOCK_ONLINE] = {REFUSED, BLOCK_GOING_OFFLINE, REFUSED, REFUSED},
	[BLOCK_GOING_OFFLINE] = {REFUSED, REFUSED, BLOCK_OFFLINE, BLOCK_ONLINE},
	[BLOCK_MEMMAP] = {REFUSED, REFUSED, REFUSED, REFUSED},
};

const char *block_state_name(enum block_state state)
{
	static const char *const names[BLOCK_STATES] = {
		[BLOCK_OFFLINE] = "offline", [BLOCK_GOING_ONLINE] = "going-online",
		[BLOCK_ONLINE] = "online",   [BLOCK_GOING_OFFLINE] = "going-offline",
		[BLOCK_MEMMAP] = "memmap",
	};

	return (unsigned)state < BLOCK_STATES ? names[state] : "?";
}

static int request_refused(const struct memory_block *block, enum block_event event,
			   struct refusal *why)
{
	char name[24];
	int err = -EBUSY;

	if (block->state == BLOCK_MEMMAP)
		err = -EINVAL;
	else if ((event == BLOCK_EVENT_ONLINE && block->state == BLOCK_ONLINE) ||
		 (event == BLOCK_EVENT_OFFLINE && block->state == BLOCK_OFFLINE))
		err = -EALREADY;
	return refuse_at(why, err, "state", block->start, "%s is %s",
			 block_name(block, name, sizeof(name)), block_state_name(block->state));
}

int block_request(struct memory_block *block, enum block_event event, struct refusal *why)
{
	unsigned next = transitions[block->state][event];

	if (next == REFUSED)
		return request_refused(block, event, why);
	block->state = (enum block_state)next;
	return 0;
}

/* Which of the parts of one window this block is: 0 the first. */
static unsigned block_part(const struct memory_block *block)
{
	pfn_t window = ALIGN_DOWN(block->start, BLOCK_PAGES);
	unsigned part = 0;

	for (pfn_t pfn = window; pfn < block->start;) {
		const struct memory_device *device = device_overlapping(pfn, block->start - pfn);

		if (device == NULL)
			break;
		part++;
		pfn = device->start + device->npages;
	}
	return part;
}

const char *block_name(const struct memory_block *block, char *buf, size_t size)
{
	unsigned part = block_part(block);

	if (part == 0)
		snprintf(buf, size, "memory%lu", block_number(block));
	else
		snprintf(buf, size, "memory%lu.%u", block_number(block), part);
	return buf;
}

struct memory_block *block_by_pfn(pfn_t pfn)
{
	struct memory_device *device = memory_device_by_pfn(pfn);

	return device != NULL ? device_block(device, pfn) : NULL;
}

/* Reads decimal digits; false where there are none or too many. */
static bool read_digits(const char **text, uint64_t *value)
{
	const char *p = *text;

	*value = 0;
	while (*p >= '0' && *p <= '9' && p - *text < 10)
		*value = *value * 10 + (uint64_t)(*p++ - '0');
	if (p == *text)
		return false;
	*text = p;
	return true;
}

struct memory_block *block_by_name(const char *name)
{
	uint64_t number, part = 0;
	pfn_t pfn, end;

	if (strncmp(name, "memory", 6) != 0)
		return NULL;
	name += 6;
	if (!read_digits(&name, &number))
		return NULL;
	if (*name == '.') {
		name++;
		if (!read_digits(&name, &part))
			return NULL;
	}
	if (*name != '\0')
		return NULL;
	end = (number + 1) << BLOCK_ORDER;
	for (pfn = number << BLOCK_ORDER; pfn < end; part--) {
		struct memory_device *device = device_overlapping(pfn, end - pfn);

		if (device == NULL)
			return NULL;
		pfn = MAX(pfn, device->start);
		if (part == 0)
			return block_by_pfn(pfn);
		pfn = device->start + device->npages;
	}
	return NULL;
}

struct memory_device *range_device(const struct block_range *range)
{
	return device_overlapping(range->start, MAX(range->npages, 1UL));
}

const char *range_device_name(const struct block_range *range)
{
	const struct memory_device *device = range_device(range);

	return device != NULL ? device->name : "-";
}

int blocks_for_each(const struct block_range *range, int (*fn)(struct memory_block *, void *),
		    void *arg)
{
	pfn_t end = range->start + range->npages;
	bool any = false;

	for (pfn_t pfn = range->start; pfn < end;) {
		struct memory_device *device = device_overlapping(pfn, end - pfn);
		struct memory_block *block;
		int err;

		if (device == NULL)
			break;
		block = block_by_pfn(MAX(pfn, device->start));
		ASSERT(block != NULL);
		any = true;
		err = fn(block, arg);
		if (err != 0)
			return err;
		pfn = block_end(block);
	}
	return any ? 0 : -ENOENT;
}
