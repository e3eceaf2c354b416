/*
 * kernel/shell/cmd_blocks.c - blocks go online and offline: online, offline, eject.
 *
 * Everything is decided by the hot-plug core; here are words in and sentences out.
 */
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"

/* ", 77 pages moved to node 0, 3 to node 1" */
static void print_moved(const struct block_result *result)
{
	const char *text = " pages moved";

	for (unsigned node = 0; node < MAX_NODES; node++) {
		if (result->moved_to[node] == 0)
			continue;
		shell_printf(", %lu%s to node %u", result->moved_to[node], text, node);
		text = "";
	}
}

/* "online: dimm0: 8 blocks, 1G, 2 already online, 1 refused, 77 pages moved" */
static void print_summary(const char *command, const char *target, const char *already,
			  const struct block_result *result)
{
	char size[24];

	shell_printf("%s: %s: %u block%s, %s", command, target, result->done,
		     result->done == 1 ? "" : "s",
		     format_size(result->done_pages * PAGE_SIZE, false, size, sizeof(size)));
	if (result->already != 0)
		shell_printf(", %u already %s", result->already, already);
	if (result->refused != 0)
		shell_printf(", %u refused", result->refused);
	if (result->moved_pages != 0)
		print_moved(result);
	shell_printf("\n");
}

/* What was asked for, and how it is answered. */
struct request {
	const char *command, *word; /* TARGET as typed */
	struct target target;
	unsigned flags; /* RANGE_... */
	bool json;
};

