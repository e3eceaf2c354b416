/*
 * kernel/shell/cmd_lsmem.c - lsmem, as util-linux has it.
 *
 * The blocks are walked in address order; neighbours that look alike in the columns shown
 * become one row.  hotplug_lock is held from the first row to the last.
 */
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "kernel/shell/target.h"
#include "kernel/shell/valid_zones.h"
#include "mm/hotplug/hotplug.h"

enum lsmem_column {
	COL_RANGE,
	COL_SIZE,
	COL_STATE,
	COL_REMOVABLE,
	COL_BLOCK,
	COL_NODE,
	COL_ZONES,
	COL_CONFIGURED, /* util-linux 2.42: known to the system, which here a block always is */
	COL_ON_MEMORY,	/* its descriptors are in its own device */
};

static const struct table_column column_table[] = {
	[COL_RANGE] = {"RANGE", false},
	[COL_SIZE] = {"SIZE", true},
	[COL_STATE] = {"STATE", true},
	[COL_REMOVABLE] = {"REMOVABLE", true},
	[COL_BLOCK] = {"BLOCK", true},
	[COL_NODE] = {"NODE", true},
	[COL_ZONES] = {"ZONES", true},
	[COL_CONFIGURED] = {"CONFIGURED", true},
	[COL_ON_MEMORY] = {"MEMMAP-ON-MEMORY", true},
};
#define NCOLUMNS ARRAY_SIZE(column_table)

struct lsmem {
	bool all, bytes, json;
	uint8_t columns[TABLE_COLUMNS_MAX];
	unsigned ncolumns;
	uint64_t online, offline; /* bytes */
	struct json out;
	struct table *table;
};

/* What a row says: a run of blocks that are alike. */
struct row {
	const struct memory_block *first, *last;
	uint64_t npages;
	enum block_state state;
	bool removable;
	unsigned node;
	const char *zones;
	bool on_memory;
};

static bool shows(const struct lsmem *l, enum lsmem_column column)
{
	for (unsigned i = 0; i < l->ncolumns; i++)
		if (l->columns[i] == column)
			return true;
	return false;
}

/* Nothing holds an offline block; what a block in the head holds goes with the device only. */
static bool removable(const struct memory_block *block)
{
	return block->state == BLOCK_OFFLINE || block_removable(block);
}

static struct row row_of(const struct memory_block *block)
{
	return (struct row){
		.first = block,
		.last = block,
		.npages = block->npages,
		.state = block->state,
		.removable = removable(block),
		.node = block->device->node,
		.zones = valid_zones(block),
		.on_memory = !memory_device_is_boot(block->device),
	};
}

static bool alike(const struct lsmem *l, const struct row *a, const struct row *b)
{
	return a->last->start + a->last->npages == b->first->start && a->state == b->state &&
	       (a->removable == b->removable || !shows(l, COL_REMOVABLE)) &&
	       (a->node == b->node || !shows(l, COL_NODE)) &&
	       (strcmp(a->zones, b->zones) == 0 || !shows(l, COL_ZONES)) &&
	       (a->on_memory == b->on_memory || !shows(l, COL_ON_MEMORY));
}

/* "32-39", "32.1" */
static const char *block_numbers(const struct row *row, char *buf, size_t size)
{
	static const size_t skip = sizeof("memory") - 1;
	char first[24], last[24];

	block_name(row->first, first, sizeof(first));
	block_name(row->last, last, sizeof(last));
	if (row->first == row->last)
		snprintf(buf, size, "%s", first + skip);
	else
		snprintf(buf, size, "%s-%s", first + skip, last + skip);
	return buf;
}

static const char *row_range(const struct row *row, char *buf, size_t size)
{
	paddr_t base = pfn_to_paddr(row->first->start);

	snprintf(buf, size, "0x%016lx-0x%016lx", base, (base + row->npages * PAGE_SIZE - 1));
	return buf;
}

static void put_cell(struct lsmem *l, const struct row *row, enum lsmem_column column)
{
	char text[48];

	switch (column) {
	case COL_RANGE:
		table_cell(l->table, "%s", row_range(row, text, sizeof(text)));
		break;
	case COL_SIZE:
		table_cell(l->table, "%s",
			   format_size(row->npages * PAGE_SIZE, l->bytes, text, sizeof(text)));
		break;
	case COL_STATE:
		table_cell(l->table, "%s", block_state_name(row->state));
		break;
	case COL_REMOVABLE:
		table_cell(l->table, "%s", row->removable ? "yes" : "no");
		break;
	case COL_BLOCK:
		table_cell(l->table, "%s", block_numbers(row, text, sizeof(text)));
		break;
	case COL_NODE:
		table_cell(l->table, "%u", row->node);
		break;
	case COL_ZONES:
		table_cell(l->table, "%s", row->zones);
		break;
	case COL_CONFIGURED:
		table_cell(l->table, "yes");
		break;
	case COL_ON_MEMORY:
		table_cell(l->table, "%s", row->on_memory ? "yes" : "no");
		break;
	}
}

