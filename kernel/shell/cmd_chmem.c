/*
 * kernel/shell/cmd_chmem.c - chmem, as util-linux has it: memory on or off by size or range.
 *
 * By size it takes whole blocks of 128 MiB, offline ones from the lowest address up, online
 * ones from the highest down, skipping what refuses.  By range it does every block that it can.
 * As in util-linux, what was done stays done: the status is 0 if that is all of it, 1 if it is
 * nothing, 64 if it is a part.
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
#define SOME_OK	    64 /* CHMEM_EXIT_SOMEOK of chmem(8) */

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

static int search_block(struct memory_block *block, void *ctx)
{
	struct search *s = ctx;

	if (block->state != s->state || block->npages != BLOCK_PAGES || block->start < s->from)
		return 0;
	s->found = true;
	s->range = (struct block_range){block->start, block->npages, true};
	return !s->highest;
}

/* The next block to try; false where there is none, or Ctrl-C ended the wait. */
static bool next_block(struct search *s)
{
	struct block_range left = {.start = s->from, .npages = s->to - s->from};

	s->found = false;
	if (mutex_lock_interruptible(&hotplug_lock) != 0)
		return false;
	blocks_for_each(&left, search_block, s);
	mutex_unlock(&hotplug_lock);
	if (s->highest)
		s->to = s->range.start;
	else
		s->from = s->range.start + 1;
	return s->found;
}

static const char *past(const struct chmem *c)
{
	return c->enable ? "enabled" : "disabled";
}

/* Not all of it was done: says what was, and what stood in the way. */
static int fell_short(const struct chmem *c, uint64_t done, const struct refusal *why)
{
	char text[24];

	if (done != 0)
		shell_printf("chmem: only %s %s\n", format_size(done, false, text, sizeof(text)),
			     past(c));
	if (thread_interrupted())
		shell_error("chmem", EINTR, "interrupted");
	else if (why->err != 0)
		shell_refused("chmem", why);
	else
		shell_error("chmem", ENOMEM, "no more whole blocks of 128M are %s",
			    c->enable ? "offline" : "online");
	return done != 0 ? SOME_OK : SHELL_FAIL;
}

static int change_size(const struct chmem *c, uint64_t size)
{
	struct search s = {
		.state = c->enable ? BLOCK_OFFLINE : BLOCK_ONLINE,
		.to = DIRECT_MAP_MAX / PAGE_SIZE,
		.highest = !c->enable,
	};
	struct refusal why = {0};
	uint64_t done = 0;
	char text[24];

	if (size == 0 || !IS_ALIGNED(size, BLOCK_BYTES))
		return shell_error("chmem", EINVAL, "the size is not a multiple of 128M");
	while (done < size && !thread_interrupted() && next_block(&s)) {
		if (change_block(c, &s.range, &why) == 0)
			done += BLOCK_BYTES;
	}
	if (done != size)
		return fell_short(c, done, &why);
	shell_printf("chmem: %s %s\n", format_size(done, false, text, sizeof(text)), past(c));
	return SHELL_OK;
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
	struct target target = {0};
	int status = parse_blocks(c, word, &target), err;

	if (status != SHELL_OK)
		return status;
	if (c->enable)
		err = blocks_online(&target.range, c->type, RANGE_KEEP_GOING, &result, &why);
	else
		err = blocks_offline(&target.range, RANGE_KEEP_GOING, 0, &result, &why);
	if (err != 0 && !(err == -EALREADY && target.idempotent))
		return fell_short(c, result.done_pages * PAGE_SIZE, &why);
	shell_printf("chmem: %u block%s %s\n", result.done, result.done == 1 ? "" : "s", past(c));
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
