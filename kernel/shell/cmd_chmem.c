/*
 * kernel/shell/cmd_chmem.c - chmem, as util-linux has it: memory on or off by size or range.
 *
 * By size it takes whole blocks of 128 MiB, offline ones from the lowest address up, online
 * ones from the highest down, skipping what refuses.  If they do not make up the size, those
 * done so far go back to the state and zone they had.
 *
 * Owns the note of what was done: which windows of the address space, from which zone.
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
#define WINDOWS	    (DIRECT_MAP_MAX / BLOCK_BYTES)

/* Two bits a window: 0 untouched, else the zone type it was in + 1. */
static uint64_t undo[WINDOWS * 2 / 64];

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
	enum zone_type zone; /* it is in, if online */
};

static void search_block(const struct memory_block *block, void *ctx)
{
	struct search *s = ctx;

	if (block->state != s->state || block->npages != BLOCK_PAGES || block->start < s->from ||
	    block->start >= s->to || (s->found && !s->highest))
		return;
	s->found = true;
	s->range = (struct block_range){block->start, block->npages, true};
	s->zone = block->zone != NULL ? (enum zone_type)block->zone->type : ZONE_NORMAL;
}

static const struct block_range everything = {
	.npages = DIRECT_MAP_MAX / PAGE_SIZE,
};

/* The next block to try; false where there is none. */
static bool next_block(struct search *s)
{
	s->found = false;
	mutex_lock(&hotplug_lock);
	range_for_each(&everything, search_block, s);
	mutex_unlock(&hotplug_lock);
	if (s->highest)
		s->to = s->range.start;
	else
		s->from = s->range.start + 1;
	return s->found;
}

struct available {
	enum block_state state;
	uint64_t bytes;
};

static void add_available(const struct memory_block *block, void *ctx)
{
	struct available *a = ctx;

	if (block->state == a->state && block->npages == BLOCK_PAGES)
		a->bytes += BLOCK_BYTES;
}

static uint64_t available(enum block_state state)
{
	struct available a = {.state = state};

	mutex_lock(&hotplug_lock);
	range_for_each(&everything, add_available, &a);
	mutex_unlock(&hotplug_lock);
	return a.bytes;
}

static void note_done(const struct search *s)
{
	uint64_t window = s->range.start >> BLOCK_ORDER;

	undo[window / 32] |= (uint64_t)(s->zone + 1) << (window % 32 * 2);
}

/* Puts everything noted back; returns how many blocks would not go. */
static unsigned take_back(const struct chmem *c)
{
	struct chmem back = {.enable = !c->enable};
	unsigned stuck = 0;

	for (uint64_t window = 0; window < WINDOWS; window++) {
		unsigned was = undo[window / 32] >> (window % 32 * 2) & 3;
		struct block_range range = {window << BLOCK_ORDER, BLOCK_PAGES, true};

		if (was == 0)
			continue;
		back.type = was - 1 == ZONE_MOVABLE ? ONLINE_MOVABLE : ONLINE_KERNEL;
		stuck += change_block(&back, &range, NULL) != 0;
	}
	return stuck;
}

static int give_up(const struct chmem *c, const struct refusal *why)
{
	bool interrupted = thread_interrupted();
	unsigned stuck;

	thread_clear_interrupt(); /* or the way back would be interrupted too */
	stuck = take_back(c);
	if (stuck != 0)
		shell_printf("chmem: %u blocks could not be put back\n", stuck);
	if (interrupted)
		return shell_error("chmem", EINTR, "interrupted");
	if (why->err != 0)
		return shell_refused("chmem", why);
	return shell_error("chmem", ENOMEM, "blocks went away meanwhile");
}

static int change_size(const struct chmem *c, uint64_t size)
{
	struct search s = {
		.state = c->enable ? BLOCK_OFFLINE : BLOCK_ONLINE,
		.to = everything.npages,
		.highest = !c->enable,
	};
	struct refusal why = {0};
	uint64_t done = 0, most;
	char text[24];

	if (size == 0 || !IS_ALIGNED(size, BLOCK_BYTES))
		return shell_error("chmem", EINVAL, "the size is not a multiple of 128M");
	most = available(s.state);
	if (most < size)
		return shell_error("chmem", ENOMEM, "only %s in whole blocks %s",
				   format_size(most, false, text, sizeof(text)),
				   c->enable ? "is offline" : "is online");
	memset(undo, 0, sizeof(undo));
	while (done < size && !thread_interrupted() && next_block(&s)) {
		if (change_block(c, &s.range, &why) != 0)
			continue;
		note_done(&s);
		done += BLOCK_BYTES;
	}
	if (done != size)
		return give_up(c, &why);
	shell_printf("chmem: %s %s\n", format_size(done, false, text, sizeof(text)),
		     c->enable ? "enabled" : "disabled");
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
