/*
 * kernel/shell/cmd_help.c - help: all commands by subject, or one with usage and example.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/shell/shell_priv.h"

/* Names in front and behind with a blank, so that one strstr() finds a whole name. */
static const struct subject {
	const char *title, *names;
} subjects[] = {
	{"Memory devices and blocks",
	 " lsmem lsdimm online offline why eject policy zones chmem events "},
	{"Looking at memory",
	 " free meminfo numa map top buddyinfo zoneinfo slabinfo iomem vmemmap pte page reserves "},
	{"Looking at the machine", " acpi srat slit madt cpus threads irqs locks dmesg "},
	{"Using and testing memory", " hog stress provoke check selftest bench fault "},
	{"The shell", " help echo history set sleep time repeat taskset panic reboot poweroff "},
};

static bool name_in(const char *names, const char *name)
{
	size_t len = strlen(name);
	const char *at = names;

	while ((at = strstr(at, name)) != NULL) {
		if (at[-1] == ' ' && at[len] == ' ')
			return true;
		at += len;
	}
	return false;
}

static unsigned subject_of(const struct shell_command *c)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(subjects); i++)
		if (name_in(subjects[i].names, c->name))
			break;
	return i;
}

static const char *subject_title(const struct shell_command *c)
{
	unsigned subject = subject_of(c);

	return subject < ARRAY_SIZE(subjects) ? subjects[subject].title : "More";
}

static bool usable(const struct shell_command *c)
{
	return !panic_in_progress() || (c->flags & SHELL_PANIC);
}

/* The command of the subject whose name comes next after `last` in the alphabet. */
static const struct shell_command *next_of(unsigned subject, const char *last)
{
	const struct shell_command *c, *best = NULL;

	for (unsigned i = 0; (c = shell_command_at(i)) != NULL; i++) {
		if (!usable(c) || subject_of(c) != subject || strcmp(c->name, last) <= 0)
			continue;
		if (best == NULL || strcmp(c->name, best->name) < 0)
			best = c;
	}
	return best;
}

static void help_subject(unsigned subject)
{
	const struct shell_command *c = next_of(subject, "");

	if (c == NULL)
		return;
	shell_printf("%s%s%s\n", shell_color(COLOR_BLUE), subject_title(c),
		     shell_color(COLOR_NONE));
	for (; c != NULL; c = next_of(subject, c->name))
		shell_printf("  %-10s %s\n", c->name, c->help);
}

static int help_json(const char *only)
{
	const struct shell_command *c;
	struct json j;

	if (only != NULL && shell_command_by_name(only) == NULL)
		return shell_error("help", ENOENT, "%s: unknown command", only);
	json_begin(&j);
	json_array(&j, "commands");
	for (unsigned i = 0; (c = shell_command_at(i)) != NULL; i++) {
		if (!usable(c) || (only != NULL && strcmp(only, c->name) != 0))
			continue;
		json_object(&j, NULL);
		json_string(&j, "name", c->name);
		json_string(&j, "usage", c->args);
		json_string(&j, "help", c->help);
		json_string(&j, "example", c->example);
		json_string(&j, "subject", subject_title(c));
		json_bool(&j, "after_panic", (c->flags & SHELL_PANIC) != 0);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
	return SHELL_OK;
}

/* One form a line, where there are several; they are separated by " | ", outside of []. */
static void print_usage(const struct shell_command *c)
{
	const char *form = c->args, *end;
	bool several = false;

	for (;;) {
		end = usage_form_end(form);
		shell_printf("%s%s%.*s", c->name, end != form ? " " : "", (int)(end - form), form);
		if (*end == '\0')
			break;
		several = true;
		shell_printf("\n");
		form = end + 3;
	}
	shell_printf("%s%s\n", several ? "\n" : ": ", c->help);
}

static int help_one(const char *name)
{
	const struct shell_command *c = shell_command_by_name(name);

	if (c == NULL)
		return shell_error("help", ENOENT, "%s: unknown command", name);
	print_usage(c);
	if (c->example != NULL && c->example[0] != '\0')
		shell_printf("for example: %s\n", c->example);
	if (strstr(c->args, "TARGET") != NULL)
		shell_printf("TARGET is memoryN, memoryN-M, dimmN, BASE-END or all\n");
	return SHELL_OK;
}

SHELL_COMMAND(help, "[COMMAND] [-J]", "what there is, and how it is used", "help offline",
	      SHELL_PANIC)
{
	struct shell_args a = SHELL_ARGS("help", "J", argc, argv);
	bool json = false;

	if (!shell_json_option(&a, &json))
		return SHELL_USAGE;
	if (a.noperands > 1)
		return shell_usage("help", "no such operand: %s", a.operands[1]);
	if (json)
		return help_json(a.noperands == 1 ? a.operands[0] : NULL);
	if (a.noperands == 1)
		return help_one(a.operands[0]);
	for (unsigned i = 0; i <= ARRAY_SIZE(subjects); i++)
		help_subject(i);
	shell_printf("help COMMAND says more; Tab completes; Ctrl-C stops a command; "
		     "| grep WORD filters, | more pages.\n");
	return SHELL_OK;
}
