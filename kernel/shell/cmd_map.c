/*
 * kernel/shell/cmd_map.c - map: the physical address space as a picture; top: the same, live.
 */
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/map.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/events.h"
#include "mm/pcp.h"

#define MAP_ROWS   32
#define TOP_ROWS   12
#define TOP_US	   1000000
#define TOP_EVENTS 5

static const struct block_range everything = {.npages = DIRECT_MAP_MAX / PAGE_SIZE};

/* From the first to the last block there is, so that empty rows are not tried one by one. */
static struct block_range all_memory(void)
{
	struct block_range range = everything;
	const struct memory_device *device;

	for (unsigned i = 0; (device = memory_device_at(i)) != NULL; i++)
		range.npages = device->start + device->npages;
	return range;
}

SHELL_COMMAND(map, "[TARGET]", "memory as a picture: state, use and fragmentation", "map dimm0",
	      SHELL_NORMAL)
{
	struct target target = {0};
	int status;

	if (argc > 2)
		return shell_usage("map", "no such operand: %s", argv[2]);
	if (argc == 2) {
		status = target_parse("map", argv[1], false, &target);
		if (status != SHELL_OK)
			return status;
	}
	if (mutex_lock_interruptible(&hotplug_lock) != 0)
		return shell_error("map", EINTR, "interrupted while another operation ran");
	if (argc == 1)
		target.range = all_memory();
	map_draw(&target.range, MAP_ROWS);
	mutex_unlock(&hotplug_lock);
	map_legend();
	return SHELL_OK;
}

/* --- top --- */

struct counters {
	uint64_t us, allocs, frees;
};

static void count(struct counters *c)
{
	unsigned n;

	*c = (struct counters){.us = clock_us()};
	for_each_node (n) {
		for (unsigned type = 0; type < ZONE_TYPES; type++) {
			const struct zone *zone = &nodes[n].zone[type];
			struct pcp_sums pcp = pcp_sums(zone);

			c->allocs += zone->allocs + pcp.allocs;
			c->frees += zone->frees + pcp.frees;
		}
	}
}

static uint64_t rate(uint64_t now, uint64_t before, uint64_t us)
{
	return us != 0 ? (now - before) * 1000000 / us : 0;
}

static void print_counters(const struct counters *now, const struct counters *before)
{
	char present[24], free[24], offline[24];
	uint64_t us = now->us - before->us;

	shell_printf("up %llu s; online %s, free %s, offline %s; %llu allocs/s, %llu frees/s; "
		     "q ends\n",
		     (unsigned long long)(now->us / 1000000),
		     format_size(pages_present() * PAGE_SIZE, false, present, sizeof(present)),
		     format_size(pages_free() * PAGE_SIZE, false, free, sizeof(free)),
		     format_size(hotplug_offline_bytes(), false, offline, sizeof(offline)),
		     (unsigned long long)rate(now->allocs, before->allocs, us),
		     (unsigned long long)rate(now->frees, before->frees, us));
}

static void print_last_events(void)
{
	static struct hotplug_event event;
	uint64_t seq = 0, last = 0;

	while (event_read(&seq, &event))
		last = event.seq;
	seq = last > TOP_EVENTS ? last - TOP_EVENTS + 1 : 0;
	while (event_read(&seq, &event)) {
		shell_printf("[%5llu.%06llu] %-8s %-8s %-8s %.34s\n",
			     (unsigned long long)(event.time_us / 1000000),
			     (unsigned long long)(event.time_us % 1000000),
			     event_kind_name(event.kind), event.device,
			     event.err == 0 ? "ok" : errno_name(event.err), event.text);
	}
}

/* One picture; false: interrupted. */
static bool draw_top(struct counters *before)
{
	struct block_range range;
	struct counters now;

	if (mutex_lock_interruptible(&hotplug_lock) != 0)
		return false;
	count(&now);
	range = all_memory();
	shell_printf("\x1b[H\x1b[J"); /* home, and clear what was below [ECMA-48 8.3.39] */
	print_counters(&now, before);
	map_draw(&range, TOP_ROWS);
	mutex_unlock(&hotplug_lock);
	map_legend();
	print_last_events();
	*before = now;
	return true;
}

SHELL_COMMAND(top, "", "map and counters, live, until q", "top", SHELL_NORMAL)
{
	struct counters before;
	int key;

	if (argc > 1)
		return shell_usage("top", "no such operand: %s", argv[1]);
	count(&before);
	do {
		if (!draw_top(&before))
			break;
		key = shell_read_key(TOP_US);
	} while (key != 'q' && key != 'Q' && key != -EINTR);
	return SHELL_OK;
}
