/*
 * mm/hotplug/head.h - the head region: arithmetic of where a device's own metadata lie in it.
 *
 *	base                                                            end
 *	| memmap: 2 MiB part, ragged ends | page tables | descriptors | usable ...
 *
 * With the address sanitizer (mm/kasan/kasan.h) the device's shadow, an eighth of its size, lies
 * there as well: its 2 MiB part after that of the memmap, its ragged ends after those.
 *
 * Pure functions, in page frames; host tests run them over every alignment.
 */
#ifndef MM_HOTPLUG_HEAD_H
#define MM_HOTPLUG_HEAD_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"

/* One vmemmap slot: the 2 MiB of descriptors of 256 MiB. */
#define VMEMMAP_SLOT_PAGES (SIZE_2M / 32)
/* The same of the shadow: the 2 MiB of it of 16 MiB. */
#define SHADOW_SLOT_PAGES (SIZE_2M * 8 / PAGE_SIZE)

struct head_layout {
	pfn_t memmap_large; /* first frame of the part mapped by 2 MiB pages, 2 MiB aligned */
	uint64_t memmap_large_slots; /* 2 MiB pages of it */
	pfn_t memmap_front;	     /* frames behind the ragged front end of the vmemmap range */
	uint64_t memmap_front_pages;
	pfn_t memmap_rear;
	uint64_t memmap_rear_pages;
#ifdef CONFIG_KASAN
	pfn_t shadow_large;
	uint64_t shadow_large_slots;
	pfn_t shadow_front;
	uint64_t shadow_front_pages;
	pfn_t shadow_rear;
	uint64_t shadow_rear_pages;
#endif
	pfn_t tables; /* page tables that belong to this device alone */
	uint64_t tables_pages;
	pfn_t descriptors; /* struct memory_device and its blocks */
	uint64_t descriptors_pages;
	uint64_t pages;	 /* of the whole head, from the device's first frame */
	uint64_t usable; /* pages after the head */
};

/*
 * Plans the head of a device of npages at start (both multiples of 2 MiB); gib_pages: the
 * direct map uses 1 GiB pages where it can, so needs no PD there.  -EINVAL: empty or not
 * 2 MiB aligned; -ENOSPC: less than half would be usable.
 */
int head_plan(pfn_t start, uint64_t npages, bool gib_pages, struct head_layout *head,
	      struct refusal *why);

/* Page tables the boot-reserved pool must hold for the devices of `slots` slots in a hot-plug
 * window of `window` bytes from a multiple of 1 GiB on. */
uint64_t head_pool_tables(unsigned slots, uint64_t window);

#endif
