/*
 * boot/ranges_priv.h - keeps bootinfo's ranges sorted and disjoint while a map is read.
 */
#ifndef BOOT_RANGES_PRIV_H
#define BOOT_RANGES_PRIV_H

#include "boot/bootinfo.h"

/*
 * Lays *range over what is there: overlapped parts of others go, and ranges of one type that
 * touch become one.  Empty and wrapping ranges are dropped and counted, and so are RAM beyond
 * PADDR_LIMIT and what finds no room.
 */
void ranges_lay_over(struct bootinfo *info, const struct boot_range *range);

#endif
