/*
 * kernel/shell/cmd_blocks.c - blocks go online and offline: online, offline, eject, policy,
 * zones, chmem.
 *
 * Everything is decided by the hot-plug core; here are words in and sentences out.
 */
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/shell/valid_zones.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"
#include "mm/hotplug/policy.h"

/* ", 77 pages moved to node 0, 3 to node 1" */
static void print_moved(const struct block_result *result)
{
	const char *text = " pages moved";

	for (unsigned node = 0; node < MAX_NODES; node++) {
		if (result->moved_to[node] == 0)
			continue;
		shell_printf(", %llu%s to node %u", (unsigned long long)result->moved_to[node],
			     text, node);
		text = "";
	}
}

/* "online: dimm0: 8 blocks, 1G, 2 already online, 1 refused, 77 pages moved" */
static void print_summary(const char *command, const char *target, const char *already,
			  const struct block_result *result, uint64_t bytes)
{
	char size[24];

	shell_printf("%s: %s: %u block%s, %s", command, target, result->done,
		     result->done == 1 ? "" : "s", format_size(bytes, false, size, sizeof(size)));
	if (result->already != 0)
		shell_printf(", %u already %s", result->already, already);
	if (result->refused != 0)
		shell_printf(", %u refused", result->refused);
	if (result->moved_pages != 0)
		print_moved(result);
	shell_printf("\n");
}

/* Prints what came of a request: the summary where anything happened, the refusal if any. */
static int report(const char *command, const char *word, const struct target *target, int err,
		  const struct block_result *result, uint64_t bytes, const struct refusal *why)
{
	const char *already = strcmp(command, "online") == 0 ? "online" : "offline";

	if (err == -EALREADY && target->idempotent)
		err = 0;
	if (err == 0 || result->done != 0)
		print_summary(command, word, already, result, bytes);
	return err != 0 ? shell_refused(command, why) : SHELL_OK;
}

static int do_online(const char *command, const char *word, const struct target *target,
		     enum online_type type, unsigned flags)
{
	struct block_result result = {0};
	struct refusal why = {0};
	uint64_t before, after;
	int err;

	range_count(&target->range, BLOCK_ONLINE, &before);
	err = blocks_online(&target->range, type, flags, &result, &why);
	range_count(&target->range, BLOCK_ONLINE, &after);
	return report(command, word, target, err, &result, after - before, &why);
}

SHELL_COMMAND(online, "TARGET [kernel|movable] [-k]", "put memory blocks to use",
	      "online dimm0 movable", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("online", "k", argc, argv);
	enum online_type type = ONLINE_DEFAULT;
	struct target target;
	unsigned flags = 0;
	int opt, status;

	while ((opt = shell_option(&a)) > 0)
		flags |= RANGE_KEEP_GOING;
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands == 0 || a.noperands > 2)
		return shell_usage("online", "one TARGET is needed");
	if (a.noperands == 2) {
		if (strcmp(a.operands[1], "kernel") == 0)
			type = ONLINE_KERNEL;
		else if (strcmp(a.operands[1], "movable") == 0)
			type = ONLINE_MOVABLE;
		else
			return shell_usage("online", "no such zone: %s", a.operands[1]);
	}
	status = target_parse("online", a.operands[0], false, &target);
	if (status != SHELL_OK)
		return status;
	return do_online("online", a.operands[0], &target, type, flags);
}

/* --- offline --- */

#define HOLDERS_SHOWN 16
#define PROGRESS_US   1000000

static const char *progress_target;
static struct thread *progress_thread;
static uint64_t progress_next_us;

/* Says once a second what a long offline is at. */
static void print_progress(const char *step, uint64_t moved, uint64_t total)
{
	uint64_t now = clock_us();

	if (thread_current() != progress_thread || now < progress_next_us)
		return;
	progress_next_us = now + PROGRESS_US;
	if (total != 0)
		shell_printf("offline: %s: %s: %llu of %llu pages moved\n", progress_target, step,
			     (unsigned long long)moved, (unsigned long long)total);
	else
		shell_printf("offline: %s: %s\n", progress_target, step);
}

