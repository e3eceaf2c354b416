/*
 * kernel/shell/console.h - the serial terminal, shared by commands, the log and the editor.
 *
 * Log lines appear between whole lines of command output, and above the line being typed,
 * which is taken off the screen and drawn again.
 */
#ifndef KERNEL_SHELL_CONSOLE_H
#define KERNEL_SHELL_CONSOLE_H

#include "kernel/lib/types.h"
#include "kernel/shell/editor.h"

/* Becomes the log's console sink; what was logged so far has been shown already. */
void console_init(const struct history *history);

/* Command output; log lines wait until the text ends a line. */
void console_write(const char *text, size_t len);

/* Shows the prompt on a line of its own and begins a new line. */
void console_prompt(const char *prompt);
/* Gives the editor a byte; after EDITOR_LINE and EDITOR_INTERRUPT the line is done. */
enum editor_event console_feed(uint8_t byte);
/* The line as typed; stable between two console_feed(). */
const char *console_line(size_t *cursor);
/* Answers to a Tab: text for the cursor (NULL: a bell), or a list below the line. */
void console_complete(const char *text);
void console_list_begin(void);
void console_list_end(void);

void console_set_columns(unsigned columns);
unsigned console_columns(void);
void console_set_rows(unsigned rows);
unsigned console_rows(void);
/* A terminal with colour can be asked how large it is. */
void console_set_terminal(bool on);

#endif
