/*
 * kernel/shell/editor.c - the line editor's keys.
 *
 * Decodes bytes into characters and keys (control bytes, ESC x, CSI and SS3 sequences
 * [ECMA-48 5.4]) and does what readline does for them.  Owns the decoding state; text and
 * screen are editor_text.c's and editor_screen.c's.
 */
#include "kernel/shell/editor.h"

#include "kernel/lib/string.h"
#include "kernel/shell/editor_priv.h"

#define CTRL(c) ((c)&0x1f)
#define ESCAPE	0x1b
#define RUBOUT	0x7f

void editor_init(struct editor *e, editor_emit_fn emit, void *ctx, const struct history *history)
{
	memset(e, 0, sizeof(*e));
	e->emit = emit;
	e->ctx = ctx;
	e->history = history;
	e->prompt = "";
	e->columns = EDITOR_COLUMNS;
	e->rows = EDITOR_ROWS;
	e->stale = SIZE_MAX;
}

void editor_begin(struct editor *e, const char *prompt)
{
	e->prompt = prompt;
	e->len = 0;
	e->cursor = 0;
	e->line[0] = '\0';
	e->saved[0] = '\0';
	e->history_index = e->history->count;
	e->searching = false;
	e->last_was_kill = false;
	e->last_was_tab = false;
	e->pasting = false;
	editor_show(e);
}

static void move_cursor(struct editor *e, size_t pos)
{
	if (pos == e->cursor) {
		editor_bell(e);
		return;
	}
	e->cursor = pos;
	screen_cursor(e);
}

/* Home and End say nothing where readline says nothing. */
static void jump_cursor(struct editor *e, size_t pos)
{
	e->cursor = pos;
	screen_cursor(e);
}

static enum editor_event finish(struct editor *e, enum editor_event event)
{
	if (e->searching)
		search_end(e, event == EDITOR_INTERRUPT);
	if (event == EDITOR_INTERRUPT) {
		screen_end(e);
		screen_puts(e, "^C");
	}
	editor_leave(e);
	if (event == EDITOR_INTERRUPT) {
		e->len = 0;
		e->cursor = 0;
		e->line[0] = '\0';
	}
	return event;
}

static void backspace(struct editor *e)
{
	text_delete(e, text_previous(e, e->cursor), e->cursor);
}

/* Returns whether text was cut. */
static bool control_edit(struct editor *e, uint8_t byte)
{
	switch (byte) {
	case CTRL('K'):
		return text_kill(e, e->cursor, e->len, false);
	case CTRL('U'):
		return text_kill(e, 0, e->cursor, true);
	case CTRL('W'):
		return text_kill(e, text_blank_left(e, e->cursor), e->cursor, true);
	case CTRL('A'):
		jump_cursor(e, 0);
		break;
	case CTRL('E'):
		jump_cursor(e, e->len);
		break;
	case CTRL('B'):
		move_cursor(e, text_previous(e, e->cursor));
		break;
	case CTRL('F'):
		move_cursor(e, text_next(e, e->cursor));
		break;
	case CTRL('D'):
		if (e->len != 0)
			text_delete(e, e->cursor, text_next(e, e->cursor));
		break;
	case CTRL('H'):
	case RUBOUT:
		backspace(e);
		break;
	case CTRL('L'):
		screen_clear(e);
		break;
	case CTRL('N'):
		recall_next(e);
		break;
	case CTRL('P'):
		recall_previous(e);
		break;
	case CTRL('R'):
		search_begin(e);
		break;
	case CTRL('T'):
		text_transpose(e);
		break;
	case CTRL('Y'):
		editor_insert(e, e->killed, e->nkilled);
		break;
	default:
		editor_bell(e);
	}
	return false;
}

/* While searching: true if the key was the search's own. */
static bool search_key(struct editor *e, uint8_t byte)
{
	switch (byte) {
	case CTRL('R'):
		search_older(e);
		return true;
	case CTRL('G'):
		search_end(e, true);
		return true;
	case CTRL('H'):
	case RUBOUT:
		search_backspace(e);
		return true;
	case CTRL('W'):
	case CTRL('Y'):
		search_yank(e, byte == CTRL('Y'));
		return true;
	default:
		return false;
	}
}

