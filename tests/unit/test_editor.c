/*
 * tests/unit/test_editor.c - the line editor against a terminal.
 *
 * The terminal here is a small model of a VT100 with late wrap: what it shows is compared with
 * what the line should look like, after keys by hand and after hundreds of thousands of random
 * ones.
 */
/* sources: kernel/shell/editor.c kernel/shell/editor_text.c */
/* sources: kernel/shell/editor_screen.c kernel/shell/editor_search.c kernel/shell/history.c */
#include "kernel/shell/editor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/terminal_kit.h"

#define PROMPT "hr> "

static struct history history;
static struct editor editor;

static int setup(void **state)
{
	(void)state;
	memset(&term, 0, sizeof(term));
	memset(term.cells, ' ', sizeof(term.cells));
	memset(&history, 0, sizeof(history));
	editor_init(&editor, emit, &term, &history);
	editor_begin(&editor, PROMPT);
	return 0;
}

/* A new line, with the history as it is now. */
static void begin_again(void)
{
	editor_hide(&editor);
	editor_begin(&editor, PROMPT);
}

static enum editor_event feed(const char *bytes)
{
	enum editor_event event = EDITOR_NONE;

	for (; *bytes != '\0'; bytes++)
		event = editor_feed(&editor, (uint8_t)*bytes);
	return event;
}

/* What came since the last call. */
static const char *raw(void)
{
	static char text[sizeof(term.raw)];

	memcpy(text, term.raw, term.nraw);
	text[term.nraw] = '\0';
	term.nraw = 0;
	return text;
}

/* Lays a text out from `cell` on, as the terminal should; returns the cell behind it. */
static size_t lay_out(char *cells, size_t cell, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned width = width_of(text[i]);

		if (width == 0)
			continue;
		if (cell % COLUMNS + width > COLUMNS)
			cell++;
		cells[cell++] = text[i];
		if (width == 2)
			cells[cell++] = SECOND_HALF;
	}
	return cell;
}

/* The screen shows prompt and line, nothing else below, and the cursor where it belongs. */
static void assert_shown(void)
{
	static char wanted[2 * ROWS * COLUMNS];
	size_t here = term.row * COLUMNS + term.column + term.late_wrap;
	size_t cursor, start;

	memset(wanted, ' ', sizeof(wanted));
	cursor = lay_out(wanted, 0, PROMPT, strlen(PROMPT));
	lay_out(wanted, cursor, editor.line, editor.len);
	cursor = lay_out(wanted, cursor, editor.line, editor.cursor);

	assert_int_equal(strlen(editor.line), editor.len);
	assert_true(here >= cursor);
	start = here - cursor;
	assert_int_equal(start % COLUMNS, 0);
	assert_memory_equal(&term.cells[0][0] + start, wanted, ROWS * COLUMNS - start);
}

static void plain_typing_echoes_itself(void **state)
{
	(void)state;
	raw();
	feed("online dimm0 movable");
	assert_string_equal(raw(), "online dimm0 movable");
	assert_int_equal(feed("\r"), EDITOR_LINE);
	assert_string_equal(raw(), "\n");
	assert_string_equal(editor.line, "online dimm0 movable");
}

static void a_long_line_echoes_itself_too(void **state)
{
	char text[301];

	(void)state;
	memset(text, 'x', 300);
	text[300] = '\0';
	raw();
	feed(text);
	assert_string_equal(raw(), text);
	assert_shown();
	assert_int_equal(term.escapes, 0);
}

static void backspace_without_escapes(void **state)
{
	(void)state;
	feed("ab");
	raw();
	feed("\x7f");
	assert_string_equal(raw(), "\b \b");
	assert_string_equal(editor.line, "a");
	assert_shown();
}

static void return_linefeed_is_one_end(void **state)
{
	(void)state;
	assert_int_equal(feed("a\r"), EDITOR_LINE);
	begin_again();
	assert_int_equal(feed("\n"), EDITOR_NONE);
	assert_int_equal(feed("\n"), EDITOR_LINE);
}

