/*
 * kernel/shell/editor_text.c - the line editor's text: words, cutting, history.
 *
 * Owns line, cursor, killed and saved of an editor.  Everything here keeps the line valid UTF-8
 * and terminated, and the screen in step.
 */
#include "kernel/lib/string.h"
#include "kernel/shell/editor_priv.h"

static bool continuation(char c)
{
	return ((uint8_t)c & 0xc0) == 0x80;
}

size_t text_char_start(const char *text, size_t pos)
{
	while (pos > 0 && continuation(text[pos]))
		pos--;
	return pos;
}

size_t text_next(const struct editor *e, size_t pos)
{
	if (pos < e->len)
		pos++;
	while (pos < e->len && continuation(e->line[pos]))
		pos++;
	return pos;
}

size_t text_previous(const struct editor *e, size_t pos)
{
	if (pos > 0)
		pos--;
	while (pos > 0 && continuation(e->line[pos]))
		pos--;
	return pos;
}

bool text_in_word(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
	       (uint8_t)c >= 0x80;
}

size_t text_word_right(const struct editor *e, size_t pos)
{
	while (pos < e->len && !text_in_word(e->line[pos]))
		pos++;
	while (pos < e->len && text_in_word(e->line[pos]))
		pos++;
	return pos;
}

size_t text_word_left(const struct editor *e, size_t pos)
{
	while (pos > 0 && !text_in_word(e->line[pos - 1]))
		pos--;
	while (pos > 0 && text_in_word(e->line[pos - 1]))
		pos--;
	return pos;
}

size_t text_blank_left(const struct editor *e, size_t pos)
{
	while (pos > 0 && e->line[pos - 1] == ' ')
		pos--;
	while (pos > 0 && e->line[pos - 1] != ' ')
		pos--;
	return pos;
}

void text_replace(struct editor *e, const char *line)
{
	e->len = strnlen(line, EDITOR_MAX);
	memmove(e->line, line, e->len);
	e->line[e->len] = '\0';
	e->cursor = e->len;
}

void text_set(struct editor *e, const char *line)
{
	size_t same = 0;

	while (same < e->len && e->line[same] == line[same])
		same++;
	while (same > 0 && continuation(line[same]))
		same--;
	text_replace(e, line);
	screen_update(e, same);
}

void editor_completed(struct editor *e, const char *text)
{
	e->last_was_tab = false;
	editor_insert(e, text, strlen(text));
}

bool editor_insert(struct editor *e, const char *text, size_t len)
{
	size_t at = e->cursor;

	if (e->len + len > EDITOR_MAX) {
		editor_bell(e);
		return false;
	}
	memmove(e->line + at + len, e->line + at, e->len - at);
	memcpy(e->line + at, text, len);
	e->len += len;
	e->line[e->len] = '\0';
	e->cursor += len;
	screen_update(e, at);
	return true;
}

void text_delete(struct editor *e, size_t from, size_t to)
{
	if (from == to) {
		editor_bell(e);
		return;
	}
	memmove(e->line + from, e->line + to, e->len - to);
	e->len -= to - from;
	e->line[e->len] = '\0';
	e->cursor = from;
	screen_update(e, from);
}

bool text_kill(struct editor *e, size_t from, size_t to, bool in_front)
{
	size_t n = to - from;

	if (n == 0 || (e->last_was_kill && e->nkilled + n > EDITOR_MAX)) {
		editor_bell(e);
		return false;
	}
	if (!e->last_was_kill)
		e->nkilled = 0;
	if (in_front)
		memmove(e->killed + n, e->killed, e->nkilled);
	memcpy(in_front ? e->killed : e->killed + e->nkilled, e->line + from, n);
	e->nkilled += n;
	text_delete(e, from, to);
	return true;
}

/* Swaps the two characters around the cursor; at the end, the last two. */
void text_transpose(struct editor *e)
{
	size_t middle = e->cursor == e->len ? text_previous(e, e->cursor) : e->cursor;
	size_t from = text_previous(e, middle), to = text_next(e, middle);
	char first[4];

	if (middle == 0 || to == middle) {
		editor_bell(e);
		return;
	}
	memcpy(first, e->line + from, middle - from);
	memmove(e->line + from, e->line + middle, to - middle);
	memcpy(e->line + from + (to - middle), first, middle - from);
	e->cursor = to;
	screen_update(e, from);
}

/* The line being typed is kept while older ones are looked at. */
static void recall(struct editor *e, unsigned index)
{
	const char *line;

	if (e->history_index == e->history->count)
		memcpy(e->saved, e->line, e->len + 1);
	e->history_index = index;
	line = history_at(e->history, index);
	text_set(e, line != NULL ? line : e->saved);
}

void recall_previous(struct editor *e)
{
	if (e->history_index == 0)
		editor_bell(e);
	else
		recall(e, e->history_index - 1);
}

void recall_next(struct editor *e)
{
	if (e->history_index >= e->history->count)
		editor_bell(e);
	else
		recall(e, e->history_index + 1);
}
