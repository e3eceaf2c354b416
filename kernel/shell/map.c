/*
 * kernel/shell/map.c - drawing physical memory: state, use and fragmentation.
 *
 * Owns the row being drawn.  Every block of a row is walked from chunk to chunk, and each chunk
 * counts in the cells it covers.  Without colour a cell is a digit that says how much of it is in
 * use, or a letter where that is not the question; with colour it is half a character (U+258C, the
 * left half block, in two of 256 colours), so a row shows twice as many.
 *
 * Lock: hotplug_lock held by the caller.
 */
#include "kernel/shell/map.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"
#include "mm/page_pin.h"

#define CELLS_MAX (2 * MAP_COLUMNS)
#define FRAGMENTS 4 /* pieces, besides whole blocks, that a free cell may be in */

enum use { USE_FREE, USE_MOVABLE, USE_UNMOVABLE, USE_HEAD, USE_OFFLINE, USES };

struct row {
	pfn_t start;
	uint64_t cell_pages;
	unsigned cells;
	uint64_t pages[CELLS_MAX][USES];
	uint32_t free_chunks_in[CELLS_MAX];
	const struct memory_device *device; /* of the first block */
	bool several;			    /* devices */
	enum block_state state;		    /* of the first block */
	const struct zone *zone;	    /* of the first block */
	bool mixed;			    /* states */
	unsigned blocks;
	uint64_t free, free_chunks;
	unsigned largest; /* order of the largest free chunk */
};

static struct row row;
static const char *line_end;  /* before "\n": "", or what clears the rest of a line */
static struct json *document; /* where the rows go instead of the terminal, or NULL */
static int address_digits;    /* of the largest address shown */

/* Counts what lies in the row; returns how many pages that are. */
static uint64_t add(pfn_t first, uint64_t npages, enum use use)
{
	pfn_t end = MIN(first + npages, row.start + row.cells * row.cell_pages);
	uint64_t all = 0;

	first = MAX(first, row.start);
	while (first < end) {
		uint64_t cell = (first - row.start) / row.cell_pages;
		uint64_t n = MIN(row.start + (cell + 1) * row.cell_pages, end) - first;

		row.pages[cell][use] += n;
		row.free_chunks_in[cell] += use == USE_FREE;
		first += n;
		all += n;
	}
	return all;
}

static void add_chunk(const struct page *page, pfn_t first, uint64_t npages, void *ctx __unused)
{
	if (!page_in_use(page)) {
		uint64_t here = add(first, npages, USE_FREE);

		row.free += here;
		row.free_chunks += here != 0;
		if (here != 0)
			row.largest = MAX(row.largest, log2_floor(npages));
	} else {
		add(first, npages, page_movable(page) ? USE_MOVABLE : USE_UNMOVABLE);
	}
}

static int add_block(struct memory_block *block, void *ctx __unused)
{
	if (row.blocks++ == 0) {
		row.device = block->device;
		row.state = block->state;
		row.zone = block->zone;
	}
	row.several |= block->device != row.device;
	row.mixed |= block->state != row.state || block->zone != row.zone;
	add(block->start, block->usable - block->start, USE_HEAD);
	if (block->zone == NULL)
		add(block->usable, block->npages - (block->usable - block->start), USE_OFFLINE);
	else
		block_for_each_chunk(block, add_chunk, NULL);
	return 0;
}

static bool in_pieces(unsigned cell)
{
	return row.free_chunks_in[cell] > FRAGMENTS + row.pages[cell][USE_FREE] / BLOCK_PAGES;
}

/*
 * What can move is a matter of how much, so it is a digit: 9 for all of the cell, 1 to 8 for less.
 * What can't is a matter of whether, since one page of it keeps the block: a letter.
 */
static char cell_letter(unsigned cell)
{
	const uint64_t *pages = row.pages[cell];

	if (pages[USE_UNMOVABLE] != 0)
		return pages[USE_FREE] != 0 ? 'k' : 'K';
	if (pages[USE_MOVABLE] != 0)
		return (char)('1' +
			      pages[USE_MOVABLE] * 8 / (pages[USE_MOVABLE] + pages[USE_FREE]));
	if (pages[USE_FREE] != 0)
		return in_pieces(cell) ? ':' : '.';
	if (pages[USE_HEAD] != 0)
		return 'H';
	return pages[USE_OFFLINE] != 0 ? '-' : ' ';
}

