/*
 * kernel/shell/shell_priv.h - what the shell's own files share.
 *
 *	shell.c		the thread: prompt, script, panic shell
 *	run.c		running lines; the table of commands
 *	output.c	where shell_printf() goes: lines, filters, colour
 *	complete.c	Tab
 *	target.c	what TARGET means
 */
#ifndef KERNEL_SHELL_SHELL_PRIV_H
#define KERNEL_SHELL_SHELL_PRIV_H

#include "kernel/shell/history.h"
#include "kernel/shell/parse.h"
#include "kernel/shell/shell.h"

/* Commands, in the linker's order; NULL past the end. */
const struct shell_command *shell_command_at(unsigned index);
const struct shell_command *shell_command_by_name(const char *name);
/* The command whose name is nearest to a mistyped one, or NULL. */
const struct shell_command *shell_command_like(const char *name);

extern struct history shell_history;

/*
 * Output goes through the filters of *p until output_end(), which says whether a line passed.
 * Pipelines nest (repeat 2 "... | grep x"): then it goes through those around it as well.
 */
struct output_level {
	const struct pipeline *p;
	uint64_t lines; /* that passed */
	bool pages;	/* it began the pager */
	struct output_level *outer;
};
void output_begin(const struct pipeline *p, struct output_level *level);
bool output_end(struct output_level *level);
/* Catches all output, errors included, in a string, past any filter (self tests). */
struct output_capture {
	char *text;
	size_t size, len;
	struct output_level *filters; /* that it goes past */
	struct output_capture *around;
};
void output_capture_begin(struct output_capture *c, char *text, size_t size);
void output_capture_end(struct output_capture *c);
/* Drops filters and unfinished lines: the command they belong to will not come back. */
void output_reset(void);
void shell_set_color(bool on);
bool shell_color_is_on(void);

/* After a panic, possibly in the middle of lines within lines. */
void shell_forget_running(void);

/* The end of the form that begins at `args`: forms of a usage line are separated by " | ". */
const char *usage_form_end(const char *args);
/* Completes the word before `cursor`; `list`: shows what is possible. */
void complete_line(const char *line, size_t cursor, bool list);

#endif