static enum editor_event control_key(struct editor *e, uint8_t byte)
{
	if (byte == '\r' || byte == '\n') {
		e->after_return = byte == '\r';
		return finish(e, EDITOR_LINE);
	}
	if (byte == CTRL('C'))
		return finish(e, EDITOR_INTERRUPT);
	if (e->searching && search_key(e, byte))
		return EDITOR_NONE;
	if (e->searching)
		search_end(e, false);
	if (byte == '\t') {
		e->last_was_kill = false;
		e->last_was_tab = !e->last_was_tab;
		return e->last_was_tab ? EDITOR_COMPLETE : EDITOR_LIST;
	}
	if (byte == ESCAPE) {
		e->input = INPUT_ESCAPE;
		return EDITOR_NONE;
	}
	e->last_was_kill = control_edit(e, byte);
	e->last_was_tab = false;
	return EDITOR_NONE;
}

/* ESC x, which is Alt-x. */
static void meta_key(struct editor *e, uint8_t byte)
{
	bool kill = false;

	switch (byte) {
	case 'b':
	case 'B':
		move_cursor(e, text_word_left(e, e->cursor));
		break;
	case 'f':
	case 'F':
		move_cursor(e, text_word_right(e, e->cursor));
		break;
	case 'd':
	case 'D':
		kill = text_kill(e, e->cursor, text_word_right(e, e->cursor), false);
		break;
	case CTRL('H'):
	case RUBOUT:
		kill = text_kill(e, text_word_left(e, e->cursor), e->cursor, true);
		break;
	case CTRL('L'):
		screen_clear(e);
		break;
	default:
		editor_bell(e);
	}
	e->last_was_kill = kill;
}

/* Arrows, Home and End by their last letter; `modified`: with Ctrl or Alt. */
static void arrow_key(struct editor *e, char final, bool modified)
{
	switch (final) {
	case 'A':
		recall_previous(e);
		break;
	case 'B':
		recall_next(e);
		break;
	case 'C':
		move_cursor(e, modified ? text_word_right(e, e->cursor) : text_next(e, e->cursor));
		break;
	case 'D':
		move_cursor(e,
			    modified ? text_word_left(e, e->cursor) : text_previous(e, e->cursor));
		break;
	case 'H':
		jump_cursor(e, 0);
		break;
	case 'F':
		jump_cursor(e, e->len);
		break;
	default:
		break; /* a key without a meaning here */
	}
}

/* The two numbers of a sequence `a;b`; 0 where there is none. */
static void sequence_numbers(const struct editor *e, unsigned numbers[2])
{
	unsigned n = 0;

	numbers[0] = numbers[1] = 0;
	for (size_t i = 0; i < e->nsequence; i++) {
		char c = e->sequence[i];

		if (c == ';' && ++n == 2)
			return;
		if (c >= '0' && c <= '9' && numbers[n] < 10000)
			numbers[n] = numbers[n] * 10 + (unsigned)(c - '0');
	}
}

/* The terminal's answer: the row and the column of its far corner. */
static void take_size(struct editor *e, const unsigned numbers[2])
{
	e->size_asked = false;
	if (numbers[0] >= 2)
		e->rows = numbers[0];
	editor_set_columns(e, numbers[1]);
}

/* A whole CSI sequence: ESC [ numbers final. */
static void csi_key(struct editor *e, char final)
{
	unsigned numbers[2];

	sequence_numbers(e, numbers);
	if (final == 'R' && e->size_asked) {
		take_size(e, numbers);
		return;
	}
	if (final == '~' && (numbers[0] == 200 || numbers[0] == 201)) {
		e->pasting = numbers[0] == 200;
		e->paste_break = false;
		return;
	}
	if (e->pasting)
		return;
	e->last_was_kill = false;
	if (final != '~') {
		arrow_key(e, final, numbers[1] >= 3);
		return;
	}
	switch (numbers[0]) {
	case 1:
	case 7:
		jump_cursor(e, 0);
		break;
	case 4:
	case 8:
		jump_cursor(e, e->len);
		break;
	case 3:
		text_delete(e, e->cursor, text_next(e, e->cursor));
		break;
	default:
		break; /* Insert, Page Up, function keys */
	}
}

