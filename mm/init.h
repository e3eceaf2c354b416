/*
 * mm/init.h - bringing memory up, in order, and what boot memory looks like afterwards.
 */
#ifndef MM_INIT_H
#define MM_INIT_H

#include "boot/bootinfo.h"
#include "mm/node.h"

/*
 * A span of boot memory: contiguous 128 MiB windows' worth of frames on one node, whose chunks
 * tile [start, start + npages) without a gap: holes and firmware ranges inside are PAGE_USED
 * chunks with the owner "reserved", what early gave out is owned "early:NAME".
 */
struct boot_span {
	pfn_t start;
	uint64_t npages;
	uint64_t present; /* pages of it that are RAM */
	uint64_t managed; /* pages of it that went to the free lists */
	uint8_t node;
};
#define BOOT_SPANS_MAX 64
extern struct boot_span boot_spans[BOOT_SPANS_MAX];
extern unsigned nr_boot_spans;

/* early + the final page tables: kernel image W^X, direct map of RAM.  After this the whole
 * direct map and early_alloc() work.  Called with the boot page tables live. */
void mm_init_early(const struct bootinfo *boot);

/*
 * Between mm_init_early() and mm_init(): maps [pa, pa + size) for reading (the static ACPI
 * tables, which firmware puts anywhere); undoes the mapping made before.  NULL: longer than
 * EARLY_MAP_SIZE, beyond the CPU's physical addresses, or no memory for tables.
 */
const void *mm_map_early(paddr_t pa, size_t size);

/* Nodes, vmemmap, zones, buddy, slab, kernel mappings: after this everything works.  All boot
 * memory goes to ZONE_NORMAL. */
void mm_init(const struct srat_info *srat, const struct slit_info *slit,
	     const struct zone_hooks *hooks);

/* For how many CPUs mm_init() made per-CPU lists and magazines: more must not be started. */
unsigned mm_cpus(void);

/* The boot-time allocator as a source of page tables, up to mm_init(). */
extern struct pt_alloc pt_alloc_early;
/* The page allocator as a source of page tables (owner "pagetable"). */
extern struct pt_alloc pt_alloc_pages;

/* Bytes of boot memory that describe boot memory (its memmap and page tables). */
uint64_t mm_boot_metadata(void);

#endif
