/*
 * kernel/shell/editor_search.c - Ctrl-R: looking for an older line while its words are typed.
 *
 * Owns the search_* members of an editor.  It goes as readline's does, which differs from the
 * obvious in three ways: the line being typed is looked through first, from the cursor down; a
 * line may be found several times, at each place where the pattern stands; and a line equal to
 * the one shown is passed over.
 */
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/editor_priv.h"

static const char *line_at(const struct editor *e, unsigned index)
{
	if (index == e->search_origin)
		return e->original;
	return index == e->history->count ? e->saved : history_at(e->history, index);
}

static void show(struct editor *e)
{
	snprintf(e->search_prompt, sizeof(e->search_prompt),
		 "(%sreverse-i-search)`%s': ", e->search_failed ? "failed " : "", e->pattern);
	screen_redraw(e);
}

/* Looks for the pattern in the present line, from search_at down. */
static bool find_in_line(struct editor *e)
{
	const char *line = line_at(e, e->search_line);

	for (; e->search_at >= 0; e->search_at--)
		if (strncmp(line + e->search_at, e->pattern, e->npattern) == 0)
			return true;
	e->search_at = 0;
	return false;
}

/* Whether looking into a line can lead to anything new. */
static bool worth_a_look(const struct editor *e, const char *line)
{
	if (e->search_moved && strcmp(line, line_at(e, e->search_found)) == 0)
		return false;
	return strlen(line) >= e->npattern;
}

/* On to the next older line; false: there is none. */
static bool next_line(struct editor *e)
{
	const char *line;

	do {
		if (e->search_index == 0)
			return false;
		line = line_at(e, --e->search_index);
	} while (!worth_a_look(e, line));
	e->search_line = e->search_index;
	e->search_at = (long)(strlen(line) - e->npattern);
	return true;
}

static bool find(struct editor *e)
{
	if (e->npattern == 0)
		return false;
	while (!find_in_line(e))
		if (!next_line(e))
			return false;
	return true;
}

static void search(struct editor *e)
{
	e->search_failed = !find(e);
	if (e->search_failed) {
		e->search_index = e->search_found;
		editor_bell(e);
	} else {
		e->search_found = e->search_index;
		e->search_moved = true;
		text_replace(e, line_at(e, e->search_found));
		e->cursor = (size_t)e->search_at;
	}
	show(e);
}

void search_begin(struct editor *e)
{
	memcpy(e->original, e->line, e->len + 1);
	e->original_cursor = e->cursor;
	e->search_origin = e->history_index;
	if (e->history_index == e->history->count)
		memcpy(e->saved, e->line, e->len + 1);
	e->search_found = e->search_index = e->search_line = e->search_origin;
	e->search_at = (long)e->cursor;
	e->searching = true;
	e->search_failed = false;
	e->search_moved = false;
	e->npattern = 0;
	e->pattern[0] = '\0';
	show(e);
}

/* Ctrl-R again: older; with nothing typed yet, what was looked for last. */
void search_older(struct editor *e)
{
	if (e->npattern == 0) {
		strcpy(e->pattern, e->old_pattern);
		e->npattern = strlen(e->pattern);
	} else {
		e->search_at--;
	}
	search(e);
}

static bool extend(struct editor *e, const char *bytes, size_t len)
{
	if (e->npattern + len > EDITOR_PATTERN) {
		editor_bell(e);
		return false;
	}
	memcpy(e->pattern + e->npattern, bytes, len);
	e->npattern += len;
	e->pattern[e->npattern] = '\0';
	return true;
}

void search_type(struct editor *e, const char *bytes, size_t len)
{
	if (extend(e, bytes, len))
		search(e);
}

void search_backspace(struct editor *e)
{
	if (e->npattern != 0)
		e->npattern = text_char_start(e->pattern, e->npattern - 1);
	e->pattern[e->npattern] = '\0';
	search(e);
}

void search_yank(struct editor *e, bool whole)
{
	size_t from = text_char_start(e->line, MIN(e->cursor + e->npattern, e->len));
	size_t to = whole ? e->len : from;

	while (!whole && to < e->len && text_in_word(e->line[to]))
		to++;
	if (to == from)
		editor_bell(e);
	else
		extend(e, e->line + from, to - from);
	search(e);
}

void search_end(struct editor *e, bool restore)
{
	if (restore) {
		text_replace(e, e->original);
		e->cursor = e->original_cursor;
	} else {
		strcpy(e->old_pattern, e->pattern);
		text_replace(e, line_at(e, e->search_found));
		e->cursor = text_char_start(e->line, MIN((size_t)MAX(e->search_at, 0), e->len));
		e->history_index = e->search_found;
	}
	e->searching = false;
	screen_redraw(e);
}
