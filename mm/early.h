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

struct early_range {
	paddr_t base;
	uint64_t size;
	const char *name; /* a literal; reservations only */
	struct page_owner owner;
};

struct early {
	struct early_range ram[EARLY_RANGES_MAX];      /* sorted, merged, page aligned inwards */
	unsigned nram;
	struct early_range reserved[EARLY_RANGES_MAX]; /* sorted, not overlapping, pages */
	unsigned nreserved;
	paddr_t limit; /* allocate below this physical address only (what is mapped so far) */
	bool closed;
};

extern struct early early;

void early_add_ram(struct early *e, paddr_t base, uint64_t size);
/* Rounds outwards to pages; overlaps with earlier reservations keep the earlier name.  -ENOSPC
 * when the array is full. */
int early_reserve(struct early *e, paddr_t base, uint64_t size, const char *name);
/* size and align in bytes; lowest fit at or above 1 MiB first, else below; 0: none. */
paddr_t early_alloc(struct early *e, uint64_t size, uint64_t align, const char *name);
/* The i-th maximal free (unreserved RAM) range; false past the end. */
bool early_free_range(const struct early *e, unsigned index, paddr_t *base, uint64_t *size);

#endif
