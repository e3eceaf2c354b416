/*
 * tests/kernel/census.h - everything that a refused operation must leave as it was.
 *
 * Two censuses are equal when every zone has the same counts and as many free chunks of every
 * order, every block is in the same state and zone, every cache has as many objects, the table
 * pool as many tables, and the page tables of a DIMM's range (and what lies next to it) map
 * the same.  Neither the order of lists nor where an upper page table lies is compared.
 */
#ifndef TESTS_KERNEL_CENSUS_H
#define TESTS_KERNEL_CENSUS_H

#include "mm/buddy.h"
#include "mm/node.h"

#define CENSUS_CACHES 64

struct census {
	struct zone_counts zone[MAX_NODES * ZONE_TYPES];
	uint64_t objects[CENSUS_CACHES]; /* in use, by cache */
	uint64_t slabs;
	uint64_t blocks;   /* a hash of devices and blocks */
	uint64_t mappings; /* a hash of leaves */
	uint64_t pool, threads, kernel_mappings, hogs;
};

/* [start, start + npages) is the DIMM at hand.  Empty slabs are given back first.  A load
 * (kernel/stress.h) stands still and holds nothing meanwhile. */
void census_take(struct census *census, pfn_t start, uint64_t npages);

/*
 * Compares; false with `text` filled.  `moved`: pages were migrated in between, so only the sum
 * of free pages is to be the same, not where they are.
 */
bool census_same(const struct census *before, const struct census *after, bool moved, char *text,
		 size_t size);

#endif
