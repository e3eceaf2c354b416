/*
 * kernel/shell/run.c - running what was typed.
 *
 * The table of commands is a linker section (SHELL_COMMAND).  A line runs pipeline by
 * pipeline.  Owns the last status.  No lock: lines are run by one thread at a time.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/shell/shell_priv.h"
#include "kernel/thread.h"

#define NESTING_MAX 3 /* lines within lines: repeat 2 "time ..." */

extern const struct shell_command __start_shell_commands[], __stop_shell_commands[]; /* linker.ld */

static int last_status;
static struct pipeline pipelines[NESTING_MAX]; /* too big for a stack */
static unsigned nesting;

const struct shell_command *shell_command_at(unsigned index)
{
	const struct shell_command *c = __start_shell_commands + index;

	return c < __stop_shell_commands ? c : NULL;
}

const struct shell_command *shell_command_by_name(const char *name)
{
	const struct shell_command *c;

	for (unsigned i = 0; (c = shell_command_at(i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* Edits that turn one word into the other [Levenshtein]; words longer than 15 are far away. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[17], lb = (unsigned)strlen(b);

	if (strlen(a) > 15 || lb > 15)
		return 16;
	for (unsigned j = 0; j <= lb; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1] != '\0'; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= lb; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = MIN(change, MIN(row[j], row[j - 1]) + 1);
		}
	}
	return row[lb];
}

const struct shell_command *shell_command_like(const char *name)
{
	const struct shell_command *c, *best = NULL;
	unsigned least = (unsigned)strlen(name) > 3 ? 3 : 2;

	for (unsigned i = 0; (c = shell_command_at(i)) != NULL; i++) {
		unsigned distance = edit_distance(name, c->name);

		if (distance < least) {
			least = distance;
			best = c;
		}
	}
	return best;
}

static int unknown_command(const char *name)
{
	const struct shell_command *like = shell_command_like(name);

	if (like != NULL)
		shell_error(name, ENOENT, "unknown command: did you mean %s? (help lists all)",
			    like->name);
	else
		shell_error(name, ENOENT, "unknown command: help lists all");
	return SHELL_USAGE;
}

int shell_run_words(int argc, char **argv)
{
	const struct shell_command *c = shell_command_by_name(argv[0]);

	if (c == NULL)
		return unknown_command(argv[0]);
	if (panic_in_progress() && !(c->flags & SHELL_PANIC))
		return shell_error(argv[0], EPERM, "not after a panic: help lists what is");
	return c->run(argc, argv);
}

/* The command's status; where it succeeded, grep's. */
static int run_pipeline(struct pipeline *p)
{
	struct output_level level;
	int status;

	output_begin(p, &level);
	status = shell_run_words(p->argc, p->argv);
	if (!output_end(&level) && status == SHELL_OK)
		status = SHELL_FAIL;
	return status;
}

/* A pipeline with a mistake in it does not run; those behind its ";" do. */
static void run_pipelines(const char *line, struct pipeline *p)
{
	const char *error;
	int parsed;

	while ((parsed = parse_pipeline(&line, last_status, p, &error)) != 0) {
		if (parsed > 0) {
			last_status = run_pipeline(p);
		} else {
			shell_error("shell", parsed, "syntax: %s", error);
			last_status = SHELL_USAGE;
		}
		if (thread_interrupted())
			break;
	}
}

void shell_forget_running(void)
{
	nesting = 0;
	output_reset();
}

int shell_run_line(const char *line)
{
	struct pipeline *p = &pipelines[nesting];

	if (nesting == NESTING_MAX) {
		last_status = shell_error("shell", E2BIG, "lines within lines: too deep");
		return last_status;
	}
	nesting++;
	run_pipelines(line, p);
	nesting--;
	return last_status;
}