static void put_member(struct lsmem *l, const struct row *row, enum lsmem_column column)
{
	char text[48];

	switch (column) {
	case COL_RANGE:
		json_string(&l->out, "range", row_range(row, text, sizeof(text)));
		break;
	case COL_SIZE:
		json_number(&l->out, "size", row->npages * PAGE_SIZE);
		break;
	case COL_STATE:
		json_string(&l->out, "state", block_state_name(row->state));
		break;
	case COL_REMOVABLE:
		json_bool(&l->out, "removable", row->removable);
		break;
	case COL_BLOCK:
		json_string(&l->out, "block", block_numbers(row, text, sizeof(text)));
		break;
	case COL_NODE:
		json_number(&l->out, "node", row->node);
		break;
	case COL_ZONES:
		json_string(&l->out, "zones", row->zones);
		break;
	case COL_CONFIGURED:
		json_bool(&l->out, "configured", true);
		break;
	case COL_ON_MEMORY:
		json_bool(&l->out, "memmap-on-memory", row->on_memory);
		break;
	}
}

static void put_row(struct lsmem *l, const struct row *row)
{
	if (l->json)
		json_object(&l->out, NULL);
	for (unsigned i = 0; i < l->ncolumns; i++) {
		if (l->json)
			put_member(l, row, (enum lsmem_column)l->columns[i]);
		else
			put_cell(l, row, (enum lsmem_column)l->columns[i]);
	}
	if (l->json)
		json_object_end(&l->out);
}

/* The head's blocks are in use with the device's first block, and out of use with its last. */
static void count(struct lsmem *l, const struct memory_block *block)
{
	bool off = block->state == BLOCK_MEMMAP ? block->device->blocks_online == 0
						: block->zone == NULL;

	*(off ? &l->offline : &l->online) += block->npages * PAGE_SIZE;
}

static void put_rows(struct lsmem *l)
{
	struct row row = {0};
	struct memory_device *device;

	l->online = l->offline = 0;
	for_each_device (device) {
		for (unsigned n = 0; n < device->nblocks; n++) {
			struct row next = row_of(&device->blocks[n]);

			count(l, &device->blocks[n]);
			if (row.first != NULL && !l->all && alike(l, &row, &next)) {
				row.last = next.last;
				row.npages += next.npages;
				continue;
			}
			if (row.first != NULL)
				put_row(l, &row);
			row = next;
		}
	}
	if (row.first != NULL)
		put_row(l, &row);
}

static void table_rows(struct table *t, void *ctx)
{
	struct lsmem *l = ctx;

	l->table = t;
	put_rows(l);
}

static void print_text(struct lsmem *l)
{
	struct table_column columns[TABLE_COLUMNS_MAX];
	char text[24];

	for (unsigned i = 0; i < l->ncolumns; i++)
		columns[i] = column_table[l->columns[i]];
	table_print(columns, l->ncolumns, table_rows, l);
	shell_printf("\n%-23s %5s\n", "Memory block size:",
		     format_size(BLOCK_PAGES * PAGE_SIZE, l->bytes, text, sizeof(text)));
	shell_printf("%-23s %5s\n",
		     "Total online memory:", format_size(l->online, l->bytes, text, sizeof(text)));
	shell_printf("%-23s %5s\n", "Total offline memory:",
		     format_size(l->offline, l->bytes, text, sizeof(text)));
}

static void print_json(struct lsmem *l)
{
	json_begin(&l->out);
	json_array(&l->out, "memory");
	put_rows(l);
	json_array_end(&l->out);
	json_end(&l->out);
}

static void default_columns(struct lsmem *l)
{
	l->ncolumns = l->json ? COL_ZONES + 1 : COL_BLOCK + 1;
	for (unsigned i = 0; i < l->ncolumns; i++)
		l->columns[i] = (uint8_t)i;
}

static bool same_name(const char *name, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len && name[i] != '\0'; i++)
		if (text[i] != name[i] && (text[i] & ~0x20) != name[i])
			return false;
	return i == len && name[i] == '\0';
}

/* Adds the columns of a list "SIZE,block"; "+..." adds them to the default ones. */
static int parse_columns(struct lsmem *l, const char *list)
{
	l->ncolumns = 0;
	if (*list == '+') {
		default_columns(l);
		list++;
	}
	for (;;) {
		size_t len = strcspn(list, ",");
		unsigned i;

		for (i = 0; i < NCOLUMNS && !same_name(column_table[i].name, list, len); i++)
			;
		if (i == NCOLUMNS)
			return shell_usage("lsmem", "unknown column: %.*s", (int)MIN(len, 32UL),
					   list);
		if (l->ncolumns == TABLE_COLUMNS_MAX)
			return shell_usage("lsmem", "too many columns");
		l->columns[l->ncolumns++] = (uint8_t)i;
		if (list[len] == '\0')
			return SHELL_OK;
		list += len + 1;
	}
}

SHELL_COMMAND(lsmem, "[-a] [-b] [-J] [-o COLS]", "memory blocks and their states",
	      "lsmem -o +NODE,ZONES,MEMMAP-ON-MEMORY", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("lsmem", "abJo:", argc, argv);
	struct lsmem l = {0};
	const char *columns = NULL;
	int opt;

	while ((opt = shell_option(&a)) > 0) {
		l.all |= opt == 'a';
		l.bytes |= opt == 'b';
		l.json |= opt == 'J';
		if (opt == 'o')
			columns = a.value;
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands != 0)
		return shell_usage("lsmem", "no such operand: %s", a.operands[0]);
	default_columns(&l);
	if (columns != NULL && parse_columns(&l, columns) != SHELL_OK)
		return SHELL_USAGE;
	if (!lock_to_look("lsmem"))
		return SHELL_FAIL;
	if (l.json)
		print_json(&l);
	else
		print_text(&l);
	mutex_unlock(&hotplug_lock);
	return SHELL_OK;
}
