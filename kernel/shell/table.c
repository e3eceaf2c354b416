/*
 * kernel/shell/table.c - measuring and printing tables.  After Ctrl-C the rest is not printed.
 */
#include "kernel/shell/table.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/thread.h"

#define CELL_MAX 160

static void print_cell(struct table *t, const char *text)
{
	bool last = t->next == t->ncolumns - 1;
	int width = (int)t->widths[t->next];

	if (t->columns[t->next].right)
		shell_printf("%*s", width, text);
	else
		shell_printf("%-*s", last ? 0 : width, text);
	shell_write(last ? "\n" : " ", 1);
}

static void put_cell(struct table *t, const char *text)
{
	unsigned len = (unsigned)strlen(text);

	if (t->printing && !thread_interrupted())
		print_cell(t, text);
	else if (len > t->widths[t->next])
		t->widths[t->next] = len;
	t->next = (t->next + 1) % t->ncolumns;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	char text[CELL_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_cell(t, text);
}

void table_print(const struct table_column *columns, unsigned ncolumns,
		 void (*rows)(struct table *t, void *ctx), void *ctx)
{
	struct table t = {.columns = columns, .ncolumns = ncolumns};

	ASSERT(ncolumns > 0 && ncolumns <= TABLE_COLUMNS_MAX);
	for (int pass = 0; pass < 2; pass++) {
		t.printing = pass == 1;
		for (unsigned i = 0; i < ncolumns; i++)
			put_cell(&t, columns[i].name);
		rows(&t, ctx);
		ASSERT(t.next == 0);
	}
}
