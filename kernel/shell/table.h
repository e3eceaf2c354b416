/*
 * kernel/shell/table.h - columns that fit what is in them, as util-linux prints them.
 *
 * The rows are produced twice, once to measure and once to print, so that a table of any
 * length needs no memory.  The producer must say the same both times (hold the lock).
 */
#ifndef KERNEL_SHELL_TABLE_H
#define KERNEL_SHELL_TABLE_H

#include "kernel/lib/types.h"

#define TABLE_COLUMNS_MAX 16

struct table_column {
	const char *name;
	bool right; /* numbers stand to the right */
};

struct table {
	const struct table_column *columns;
	unsigned ncolumns;
	unsigned widths[TABLE_COLUMNS_MAX];
	unsigned next; /* column of the next cell */
	bool printing;
};

/* One cell; the row ends by itself after the last column. */
void table_cell(struct table *t, const char *fmt, ...) __printf(2, 3);

/* Prints the heading and what rows(t, ctx) produces. */
void table_print(const struct table_column *columns, unsigned ncolumns,
		 void (*rows)(struct table *t, void *ctx), void *ctx);

#endif