/* Bytes of an escape sequence; the sequence's state is in e->input. */
static void sequence_byte(struct editor *e, uint8_t byte)
{
	enum editor_input input = e->input;

	e->input = INPUT_GROUND;
	if (input == INPUT_ESCAPE && (byte == '[' || byte == 'O')) {
		e->input = byte == '[' ? INPUT_CSI : INPUT_SS3;
		e->nsequence = 0;
		return;
	}
	e->last_was_tab = false;
	if (e->pasting && input != INPUT_CSI)
		return; /* a key's sequence, pasted */
	if (input == INPUT_ESCAPE) {
		meta_key(e, byte);
	} else if (input == INPUT_SS3) {
		e->last_was_kill = false;
		arrow_key(e, (char)byte, false);
	} else if (input == INPUT_CSI && byte == '[') {
		e->input = INPUT_FUNCTION; /* the Linux console's ESC [ [ A is F1 */
	} else if (input == INPUT_CSI && byte >= 0x20 && byte < 0x40) {
		e->input = INPUT_CSI;
		if (e->nsequence < sizeof(e->sequence))
			e->sequence[e->nsequence++] = (char)byte;
	} else if (input == INPUT_CSI && byte >= 0x40 && byte < 0x7f) {
		csi_key(e, (char)byte);
	}
}

static void insert_char(struct editor *e, const char *bytes, size_t len)
{
	e->last_was_kill = false;
	e->last_was_tab = false;
	if (e->paste_break && !e->searching && e->len != 0 && !editor_insert(e, "; ", 2))
		return;
	e->paste_break = false;
	if (e->searching)
		search_type(e, bytes, len);
	else
		editor_insert(e, bytes, len);
}

/* How many bytes the sequence that `byte` begins has; 0: it begins none [RFC 3629 4]. */
static unsigned utf8_length(uint8_t byte)
{
	if (byte >= 0xc2 && byte <= 0xdf)
		return 2;
	if (byte >= 0xe0 && byte <= 0xef)
		return 3;
	if (byte >= 0xf0 && byte <= 0xf4)
		return 4;
	return 0;
}

/* Overlong forms, surrogates, what is above U+10FFFF, and the C1 controls are refused. */
static bool utf8_valid(const uint8_t *b)
{
	switch (b[0]) {
	case 0xc2:
	case 0xe0:
		return b[1] >= 0xa0;
	case 0xed:
		return b[1] < 0xa0;
	case 0xf0:
		return b[1] >= 0x90;
	case 0xf4:
		return b[1] < 0x90;
	default:
		return true;
	}
}

/* A byte of 0x80 or more. */
static void utf8_byte(struct editor *e, uint8_t byte)
{
	if (e->utf8_have != 0 && (byte & 0xc0) == 0x80) {
		e->utf8[e->utf8_have++] = byte;
		if (e->utf8_have < e->utf8_need)
			return;
		if (utf8_valid(e->utf8))
			insert_char(e, (const char *)e->utf8, e->utf8_need);
		else
			editor_bell(e);
		e->utf8_have = 0;
		return;
	}
	e->utf8_need = utf8_length(byte);
	e->utf8_have = e->utf8_need != 0;
	e->utf8[0] = byte;
	if (e->utf8_need == 0)
		editor_bell(e);
}

/* A control byte in what is pasted: text where it can be, never a key. */
static void pasted_control(struct editor *e, uint8_t byte)
{
	if (byte == ESCAPE)
		e->input = INPUT_ESCAPE;
	else if (byte == '\r' || byte == '\n')
		e->paste_break = true;
	else if (byte == '\t')
		insert_char(e, " ", 1);
	else
		editor_bell(e);
}

enum editor_event editor_feed(struct editor *e, uint8_t byte)
{
	bool swallow = byte == '\n' && e->after_return;

	e->after_return = false;
	if (swallow)
		return EDITOR_NONE;
	if (byte >= 0x80 && e->input == INPUT_GROUND) {
		utf8_byte(e, byte);
		return EDITOR_NONE;
	}
	e->utf8_have = 0;
	/* A control byte inside a sequence ends it and counts for itself. */
	if (e->input != INPUT_GROUND && (byte >= 0x20 || e->input == INPUT_ESCAPE) &&
	    byte != ESCAPE && byte != CTRL('C') && byte != '\r' && byte != '\n') {
		sequence_byte(e, byte);
		return EDITOR_NONE;
	}
	e->input = INPUT_GROUND;
	if (byte >= 0x20 && byte != RUBOUT) {
		char c = (char)byte;

		insert_char(e, &c, 1);
		return EDITOR_NONE;
	}
	if (e->pasting && byte != CTRL('C')) {
		pasted_control(e, byte);
		return EDITOR_NONE;
	}
	return control_key(e, byte);
}
