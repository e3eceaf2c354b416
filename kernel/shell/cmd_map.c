/*
 * kernel/shell/cmd_map.c - map: the physical address space as a picture.
 */
#include "kernel/lib/errno.h"
#include "kernel/shell/console.h"
#include "kernel/shell/map.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"

#define MAP_ROWS   32
#define OTHER_ROWS 4 /* the command, the title, the legend, the next prompt */

/* Up to the last block there is, so that empty rows are not tried one by one. */
static pfn_t end_of_memory(void)
{
	const struct memory_device *device;
	pfn_t end = 0;

	for_each_device (device)
		end = device->start + device->npages;
	return end;
}

/* What to draw: a TARGET, or any addresses, since looking cuts no block. */
static int parse_part(const char *word, struct block_range *range)
{
	struct target target = {0};
	uint64_t base, size;
	int status;

	if (parse_range(word, &base, &size) == 0) {
		range->start = paddr_to_pfn(base);
		range->npages = paddr_to_pfn(base + size - 1) + 1 - range->start;
		return SHELL_OK;
	}
	status = target_parse("map", word, false, &target);
	*range = target.range;
	return status;
}

/* So many that the picture can be seen whole. */
static unsigned rows_of_picture(void)
{
	unsigned rows = console_rows();

	return MIN(rows > 2 * OTHER_ROWS ? rows - OTHER_ROWS : OTHER_ROWS, MAP_ROWS);
}

static int any_block(struct memory_block *block __unused, void *ctx __unused)
{
	return 1; /* one is enough */
}

/* Draws what there is in the range; -ENOENT: no memory is there. */
static int draw(struct block_range range, bool json) REQUIRES(&hotplug_lock)
{
	range.npages =
		MIN(range.start + range.npages, MAX(end_of_memory(), range.start)) - range.start;
	if (blocks_for_each(&range, any_block, NULL) == -ENOENT)
		return -ENOENT;
	if (json) {
		map_json(&range, rows_of_picture());
	} else {
		map_draw(&range, rows_of_picture(), "");
		map_legend("");
	}
	return 0;
}

SHELL_COMMAND(map, "[TARGET] [-J]", "memory as a picture: state, use and fragmentation",
	      "map 0x100000000-0x100ffffff", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("map", "J", argc, argv);
	struct block_range range = {.npages = paddr_to_pfn(DIRECT_MAP_MAX)};
	bool json = false;
	int status, err;

	if (!shell_json_option(&a, &json))
		return SHELL_USAGE;
	if (a.noperands > 1)
		return shell_usage("map", "no such operand: %s", a.operands[1]);
	if (a.noperands == 1) {
		status = parse_part(a.operands[0], &range);
		if (status != SHELL_OK)
			return status;
	}
	if (!lock_to_look("map"))
		return SHELL_FAIL;
	err = draw(range, json);
	mutex_unlock(&hotplug_lock);
	if (err != 0)
		return shell_error("map", err, "%s: no memory there",
				   a.noperands == 1 ? a.operands[0] : "all");
	return SHELL_OK;
}
