/*
 * kernel/shell/output.c - command output: gathered into lines, filtered, coloured.
 *
 * Owns the line being gathered and the filters of the running pipeline.  Only the thread
 * that runs the command writes (the shell's, or whoever called shell_run_line()), so there is
 * no lock.  Whole lines reach the console in one piece: log lines come between them.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/console.h"
#include "kernel/shell/shell_priv.h"

/* A filter looks at this much of a line; the rest of a longer one shares its fate. */
#define GATHER_MAX 4096

static char gathered[GATHER_MAX + 1];
static size_t ngathered;
static enum { UNDECIDED, PASSING, DROPPING } line_fate; /* of a line longer than GATHER_MAX */

static const struct pipeline *filters; /* NULL: none */
static uint64_t lines_passed;
static bool color_on;

static bool counting(void)
{
	return filters->filters[filters->nfilters - 1].count;
}

/* Whether the gathered line passes all filters. */
static bool line_passes(void)
{
	if (filters == NULL)
		return true;
	gathered[ngathered] = '\0';
	for (unsigned i = 0; i < filters->nfilters; i++)
		if (!filter_match(&filters->filters[i], gathered))
			return false;
	lines_passed++;
	return !counting();
}

static void push_gathered(void)
{
	if (line_fate == UNDECIDED)
		line_fate = line_passes() ? PASSING : DROPPING;
	if (line_fate == PASSING)
		console_write(gathered, ngathered);
	ngathered = 0;
}

/* The filters must not see the newline, the console must. */
static void end_line(void)
{
	if (line_fate == UNDECIDED)
		line_fate = line_passes() ? PASSING : DROPPING;
	if (line_fate == PASSING) {
		gathered[ngathered++] = '\n';
		console_write(gathered, ngathered);
	}
	ngathered = 0;
	line_fate = UNDECIDED;
}

void shell_write(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			end_line();
			continue;
		}
		if (ngathered == GATHER_MAX)
			push_gathered();
		gathered[ngathered++] = text[i];
	}
}

void shell_flush(void)
{
	if (ngathered != 0 && filters == NULL) {
		console_write(gathered, ngathered);
		ngathered = 0;
	}
}

void shell_printf(const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len > 0)
		shell_write(text, MIN((size_t)len, sizeof(text) - 1));
}

void output_begin(const struct pipeline *p, struct output_state *outer)
{
	*outer = (struct output_state){filters, lines_passed};
	if (p->nfilters == 0)
		return; /* what is around it, if anything, goes on */
	shell_flush();
	filters = p;
	lines_passed = 0;
}

bool output_end(const struct pipeline *p, const struct output_state *outer)
{
	bool count = p->nfilters != 0 && counting(), passed;
	uint64_t lines;

	if (p->nfilters == 0) {
		shell_flush();
		return true;
	}
	if (ngathered != 0 || line_fate != UNDECIDED)
		end_line();
	lines = lines_passed;
	passed = lines != 0;
	filters = outer->filters;
	lines_passed = outer->lines_passed;
	if (count)
		shell_printf("%llu\n", (unsigned long long)lines);
	return passed;
}

void output_reset(void)
{
	ngathered = 0;
	line_fate = UNDECIDED;
	filters = NULL;
}

/* Errors are for the user: past the filters, on a line of their own. */
static void put_error(const char *text)
{
	const struct pipeline *p = filters;

	if (ngathered != 0 || line_fate != UNDECIDED)
		end_line();
	filters = NULL;
	shell_printf("%serror: %s%s\n", shell_color(COLOR_RED), text, shell_color(COLOR_NONE));
	filters = p;
}

int shell_refused(const char *command, const struct refusal *why)
{
	char text[REFUSAL_TEXT + 96], line[REFUSAL_TEXT + 128];

	snprintf(line, sizeof(line), "%s: %s", command, refusal_format(why, text, sizeof(text)));
	put_error(line);
	return SHELL_FAIL;
}

int shell_error(const char *command, int err, const char *fmt, ...)
{
	char text[256], line[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%.40s: %s [%s]", command, text, errno_name(err));
	put_error(line);
	return SHELL_FAIL;
}

int shell_usage(const char *command, const char *fmt, ...)
{
	const struct shell_command *c = shell_command_by_name(command);
	char text[256], line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%s: %s: usage: %s%s%s [EINVAL]", command, text, command,
		 c != NULL && c->args[0] != '\0' ? " " : "", c != NULL ? c->args : "");
	put_error(line);
	return SHELL_USAGE;
}

const char *shell_color(enum shell_color color)
{
	static const char *const sequences[] = {
		[COLOR_NONE] = "\x1b[0m",    [COLOR_RED] = "\x1b[31m",	[COLOR_GREEN] = "\x1b[32m",
		[COLOR_YELLOW] = "\x1b[33m", [COLOR_BLUE] = "\x1b[34m", [COLOR_DIM] = "\x1b[2m",
	};

	return color_on ? sequences[color] : "";
}

void shell_set_color(bool on)
{
	color_on = on;
}

bool shell_color_is_on(void)
{
	return color_on;
}

unsigned shell_columns(void)
{
	return console_columns();
}
