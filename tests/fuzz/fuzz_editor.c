/*
 * tests/fuzz/fuzz_editor.c - any bytes as keys: the line stays text, and so does what is sent.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&history, 0, sizeof(history));
	editor_init(&editor, emit, NULL, &history);
	editor_begin(&editor, "hr> ");
	for (size_t i = 0; i < size; i++) {
		enum editor_event event = editor_feed(&editor, data[i]);

		check_line();
		if (event == EDITOR_COMPLETE)
			editor_insert(&editor, "memory32 ", 9);
		if (event == EDITOR_LINE || event == EDITOR_INTERRUPT) {
			history_add(&history, editor.line);
			editor_begin(&editor, "hr> ");
		} else if (i % 16 == 0) {
			editor_hide(&editor);
			editor_show(&editor);
		}
	}
	return 0;
}
