/*
 * kernel/shell/editor.h - the line editor: bytes in, a line and terminal output out.
 *
 * A pure object, so that host tests can feed it anything.  Keys are readline's.  Typing at
 * the end of the line echoes just what was typed; escape sequences go out only in answer to
 * editing keys.  A line longer than the terminal is wide wraps, as in readline.
 *
 * What is pasted between a terminal's brackets is text, whatever it is: ends of lines in it become
 * "; ", so that nothing runs before Enter is typed.
 *
 * Bytes 0x80 and up must form UTF-8; what does not is refused with a bell, so the line is
 * always valid text.  Control bytes without a meaning are ignored with a bell.
 *
 * No lock inside: the console calls it under its own.
 */
#ifndef KERNEL_SHELL_EDITOR_H
#define KERNEL_SHELL_EDITOR_H

#include "kernel/lib/types.h"
#include "kernel/shell/history.h"

#define EDITOR_MAX	4096 /* bytes of a line; more are refused with a bell */
#define EDITOR_COLUMNS	80   /* assumed until the terminal or the user says otherwise */
#define EDITOR_ROWS	24
#define EDITOR_PATTERN	64
#define EDITOR_SEQUENCE 24

enum editor_event {
	EDITOR_NONE,
	EDITOR_LINE,	  /* Enter: editor->line holds the line */
	EDITOR_INTERRUPT, /* Ctrl-C: the line was given up */
	EDITOR_COMPLETE,  /* Tab: the caller completes the word before the cursor */
	EDITOR_LIST,	  /* Tab again: the caller lists what is possible */
};

typedef void (*editor_emit_fn)(void *ctx, const char *bytes, size_t len);

enum editor_input { INPUT_GROUND, INPUT_ESCAPE, INPUT_CSI, INPUT_SS3, INPUT_FUNCTION };

struct editor {
	editor_emit_fn emit;
	void *ctx;
	const struct history *history;
	const char *prompt;

	char line[EDITOR_MAX + 1]; /* always terminated */
	size_t len, cursor;	   /* bytes; the cursor stands before line[cursor] */

	/* What was cut last, for Ctrl-Y; cuts in a row add up. */
	char killed[EDITOR_MAX + 1];
	size_t nkilled;
	bool last_was_kill, last_was_tab;

	/* The walk through the history: index history->count is the line being typed. */
	unsigned history_index;
	char saved[EDITOR_MAX + 1];

	/* Ctrl-R; lines are numbered as for history_index. */
	bool searching, search_failed;
	char pattern[EDITOR_PATTERN + 1], old_pattern[EDITOR_PATTERN + 1];
	size_t npattern;
	unsigned search_origin;	       /* where the search began, */
	char original[EDITOR_MAX + 1]; /* the line there, */
	size_t original_cursor;	       /* and the cursor in it */
	unsigned search_found;	       /* the line shown */
	bool search_moved;	       /* it was found, not begun with */
	unsigned search_index;	       /* the search went on from this line, */
	unsigned search_line;	       /* looking at this one, */
	long search_at;		       /* from this byte down */
	char search_prompt[EDITOR_PATTERN + 40];

	/* Decoding of input. */
	enum editor_input input;
	char sequence[EDITOR_SEQUENCE];
	size_t nsequence;
	bool pasting, paste_break; /* between the paste's brackets; a line ended in it */
	uint8_t utf8[4];
	unsigned utf8_have, utf8_need;
	bool after_return; /* swallow the LF of CR LF */

	/* The screen; a cell is a column of a row, counted from the prompt's first. */
	bool shown;
	unsigned columns;
	unsigned rows;	 /* of the terminal, for | more */
	bool terminal;	 /* it answers, and brackets what is pasted (colour is on) */
	bool size_asked; /* and its answer has not come */
	size_t cell_cursor, cell_end;
	bool pending_wrap; /* the cursor's cell begins a row that the terminal is not on yet */

	/* What the screen does not show yet, because more bytes wait to be fed. */
	bool held;
	size_t stale;	/* from this byte of the line on; SIZE_MAX: all of it is shown */
	bool stale_all; /* prompt and line */
	bool bell_due;
};

void editor_init(struct editor *e, editor_emit_fn emit, void *ctx, const struct history *history);
/* An empty line with `prompt`, which must outlive it; draws it. */
void editor_begin(struct editor *e, const char *prompt);
enum editor_event editor_feed(struct editor *e, uint8_t byte);
/*
 * held: bytes are there that will be fed at once, so what changes need not be drawn key by key.
 * The screen is true again when a line ends or something is printed, or by editor_settle().
 */
void editor_hold(struct editor *e, bool held);
void editor_settle(struct editor *e);

/* Takes prompt and line off the screen, the cursor in column 0, and draws them again. */
void editor_hide(struct editor *e);
void editor_show(struct editor *e);
/* Goes below the line, leaving it on the screen (for lists of completions). */
void editor_leave(struct editor *e);

/* Inserts at the cursor as if typed; a bell and false if it does not fit. */
bool editor_insert(struct editor *e, const char *text, size_t len);
/* The same for what EDITOR_COMPLETE asked for: as the line has changed, the next Tab completes
 * anew, and only the one after it lists, as with readline. */
void editor_completed(struct editor *e, const char *text);
void editor_bell(struct editor *e);
void editor_set_columns(struct editor *e, unsigned columns);
/* Whether a terminal is there that understands questions; asks how large it is. */
void editor_set_terminal(struct editor *e, bool on);
/* Time is up: what looks like the answer from now on is none. */
void editor_answer_is_late(struct editor *e);

#endif
