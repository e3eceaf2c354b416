/*
 * tests/fuzz/fuzz_editor.c - any bytes as keys: the line stays text, and so does what is sent.
 *
 * Every 16th byte is a key and says, too, what the console does with the editor then: it prints
 * something, holds the screen back, takes another width or finds a terminal there.
 */
/* sources: kernel/shell/editor.c kernel/shell/editor_text.c */
/* sources: kernel/shell/editor_screen.c kernel/shell/editor_search.c kernel/shell/history.c */
#include "kernel/shell/editor.h"
#include "tests/fuzz/fuzz.h"

static struct history history;
static struct editor editor;

/* Text, and the control bytes that the editor has a use for. */
static bool is_sent(uint8_t byte)
{
	return (byte >= 0x20) | (byte >= '\a' && byte <= '\b') | (byte == '\r') | (byte == '\n') |
	       (byte == 0x1b);
}

/* These two look at every byte at every key: without a branch a byte, they go many at a time. */
static void emit(void *ctx, const char *bytes, size_t len)
{
	bool bad = false;

	(void)ctx;
	MUST(len > 0 && len <= EDITOR_MAX + 64);
	for (size_t i = 0; i < len; i++)
		bad |= !is_sent((uint8_t)bytes[i]);
	MUST(!bad);
}

static void check_line(void)
{
	bool bad = false;

	MUST(editor.len <= EDITOR_MAX && editor.cursor <= editor.len);
	MUST(editor.line[editor.len] == '\0');
	MUST((editor.line[editor.cursor] & 0xc0) != 0x80);
	for (size_t i = 0; i < editor.len; i++)
		bad |= ((uint8_t)editor.line[i] < 0x20) | (editor.line[i] == 0x7f);
	MUST(!bad);
}

/* What the console may do between two keys. */
static void act(uint8_t byte)
{
	switch (byte % 8) {
	case 0:
		editor_set_columns(&editor, byte); /* below 20 it keeps what it has */
		break;
	case 1:
		editor_set_terminal(&editor, !editor.terminal);
		break;
	case 2:
		editor_hold(&editor, !editor.held);
		break;
	case 3:
		editor_settle(&editor);
		break;
	case 4:
		editor_leave(&editor);
		editor_show(&editor);
		break;
	case 5:
		editor_answer_is_late(&editor);
		break;
	default:
		editor_hide(&editor);
		editor_show(&editor);
	}
	MUST(editor.columns >= 20 && editor.columns <= 1000);
}

static void answer(enum editor_event event)
{
	if (event == EDITOR_COMPLETE)
		editor_completed(&editor, "memory32 ");
	if (event == EDITOR_LINE || event == EDITOR_INTERRUPT) {
		history_add(&history, editor.line);
		editor_begin(&editor, "hr> ");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&history, 0, sizeof(history));
	editor_init(&editor, emit, NULL, &history);
	editor_begin(&editor, "hr> ");
	for (size_t i = 0; i < size; i++) {
		enum editor_event event = editor_feed(&editor, data[i]);

		check_line();
		answer(event);
		if (i % 16 == 15)
			act(data[i]);
	}
	return 0;
}
