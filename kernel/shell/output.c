/*
 * kernel/shell/output.c - command output: gathered into lines, filtered, coloured.
 *
 * Owns the line being gathered and the filters of the running pipeline.  Only the thread
 * that runs the command writes (the shell's, or whoever called shell_run_line()), so there is
 * no lock.  Lines of the log come between whole lines of it.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/shell/console.h"
#include "kernel/shell/pager.h"
#include "kernel/shell/shell_priv.h"
#include "kernel/thread.h"

/* A filter looks at this much of a line; the rest of a longer one shares its fate. */
#define GATHER_MAX 4096

#define AFTER_STOP_MAX 1024

static char gathered[GATHER_MAX + 1];
static size_t ngathered;
static enum { UNDECIDED, PASSING, DROPPING } line_fate; /* of a line longer than GATHER_MAX */

static struct output_level *innermost; /* NULL: no filter */
static bool color_on;
static struct output_capture *capture; /* NULL: to the console */
static bool printing_error;
static size_t after_stop; /* bytes printed since Ctrl-C */

/*
 * After Ctrl-C a command may still say how it ended; a long dump is cut off.  (An error always
 * comes through: it says what the state of things is.)
 */
static bool cut_off(size_t len)
{
	if (!thread_interrupted()) {
		after_stop = 0;
		return false;
	}
	if (printing_error)
		return false;
	after_stop += len;
	return after_stop > AFTER_STOP_MAX;
}

/* Where lines that passed go. */
static void push(const char *text, size_t len)
{
	size_t room;

	if (capture == NULL) {
		if (cut_off(len))
			return;
		if (pager_is_on())
			pager_write(text, len, printing_error);
		else
			console_write(text, len);
		return;
	}
	room = capture->size - 1 - capture->len;
	memcpy(capture->text + capture->len, text, MIN(len, room));
	capture->len += MIN(len, room);
	capture->text[capture->len] = '\0';
}

static bool counting(const struct output_level *level)
{
	return level->p->filters[level->p->nfilters - 1].count;
}

/* Whether the gathered line passes all filters of all pipelines around it. */
static bool line_passes(void)
{
	gathered[ngathered] = '\0';
	for (struct output_level *level = innermost; level != NULL; level = level->outer) {
		for (unsigned i = 0; i < level->p->nfilters; i++)
			if (!filter_match(&level->p->filters[i], gathered))
				return false;
		level->lines++;
		if (counting(level))
			return false;
	}
	return true;
}

static void push_gathered(void)
{
	if (line_fate == UNDECIDED)
		line_fate = line_passes() ? PASSING : DROPPING;
	if (line_fate == PASSING)
		push(gathered, ngathered);
	ngathered = 0;
}

/* The filters must not see the newline, the console must. */
static void end_line(void)
{
	if (line_fate == UNDECIDED)
		line_fate = line_passes() ? PASSING : DROPPING;
	if (line_fate == PASSING) {
		gathered[ngathered++] = '\n';
		push(gathered, ngathered);
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
	if (ngathered != 0 && innermost == NULL) {
		push(gathered, ngathered);
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

void output_begin(const struct pipeline *p, struct output_level *level)
{
	*level = (struct output_level){.p = p, .outer = innermost};
	if (p->more && !pager_is_on() && !panic_in_progress() && capture == NULL) {
		shell_flush();
		level->pages = true;
		pager_begin();
	}
	if (p->nfilters != 0) {
		shell_flush();
		innermost = level;
	}
}

static bool filters_end(struct output_level *level)
{
	if (level->p->nfilters == 0) {
		shell_flush();
		return true;
	}
	if (ngathered != 0 || line_fate != UNDECIDED)
		end_line();
	innermost = level->outer;
	if (counting(level))
		shell_printf("%lu\n", level->lines);
	return level->lines != 0;
}

bool output_end(struct output_level *level)
{
	bool passed = filters_end(level);

	if (level->pages)
		pager_end();
	return passed;
}

void output_capture_begin(struct output_capture *c, char *text, size_t size)
{
	shell_flush();
	*c = (struct output_capture){text, size, 0, innermost, capture};
	text[0] = '\0';
	innermost = NULL;
	capture = c;
}

void output_capture_end(struct output_capture *c)
{
	shell_flush();
	capture = c->around;
	innermost = c->filters;
}

void output_reset(void)
{
	capture = NULL;
	pager_reset();
	printing_error = false;
	ngathered = 0;
	line_fate = UNDECIDED;
	innermost = NULL;
}

/* Errors are for the user: past the filters, on a line of their own. */
static void put_error(const char *text)
{
	struct output_level *filters = innermost;

	if (ngathered != 0 || line_fate != UNDECIDED)
		end_line();
	innermost = NULL;
	printing_error = true;
	shell_printf("%serror: %s%s\n", shell_color(COLOR_RED), text, shell_color(COLOR_NONE));
	printing_error = false;
	innermost = filters;
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
	console_set_terminal(on);
	panic_set_color(on);
}

bool shell_color_is_on(void)
{
	return color_on;
}

unsigned shell_columns(void)
{
	return console_columns();
}