static void moved_json(struct json *j, const struct block_result *result)
{
	json_array(j, "moved");
	for (unsigned node = 0; node < MAX_NODES; node++) {
		if (result->moved_to[node] == 0)
			continue;
		json_object(j, NULL);
		json_number(j, "node", node);
		json_number(j, "pages", result->moved_to[node]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void print_summary_json(const struct request *r, const struct block_result *result)
{
	struct json j;

	json_begin(&j);
	json_object(&j, r->command);
	json_string(&j, "target", r->word);
	json_number(&j, "blocks", result->done);
	json_number(&j, "size", result->done_pages * PAGE_SIZE);
	json_number(&j, "already", result->already);
	json_number(&j, "refused", result->refused);
	json_number(&j, "moved_pages", result->moved_pages);
	moved_json(&j, result);
	json_object_end(&j);
	json_end(&j);
}

/* Whether all of a range or of `all` was so already, which is no error. */
static bool nothing_to_do(const struct request *r, int err)
{
	return err == -EALREADY && r->target.idempotent;
}

/* Prints what came of a request: the summary where anything happened, or was tried block by block;
 * and the refusal if any. */
static int report(const struct request *r, int err, const struct block_result *result,
		  const struct refusal *why)
{
	if (nothing_to_do(r, err))
		err = 0;
	if (err != 0 && result->done == 0 &&
	    ((r->flags & RANGE_KEEP_GOING) == 0 || result->refused == 0))
		return shell_refused(r->command, why);
	if (r->json)
		print_summary_json(r, result);
	else
		print_summary(r->command, r->word, r->command, result);
	return err != 0 ? shell_refused(r->command, why) : SHELL_OK;
}

static int do_online(const struct request *r, enum online_type type)
{
	struct block_result result = {0};
	struct refusal why = {0};
	int err = blocks_online(&r->target.range, type, r->flags, &result, &why);

	return report(r, err, &result, &why);
}

SHELL_COMMAND(online, "TARGET [kernel|movable] [-k] [-J]", "put memory blocks to use",
	      "online dimm0 movable", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("online", "kJ", argc, argv);
	struct request r = {.command = "online"};
	enum online_type type = ONLINE_DEFAULT;
	int opt, status;

	while ((opt = shell_option(&a)) > 0) {
		r.flags |= opt == 'k' ? RANGE_KEEP_GOING : 0;
		r.json |= opt == 'J';
	}
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
	r.word = a.operands[0];
	status = target_parse("online", r.word, false, &r.target);
	return status != SHELL_OK ? status : do_online(&r, type);
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
		shell_printf("offline: %s: %s: %lu of %lu pages moved\n", progress_target, step,
			     moved, total);
	else
		shell_printf("offline: %s: %s\n", progress_target, step);
}

static int offline_with_progress(const struct request *r, uint64_t timeout_us,
				 struct block_result *result, struct refusal *why)
{
	int err;

	progress_target = r->word;
	progress_thread = thread_current();
	progress_next_us = clock_us() + PROGRESS_US;
	hotplug_set_progress(r->json ? NULL : print_progress);
	err = blocks_offline(&r->target.range, r->flags, timeout_us, result, why);
	hotplug_set_progress(NULL);
	return err;
}

static int add_managed(struct memory_block *block, void *ctx)
{
	if (block->state == BLOCK_ONLINE)
		*(uint64_t *)ctx += block->managed;
	return 0;
}

/* Free pages of all zones that are not in the range, whose used pages are `used`. */
static uint64_t free_elsewhere(const struct block_range *range, uint64_t used)
{
	uint64_t managed = 0, all, inside;

	mutex_lock(&hotplug_lock);
	blocks_for_each(range, add_managed, &managed);
	all = pages_free();
	mutex_unlock(&hotplug_lock);
	inside = managed > used ? managed - used : 0;
	return all > inside ? all - inside : 0;
}

/* What a dry run found: what is in use there, by owner. */
struct contents {
	struct holder holders[HOLDERS_SHOWN];
	unsigned groups; /* there may be more than are kept */
	uint64_t pages;
};

static void find_contents(const struct block_range *range, struct contents *c)
{
	c->groups = blocks_holders(range, c->holders, HOLDERS_SHOWN);
	c->pages = 0;
	for (unsigned i = 0; i < MIN(c->groups, HOLDERS_SHOWN); i++)
		c->pages += c->holders[i].pages;
}

static const char *owner_name(const struct holder *h)
{
	return h->name[0] != '\0' ? h->name : "an allocation under way";
}

static void print_contents(const struct contents *c, const struct block_range *range)
{
	for (unsigned i = 0; i < MIN(c->groups, HOLDERS_SHOWN); i++) {
		const struct holder *h = &c->holders[i];

		shell_printf("  %s %8lu pages from pfn 0x%lx on: %s\n",
			     h->movable ? "moves  " : "refuses", h->pages, h->first, owner_name(h));
	}
	if (c->groups > HOLDERS_SHOWN)
		shell_printf("  and %u more owners\n", c->groups - HOLDERS_SHOWN);
	shell_printf("  %lu pages are in use there, %lu are free elsewhere\n", c->pages,
		     free_elsewhere(range, c->pages));
}

static void dry_run_json(const struct request *r, const struct block_result *result,
			 const struct contents *c)
{
	struct json j;

	json_begin(&j);
	json_object(&j, "dry_run");
	json_string(&j, "target", r->word);
	json_number(&j, "blocks", result->done);
	json_number(&j, "moved_pages", result->moved_pages);
	json_number(&j, "used_pages", c->pages);
	json_number(&j, "free_elsewhere", free_elsewhere(&r->target.range, c->pages));
	json_array(&j, "holders");
	for (unsigned i = 0; i < MIN(c->groups, HOLDERS_SHOWN); i++) {
		json_object(&j, NULL);
		json_string(&j, "owner", owner_name(&c->holders[i]));
		json_number(&j, "pages", c->holders[i].pages);
		json_number(&j, "first", c->holders[i].first);
		json_bool(&j, "movable", c->holders[i].movable);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	json_end(&j);
}

static void print_dry_run(const struct request *r, int err, const struct block_result *result,
			  const struct contents *c)
{
	if (err != 0 && result->done == 0)
		shell_printf("offline: %s: dry run: nothing would go offline\n", r->word);
	else
		shell_printf("offline: %s: dry run: %u block%s would go offline, %lu pages "
			     "would move\n",
			     r->word, result->done, result->done == 1 ? "" : "s",
			     result->moved_pages);
	if (err != -ENOENT && err != -EALREADY)
		print_contents(c, &r->target.range);
}

static int dry_run(const struct request *r)
{
	static struct contents contents; /* the shell's thread only */
	struct block_result result = {0};
	struct refusal why = {0};
	int err = blocks_offline(&r->target.range, r->flags | RANGE_DRY_RUN, 0, &result, &why);

	if (nothing_to_do(r, err))
		err = 0;
	find_contents(&r->target.range, &contents);
	if (r->json)
		dry_run_json(r, &result, &contents);
	else
		print_dry_run(r, err, &result, &contents);
	return err != 0 ? shell_refused("offline", &why) : SHELL_OK;
}

static int do_offline(const struct request *r, uint64_t timeout_us)
{
	struct block_result result = {0};
	struct refusal why = {0};
	int err = offline_with_progress(r, timeout_us, &result, &why);

	return report(r, err, &result, &why);
}

SHELL_COMMAND(offline, "TARGET [-n] [-k] [-t SECONDS] [-J]", "take memory blocks out of use",
	      "offline dimm0 -n", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("offline", "nkt:J", argc, argv);
	struct request r = {.command = "offline"};
	uint64_t timeout_us = 0;
	bool dry = false;
	int opt, status;

	while ((opt = shell_option(&a)) > 0) {
		dry |= opt == 'n';
		r.json |= opt == 'J';
		r.flags |= opt == 'k' ? RANGE_KEEP_GOING : 0;
		if (opt == 't' && (parse_seconds(a.value, &timeout_us) != 0 || timeout_us == 0))
			return shell_usage("offline", "not a time in seconds: %s", a.value);
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands != 1)
		return shell_usage("offline", "one TARGET is needed");
	r.word = a.operands[0];
	status = target_parse("offline", r.word, true, &r.target);
	if (status != SHELL_OK)
		return status;
	return dry ? dry_run(&r) : do_offline(&r, timeout_us);
}

static void print_left(const char *name, uint64_t bytes, bool json)
{
	struct json j;
	char size[24];

	if (!json) {
		shell_printf("eject: %s: %s left\n", name,
			     format_size(bytes, false, size, sizeof(size)));
		return;
	}
	json_begin(&j);
	json_object(&j, "eject");
	json_string(&j, "target", name);
	json_number(&j, "size", bytes);
	json_object_end(&j);
	json_end(&j);
}

SHELL_COMMAND(eject, "DEVICE [-J]", "offline all of a device, and let the host take it",
	      "eject dimm0", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("eject", "J", argc, argv);
	struct refusal why = {0};
	struct target target;
	bool json = false;
	const char *name;
	int status;

	if (!shell_json_option(&a, &json))
		return SHELL_USAGE;
	if (a.noperands != 1)
		return shell_usage("eject", "one DEVICE is needed");
	name = a.operands[0];
	if (strncmp(name, "dimm", 4) != 0)
		return shell_error("eject", ENODEV, "%.32s: no such device", name);
	status = target_parse("eject", name, true, &target);
	if (status != SHELL_OK)
		return status;
	if (memory_device_eject(name, &why) != 0)
		return shell_refused("eject", &why);
	print_left(name, target.range.npages * PAGE_SIZE, json);
	return SHELL_OK;
}
