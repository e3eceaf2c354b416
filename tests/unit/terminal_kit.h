/*
 * tests/unit/terminal_kit.h - a small model of a VT100 with late wrap, for the line editor.
 *
 * After the last column of a row the cursor stays until the next character comes.  A sequence
 * that the editor has no business sending fails the test, and so does a cursor that leaves
 * the screen.  To be included after cmocka.h.
 */
#ifndef TESTS_UNIT_TERMINAL_KIT_H
#define TESTS_UNIT_TERMINAL_KIT_H

#define COLUMNS 80
#define ROWS	60

struct terminal {
	char cells[ROWS][COLUMNS];
	unsigned row, column;
	bool late_wrap; /* the last column was just written */
	unsigned bells, escapes;
	char sequence[32];
	unsigned nsequence;
	bool in_sequence;
	char raw[65536]; /* everything that came */
	size_t nraw;
	unsigned saved_row, saved_column;
	bool saved_wrap;
};

static struct terminal term;

static void new_row(void)
{
	if (term.row < ROWS - 1) {
		term.row++;
		return;
	}
	memmove(term.cells[0], term.cells[1], sizeof(term.cells) - COLUMNS);
	memset(term.cells[ROWS - 1], ' ', COLUMNS);
}

static void clear_below(void)
{
	memset(&term.cells[term.row][term.column], ' ', COLUMNS - term.column);
	for (unsigned r = term.row + 1; r < ROWS; r++)
		memset(term.cells[r], ' ', COLUMNS);
}

static void run_sequence(char final)
{
	unsigned n = (unsigned)strtoul(term.sequence + 1, NULL, 10);
	unsigned by = n == 0 ? 1 : n;

	term.in_sequence = false;
	term.late_wrap = false;
	switch (final) {
	case 'A':
		assert_true(by <= term.row);
		term.row -= by;
		break;
	case 'B':
		assert_true(term.row + by < ROWS);
		term.row += by;
		break;
	case 'C':
		term.column = term.column + by < COLUMNS ? term.column + by : COLUMNS - 1;
		break;
	case 'D':
		assert_true(by <= term.column);
		term.column -= by;
		break;
	case 'H':
		term.row = term.column = 0;
		break;
	case 'h':
	case 'l':
		assert_memory_equal(term.sequence, "[?2004", 6); /* bracketed paste */
		break;
	case 'J':
		if (n == 2)
			memset(term.cells, ' ', sizeof(term.cells));
		else
			clear_below();
		break;
	case 'n':
		break;
	default:
		fail_msg("unknown sequence %s%c", term.sequence, final);
	}
}

static void sequence_byte(char c)
{
	if (term.nsequence == 0 && c == '7') {
		term.saved_row = term.row;
		term.saved_column = term.column;
		term.saved_wrap = term.late_wrap;
		term.in_sequence = false;
	} else if (term.nsequence == 0 && c == '8') {
		term.row = term.saved_row;
		term.column = term.saved_column;
		term.late_wrap = term.saved_wrap;
		term.in_sequence = false;
	} else if (term.nsequence == 0 || (c >= '0' && c <= '9') || c == ';' || c == '?') {
		assert_true(term.nsequence < sizeof(term.sequence) - 1);
		term.sequence[term.nsequence++] = c;
		term.sequence[term.nsequence] = '\0';
	} else {
		run_sequence(c);
	}
}

/* Columns of a character by its first byte: enough for those that the tests type. */
static unsigned width_of(char first)
{
	switch ((uint8_t)first) {
	case 0xcc: /* U+0301, an accent on what is in front of it */
		return 0;
	case 0xe4: /* U+4E2D */
	case 0xf0: /* U+1F600 */
		return 2;
	default:
		return ((uint8_t)first & 0xc0) == 0x80 ? 0 : 1;
	}
}

#define SECOND_HALF '\x01' /* what a wide character has in its other cell */

static void put_char(char c)
{
	unsigned width = width_of(c);

	if (width == 0)
		return;
	if (term.late_wrap || term.column + width > COLUMNS) {
		new_row();
		term.column = 0;
		term.late_wrap = false;
	}
	term.cells[term.row][term.column] = c;
	if (width == 2)
		term.cells[term.row][++term.column] = SECOND_HALF;
	if (term.column == COLUMNS - 1)
		term.late_wrap = true;
	else
		term.column++;
}

static void control_char(char c)
{
	switch (c) {
	case '\a':
		term.bells++;
		return;
	case '\b':
		assert_true(term.column > 0 && !term.late_wrap);
		term.column--;
		return;
	case '\r':
		term.column = 0;
		break;
	case '\n': /* serial_write() sends CR LF */
		term.column = 0;
		new_row();
		break;
	case 0x1b:
		term.in_sequence = true;
		term.nsequence = 0;
		term.escapes++;
		return;
	default:
		fail_msg("control byte 0x%02x", c);
	}
	term.late_wrap = false;
}

static void emit(void *ctx, const char *bytes, size_t len)
{
	assert_ptr_equal(ctx, &term);
	for (size_t i = 0; i < len; i++) {
		if (term.nraw < sizeof(term.raw) - 1)
			term.raw[term.nraw++] = bytes[i];
		if (term.in_sequence)
			sequence_byte(bytes[i]);
		else if ((uint8_t)bytes[i] < 0x20)
			control_char(bytes[i]);
		else
			put_char(bytes[i]);
	}
}

#endif
