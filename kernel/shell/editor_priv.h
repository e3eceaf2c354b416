/*
 * kernel/shell/editor_priv.h - what the four parts of the editor share: text (editor_text.c),
 * the search in the history (editor_search.c), screen (editor_screen.c), keys (editor.c).
 */
#ifndef KERNEL_SHELL_EDITOR_PRIV_H
#define KERNEL_SHELL_EDITOR_PRIV_H

#include "kernel/shell/editor.h"

/* Screen. */
void screen_emit(struct editor *e, const char *bytes, size_t len);
void screen_puts(struct editor *e, const char *text);
/* The text from byte `from` on has changed; the old end of the line may be further. */
void screen_update(struct editor *e, size_t from);
/* Prompt and line anew, over what is shown. */
void screen_redraw(struct editor *e);
/* Only the cursor has moved. */
void screen_cursor(struct editor *e);
void screen_end(struct editor *e);
void screen_clear(struct editor *e); /* Ctrl-L */
/* Asks the terminal for its size. */
void screen_ask_size(struct editor *e);

/* Text: positions in bytes, always at the start of a character. */
size_t text_next(const struct editor *e, size_t pos);
size_t text_previous(const struct editor *e, size_t pos);
size_t text_word_right(const struct editor *e, size_t pos); /* readline's word: alphanumeric */
size_t text_word_left(const struct editor *e, size_t pos);
size_t text_blank_left(const struct editor *e, size_t pos); /* Unix word: not blank */
bool text_in_word(char c);
/* The first byte of the character that `pos` is in. */
size_t text_char_start(const char *text, size_t pos);
void text_set(struct editor *e, const char *line);     /* cursor at the end */
void text_replace(struct editor *e, const char *line); /* the same, without drawing it */
void text_delete(struct editor *e, size_t from, size_t to);
/* Deletes and keeps for Ctrl-Y: in front of or behind what was cut just before; false: nothing. */
bool text_kill(struct editor *e, size_t from, size_t to, bool in_front);
void text_transpose(struct editor *e);

/* The history, and Ctrl-R in it. */
void recall_previous(struct editor *e);
void recall_next(struct editor *e);
void search_begin(struct editor *e);
void search_older(struct editor *e);
void search_type(struct editor *e, const char *bytes, size_t len);
void search_backspace(struct editor *e);
/* Adds what stands behind the match to the pattern: a word, or all of it. */
void search_yank(struct editor *e, bool whole);
/* Ends the search on the line found; with `restore`, on the line before it began. */
void search_end(struct editor *e, bool restore);

#endif