static bool has_color(void)
{
	return *shell_color(COLOR_RED) != '\0';
}

/* Of 256 [xterm ctlseqs]: five shades each, the brightest for a cell that is all in use. */
static unsigned cell_color(unsigned cell)
{
	static const uint8_t kernel[] = {52, 88, 124, 131, 167};
	static const uint8_t movable[] = {22, 28, 29, 35, 71};
	const uint64_t *pages = row.pages[cell];
	uint64_t used = pages[USE_UNMOVABLE] + pages[USE_MOVABLE];
	uint64_t all = used + pages[USE_FREE];

	if (used != 0)
		return (pages[USE_UNMOVABLE] != 0 ? kernel : movable)[used * 4 / all];
	if (pages[USE_FREE] != 0)
		return in_pieces(cell) ? 250 : 242;
	if (pages[USE_HEAD] != 0)
		return 33;
	return pages[USE_OFFLINE] != 0 ? 236 : 16;
}

static void print_colored_cells(void)
{
	unsigned left = 256, right = 256;

	for (unsigned i = 0; i < row.cells; i += 2) {
		unsigned l = cell_color(i), r = cell_color(i + 1);

		if (l != left || r != right)
			shell_printf("\x1b[38;5;%u;48;5;%um", l, r);
		left = l;
		right = r;
		shell_printf("\u258c");
	}
	shell_printf("%s", shell_color(COLOR_NONE));
}

static const char *row_letters(void)
{
	static char text[CELLS_MAX + 1];

	for (unsigned i = 0; i < row.cells; i++)
		text[i] = cell_letter(i);
	text[row.cells] = '\0';
	return text;
}

static void print_cells(void)
{
	if (has_color())
		print_colored_cells();
	else
		shell_printf("%s", row_letters());
}

static const char *row_state(void)
{
	if (row.mixed)
		return "mixed";
	return row.zone != NULL ? zone_type_name((enum zone_type)row.zone->type)
				: block_state_name(row.state);
}

static void print_row(void)
{
	char free[24], largest[24];

	shell_printf("%*lx %-6.6s%s|", address_digits, pfn_to_paddr(row.start), row.device->name,
		     row.several ? "+" : " ");
	print_cells();
	shell_printf("| %s", row_state());
	if (row.free_chunks != 0)
		shell_printf(
			" %s/%lu max %s",
			format_size(row.free * PAGE_SIZE, false, free, sizeof(free)),
			row.free_chunks,
			format_size(PAGE_SIZE << row.largest, false, largest, sizeof(largest)));
	shell_printf("%s\n", line_end);
}

static void add_row_json(void)
{
	struct json *j = document;

	json_object(j, NULL);
	json_number(j, "base", pfn_to_paddr(row.start));
	json_string(j, "device", row.device->name);
	json_bool(j, "several", row.several);
	json_string(j, "state", row_state());
	json_string(j, "cells", row_letters());
	json_number(j, "free", row.free * PAGE_SIZE);
	json_number(j, "free_chunks", row.free_chunks);
	json_number(j, "largest", row.free_chunks != 0 ? PAGE_SIZE << row.largest : 0);
	json_object_end(j);
}

struct counting {
	const struct block_range *range;
	uint64_t row_pages, last; /* row number + 1 of the last block counted */
	uint64_t rows;
};

static int count_rows(struct memory_block *block, void *ctx)
{
	struct counting *c = ctx;
	pfn_t end = MIN(block_end(block), c->range->start + c->range->npages);
	uint64_t first = MAX(block->start, c->range->start) / c->row_pages + 1;
	uint64_t last = (end - 1) / c->row_pages + 1;

	if (first <= c->last)
		first = c->last + 1;
	if (last >= first)
		c->rows += last - first + 1;
	c->last = MAX(c->last, last);
	return 0;
}

