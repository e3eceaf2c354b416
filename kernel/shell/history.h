/*
 * kernel/shell/history.h - the lines that were entered, oldest first.
 *
 * An object of fixed size: the oldest lines make room for new ones.  Numbers count from 1
 * and never change, as in bash.  No lock: it belongs to the shell thread.
 */
#ifndef KERNEL_SHELL_HISTORY_H
#define KERNEL_SHELL_HISTORY_H

#include "kernel/lib/types.h"

#define HISTORY_BYTES 16384
#define HISTORY_LINES 1024

struct history {
	char text[HISTORY_BYTES]; /* lines with their NULs, one after the other */
	size_t used;
	uint16_t at[HISTORY_LINES]; /* where in the text they begin */
	unsigned first; /* number of the oldest line kept, counting from 1; 0: none ever */
	unsigned count;
};

/* Empty lines and repetitions of the last one are not kept. */
void history_add(struct history *h, const char *line);
/* The i-th line kept, 0 the oldest; NULL past the end. */
const char *history_at(const struct history *h, unsigned index);

#endif
