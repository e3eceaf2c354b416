/*
 * mm/init_priv.h - the steps of mm_init(), in the order it takes them.
 */
#ifndef MM_INIT_PRIV_H
#define MM_INIT_PRIV_H

#include "mm/init.h"

/* Fills boot_spans from early's RAM and the SRAT (may be NULL). */
void boot_spans_make(const struct srat_info *srat);
/* Maps the descriptors of every span; takes their memory from early.  Panics without memory. */
void boot_vmemmap_map(void);
/* Gives a span's free memory to its node's ZONE_NORMAL and names the rest; early is closed. */
void boot_span_feed(struct boot_span *span);

#endif