static int offline_with_progress(const char *word, const struct block_range *range, unsigned flags,
				 uint64_t timeout_us, struct block_result *result,
				 struct refusal *why)
{
	int err;

	progress_target = word;
	progress_thread = thread_current();
	progress_next_us = clock_us() + PROGRESS_US;
	hotplug_progress = print_progress;
	err = blocks_offline(range, flags, timeout_us, result, why);
	hotplug_progress = NULL;
	return err;
}

static void add_managed(const struct memory_block *block, void *ctx)
{
	if (block->state == BLOCK_ONLINE)
		*(uint64_t *)ctx += block->managed;
}

/* Free pages of all zones that are not in the range, whose used pages are `used`. */
static uint64_t free_elsewhere(const struct block_range *range, uint64_t used)
{
	uint64_t managed = 0, all, inside;

	mutex_lock(&hotplug_lock);
	range_for_each(range, add_managed, &managed);
	all = pages_free();
	mutex_unlock(&hotplug_lock);
	inside = managed > used ? managed - used : 0;
	return all > inside ? all - inside : 0;
}

/* What is in use there, by owner, and the room there is for it. */
static void print_moves(const struct block_range *range)
{
	static struct holder holders[HOLDERS_SHOWN];
	unsigned n = blocks_holders(range, holders, HOLDERS_SHOWN);
	uint64_t pages = 0;

	for (unsigned i = 0; i < MIN(n, HOLDERS_SHOWN); i++) {
		const struct holder *h = &holders[i];

		shell_printf("  %s %8llu pages from pfn 0x%llx on: %s\n",
			     h->movable ? "moves  " : "refuses", (unsigned long long)h->pages,
			     (unsigned long long)h->first,
			     h->name[0] != '\0' ? h->name : "an allocation under way");
		pages += h->pages;
	}
	if (n > HOLDERS_SHOWN)
		shell_printf("  and %u more owners\n", n - HOLDERS_SHOWN);
	shell_printf("  %llu pages are in use there, %llu are free elsewhere\n",
		     (unsigned long long)pages, (unsigned long long)free_elsewhere(range, pages));
}

static int dry_run(const char *word, const struct target *target, unsigned flags)
{
	struct block_result result = {0};
	struct refusal why = {0};
	int err = blocks_offline(&target->range, flags | RANGE_DRY_RUN, 0, &result, &why);

	if (err != 0 && result.done == 0)
		shell_printf("offline: %s: dry run: nothing would go offline\n", word);
	else
		shell_printf("offline: %s: dry run: %u block%s would go offline, %llu pages "
			     "would move\n",
			     word, result.done, result.done == 1 ? "" : "s",
			     (unsigned long long)result.moved_pages);
	if (err != -ENOENT && err != -EALREADY)
		print_moves(&target->range);
	return err != 0 ? shell_refused("offline", &why) : SHELL_OK;
}

static int do_offline(const char *command, const char *word, const struct target *target,
		      unsigned flags, uint64_t timeout_us)
{
	struct block_result result = {0};
	struct refusal why = {0};
	uint64_t before, after;
	int err;

	range_count(&target->range, BLOCK_OFFLINE, &before);
	err = offline_with_progress(word, &target->range, flags, timeout_us, &result, &why);
	range_count(&target->range, BLOCK_OFFLINE, &after);
	return report(command, word, target, err, &result, after - before, &why);
}

