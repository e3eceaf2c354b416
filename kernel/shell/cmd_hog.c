/*
 * kernel/shell/cmd_hog.c - the hog command.  Owns nothing.
 */
#include "kernel/hog.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/smp.h"
#include "mm/node.h"

/* One `name=value` or a bare word of `hog start`; 0 or -EINVAL. */
static int start_option(struct hog_request *request, const char *word)
{
	uint64_t value;

	if (strcmp(word, "movable") == 0 || strcmp(word, "kernel") == 0) {
		request->movable = word[0] == 'm';
		return 0;
	}
	if (strcmp(word, "wait") == 0) {
		request->wait = true;
		return 0;
	}
	if (strcmp(word, "slabs") == 0) {
		request->slabs = true;
		return 0;
	}
	if (strncmp(word, "stride=", 7) == 0)
		return parse_size(word + 7, &request->stride);
	if (strncmp(word, "seed=", 5) == 0)
		return parse_number(word + 5, &request->seed);
	if (strncmp(word, "node=", 5) == 0) {
		if (parse_number(word + 5, &value) != 0 || value >= MAX_NODES)
			return -EINVAL;
		request->node = (int)value;
		return 0;
	}
	if (strncmp(word, "order=", 6) == 0) {
		if (parse_number(word + 6, &value) != 0 || value > MAX_ORDER)
			return -EINVAL;
		request->order = (unsigned)value;
		return 0;
	}
	return -EINVAL;
}

static int hog_start_command(int argc, char **argv)
{
	struct hog_request request = {.node = NODE_ANY, .seed = 1};
	struct refusal why = {0};

	if (argc < 4)
		return shell_usage("hog", "start wants a name and a size");
	request.name = argv[2];
	if (strcmp(argv[3], "max") != 0 &&
	    (parse_size(argv[3], &request.size) != 0 || request.size == 0))
		return shell_usage("hog", "'%s' is not a size", argv[3]);
	for (int i = 4; i < argc; i++)
		if (start_option(&request, argv[i]) != 0)
			return shell_usage("hog", "'%s' is not an option of start", argv[i]);
	return hog_start(&request, &why) == 0 ? SHELL_OK : shell_refused("hog", &why);
}

static int pin_option(struct hog_pin_request *request, const char *word)
{
	if (strcmp(word, "long") == 0) {
		request->kind = PIN_LONG;
		return 0;
	}
	if (strncmp(word, "offset=", 7) == 0)
		return parse_size(word + 7, &request->offset);
	if (strncmp(word, "size=", 5) == 0)
		return parse_size(word + 5, &request->size);
	return parse_seconds(word, &request->for_us) == 0 && request->for_us != 0 ? 0 : -EINVAL;
}

static int hog_pin_command(int argc, char **argv)
{
	struct hog_pin_request request = {.kind = PIN_SHORT};
	struct refusal why = {0};

	if (argc < 3)
		return shell_usage("hog", "pin wants a name");
	for (int i = 3; i < argc; i++)
		if (pin_option(&request, argv[i]) != 0)
			return shell_usage("hog", "'%s' is not an option of pin", argv[i]);
	if (request.kind == PIN_LONG && request.for_us != 0)
		return shell_usage("hog", "a long pin has no end that is known");
	if (hog_pin(argv[2], &request, &why) != 0)
		return shell_refused("hog", &why);
	shell_printf("hog: %s: %lu pages pinned, %s, the first at pfn 0x%lx", argv[2],
		     request.pages, request.kind == PIN_LONG ? "long" : "short", request.pfn);
	if (request.moved != 0)
		shell_printf("; %lu chunks left ZONE_MOVABLE for that", request.moved);
	shell_printf("\n");
	return SHELL_OK;
}