static uint64_t rows_at(const struct block_range *range, uint64_t row_pages) REQUIRES(&hotplug_lock)
{
	struct counting c = {.range = range, .row_pages = row_pages};

	blocks_for_each(range, count_rows, &c);
	return c.rows;
}

static void draw_row(const struct block_range *range, pfn_t start, uint64_t cell_pages,
		     unsigned cells) REQUIRES(&hotplug_lock)
{
	pfn_t from = MAX(start, range->start);
	pfn_t end = MIN(start + cell_pages * cells, range->start + range->npages);
	struct block_range part = {.start = from, .npages = end - from};

	memset(&row, 0, sizeof(row));
	row.start = start;
	row.cell_pages = cell_pages;
	row.cells = cells;
	blocks_for_each(&part, add_block, NULL);
	if (row.blocks != 0 && document != NULL)
		add_row_json();
	else if (row.blocks != 0)
		print_row();
}

static void draw_rows(const struct block_range *range, uint64_t cell_pages, unsigned cells)
	REQUIRES(&hotplug_lock)
{
	pfn_t end = range->start + range->npages;
	uint64_t row_pages = cell_pages * cells;

	for (pfn_t start = ALIGN_DOWN(range->start, row_pages);
	     start < end && !thread_interrupted(); start += row_pages)
		draw_row(range, start, cell_pages, cells);
}

/* The least cell with which the picture has at most that many rows, a power of two. */
static uint64_t choose_cell(const struct block_range *range, unsigned rows, unsigned cells)
	REQUIRES(&hotplug_lock)
{
	uint64_t cell_pages = 1;

	while (rows_at(range, cell_pages * cells) > rows &&
	       cell_pages < paddr_to_pfn(DIRECT_MAP_MAX) / cells)
		cell_pages *= 2;
	return cell_pages;
}

/* At least 9: rows of a machine below 64 GiB then all look alike. */
static int hex_digits(paddr_t address)
{
	int digits = 9;

	while (digits < 16 && address >> (4 * digits) != 0)
		digits++;
	return digits;
}

void map_draw(const struct block_range *range, unsigned rows, const char *end)
{
	unsigned cells = has_color() ? 2 * MAP_COLUMNS : MAP_COLUMNS;
	uint64_t cell_pages;
	char size[24], title[MAP_COLUMNS + 1];

	ASSERT(mutex_is_held(&hotplug_lock));
	line_end = end;
	cell_pages = choose_cell(range, rows, cells);
	address_digits = hex_digits(pfn_to_paddr(range->start + range->npages) - 1);
	snprintf(title, sizeof(title), " one cell is %s",
		 format_size(cell_pages * PAGE_SIZE, false, size, sizeof(size)));
	shell_printf("%*s device |%-*s| zone, free/chunks, largest%s\n", address_digits, "address",
		     MAP_COLUMNS, title, end);
	draw_rows(range, cell_pages, cells);
}

void map_json(const struct block_range *range, unsigned rows)
{
	uint64_t cell_pages = choose_cell(range, rows, MAP_COLUMNS);
	struct json j;

	ASSERT(mutex_is_held(&hotplug_lock));
	json_begin(&j);
	json_object(&j, "map");
	json_number(&j, "cell", cell_pages * PAGE_SIZE);
	json_array(&j, "rows");
	document = &j;
	draw_rows(range, cell_pages, MAP_COLUMNS);
	document = NULL;
	json_array_end(&j);
	json_object_end(&j);
	json_end(&j);
}

static void legend_cell(unsigned color, const char *text)
{
	shell_printf("\x1b[48;5;%um  %s %s  ", color, shell_color(COLOR_NONE), text);
}

void map_legend(const char *end)
{
	if (!has_color()) {
		shell_printf("1-9 movable (9 full)  K kernel (k part)  "
			     ". free (: pieces)  H head  - offline%s\n",
			     end);
		return;
	}
	legend_cell(167, "kernel");
	legend_cell(71, "movable");
	legend_cell(242, "free");
	legend_cell(250, "in pieces");
	legend_cell(33, "head");
	legend_cell(236, "offline");
	shell_printf("dim: in part%s\n", end);
}
