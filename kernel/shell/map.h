/*
 * kernel/shell/map.h - physical memory as a picture in the terminal.
 *
 * A row is MAP_COLUMNS cells of equal size (twice as many with colour), a power of two from a
 * page up, chosen so that the picture fits in the rows given.  Ranges without memory take no row.
 */
#ifndef KERNEL_SHELL_MAP_H
#define KERNEL_SHELL_MAP_H

#include "mm/hotplug/hotplug.h"

#define MAP_COLUMNS 32 /* a row fits in 80 columns */

/* Draws the blocks of `range` in at most about `rows` rows; hotplug_lock held.  Before the "\n" of
 * each line comes `end`: "", or what clears the rest of it. */
void map_draw(const struct block_range *range, unsigned rows, const char *end)
	REQUIRES(&hotplug_lock);
/* The same as a JSON document, with letters for cells. */
void map_json(const struct block_range *range, unsigned rows) REQUIRES(&hotplug_lock);
/* One line: what digits, letters and colours mean. */
void map_legend(const char *end);

#endif
