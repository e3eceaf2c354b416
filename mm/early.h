/*
 * mm/early.h - the boot-time allocator: RAM ranges from the firmware, reservations with names.
 *
 * An object over two sorted arrays; works before any other memory does, and on the host.
 * mm_init() hands what is left to the page allocator; afterwards early_alloc() panics.
 * The reservations stay, for `iomem` and as owners of boot memory ("early:vmemmap").
 */
#ifndef MM_EARLY_H
#define MM_EARLY_H

#include "kernel/lib/types.h"
#include "mm/page.h"

#define EARLY_RANGES_MAX 512
#define EARLY_NAMES_MAX	 16

struct early_range {
	paddr_t base;
	uint64_t size;
	const char *name;		/* a literal; reservations only */
	const struct page_owner *owner; /* "early:NAME"; reservations only */
};

struct early {
	struct early_range ram[EARLY_RANGES_MAX]; /* sorted, merged, page aligned inwards */
	unsigned nram;
	struct early_range reserved[EARLY_RANGES_MAX]; /* sorted, not overlapping, pages */
	unsigned nreserved;
	struct early_name {
		char text[32]; /* "early:NAME" */
		struct page_owner owner;
	} names[EARLY_NAMES_MAX]; /* every name in use, once */
	unsigned nnames;
	paddr_t limit; /* allocate below this physical address only (what is mapped so far) */
	bool closed;
};

extern struct early early;

void early_add_ram(struct early *e, paddr_t base, uint64_t size);
/* Rounds outwards to pages; overlaps with earlier reservations keep the earlier name.  -ENOSPC
 * when the array is full: nothing was reserved. */
int early_reserve(struct early *e, paddr_t base, uint64_t size, const char *name);
/* size and align in bytes; lowest fit at or above 1 MiB first, else below; 0: none. */
paddr_t early_alloc(struct early *e, uint64_t size, uint64_t align, const char *name);
/* The same, lowest fit within [min, max) only. */
paddr_t early_alloc_in(struct early *e, uint64_t size, uint64_t align, paddr_t min, paddr_t max,
		       const char *name);
/* The i-th maximal free (unreserved RAM) range; false past the end. */
bool early_free_range(const struct early *e, unsigned index, paddr_t *base, uint64_t *size);

enum early_kind { EARLY_HOLE, EARLY_FREE, EARLY_RESERVED };
/*
 * What [pa, *end) is, where *end is the next border, `max` at most: no RAM, free RAM, or RAM
 * that is reserved, for *owner (NULL otherwise).
 */
enum early_kind early_piece(const struct early *e, paddr_t pa, paddr_t max, paddr_t *end,
			    const struct page_owner **owner);
/* Bytes reserved under `name`. */
uint64_t early_reserved_bytes(const struct early *e, const char *name);

#endif
