/*
 * tests/unit/include/mm/hotplug/scrub.h - scrubbing on the host: the test says how memory
 * becomes zero, since the chunks are larger than what it can afford to write.
 */
#ifndef TESTS_UNIT_SCRUB_H
#define TESTS_UNIT_SCRUB_H

#include "mm/page.h"

/* Zeroes `size` bytes, and counts them. */
void host_scrub(void *va, size_t size);

static inline void scrub(void *va, size_t size)
{
	host_scrub(va, size);
}

static inline void scrub_frames(pfn_t pfn, uint64_t npages)
{
	scrub(phys_to_virt(pfn_to_paddr(pfn)), npages * PAGE_SIZE);
}

#endif
