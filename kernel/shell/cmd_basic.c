/*
 * kernel/shell/cmd_basic.c - commands of the shell itself, and how a session ends.
 */
#include "arch/cpu.h"
#include "drivers/acpi/acpi.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/shell/console.h"
#include "kernel/shell/shell_priv.h"
#include "kernel/thread.h"

SHELL_COMMAND(echo, "[-n] [WORD...]", "print words", "echo status $?", SHELL_PANIC)
{
	int first = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;

	for (int i = first; i < argc; i++) {
		if (i > first)
			shell_write(" ", 1);
		shell_write(argv[i], strlen(argv[i]));
	}
	if (first == 1)
		shell_write("\n", 1);
	return SHELL_OK;
}

static void history_json(void)
{
	const char *line;
	struct json j;

	json_begin(&j);
	json_array(&j, "history");
	for (unsigned i = 0; (line = history_at(&shell_history, i)) != NULL; i++) {
		json_object(&j, NULL);
		json_number(&j, "number", shell_history.first + i);
		json_string(&j, "line", line);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

static void print_history(void)
{
	const char *line;

	for (unsigned i = 0; (line = history_at(&shell_history, i)) != NULL; i++) {
		shell_printf("%5u  ", shell_history.first + i);
		shell_write(line, strlen(line));
		shell_write("\n", 1);
	}
}

SHELL_COMMAND(history, "[-J]", "the lines entered so far", "history | grep online", SHELL_PANIC)
{
	bool json;
	int status = shell_only_json("history", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json)
		history_json();
	else
		print_history();
	return SHELL_OK;
}

/* --- set --- */

static bool set_color(const char *value)
{
	bool on = strcmp(value, "on") == 0;

	if (!on && strcmp(value, "off") != 0)
		return false;
	shell_set_color(on);
	return true;
}

static bool set_columns(const char *value)
{
	uint64_t columns;

	if (parse_number(value, &columns) != 0 || columns < 20 || columns > 1000)
		return false;
	console_set_columns((unsigned)columns);
	return true;
}

static bool set_rows(const char *value)
{
	uint64_t rows;

	if (parse_number(value, &rows) != 0 || rows < 2 || rows > 1000)
		return false;
	console_set_rows((unsigned)rows);
	return true;
}

static bool set_loglevel(const char *value)
{
	uint64_t level;

	if (parse_number(value, &level) != 0 || level > LOG_DEBUG)
		return false;
	log_set_console_level((int)level);
	return true;
}

static const struct setting {
	const char *name, *values;
	bool (*set)(const char *value);
} settings[] = {
	{"color", "on|off", set_color},
	{"columns", "20..1000", set_columns},
	{"loglevel", "0..7", set_loglevel},
	{"rows", "2..1000", set_rows},
};

static int show_settings(void)
{
	shell_printf("color %s\n", shell_color_is_on() ? "on" : "off");
	shell_printf("columns %u\n", shell_columns());
	shell_printf("loglevel %d\n", log_console_level());
	shell_printf("rows %u\n", console_rows());
	return SHELL_OK;
}

static int settings_json(void)
{
	struct json j;

	json_begin(&j);
	json_object(&j, "settings");
	json_bool(&j, "color", shell_color_is_on());
	json_number(&j, "columns", shell_columns());
	json_number(&j, "loglevel", (uint64_t)log_console_level());
	json_number(&j, "rows", console_rows());
	json_object_end(&j);
	json_end(&j);
	return SHELL_OK;
}

SHELL_COMMAND(set, "[color on|off] [columns N] [loglevel N] [rows N] [-J]",
	      "show or change settings", "set color on", SHELL_PANIC)
{
	if (argc == 1)
		return show_settings();
	if (argc == 2 && strcmp(argv[1], "-J") == 0)
		return settings_json();
	if (argc != 3)
		return shell_usage("set", "a name and a value are needed");
	for (unsigned i = 0; i < ARRAY_SIZE(settings); i++) {
		if (strcmp(argv[1], settings[i].name) != 0)
			continue;
		if (settings[i].set(argv[2]))
			return SHELL_OK;
		return shell_usage("set", "%s can be %s, not %s", argv[1], settings[i].values,
				   argv[2]);
	}
	return shell_usage("set", "no such setting: %s", argv[1]);
}

/* --- time and repetition --- */

SHELL_COMMAND(sleep, "SECONDS", "wait", "sleep 0.5", SHELL_NORMAL)
{
	uint64_t us;

	if (argc != 2 || parse_seconds(argv[1], &us) != 0)
		return shell_usage("sleep", "a number of seconds is needed");
	if (thread_sleep_us(us) != 0)
		return shell_error("sleep", EINTR, "interrupted");
	return SHELL_OK;
}

SHELL_COMMAND(time, "COMMAND...", "how long a command takes", "time online dimm0", SHELL_NORMAL)
{
	uint64_t cycles, us;
	int status;

	if (argc < 2)
		return shell_usage("time", "a command is needed");
	us = clock_us();
	cycles = cpu_cycles();
	status = argc == 2 ? shell_run_line(argv[1]) : shell_run_words(argc - 1, argv + 1);
	cycles = cpu_cycles() - cycles;
	us = clock_us() - us;
	shell_printf("time: %lu ticks %lu us\n", cycles, us);
	return status;
}

SHELL_COMMAND(repeat, "N COMMAND...", "run a command N times, or until it fails",
	      "repeat 10 \"online dimm0; offline dimm0\"", SHELL_NORMAL)
{
	uint64_t n;
	int status = SHELL_OK;

	if (argc < 3 || parse_number(argv[1], &n) != 0)
		return shell_usage("repeat", "a number and a command are needed");
	for (uint64_t i = 0; i < n && status == SHELL_OK; i++) {
		if (thread_interrupted())
			return shell_error("repeat", EINTR, "interrupted after %lu of %lu", i, n);
		status = argc == 3 ? shell_run_line(argv[2]) : shell_run_words(argc - 2, argv + 2);
	}
	return status;
}

/* --- the log --- */

/* As util-linux's dmesg has it, the time in microseconds. */
static int log_json(void)
{
	static struct log_line line;
	uint64_t seq = 0;
	struct json j;

	json_begin(&j);
	json_array(&j, "dmesg");
	while (!thread_interrupted() && log_read(&seq, &line)) {
		json_object(&j, NULL);
		json_number(&j, "seq", line.seq);
		json_number(&j, "pri", line.level);
		json_number(&j, "time_us", line.time_us);
		json_string(&j, "msg", line.text);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
	return SHELL_OK;
}

SHELL_COMMAND(dmesg, "[-J]", "the kernel's log", "dmesg | grep acpi", SHELL_PANIC)
{
	static struct log_line line;
	uint64_t seq = 0;
	bool json;
	int status = shell_only_json("dmesg", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json)
		return log_json();
	while (!thread_interrupted() && log_read(&seq, &line))
		shell_printf("[%5lu.%06lu] %s\n", line.time_us / 1000000, line.time_us % 1000000,
			     line.text);
	return SHELL_OK;
}

/* --- the end --- */

SHELL_COMMAND(poweroff, "", "switch the machine off (ACPI S5)", "poweroff", SHELL_NORMAL)
{
	int err;

	if (argc > 1)
		return shell_usage("poweroff", "no such operand: %s", argv[1]);
	err = acpi_poweroff();
	return shell_error("poweroff", err, "the firmware did not switch the machine off");
}

SHELL_COMMAND(reboot, "", "start the machine again", "reboot", SHELL_PANIC)
{
	if (argc > 1)
		return shell_usage("reboot", "no such operand: %s", argv[1]);
	if (panic_in_progress())
		cpu_triple_fault(); /* ACPI may have been what panicked */
	acpi_reboot();
}

SHELL_COMMAND(panic, "[WORD...]", "stop the kernel with a report", "panic", SHELL_NORMAL)
{
	char words[128] = "";
	size_t len = 0;

	for (int i = 1; i < argc && len < sizeof(words); i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s%s",
					i > 1 ? " " : ": ", argv[i]);
	panic("asked for by the shell%s", words);
}
