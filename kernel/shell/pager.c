/*
 * kernel/shell/pager.c - | more: a screenful at a time.
 *
 * The first screenful goes out as it comes.  What comes then is kept, so that the command gets to
 * its end, and lets go of its locks, before the reader is asked: a hot-plug request must not wait
 * for somebody who went for coffee.  A command that prints more than is kept waits with what it
 * holds.
 *
 * Owns the text kept, and how full the screen is.  No lock: lines are run by one thread at a time.
 */
#include "kernel/shell/pager.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/console.h"
#include "kernel/shell/shell.h"
#include "kernel/thread.h"

#define KEPT_MAX 65536

static char kept[KEPT_MAX];
static size_t nkept;
static bool on, quit;
static unsigned rows_left; /* of the screenful; 0: the reader is to be asked */
static size_t column;	   /* of the line being shown, counted over its rows */

static const char ask_text[] = "-- more (space, Enter, q) --";

bool pager_is_on(void)
{
	return on;
}

static void new_screenful(void)
{
	rows_left = console_rows() - 1;
}

void pager_begin(void)
{
	on = true;
	quit = false;
	nkept = 0;
	column = 0;
	new_screenful();
}

/* Shows text up to the end of the screenful; returns how much. */
static size_t show(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && rows_left != 0) {
		if (text[n++] == '\n') {
			column = 0;
			rows_left--;
		} else if (++column % console_columns() == 0 && n < len && text[n] != '\n') {
			rows_left--;
		}
	}
	console_write(text, n);
	return n;
}

/* Waits for a key that says how to go on. */
static void ask(void)
{
	int key;

	if (column != 0) /* in the middle of a long line */
		console_write("\n", 1);
	console_write(ask_text, sizeof(ask_text) - 1);
	do {
		key = thread_interrupted() ? -EINTR : shell_read_key(0);
		if (key == ' ')
			new_screenful();
		else if (key == '\r' || key == '\n')
			rows_left = 1;
		else if (key == 'q' || key == 'Q' || key < 0)
			quit = true;
	} while (rows_left == 0 && !quit);
	console_write("\r                            \r", sizeof(ask_text) + 1);
}

/* Shows all that is kept. */
static void drain(void)
{
	size_t at = 0;

	while (at < nkept && !quit) {
		if (rows_left == 0)
			ask();
		if (!quit)
			at += show(kept + at, nkept - at);
	}
	nkept = 0;
}

static void keep(const char *text, size_t len)
{
	while (len != 0 && !quit) {
		size_t n = MIN(len, sizeof(kept) - nkept);

		memcpy(kept + nkept, text, n);
		nkept += n;
		text += n;
		len -= n;
		if (nkept == sizeof(kept))
			drain();
	}
}

void pager_write(const char *text, size_t len, bool urgent)
{
	size_t n;

	if (quit) {
		if (urgent)
			console_write(text, len);
		return;
	}
	n = nkept == 0 ? show(text, len) : 0;
	keep(text + n, len - n);
}

void pager_end(void)
{
	drain();
	on = false;
}

void pager_reset(void)
{
	on = false;
	nkept = 0;
}
