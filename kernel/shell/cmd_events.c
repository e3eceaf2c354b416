/*
 * kernel/shell/cmd_events.c - the history of hot-plug.  Owns nothing.
 */
#include "kernel/lib/errno.h"
#include "kernel/shell/shell.h"
#include "kernel/thread.h"
#include "mm/hotplug/events.h"

#define FOLLOW_POLL_US 50000

static struct hotplug_event event; /* the shell's thread only */

static void print_events(uint64_t *seq)
{
	while (event_read(seq, &event)) {
		shell_printf("[%5lu.%06lu] %-8s %-8s %-10s %s\n", event.time_us / 1000000,
			     event.time_us % 1000000, event_kind_name(event.kind), event.device,
			     event.err == 0 ? "ok" : errno_name(event.err), event.text);
	}
}

static int print_json(void)
{
	struct json json = {0};
	uint64_t seq = 0;

	json_begin(&json);
	json_array(&json, "events");
	while (event_read(&seq, &event)) {
		json_object(&json, NULL);
		json_number(&json, "seq", event.seq);
		json_number(&json, "time_us", event.time_us);
		json_string(&json, "kind", event_kind_name(event.kind));
		json_string(&json, "device", event.device);
		json_string(&json, "outcome", event.err == 0 ? "ok" : errno_name(event.err));
		json_number(&json, "value", event.value);
		json_number(&json, "cycles", event.cycles);
		json_string(&json, "text", event.text);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_end(&json);
	return SHELL_OK;
}

SHELL_COMMAND(events, "[-f | -J]",
	      "the history of hot-plug; -f follows it until Ctrl-C, -J adds TSC cycles",
	      "events -f", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("events", "fJ", argc, argv);
	bool follow = false, as_json = false;
	uint64_t seq = 0;
	int opt;

	while ((opt = shell_option(&a)) > 0) {
		follow |= opt == 'f';
		as_json |= opt == 'J';
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands != 0)
		return shell_usage("events", "no such operand: %s", a.operands[0]);
	if (follow && as_json)
		return shell_usage("events", "-f and -J do not go together");
	if (as_json)
		return print_json();
	print_events(&seq);
	while (follow && thread_sleep_us(FOLLOW_POLL_US) == 0)
		print_events(&seq);
	return SHELL_OK;
}