SHELL_COMMAND(offline, "TARGET [-n] [-k] [-t SECONDS]", "take memory blocks out of use",
	      "offline dimm0 -n", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("offline", "nkt:", argc, argv);
	struct target target;
	uint64_t timeout_us = 0;
	unsigned flags = 0;
	bool dry = false;
	int opt, status;

	while ((opt = shell_option(&a)) > 0) {
		dry |= opt == 'n';
		flags |= opt == 'k' ? RANGE_KEEP_GOING : 0;
		if (opt == 't' && (parse_seconds(a.value, &timeout_us) != 0 || timeout_us == 0))
			return shell_usage("offline", "not a time in seconds: %s", a.value);
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands != 1)
		return shell_usage("offline", "one TARGET is needed");
	status = target_parse("offline", a.operands[0], true, &target);
	if (status != SHELL_OK)
		return status;
	if (dry)
		return dry_run(a.operands[0], &target, flags);
	return do_offline("offline", a.operands[0], &target, flags, timeout_us);
}

SHELL_COMMAND(eject, "DEVICE", "offline all of a device, and let the host take it", "eject dimm0",
	      SHELL_NORMAL)
{
	struct refusal why = {0};
	struct target target;
	char size[24];
	int status;

	if (argc != 2)
		return shell_usage("eject", "one DEVICE is needed");
	if (strncmp(argv[1], "dimm", 4) != 0)
		return shell_error("eject", ENODEV, "%.32s: no such device", argv[1]);
	status = target_parse("eject", argv[1], true, &target);
	if (status != SHELL_OK)
		return status;
	if (memory_device_eject(argv[1], &why) != 0)
		return shell_refused("eject", &why);
	shell_printf("eject: %s: %s left\n", argv[1],
		     format_size(target.range.npages * PAGE_SIZE, false, size, sizeof(size)));
	return SHELL_OK;
}

/* --- policy, zones --- */

static int show_policies(const char *only)
{
	const char *name, *values;
	char value[24];
	bool any = false;

	for (unsigned i = 0; policy_info(i, &name, value, sizeof(value), &values); i++) {
		if (only != NULL && strcmp(only, name) != 0)
			continue;
		shell_printf("%-18s %-16s (%s)\n", name, value, values);
		any = true;
	}
	return any ? SHELL_OK : shell_error("policy", ENOENT, "%.32s: no such policy", only);
}

SHELL_COMMAND(policy,
	      "[online [offline|online|online_kernel|online_movable]] [eject [auto|manual]] "
	      "[online_policy [kernel|auto-movable]] [auto_movable_ratio [PERCENT]]",
	      "what happens to new memory, and to eject requests", "policy online online_movable",
	      SHELL_NORMAL)
{
	int err;

	if (argc <= 2)
		return show_policies(argc == 2 ? argv[1] : NULL);
	if (argc != 3)
		return shell_usage("policy", "a name and a value are needed");
	err = policy_set(argv[1], argv[2]);
	if (err == -ENOENT)
		return shell_error("policy", err, "%.32s: no such policy", argv[1]);
	if (err != 0)
		return shell_error("policy", err, "%s: no such value: %.32s", argv[1], argv[2]);
	return SHELL_OK;
}

const char *valid_zones(const struct memory_block *block)
{
	if (block->state == BLOCK_MEMMAP)
		return "none";
	if (block->zone != NULL)
		return zone_type_name((enum zone_type)block->zone->type);
	return online_zone_type(ONLINE_DEFAULT, block->npages) == ZONE_MOVABLE ? "Movable/Normal"
									       : "Normal/Movable";
}

SHELL_COMMAND(zones, "BLOCK", "the zones a block may be onlined to, the default first",
	      "zones memory32", SHELL_NORMAL)
{
	const struct memory_block *block;
	char text[24] = "";

	if (argc != 2)
		return shell_usage("zones", "one BLOCK is needed");
	if (mutex_lock_interruptible(&hotplug_lock) != 0)
		return shell_error("zones", EINTR, "interrupted while another operation ran");
	block = block_by_name(argv[1]);
	if (block != NULL)
		snprintf(text, sizeof(text), "%s", valid_zones(block));
	mutex_unlock(&hotplug_lock);
	if (block == NULL)
		return shell_error("zones", ENOENT, "%.32s: no such block", argv[1]);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '/')
			*p = ' ';
	shell_printf("%s\n", text);
	return SHELL_OK;
}
