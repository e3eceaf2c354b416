/*
 * kernel/shell/editor_screen.c - what the line editor shows.
 *
 * The screen is modelled as one long row of cells that the terminal folds at `columns`:
 * prompt first, then the line.  cell_cursor and cell_end say where the terminal's cursor and
 * the end of what was drawn are; every function leaves them true.
 *
 * A terminal that has just filled a row's last column stays there until the next character:
 * pending_wrap says so, and any cursor movement first settles it.
 *
 * While more input waits (editor_hold()) nothing is drawn: `stale` notes from where on the screen
 * is not true, and editor_settle() makes it so at once.
 */
#include "kernel/shell/editor_priv.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

/* Spaces and backspaces up to this many do without escape sequences. */
#define PLAIN_MOVES 4

void screen_emit(struct editor *e, const char *bytes, size_t len)
{
	if (len != 0)
		e->emit(e->ctx, bytes, len);
}

void screen_puts(struct editor *e, const char *text)
{
	screen_emit(e, text, strlen(text));
}

static const char *prompt_of(const struct editor *e)
{
	return e->searching ? e->search_prompt : e->prompt;
}

struct cell_range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t c, const struct cell_range *ranges, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Columns of a character [Unicode UAX 11, the blocks that matter]. */
static unsigned char_cells(uint32_t c)
{
	static const struct cell_range none[] = {
		{0x300, 0x36f},	  {0x200b, 0x200f}, {0x20d0, 0x20ff},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff},
	};
	static const struct cell_range wide[] = {
		{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0xa4cf},   {0xac00, 0xd7a3},
		{0xf900, 0xfaff},   {0xfe30, 0xfe6f},	{0xff00, 0xff60},   {0xffe0, 0xffe6},
		{0x1f300, 0x1f64f}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (c < 0x300)
		return 1;
	if (in_ranges(c, none, ARRAY_SIZE(none)))
		return 0;
	return in_ranges(c, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}

/* The character at `s` (valid UTF-8, the editor lets nothing else in) and its length. */
static uint32_t char_at(const char *s, size_t *len)
{
	uint8_t b = (uint8_t)s[0];
	unsigned extra = b < 0x80 ? 0 : b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
	uint32_t c = extra == 0 ? b : b & (0x3fU >> extra);

	for (unsigned i = 1; i <= extra; i++)
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	*len = extra + 1;
	return c;
}

/* Whether a character of two columns would stand in a row's last one: the terminal wraps. */
static bool leaves_gap(const struct editor *e, size_t cell, unsigned cells)
{
	return cells == 2 && cell % e->columns == e->columns - 1;
}

/* The cell after `len` bytes of text that begins at `cell`. */
static size_t cells_after(const struct editor *e, const char *text, size_t len, size_t cell)
{
	for (size_t i = 0, n; i < len; i += n) {
		unsigned cells = char_cells(char_at(text + i, &n));

		cell += cells + leaves_gap(e, cell, cells);
	}
	return cell;
}

static size_t cell_of(const struct editor *e, size_t pos)
{
	const char *prompt = prompt_of(e);

	return cells_after(e, e->line, pos, cells_after(e, prompt, strlen(prompt), 0));
}

/* Prints text at the cursor; a gap is made by a space, since something else may be there. */
static void print(struct editor *e, const char *text, size_t len)
{
	size_t cell = e->cell_cursor, from = 0;

	for (size_t i = 0, n; i < len; i += n) {
		unsigned cells = char_cells(char_at(text + i, &n));

		if (leaves_gap(e, cell, cells)) {
			screen_emit(e, text + from, i - from);
			screen_emit(e, " ", 1);
			from = i;
			cell++;
		}
		cell += cells;
	}
	screen_emit(e, text + from, len - from);
	if (cell != e->cell_cursor)
		e->pending_wrap = cell % e->columns == 0;
	e->cell_cursor = cell;
}

/* A space forces the wrap, on terminals that wrap late and on those that wrap at once. */
static void settle_wrap(struct editor *e)
{
	if (e->pending_wrap)
		screen_puts(e, " \r");
	e->pending_wrap = false;
}

static void move_by(struct editor *e, size_t n, char direction)
{
	char sequence[32];
	int len = snprintf(sequence, sizeof(sequence), "\x1b[%zu%c", n, direction);

	screen_emit(e, sequence, (size_t)len);
}

static void move_left(struct editor *e, size_t n)
{
	if (n <= PLAIN_MOVES)
		screen_emit(e, "\b\b\b\b", n);
	else
		move_by(e, n, 'D');
}

static void move_to(struct editor *e, size_t cell)
{
	size_t row, target_row = cell / e->columns, column, target = cell % e->columns;

	if (cell == e->cell_cursor)
		return;
	settle_wrap(e);
	row = e->cell_cursor / e->columns;
	column = e->cell_cursor % e->columns;
	if (target_row < row)
		move_by(e, row - target_row, 'A');
	else if (target_row > row)
		move_by(e, target_row - row, 'B');
	if (target == 0 && column != 0)
		screen_puts(e, "\r");
	else if (target < column)
		move_left(e, column - target);
	else if (target > column)
		move_by(e, target - column, 'C');
	e->cell_cursor = cell;
}

/* Clears from the cursor, which is at the new end, to the old end of what was drawn. */
static void clear_rest(struct editor *e, size_t old_end)
{
	size_t n = old_end - e->cell_cursor;

	if (old_end <= e->cell_cursor)
		return;
	settle_wrap(e);
	if (n <= PLAIN_MOVES && e->cell_cursor % e->columns + n < e->columns) {
		screen_emit(e, "    ", n);
		move_left(e, n);
	} else {
		screen_puts(e, "\x1b[J");
	}
}

static void draw_stale(struct editor *e)
{
	size_t old_end = e->cell_end, from = e->stale_all ? 0 : e->stale;
	const char *prompt = prompt_of(e);

	if (e->stale_all) {
		move_to(e, 0);
		print(e, prompt, strlen(prompt));
	} else {
		move_to(e, cell_of(e, from));
	}
	print(e, e->line + from, e->len - from);
	e->cell_end = e->cell_cursor;
	clear_rest(e, old_end);
	e->stale_all = false;
	e->stale = SIZE_MAX;
}

void editor_settle(struct editor *e)
{
	if (e->stale_all || e->stale != SIZE_MAX)
		draw_stale(e);
	move_to(e, cell_of(e, e->cursor));
	if (e->bell_due)
		screen_puts(e, "\a");
	e->bell_due = false;
}

void editor_hold(struct editor *e, bool held)
{
	e->held = held;
}

void screen_cursor(struct editor *e)
{
	if (!e->held)
		editor_settle(e);
}

void screen_update(struct editor *e, size_t from)
{
	e->stale = MIN(e->stale, from);
	screen_cursor(e);
}

void screen_redraw(struct editor *e)
{
	e->stale_all = true;
	screen_cursor(e);
}

void screen_end(struct editor *e)
{
	editor_settle(e);
	move_to(e, cell_of(e, e->len));
}

static void forget_screen(struct editor *e)
{
	e->cell_cursor = 0;
	e->cell_end = 0;
	e->pending_wrap = false;
}

void editor_show(struct editor *e)
{
	forget_screen(e);
	e->shown = true;
	e->stale_all = true;
	editor_settle(e);
}

/* A line of one row is overwritten with spaces: no escape sequences without an editing key. */
void editor_hide(struct editor *e)
{
	size_t cells = e->cell_end;

	if (!e->shown)
		return;
	e->shown = false;
	if (cells >= e->columns) {
		move_to(e, 0);
		screen_puts(e, "\x1b[J");
	} else {
		screen_puts(e, "\r");
		for (; cells >= 8; cells -= 8)
			screen_puts(e, "        ");
		screen_emit(e, "        ", cells);
		screen_puts(e, "\r");
	}
	forget_screen(e);
}

void editor_leave(struct editor *e)
{
	screen_end(e);
	screen_puts(e, "\n");
	forget_screen(e);
	e->shown = false;
}

void screen_clear(struct editor *e)
{
	screen_puts(e, "\x1b[H\x1b[2J");
	editor_show(e);
	screen_ask_size(e);
}

/*
 * The answer to "where is the cursor" after a move to the far corner is the size [ECMA-48
 * 8.3.14, CPR].  Only who switched colour on is asked: a program would not know what to do.
 */
void screen_ask_size(struct editor *e)
{
	if (!e->terminal)
		return;
	e->size_asked = true;
	screen_puts(e, "\x1b"
		       "7\x1b[999;999H\x1b[6n\x1b"
		       "8");
}

void editor_set_terminal(struct editor *e, bool on)
{
	if (on == e->terminal)
		return;
	e->terminal = on;
	screen_puts(e, on ? "\x1b[?2004h" : "\x1b[?2004l"); /* bracketed paste [xterm ctlseqs] */
	screen_ask_size(e);
}

void editor_answer_is_late(struct editor *e)
{
	e->size_asked = false;
}

void editor_set_columns(struct editor *e, unsigned columns)
{
	bool shown = e->shown;

	if (columns < 20 || columns > 1000)
		return;
	if (columns == e->columns)
		return;
	if (shown)
		editor_hide(e);
	e->columns = columns;
	if (shown)
		editor_show(e);
}

void editor_bell(struct editor *e)
{
	if (e->held)
		e->bell_due = true;
	else
		screen_puts(e, "\a");
}
