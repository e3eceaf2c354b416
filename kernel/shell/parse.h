/*
 * kernel/shell/parse.h - a typed line, cut into pipelines of words.
 *
 *	line     = [pipeline] { ";" [pipeline] } [ "#" comment ]
 *	pipeline = word { word } { "|" "grep" [-v] [-i] [-c] word } [ "|" "more" ]
 *
 * Words are separated by blanks; "..." and '...' and \ quote as in sh, and $? outside of
 * '...' is the status of the last command.  Nothing else is special.
 */
#ifndef KERNEL_SHELL_PARSE_H
#define KERNEL_SHELL_PARSE_H

#include "kernel/lib/types.h"

#define SHELL_LINE_MAX	 4096 /* bytes of a line, its NUL not counted */
#define PIPE_WORDS_MAX	 64
#define PIPE_FILTERS_MAX 4

struct filter {
	const char *word;
	bool invert, ignore_case, count;
};

struct pipeline {
	int argc;
	char *argv[PIPE_WORDS_MAX + 1];
	unsigned nfilters;
	struct filter filters[PIPE_FILTERS_MAX];
	bool more;		       /* page by page */
	char text[SHELL_LINE_MAX + 2]; /* the words, each with its NUL */
};

/*
 * Cuts the next pipeline off *cursor, which moves behind it (and behind its ";").
 *
 * => returns 1: *p is filled; 0: the line is at its end; a negative errno with *error saying
 *    what is wrong (-EINVAL, -E2BIG), *cursor behind the whole pipeline all the same
 * => nothing is looked up or run
 */
int parse_pipeline(const char **cursor, int status, struct pipeline *p, const char **error);

/* Whether a line passes the filter (its `invert` and `ignore_case` included). */
bool filter_match(const struct filter *f, const char *line);

#endif