static void keys_edit(void **state)
{
	static const struct {
		const char *keys, *line;
		size_t cursor;
	} cases[] = {
		{"abc\x1b[D\x1b[DX", "aXbc", 2},
		{"abc\x01X", "Xabc", 1},
		{"abc\x01\x05X", "abcX", 4},
		{"abc\x1b[HX\x1b[FY", "XabcY", 5},
		{"abc\x1b[1~X\x1b[4~Y", "XabcY", 5},
		{"abc\x1b[7~X\x1b[8~Y", "XabcY", 5},
		{"abc\x1bOHX\x1bOFY", "XabcY", 5},
		{"abc\x02\x02\x06X", "abXc", 3},
		{"abc\x01\x1b[3~", "bc", 0},
		{"abc\x01\x04", "bc", 0},
		{"one two three\x17", "one two ", 8},
		{"one two-three\x1b\x7f", "one two-", 8},
		{"one two three\x15", "", 0},
		{"one two\x01\x0b", "", 0},
		{"one two\x01\x0b\x19\x19", "one twoone two", 14},
		{"one two three\x17\x17\x19", "one two three", 13},
		{"one two\x17x\x17\x19", "one x", 5},
		{"one two three\x01\x1b"
		 "f\x1b"
		 "fX",
		 "one twoX three", 8},
		{"one two three\x1b"
		 "b\x1b"
		 "bX",
		 "one Xtwo three", 5},
		{"one two three\x01\x1b"
		 "d\x1b"
		 "d\x19",
		 "one two three", 7},
		{"one two\x1b[1;5DX", "one Xtwo", 5},
		{"one two\x01\x1b[1;5CX", "oneX two", 4},
		{"abc\x14", "acb", 3},
		{"abc\x02\x14", "acb", 3},
		{"a\x14", "a", 1},
		{"\xc3\xa9t\xc3\xa9\x7f\x1b[DX", "\xc3\xa9Xt", 3},
		{"\xe2\x82\xac\xf0\x9f\x98\x80\x1b[D\x1b[D\x1b[3~", "\xf0\x9f\x98\x80", 0},
		{"a\x1b[[Ab\x1b[15~c\x1b[200~d\x1b[201~", "abcd", 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		feed(cases[i].keys);
		assert_string_equal(editor.line, cases[i].line);
		assert_int_equal(editor.cursor, cases[i].cursor);
	}
}

static void bad_bytes_never_hurt(void **state)
{
	static const char *const bad[] = {
		"\x80",
		"\xff",
		"\xc0\x80",
		"\xc3(",
		"\xe0\x80\x80",
		"\xed\xa0\x80",
		"\xf5\x80\x80\x80",
		"\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80",
		"\xc2\x80",
		"\xc2\x9b",
		"\x1f",
		"\x1b[\xff",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setup(state);
		feed(bad[i]);
		feed("(");
		assert_true(editor.len <= 2); /* the parenthesis behind an unfinished sequence */
		for (size_t n = 0; n < editor.len; n++)
			assert_int_equal(editor.line[n], '(');
		assert_shown();
	}
	setup(state);
	for (unsigned byte = 0; byte < 256; byte++)
		editor_feed(&editor, (uint8_t)byte);
	assert_shown();
}

static void the_limit_rings_a_bell(void **state)
{
	(void)state;
	for (int i = 0; i < EDITOR_MAX; i++)
		editor_feed(&editor, 'x');
	assert_int_equal(term.bells, 0);
	editor_feed(&editor, 'y');
	assert_int_equal(term.bells, 1);
	assert_int_equal(editor.len, EDITOR_MAX);
	feed("\xc3\xa9");
	assert_int_equal(term.bells, 2);
	assert_shown();
	assert_int_equal(feed("\r"), EDITOR_LINE);
	assert_int_equal(strlen(editor.line), EDITOR_MAX);
}

static void history_is_walked(void **state)
{
	(void)state;
	history_add(&history, "first");
	history_add(&history, "second");
	history_add(&history, "second");
	history_add(&history, "");
	assert_int_equal(history.count, 2);
	begin_again();
	feed("typed\x1b[A");
	assert_string_equal(editor.line, "second");
	feed("\x10");
	assert_string_equal(editor.line, "first");
	feed("\x10");
	assert_string_equal(editor.line, "first");
	assert_int_equal(term.bells, 1);
	feed("\x0e\x1b[B");
	assert_string_equal(editor.line, "typed");
	feed("\x0e");
	assert_int_equal(term.bells, 2);
}

static void history_forgets_the_oldest(void **state)
{
	char line[200];

	(void)state;
	for (int i = 1; i <= 1000; i++) {
		snprintf(line, sizeof(line), "command number %d %0100d", i, 0);
		history_add(&history, line);
		assert_true(history.used <= sizeof(history.text));
		assert_string_equal(history_at(&history, history.count - 1), line);
	}
	assert_int_equal(history.first + history.count, 1001);
	assert_null(history_at(&history, history.count));
	for (int i = 0; i < 3000; i++) { /* short ones: their number is what limits */
		snprintf(line, sizeof(line), "%d", i);
		history_add(&history, line);
	}
	assert_int_equal(history.count, HISTORY_LINES);
	assert_string_equal(history_at(&history, 0), "1976");
	assert_string_equal(history_at(&history, HISTORY_LINES - 1), "2999");
}

static void search_finds_older_lines(void **state)
{
	(void)state;
	history_add(&history, "online dimm0");
	history_add(&history, "lsmem");
	history_add(&history, "online dimm1");
	begin_again();
	feed("\x12onl");
	assert_string_equal(editor.line, "online dimm1");
	feed("\x12");
	assert_string_equal(editor.line, "online dimm0");
	feed("\x12");
	assert_true(editor.search_failed);
	feed("\x07");
	assert_string_equal(editor.line, "");
	assert_false(editor.searching);
	feed("abc\x12lsm");
	assert_string_equal(editor.line, "lsmem");
	feed("\x05 -a");
	assert_string_equal(editor.line, "lsmem -a");
	feed("\x12zzz\x7f\x7f\x7fmm0");
	assert_int_equal(feed("\r"), EDITOR_LINE);
	assert_string_equal(editor.line, "online dimm0");
}

static void interrupt_gives_the_line_up(void **state)
{
	(void)state;
	assert_int_equal(feed("abc\x01\x03"), EDITOR_INTERRUPT);
	assert_string_equal(editor.line, "");
	assert_memory_equal(term.cells[0], "hr> abc^C ", 10);
	begin_again();
	assert_int_equal(feed("\x04"), EDITOR_NONE);
	assert_int_equal(feed("\x1b[12\x03"), EDITOR_INTERRUPT);
}

static void tab_asks_twice(void **state)
{
	(void)state;
	assert_int_equal(feed("on\t"), EDITOR_COMPLETE);
	assert_int_equal(feed("\t"), EDITOR_LIST);
	assert_int_equal(feed("l\t"), EDITOR_COMPLETE);
	editor_completed(&editor, "ine ");
	assert_string_equal(editor.line, "online ");
	assert_int_equal(feed("\t"), EDITOR_COMPLETE);
	assert_int_equal(feed("\t"), EDITOR_LIST);
	assert_shown();
}

static void hiding_leaves_nothing(void **state)
{
	(void)state;
	feed("offline dimm0 -n\x02\x02");
	term.escapes = 0;
	editor_hide(&editor);
	assert_int_equal(term.escapes, 0);
	assert_int_equal(term.column, 0);
	for (unsigned c = 0; c < COLUMNS; c++)
		assert_int_equal(term.cells[term.row][c], ' ');
	emit(&term, "a message\n", 10);
	editor_show(&editor);
	assert_memory_equal(term.cells[0], "a message ", 10);
	assert_shown();
}

static void width_is_learnt(void **state)
{
	(void)state;
	feed("x\x0c");
	feed("\x1b[5;99R"); /* who has no colour is not asked */
	assert_int_equal(editor.columns, EDITOR_COLUMNS);
	editor_set_terminal(&editor, true);
	assert_true(editor.size_asked);
	feed("\x1b[50;132R");
	assert_int_equal(editor.columns, 132);
	assert_int_equal(editor.rows, 50);
	assert_string_equal(editor.line, "x");
	feed("\x1b[50;90R"); /* nobody asked */
	assert_int_equal(editor.columns, 132);
	feed("\x0c");
	editor_answer_is_late(&editor);
	feed("\x1b[50;90R");
	assert_int_equal(editor.columns, 132);
	feed("\x0c\x1b[5;3R");
	assert_int_equal(editor.columns, 132);
}

static void a_paste_is_text(void **state)
{
	(void)state;
	assert_int_equal(feed("\x1b[200~lsmem\ronline\tdimm0\r\n"), EDITOR_NONE);
	assert_string_equal(editor.line, "lsmem; online dimm0");
	feed("\x01\x15\x1b[A\x1b"
	     "b\x1bOAx\r");
	assert_string_equal(editor.line, "lsmem; online dimm0; x");
	assert_shown();
	assert_int_equal(feed("\x1b[201~!\r"), EDITOR_LINE);
	assert_string_equal(editor.line, "lsmem; online dimm0; x!"); /* no line ends behind the x */
	begin_again();
	assert_int_equal(feed("\x1b[200~never ended\x03"), EDITOR_INTERRUPT);
	begin_again();
	assert_int_equal(feed("x\r"), EDITOR_LINE);
}

static uint64_t seed = 88172645463325252ull;

static unsigned random_below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

static void random_key(void)
{
	static const char *const keys[] = {
		"\x01",
		"\x05",
		"\x02",
		"\x06",
		"\x02",
		"\x06",
		"\x0b",
		"\x15",
		"\x17",
		"\x19",
		"\x14",
		"\x04",
		"\x7f",
		"\x7f",
		"\x08",
		"\x10",
		"\x0e",
		"\x1b[A",
		"\x1b[B",
		"\x1b[C",
		"\x1b[D",
		"\x1b[3~",
		"\x1b[H",
		"\x1b[F",
		"\x1b"
		"b",
		"\x1b"
		"f",
		"\x1b"
		"d",
		"\x1b\x7f",
		"\xc3\xa9",
		"\xe4\xb8\xad",
		"\xf0\x9f\x98\x80",
		"e\xcc\x81",
		" ",
		" ",
		"word",
		"a",
		"b",
		"c",
		"d",
		"e",
		"f",
		"longer word",
		"forty characters of typed text, or so...",
	};

	feed(keys[random_below(sizeof(keys) / sizeof(keys[0]))]);
}

static void random_keys_keep_the_screen_right(void **state)
{
	for (int round = 0; round < 100; round++) {
		setup(state);
		history_add(&history, "one line");
		history_add(&history, "a line that is longer than the terminal is wide: "
				      "0123456789 0123456789 0123456789 0123456789");
		begin_again();
		for (int i = 0; i < 1500; i++) {
			random_key();
			assert_shown();
			if (random_below(40) == 0) {
				editor_hide(&editor);
				emit(&term, "an event\n", 9);
				editor_show(&editor);
				assert_shown();
			}
		}
	}
}

/* What is fed in one go is drawn at its end, and then is what it would have been key by key. */
static void held_keys_are_drawn_once(void **state)
{
	(void)state;
	raw();
	editor_hold(&editor, true);
	feed("lsmem\x15\x15\x02\x10xyz\x01\x0b\x19\x05!");
	assert_string_equal(raw(), "");
	editor_hold(&editor, false);
	editor_settle(&editor);
	assert_string_equal(raw(), "xyz!\a");
	assert_shown();
	editor_hold(&editor, true);
	assert_int_equal(feed("\x08\x08z?\r"), EDITOR_LINE); /* Enter waits for nothing */
	assert_string_equal(raw(), "\b\bz?\n");
	assert_string_equal(editor.line, "xyz?");
}

static void held_keys_keep_the_screen_right(void **state)
{
	for (int round = 0; round < 100; round++) {
		setup(state);
		history_add(&history, "a line that is longer than the terminal is wide: "
				      "0123456789 0123456789 0123456789 0123456789");
		begin_again();
		for (int i = 0; i < 200; i++) {
			editor_hold(&editor, true);
			for (unsigned n = random_below(12); n > 0; n--)
				random_key();
			if (random_below(8) == 0) {
				editor_hide(&editor);
				emit(&term, "an event\n", 9);
				editor_show(&editor);
				random_key();
			}
			editor_hold(&editor, false);
			editor_settle(&editor);
			assert_shown();
		}
	}
}

static void discard(void *ctx, const char *bytes, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		assert_int_not_equal(bytes[i], 0);
}

/* Characters of two columns and of none among them, which the terminal here does not know. */
static void random_bytes_never_hurt(void **state)
{
	for (int round = 0; round < 40; round++) {
		setup(state);
		editor_init(&editor, discard, NULL, &history);
		editor_begin(&editor, PROMPT);
		for (int i = 0; i < 4000; i++) {
			enum editor_event event = editor_feed(&editor, (uint8_t)random_below(256));

			assert_true(editor.len <= EDITOR_MAX && editor.cursor <= editor.len);
			assert_int_equal(strlen(editor.line), editor.len);
			if (event == EDITOR_LINE || event == EDITOR_INTERRUPT) {
				history_add(&history, editor.line);
				begin_again();
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(plain_typing_echoes_itself, setup),
		cmocka_unit_test_setup(a_long_line_echoes_itself_too, setup),
		cmocka_unit_test_setup(backspace_without_escapes, setup),
		cmocka_unit_test_setup(return_linefeed_is_one_end, setup),
		cmocka_unit_test_setup(keys_edit, setup),
		cmocka_unit_test_setup(bad_bytes_never_hurt, setup),
		cmocka_unit_test_setup(the_limit_rings_a_bell, setup),
		cmocka_unit_test_setup(history_is_walked, setup),
		cmocka_unit_test_setup(history_forgets_the_oldest, setup),
		cmocka_unit_test_setup(search_finds_older_lines, setup),
		cmocka_unit_test_setup(interrupt_gives_the_line_up, setup),
		cmocka_unit_test_setup(tab_asks_twice, setup),
		cmocka_unit_test_setup(hiding_leaves_nothing, setup),
		cmocka_unit_test_setup(width_is_learnt, setup),
		cmocka_unit_test_setup(a_paste_is_text, setup),
		cmocka_unit_test_setup(random_keys_keep_the_screen_right, setup),
		cmocka_unit_test_setup(held_keys_are_drawn_once, setup),
		cmocka_unit_test_setup(held_keys_keep_the_screen_right, setup),
		cmocka_unit_test_setup(random_bytes_never_hurt, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
