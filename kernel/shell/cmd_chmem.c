/*
 * kernel/shell/cmd_chmem.c - chmem, as util-linux has it: memory on or off by size or range.
 *
 * By size it takes what it can get: offline blocks from the lowest address up, online ones
 * from the highest down, skipping what refuses.  All or nothing still holds for the request:
 * too little available is known before the first block changes, and blocks that refuse later
 * are reported.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"

struct chmem {
	bool enable, numbers;
	enum online_type type;
};

#define BLOCK_BYTES (BLOCK_PAGES * PAGE_SIZE)

/* One block on or off; 0 or an errno with *why. */
static int change_block(const struct chmem *c, const struct block_range *range, struct refusal *why)
{
	struct block_result result;

	if (c->enable)
		return blocks_online(range, c->type, 0, &result, why);
	return blocks_offline(range, 0, 0, &result, why);
}

struct search {
	enum block_state state;
	pfn_t from, to; /* the block must start in [from, to) */
	bool highest, found;
	struct block_range range;
};

static void search_block(const struct memory_block *block, void *ctx)
{
	struct search *s = ctx;

	if (block->state != s->state || block->start < s->from || block->start >= s->to)
		return;
	if (s->found && !s->highest)
		return;
	s->found = true;
	s->range = (struct block_range){block->start, block->npages, true};
}

/* The next block to try; false where there is none. */
static bool next_block(struct search *s)
{
	struct block_range all = {.start = 0, .npages = paddr_to_pfn(DIRECT_MAP_MAX)};

	s->found = false;
	mutex_lock(&hotplug_lock);
	range_for_each(&all, search_block, s);
	mutex_unlock(&hotplug_lock);
	if (s->highest)
		s->to = s->range.start;
	else
		s->from = s->range.start + 1;
	return s->found;
}

static int change_size(const struct chmem *c, uint64_t size)
{
	enum block_state state = c->enable ? BLOCK_OFFLINE : BLOCK_ONLINE;
	struct block_range all = {.start = 0, .npages = paddr_to_pfn(DIRECT_MAP_MAX)};
	struct search s = {
		.state = state, .to = paddr_to_pfn(DIRECT_MAP_MAX), .highest = !c->enable};
	struct refusal why = {0};
	uint64_t available, done = 0;
	char text[24];

	if (size == 0 || !IS_ALIGNED(size, BLOCK_BYTES))
		return shell_error("chmem", EINVAL, "the size is not a multiple of 128M");
	range_count(&all, state, &available);
	if (available < size)
		return shell_error("chmem", ENOMEM, "only %s %s",
				   format_size(available, false, text, sizeof(text)),
				   c->enable ? "is offline" : "is online");
	while (done < size && !thread_interrupted() && next_block(&s))
		if (s.range.npages * PAGE_SIZE <= size - done &&
		    change_block(c, &s.range, &why) == 0)
			done += s.range.npages * PAGE_SIZE;
	shell_printf("chmem: %s %s\n", format_size(done, false, text, sizeof(text)),
		     c->enable ? "enabled" : "disabled");
	if (done == size)
		return SHELL_OK;
	if (why.err != 0)
		return shell_refused("chmem", &why);
	return shell_error("chmem", thread_interrupted() ? EINTR : ENOMEM, "only a part of it");
}

/* -b: "32" or "32-39", the numbers of lsmem; else an address range. */
static int parse_blocks(const struct chmem *c, const char *word, struct target *target)
{
	char name[40] = "memory";

	if (!c->numbers)
		return target_parse("chmem", word, true, target);
	if (strlen(word) > sizeof(name) - 8)
		return shell_error("chmem", EINVAL, "not a block or a range of blocks");
	strcat(name, word);
	return target_parse("chmem", name, true, target);
}

static int change_range(const struct chmem *c, const char *word)
{
	struct block_result result = {0};
	struct refusal why = {0};
	struct target target;
	int status = parse_blocks(c, word, &target), err;

	if (status != SHELL_OK)
		return status;
	if (c->enable)
		err = blocks_online(&target.range, c->type, 0, &result, &why);
	else
		err = blocks_offline(&target.range, 0, 0, &result, &why);
	if (err != 0 && !(err == -EALREADY && target.idempotent))
		return shell_refused("chmem", &why);
	shell_printf("chmem: %u block%s %s\n", result.done, result.done == 1 ? "" : "s",
		     c->enable ? "enabled" : "disabled");
	return SHELL_OK;
}

static bool parse_zone(const char *name, enum online_type *type)
{
	if (strcmp(name, "Normal") == 0 || strcmp(name, "normal") == 0)
		*type = ONLINE_KERNEL;
	else if (strcmp(name, "Movable") == 0 || strcmp(name, "movable") == 0)
		*type = ONLINE_MOVABLE;
	else
		return false;
	return true;
}

SHELL_COMMAND(chmem, "-e|-d SIZE|BASE-END|-b BLOCKS [-z Normal|Movable]",
	      "enable or disable memory by size, range or block numbers", "chmem -e 1G -z Movable",
	      SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("chmem", "edbz:", argc, argv);
	struct chmem c = {.type = ONLINE_DEFAULT};
	bool disable = false;
	uint64_t size;
	int opt;

	while ((opt = shell_option(&a)) > 0) {
		c.enable |= opt == 'e';
		disable |= opt == 'd';
		c.numbers |= opt == 'b';
		if (opt == 'z' && !parse_zone(a.value, &c.type))
			return shell_usage("chmem", "no such zone: %s", a.value);
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (c.enable == disable)
		return shell_usage("chmem", "either -e or -d is needed");
	if (a.noperands != 1)
		return shell_usage("chmem", "one size or range is needed");
	if (!c.numbers && parse_size(a.operands[0], &size) == 0)
		return change_size(&c, size);
	return change_range(&c, a.operands[0]);
}
