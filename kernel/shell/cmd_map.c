/*
 * kernel/shell/cmd_map.c - map: the physical address space as a picture.
 */
#include "kernel/lib/bits.h"
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

static void count_block(const struct memory_block *block __unused, void *ctx)
{
	++*(unsigned *)ctx;
}

/* What to draw: a TARGET, or any addresses, since looking cuts no block. */
static int parse_part(const char *word, struct block_range *range)
{
	struct target target = {0};
	uint64_t base, size;
	int status;

	if (parse_range(word, &base, &size) == 0) {
		range->start = paddr_to_pfn(base);
		range->npages = paddr_to_pfn(ALIGN_UP(base + size, PAGE_SIZE)) - range->start;
		return SHELL_OK;
	}
	status = target_parse("map", word, false, &target);
	*range = target.range;
	return status;
}

SHELL_COMMAND(map, "[TARGET]", "memory as a picture: state, use and fragmentation",
	      "map 0x100000000-0x100ffffff", SHELL_NORMAL)
{
	struct block_range range = {0};
	unsigned blocks = 0;
	int status;

	if (argc > 2)
		return shell_usage("map", "no such operand: %s", argv[2]);
	if (argc == 2) {
		status = parse_part(argv[1], &range);
		if (status != SHELL_OK)
			return status;
	}
	if (mutex_lock_interruptible(&hotplug_lock) != 0)
		return shell_error("map", EINTR, "interrupted while another operation ran");
	if (argc == 1)
		range = all_memory();
	range_for_each(&range, count_block, &blocks);
	if (blocks != 0)
		map_draw(&range, MAP_ROWS);
	mutex_unlock(&hotplug_lock);
	if (blocks == 0)
		return shell_error("map", ENOENT, "%s: no memory there", argv[1]);
	map_legend();
	return SHELL_OK;
}