static int hog_churn_command(int argc, char **argv)
{
	struct refusal why = {0};
	uint64_t cpu;
	int err;

	if (argc < 3)
		return shell_usage("hog", "churn wants a name");
	if (argc == 3)
		err = hog_churn(argv[2], &why);
	else if (argc > 4 || strncmp(argv[3], "cpu=", 4) != 0 ||
		 parse_number(argv[3] + 4, &cpu) != 0)
		return shell_usage("hog", "'%s' is not an option of churn", argv[argc - 1]);
	else
		err = hog_churn_on(argv[2], (unsigned)MIN(cpu, (uint64_t)MAX_CPUS), &why);
	return err == 0 ? SHELL_OK : shell_refused("hog", &why);
}

static int hog_list_command(bool as_json)
{
	struct hog_info info;
	struct json json = {0};
	char size[16];

	if (as_json) {
		json_begin(&json);
		json_array(&json, "hogs");
	} else {
		shell_printf(
			"NAME             SIZE    KIND    ORDER MAPPED ROUNDS   MOVES PINNED\n");
	}
	for (unsigned i = 0; hog_info(i, &info); i++) {
		if (!as_json) {
			shell_printf("%-16s %-7s %-7s %5u %6u %6lu %7lu %-6s%s\n", info.name,
				     format_size(info.bytes, false, size, sizeof(size)),
				     info.movable ? "movable" : "kernel", info.order, info.mappings,
				     info.rounds, info.moves, info.pinned,
				     info.waiting    ? " waiting for memory"
				     : info.churning ? " churning"
						     : "");
			continue;
		}
		json_object(&json, NULL);
		json_string(&json, "name", info.name);
		json_number(&json, "size", info.bytes);
		json_string(&json, "kind", info.movable ? "movable" : "kernel");
		json_number(&json, "order", info.order);
		json_number(&json, "mappings", info.mappings);
		json_number(&json, "rounds", info.rounds);
		json_number(&json, "moves", info.moves);
		json_bool(&json, "churning", info.churning);
		json_bool(&json, "waiting", info.waiting);
		json_string(&json, "pinned", info.pinned);
		json_number(&json, "pinned_pages", info.pinned_pages);
		json_object_end(&json);
	}
	if (as_json) {
		json_array_end(&json);
		json_end(&json);
	}
	return SHELL_OK;
}

SHELL_COMMAND(hog,
	      "start NAME SIZE|max [movable|kernel] [node=N] [order=N] [seed=N] [stride=SIZE] "
	      "[wait] [slabs] | "
	      "verify HOG | churn HOG [cpu=N] | share HOG | "
	      "pin HOG [long|SECONDS] [offset=SIZE] [size=SIZE] | unpin HOG | "
	      "list [-J] | stop HOG",
	      "hold memory, filled with a pattern", "hog start big 800M movable node=1",
	      SHELL_NORMAL)
{
	static const struct {
		const char *verb;
		int (*run)(const char *name, struct refusal *why);
	} verbs[] = {{"verify", hog_verify},
		     {"share", hog_share},
		     {"unpin", hog_unpin},
		     {"stop", hog_stop}};
	struct refusal why = {0};

	if (argc < 2)
		return shell_usage("hog", "what shall it do?");
	if (strcmp(argv[1], "start") == 0)
		return hog_start_command(argc, argv);
	if (strcmp(argv[1], "pin") == 0)
		return hog_pin_command(argc, argv);
	if (strcmp(argv[1], "churn") == 0)
		return hog_churn_command(argc, argv);
	if (strcmp(argv[1], "list") == 0 &&
	    (argc == 2 || (argc == 3 && strcmp(argv[2], "-J") == 0)))
		return hog_list_command(argc == 3);
	for (unsigned i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(argv[1], verbs[i].verb) != 0)
			continue;
		if (argc != 3)
			return shell_usage("hog", "%s wants one name", argv[1]);
		return verbs[i].run(argv[2], &why) == 0 ? SHELL_OK : shell_refused("hog", &why);
	}
	return shell_usage("hog", "'%s' is not something it does", argv[1]);
}
