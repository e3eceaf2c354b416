/*
 * kernel/shell/target.c - finding the blocks that a TARGET names.
 *
 * Owns nothing.  Between this and the operation a device may leave; the operation then says
 * -ENOENT itself.
 */
#include "kernel/shell/target.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

bool lock_to_look(const char *command)
{
	if (mutex_lock_interruptible(&hotplug_lock) == 0)
		return true;
	shell_error(command, EINTR, "interrupted while another operation ran");
	return false;
}

const struct memory_device *device_with(pfn_t pfn)
{
	const struct memory_device *device;

	for_each_device (device)
		if (pfn >= device->start && pfn - device->start < device->npages)
			return device;
	return NULL;
}

struct counting {
	enum block_state state;
	unsigned blocks;
};

static int count_block(struct memory_block *block, void *ctx)
{
	struct counting *counting = ctx;

	counting->blocks += block->state == counting->state;
	return 0;
}

unsigned range_count(const struct block_range *range, enum block_state state)
{
	struct counting counting = {.state = state};

	mutex_lock(&hotplug_lock);
	blocks_for_each(range, count_block, &counting);
	mutex_unlock(&hotplug_lock);
	return counting.blocks;
}

/* memoryN-M: windows N to M. */
static bool window_range(const char *word, struct target *target)
{
	uint64_t first = 0, last = 0;
	const char *dash = strchr(word, '-');
	char number[12];

	if (dash == NULL || strncmp(word, "memory", 6) != 0)
		return false;
	word += 6;
	if (dash == word || (size_t)(dash - word) >= sizeof(number))
		return false;
	memcpy(number, word, (size_t)(dash - word));
	number[dash - word] = '\0';
	dash++;
	if (strncmp(dash, "memory", 6) == 0)
		dash += 6;
	if (parse_number(number, &first) != 0 || parse_number(dash, &last) != 0 || last < first ||
	    last >= DIRECT_MAP_MAX >> (BLOCK_ORDER + PAGE_SHIFT))
		return false;
	target->range.start = first << BLOCK_ORDER;
	target->range.npages = (last - first + 1) << BLOCK_ORDER;
	target->idempotent = true;
	return true;
}

static int set_all(const char *command, bool plugged, struct target *target)
{
	struct memory_device *device, *last = NULL;
	pfn_t start = 0;

	for_each_device (device) {
		if (plugged && memory_device_is_boot(device))
			continue;
		if (last == NULL)
			start = device->start;
		last = device;
	}
	if (last == NULL)
		return shell_error(command, ENODEV, "all: no memory device is plugged");
	target->range.start = start;
	target->range.npages = last->start + last->npages - start;
	target->idempotent = true;
	return SHELL_OK;
}

struct cut {
	const struct block_range *range;
	const struct memory_block *block; /* one that the range covers in part */
};

static int find_cut(struct memory_block *block, void *ctx)
{
	struct cut *cut = ctx;

	if (block->start >= cut->range->start &&
	    block_end(block) <= cut->range->start + cut->range->npages)
		return 0;
	cut->block = block;
	return -EINVAL;
}

static int set_range(const char *command, const char *word, uint64_t base, uint64_t size,
		     struct target *target) REQUIRES(&hotplug_lock)
{
	struct cut cut = {.range = &target->range};
	char name[24];

	if (!IS_ALIGNED(base, PAGE_SIZE) || !IS_ALIGNED(size, PAGE_SIZE))
		return shell_error(command, EINVAL, "%s: not on page borders", word);
	target->range.start = paddr_to_pfn(base);
	target->range.npages = paddr_to_pfn(size);
	target->idempotent = true;
	blocks_for_each(&target->range, find_cut, &cut);
	if (cut.block != NULL)
		return shell_error(command, EINVAL, "%s: covers only a part of %s", word,
				   block_name(cut.block, name, sizeof(name)));
	return SHELL_OK;
}

static int set_block(const char *command, const char *word, struct target *target)
{
	const struct memory_block *block = block_by_name(word);

	if (block == NULL)
		return shell_error(command, ENOENT, "%s: no such block", word);
	target->range = (struct block_range){block->start, block->npages, true};
	return SHELL_OK;
}

static int set_device(const char *command, const char *word, struct target *target)
{
	const struct memory_device *device = memory_device_by_name(word);

	if (device == NULL)
		return shell_error(command, ENODEV, "%s: no such device", word);
	target->range = (struct block_range){device->start, device->npages, false};
	return SHELL_OK;
}

static int parse_held(const char *command, const char *word, bool plugged, struct target *target)
	REQUIRES(&hotplug_lock)
{
	uint64_t base, size;
	int err;

	if (strcmp(word, "all") == 0)
		return set_all(command, plugged, target);
	if (window_range(word, target))
		return SHELL_OK;
	if (strncmp(word, "memory", 6) == 0 && strchr(word, '-') == NULL)
		return set_block(command, word, target);
	if (strncmp(word, "dimm", 4) == 0)
		return set_device(command, word, target);
	err = parse_range(word, &base, &size);
	if (err == 0)
		return set_range(command, word, base, size, target);
	shell_error(command, err, "%.64s: not a target: memoryN, memoryN-M, dimmN, BASE-END or all",
		    word);
	return SHELL_USAGE;
}

int target_parse(const char *command, const char *word, bool plugged, struct target *target)
{
	int status;

	*target = (struct target){0};
	if (!lock_to_look(command))
		return SHELL_FAIL;
	status = parse_held(command, word, plugged, target);
	mutex_unlock(&hotplug_lock);
	return status;
}
