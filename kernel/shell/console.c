/*
 * kernel/shell/console.c - who may write to the serial line when.
 *
 * Owns the editor, and the knowledge of what the terminal shows: a prompt with a line, or
 * output whose last line may be unfinished.  The log is read from its ring, not from the
 * sink's argument, so that lines which come while a command is in the middle of a line are
 * shown, in order, when it ends.
 *
 * Lock: console_lock (spin, rank CONSOLE) around all of it; log_lock and serial_lock are
 * taken inside.  Nothing here may klog().  During a panic no lock is taken: other CPUs stand
 * still, and who held the lock will not come back.
 */
#include "kernel/shell/console.h"

#include "drivers/serial.h"
#include "kernel/clock.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "kernel/shell/shell.h"
#include "kernel/spinlock.h"

#define ANSWER_US 1000000

static struct spinlock console_lock = SPINLOCK_INIT("console", RANK_CONSOLE);
static struct editor editor GUARDED_BY(&console_lock);
static bool
	midline GUARDED_BY(&console_lock); /* the terminal's cursor is behind unfinished output */
static bool log_waits GUARDED_BY(&console_lock);   /* lines came while midline */
static uint64_t log_seq GUARDED_BY(&console_lock); /* the first line not shown yet */
static uint64_t answer_due
	GUARDED_BY(&console_lock); /* to the question for the terminal's size; 0: none asked */

/* In a panic the others stand still, and one of them may have the lock. */
static uint64_t console_enter(void) ACQUIRE(&console_lock) NO_TSA
{
	return panic_in_progress() ? 0 : spin_lock(&console_lock);
}

static void console_leave(uint64_t flags) RELEASE(&console_lock) NO_TSA
{
	if (spin_is_held(&console_lock) && !panic_in_progress())
		spin_unlock(&console_lock, flags);
}

static void put(const char *text, size_t len)
{
	if (panic_in_progress())
		serial_write_unlocked(text, len);
	else
		serial_write(text, len);
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

static void editor_emit(void *ctx __unused, const char *bytes, size_t len)
{
	put(bytes, len);
}

static const char *level_color(enum log_level level)
{
	if (level <= LOG_ERR)
		return shell_color(COLOR_RED);
	return level == LOG_WARN ? shell_color(COLOR_YELLOW) : "";
}

static void put_log_line(const struct log_line *line)
{
	char text[LOG_LINE_MAX + 64];
	const char *color = level_color(line->level);

	snprintf(text, sizeof(text), "[%5lu.%06lu] %s%s%s\n", line->time_us / 1000000,
		 line->time_us % 1000000, color, line->text,
		 *color != '\0' ? shell_color(COLOR_NONE) : "");
	put_text(text);
}

/* Shows every line of the log that is due. */
static void drain_log(void) REQUIRES(&console_lock)
{
	bool shown = editor.shown, hidden = false;
	struct log_line line;

	log_waits = false;
	while (log_read(&log_seq, &line)) {
		if ((int)line.level > log_console_level())
			continue;
		if (shown && !hidden)
			editor_hide(&editor);
		hidden = true;
		put_log_line(&line);
	}
	if (shown && hidden)
		editor_show(&editor);
}

/* The log's sink: any context. */
static void console_log(const struct log_line *line __unused)
{
	uint64_t flags = console_enter();

	if (midline && !panic_in_progress())
		log_waits = true;
	else
		drain_log();
	console_leave(flags);
}

void console_init(const struct history *history)
{
	static struct log_line line; /* too big for a stack to have two of */
	uint64_t flags = console_enter();

	editor_init(&editor, editor_emit, NULL, history);
	while (log_read(&log_seq, &line))
		;
	console_leave(flags);
	log_set_sink(console_log);
}

/* As much of the text as goes out at once where there is room for `room` bytes; not nothing. */
static size_t piece(const char *text, size_t len, unsigned room)
{
	size_t n = 0;

	for (unsigned bytes = 0; n < len; n++) {
		bytes += text[n] == '\n' ? 2 : 1;
		if (bytes > room && n > 0)
			break;
	}
	return n;
}

/* Waits, without the lock, for whoever reads the line; other lines wait until this one ends. */
void console_write(const char *text, size_t len)
{
	for (size_t n; len > 0; text += n, len -= n) {
		uint64_t flags;

		n = piece(text, len, serial_wait_room());
		flags = console_enter();
		put(text, n);
		midline = text[n - 1] != '\n';
		if (!midline && log_waits)
			drain_log();
		console_leave(flags);
	}
}

void console_prompt(const char *prompt)
{
	uint64_t flags;

	serial_wait_room();
	flags = console_enter();
	if (midline)
		put_text("\n");
	midline = false;
	drain_log();
	editor_begin(&editor, prompt);
	console_leave(flags);
}

/* An answer is waited for by nobody, but what comes a second later is a key. */
static void watch_answer(void) REQUIRES(&console_lock)
{
	if (!editor.size_asked)
		answer_due = 0;
	else if (answer_due == 0)
		answer_due = clock_us() + ANSWER_US;
	else if (clock_us() > answer_due)
		editor_answer_is_late(&editor);
}

enum editor_event console_feed(uint8_t byte)
{
	enum editor_event event;
	uint64_t flags;
	bool more;

	serial_wait_room();
	flags = console_enter();
	more = !panic_in_progress() && serial_input_waits();
	if (editor.size_asked)
		watch_answer();
	editor_hold(&editor, more && editor.shown);
	event = editor_feed(&editor, byte);
	editor_hold(&editor, false);
	if (!more && editor.shown)
		editor_settle(&editor);
	watch_answer();
	console_leave(flags);
	return event;
}

/* Without the lock, as are the three below marked so: for the thread that feeds the editor only,
 * and nobody else changes these members. */
const char *console_line(size_t *cursor) NO_TSA
{
	if (cursor != NULL)
		*cursor = editor.cursor;
	return editor.line;
}

void console_complete(const char *text)
{
	uint64_t flags = console_enter();

	if (text == NULL)
		editor_bell(&editor);
	else
		editor_completed(&editor, text);
	console_leave(flags);
}

void console_list_begin(void)
{
	uint64_t flags = console_enter();

	editor_leave(&editor);
	console_leave(flags);
}

void console_list_end(void)
{
	uint64_t flags = console_enter();

	if (midline)
		put_text("\n");
	midline = false;
	editor_show(&editor);
	console_leave(flags);
}

void console_set_columns(unsigned columns)
{
	uint64_t flags = console_enter();

	editor_set_columns(&editor, columns);
	console_leave(flags);
}

unsigned console_columns(void) NO_TSA
{
	return editor.columns;
}

void console_set_rows(unsigned rows) NO_TSA
{
	editor.rows = rows;
}

unsigned console_rows(void) NO_TSA
{
	return editor.rows;
}

void console_set_terminal(bool on)
{
	uint64_t flags = console_enter();

	editor_set_terminal(&editor, on);
	watch_answer();
	console_leave(flags);
}
