/*
 * kernel/shell/map.c - drawing physical memory: state, use and fragmentation.
 *
 * Owns the row being drawn.  Every block of a row is walked from chunk to chunk, and each chunk
 * counts in the cells it covers.
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

enum use { USE_FREE, USE_MOVABLE, USE_UNMOVABLE, USE_HEAD, USE_OFFLINE, USES };

struct row {
	pfn_t start;
	uint64_t cell_pages;
	uint64_t pages[MAP_COLUMNS][USES];
	const struct memory_device *device; /* of the first block */
	bool several;			    /* devices */
	enum block_state state;		    /* of the first block */
	bool mixed;			    /* states */
	unsigned blocks;
	uint64_t free, free_chunks;
	unsigned largest; /* order of the largest free chunk */
};

static struct row row;

static void add(pfn_t first, uint64_t npages, enum use use)
{
	pfn_t end = first + npages;

	ASSERT(first >= row.start && end <= row.start + MAP_COLUMNS * row.cell_pages);
	while (first < end) {
		uint64_t cell = (first - row.start) / row.cell_pages;
		uint64_t n = MIN(row.start + (cell + 1) * row.cell_pages, end) - first;

		row.pages[cell][use] += n;
		first += n;
	}
}

static void add_chunk(const struct page *page, pfn_t first, uint64_t npages, void *ctx __unused)
{
	if (page->state != PAGE_USED) {
		add(first, npages, USE_FREE);
		row.free += npages;
		row.free_chunks++;
		row.largest = MAX(row.largest, log2_floor(npages));
	} else {
		add(first, npages, page_movable(page) ? USE_MOVABLE : USE_UNMOVABLE);
	}
}

static void add_block(const struct memory_block *block, void *ctx __unused)
{
	if (row.blocks++ == 0) {
		row.device = block->device;
		row.state = block->state;
	}
	row.several |= block->device != row.device;
	row.mixed |= block->state != row.state;
	add(block->start, block->usable - block->start, USE_HEAD);
	if (block->zone == NULL)
		add(block->usable, block->npages - (block->usable - block->start), USE_OFFLINE);
	else
		block_for_each_chunk(block, add_chunk, NULL);
}

/* A cell's letter: capitals and '#' are full, small letters hold something free as well. */
static char cell_letter(const uint64_t pages[USES])
{
	if (pages[USE_UNMOVABLE] != 0)
		return pages[USE_FREE] != 0 ? 'k' : 'K';
	if (pages[USE_MOVABLE] != 0)
		return pages[USE_FREE] != 0 ? 'm' : 'M';
	if (pages[USE_FREE] != 0)
		return '.';
	if (pages[USE_HEAD] != 0)
		return 'H';
	return pages[USE_OFFLINE] != 0 ? '-' : ' ';
}

static enum shell_color letter_color(char letter)
{
	switch (letter) {
	case 'K':
	case 'k':
		return COLOR_RED;
	case 'M':
	case 'm':
		return COLOR_GREEN;
	case 'H':
		return COLOR_BLUE;
	default:
		return COLOR_DIM;
	}
}

static void print_cells(void)
{
	enum shell_color color = COLOR_NONE;

	for (unsigned i = 0; i < MAP_COLUMNS; i++) {
		char letter = cell_letter(row.pages[i]);
		enum shell_color wanted = letter_color(letter);

		if (wanted != color)
			shell_printf("%s%s", shell_color(COLOR_NONE), shell_color(wanted));
		color = wanted;
		shell_write(&letter, 1);
	}
	shell_printf("%s", shell_color(COLOR_NONE));
}

static void print_row(void)
{
	char free[24], largest[24];

	shell_printf("%9llx %-6.6s%s|", (unsigned long long)pfn_to_paddr(row.start),
		     row.device->name, row.several ? "+" : " ");
	print_cells();
	shell_printf("| %s", row.mixed ? "mixed" : block_state_name(row.state));
	if (row.free_chunks != 0)
		shell_printf(
			" %s in %llu, max %s",
			format_size(row.free * PAGE_SIZE, false, free, sizeof(free)),
			(unsigned long long)row.free_chunks,
			format_size(PAGE_SIZE << row.largest, false, largest, sizeof(largest)));
	shell_printf("\n");
}

struct counting {
	uint64_t row_pages, last; /* row number + 1 of the last block counted */
	uint64_t rows;
};

static void count_rows(const struct memory_block *block, void *ctx)
{
	struct counting *c = ctx;
	uint64_t first = block->start / c->row_pages + 1;
	uint64_t last = (block->start + block->npages - 1) / c->row_pages + 1;

	if (first <= c->last)
		first = c->last + 1;
	if (last >= first)
		c->rows += last - first + 1;
	c->last = MAX(c->last, last);
}

static uint64_t rows_at(const struct block_range *range, uint64_t row_pages)
{
	struct counting c = {.row_pages = row_pages};

	range_for_each(range, count_rows, &c);
	return c.rows;
}

static void draw_row(const struct block_range *range, pfn_t start, uint64_t cell_pages)
{
	pfn_t from = MAX(start, range->start);
	pfn_t end = MIN(start + cell_pages * MAP_COLUMNS, range->start + range->npages);
	struct block_range part = {.start = from, .npages = end - from};

	memset(&row, 0, sizeof(row));
	row.start = start;
	row.cell_pages = cell_pages;
	range_for_each(&part, add_block, NULL);
	if (row.blocks != 0)
		print_row();
}

void map_draw(const struct block_range *range, unsigned rows)
{
	pfn_t end = range->start + range->npages;
	uint64_t cell_pages = BLOCK_PAGES / MAP_COLUMNS; /* no block crosses a row */
	char size[24], title[MAP_COLUMNS + 1];

	ASSERT(mutex_is_held(&hotplug_lock));
	while (rows_at(range, cell_pages * MAP_COLUMNS) > rows &&
	       cell_pages < paddr_to_pfn(DIRECT_MAP_MAX) / MAP_COLUMNS)
		cell_pages *= 2;
	snprintf(title, sizeof(title), " one cell is %s",
		 format_size(cell_pages * PAGE_SIZE, false, size, sizeof(size)));
	shell_printf("  address device |%-*s| state, free in chunks, largest\n", MAP_COLUMNS,
		     title);
	for (pfn_t start = ALIGN_DOWN(range->start, cell_pages * MAP_COLUMNS);
	     start < end && !thread_interrupted(); start += cell_pages * MAP_COLUMNS)
		draw_row(range, start, cell_pages);
}

void map_legend(void)
{
	shell_printf("K kernel  M movable (k, m: some of it free)  . free  H head  - offline\n");
}
