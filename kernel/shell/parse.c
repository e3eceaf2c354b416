/*
 * kernel/shell/parse.c - cutting a line into words and pipelines.
 *
 * Pure: owns nothing but the struct pipeline it fills.  What it writes is never longer than
 * what it reads ($? becomes one digit or two), so one buffer of the line's size holds all words.
 */
#include "kernel/shell/parse.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

struct reader {
	const char *at;
	char *out;
	int status; /* 0 to 99 */
	const char *error;
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct reader *r)
{
	while (blank(*r->at))
		r->at++;
	if (*r->at == '#')
		r->at += strlen(r->at);
}

static int fail(struct reader *r, const char *error)
{
	r->error = error;
	return -EINVAL;
}

static bool read_status(struct reader *r)
{
	if (r->at[0] != '$' || r->at[1] != '?')
		return false;
	if (r->status >= 10)
		*r->out++ = (char)('0' + r->status / 10);
	*r->out++ = (char)('0' + r->status % 10);
	r->at += 2;
	return true;
}

static int read_single_quoted(struct reader *r)
{
	for (r->at++; *r->at != '\''; r->at++) {
		if (*r->at == '\0')
			return fail(r, "' has no end");
		*r->out++ = *r->at;
	}
	r->at++;
	return 0;
}

static int read_double_quoted(struct reader *r)
{
	r->at++;
	while (*r->at != '"') {
		if (*r->at == '\0')
			return fail(r, "\" has no end");
		if (read_status(r))
			continue;
		if (*r->at == '\\' && r->at[1] != '\0' && strchr("\"\\$", r->at[1]) != NULL)
			r->at++;
		*r->out++ = *r->at++;
	}
	r->at++;
	return 0;
}

static int read_plain(struct reader *r)
{
	if (read_status(r))
		return 0;
	if (*r->at == '\\') {
		r->at++;
		if (*r->at == '\0')
			return fail(r, "\\ with nothing behind it");
	}
	*r->out++ = *r->at++;
	return 0;
}

/* Reads the word at r->at to r->out, with its NUL. */
static int read_word(struct reader *r)
{
	int err = 0;

	while (*r->at != '\0' && !blank(*r->at) && *r->at != ';' && *r->at != '|' && err == 0) {
		if (*r->at == '\'')
			err = read_single_quoted(r);
		else if (*r->at == '"')
			err = read_double_quoted(r);
		else
			err = read_plain(r);
	}
	*r->out++ = '\0';
	return err;
}

/* Reads words up to "|", ";" or the end into argv[0..max); returns how many. */
static int read_words(struct reader *r, char **argv, int max)
{
	int n = 0, err;

	for (skip_blanks(r); *r->at != '\0' && *r->at != ';' && *r->at != '|'; skip_blanks(r)) {
		if (n == max) {
			r->error = "too many words";
			return -E2BIG;
		}
		argv[n++] = r->out;
		err = read_word(r);
		if (err < 0)
			return err;
	}
	return n;
}

static int filter_options(struct reader *r, struct filter *f, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		if (*letters == 'v')
			f->invert = true;
		else if (*letters == 'i')
			f->ignore_case = true;
		else if (*letters == 'c')
			f->count = true;
		else
			return fail(r, "grep knows -v, -i and -c");
	}
	return 0;
}

static int read_filter(struct reader *r, struct pipeline *p)
{
	char *argv[6];
	int n = read_words(r, argv, ARRAY_SIZE(argv)), i, err;
	struct filter *f = &p->filters[p->nfilters];

	if (n < 0)
		return n;
	if (p->more)
		return fail(r, "nothing can stand behind | more");
	/* read_words() filled argv[0] to argv[n - 1], which the analyzer does not see. */
	/* NOLINTNEXTLINE(clang-analyzer-core.*) */
	if (n == 1 && strcmp(argv[0], "more") == 0) {
		p->more = true;
		return 0;
	}
	if (n == 0 || strcmp(argv[0], "grep") != 0) /* NOLINT(clang-analyzer-core.*) */
		return fail(r, "only grep and more can stand behind |");
	if (p->nfilters == PIPE_FILTERS_MAX)
		return fail(r, "too many filters");
	*f = (struct filter){0};
	/* NOLINTNEXTLINE(clang-analyzer-core.*) */
	for (i = 1; i < n && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		err = filter_options(r, f, argv[i] + 1);
		if (err)
			return err;
	}
	if (i != n - 1)
		return fail(r, "usage: grep [-v] [-i] [-c] WORD");
	f->word = argv[i]; /* NOLINT(clang-analyzer-core.*) */
	p->nfilters++;
	return 0;
}

static int read_pipeline(struct reader *r, struct pipeline *p)
{
	int err;

	p->nfilters = 0;
	p->more = false;
	p->argc = read_words(r, p->argv, PIPE_WORDS_MAX);
	if (p->argc < 0)
		return p->argc;
	p->argv[p->argc] = NULL;
	if (p->argc == 0 && *r->at == '|')
		return fail(r, "| with nothing in front of it");
	while (*r->at == '|') {
		r->at++;
		err = read_filter(r, p);
		if (err)
			return err;
	}
	return 0;
}

/* Over the rest of a pipeline with a mistake in it; what a quote hides stays hidden. */
static void skip_pipeline(struct reader *r)
{
	for (skip_blanks(r); *r->at != '\0' && *r->at != ';'; skip_blanks(r)) {
		if (*r->at == '|')
			r->at++;
		else if (read_word(r) != 0)
			r->at += strlen(r->at);
	}
}

int parse_pipeline(const char **cursor, int status, struct pipeline *p, const char **error)
{
	struct reader r = {.at = *cursor, .out = p->text, .status = status};
	int err;

	if (strlen(*cursor) > SHELL_LINE_MAX) {
		*error = "line too long";
		*cursor += strlen(*cursor);
		return -E2BIG;
	}
	do {
		while (*r.at == ';')
			r.at++;
		r.out = p->text;
		err = read_pipeline(&r, p);
		if (err) {
			*error = r.error;
			r.out = p->text;
			skip_pipeline(&r);
			*cursor = r.at;
			return err;
		}
	} while (p->argc == 0 && *r.at != '\0');
	if (*r.at == ';')
		r.at++;
	*cursor = r.at;
	return p->argc != 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool begins_ignoring_case(const char *s, const char *word)
{
	while (*word != '\0' && lower(*s) == lower(*word)) {
		s++;
		word++;
	}
	return *word == '\0';
}

static bool contains(const struct filter *f, const char *line)
{
	if (!f->ignore_case)
		return strstr(line, f->word) != NULL;
	for (;; line++) {
		if (begins_ignoring_case(line, f->word))
			return true;
		if (*line == '\0')
			return false;
	}
}

bool filter_match(const struct filter *f, const char *line)
{
	return contains(f, line) != f->invert;
}
