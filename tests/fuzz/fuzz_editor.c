/*
 * tests/fuzz/fuzz_editor.c - any bytes as keys: the line stays text, and so does what is sent.
 */
/* sources: kernel/shell/editor.c kernel/shell/editor_text.c */
/* sources: kernel/shell/editor_screen.c kernel/shell/editor_search.c kernel/shell/history.c */
#include "kernel/shell/editor.h"
#include "tests/fuzz/fuzz.h"

static struct history history;
static struct editor editor;

static bool is_sent(uint8_t byte)
{
	switch (byte) { /* control bytes that the editor has a use for */
	case '\a':
	case '\b':
	case '\r':
	case '\n':
	case 0x1b:
		return true;
	default:
		return byte >= 0x20;
	}
}

static void emit(void *ctx, const char *bytes, size_t len)
{
	(void)ctx;
	MUST(len > 0 && len <= EDITOR_MAX + 64);
	for (size_t i = 0; i < len; i++)
		MUST(is_sent((uint8_t)bytes[i]));
}

static void check_line(void)
{
	MUST(editor.len <= EDITOR_MAX && editor.cursor <= editor.len);
	MUST(strlen(editor.line) == editor.len);
	MUST((editor.line[editor.cursor] & 0xc0) != 0x80);
	for (size_t i = 0; i < editor.len; i++)
		MUST((uint8_t)editor.line[i] >= 0x20 && editor.line[i] != 0x7f);
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
