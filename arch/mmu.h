/*
 * arch/mmu.h - arch contract: the kernel's page tables.
 *
 * 4-level paging [SDM 3A 4.5].  Levels are numbered as the SDM's tables: 1 = PT (4 KiB
 * leaves), 2 = PD (2 MiB leaves), 3 = PDPT (1 GiB leaves), 4 = PML4.
 *
 * This code never decides where a table's memory comes from: every call that may need or
 * give back a table takes a pt_alloc.  Callers serialise: two calls must not touch the same
 * table at once (boot: one CPU; DIMMs: hotplug_lock; kernel mappings: kmap's lock).
 */
#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/tlb.h"
#include "kernel/lib/types.h"

/* The address space (docs/architecture.md). */
#define DIRECT_MAP_BASE 0xffff800000000000UL
#define DIRECT_MAP_MAX	(64 * TiB) /* physical addresses from here on are never RAM for us */
#define KMAP_BASE	0xffffc90000000000UL
#define KMAP_END	0xffffd90000000000UL
#define VM_BASE		0xffffd90000000000UL /* vm objects: mm/vm/object.h */
#define VM_END		0xffffe90000000000UL
#define VMEMMAP_BASE	0xffffea0000000000UL
#define KERNEL_BASE	0xffffffff80000000UL
#define MMU_WINDOW_BASE 0xffffffffc0000000UL /* mmu_window(): 2 MiB */
#define EARLY_MAP_BASE	0xffffffffd0000000UL /* mm_map_early() */
#define EARLY_MAP_SIZE	(32 * MiB)
#ifdef CONFIG_KASAN
/* The shadow of `va` lies at va / 8 + this (mm/kasan/kasan.h): that of the direct map from
 * 0xffffefff90c00000, of kernel mappings from 0xfffff91f90c00000, of the image 12 MiB after
 * KERNEL_BASE.  The same number is in the Makefile. */
#define SHADOW_OFFSET 0xdfffffff90c00000UL
#endif

enum mmu_flags {
	MMU_RO = 0,
	MMU_WRITE = 1 << 0,
	MMU_EXEC = 1 << 1, /* never together with MMU_WRITE: asserted */
	MMU_UNCACHED = 1 << 2,
};

typedef uint64_t pte_t;

/* A table's level in the walk, as the calls below count it. */
enum { LEVEL_PT = 1, LEVEL_PD, LEVEL_PDPT, LEVEL_PML4 };

/*
 * A source of page tables.
 *
 * alloc	returns the physical address of a page for a table of `level` that will hold
 *		`va`, or 0 (refuses); its contents are arbitrary, mmu clears it.
 * free		takes back a table that mmu emptied.
 * access	a writable pointer to the table at `table`, valid until the next access();
 *		NULL means the direct map.  It is asked for every table of a walk, also for
 *		those that this source did not give.
 * keep_level	tables of this level and above are never given back, even when empty
 *		(2: PTs only are given back; 3: PTs and PDs).
 */
struct pt_alloc {
	paddr_t (*alloc)(struct pt_alloc *self, unsigned level, vaddr_t va);
	void (*free)(struct pt_alloc *self, paddr_t table, unsigned level, vaddr_t va);
	pte_t *(*access)(struct pt_alloc *self, paddr_t table);
	unsigned keep_level;
};

/*
 * mmu_init: makes the page at `root` the (empty) top of the tables that every function here
 * works on, and builds the window.  mmu_activate() loads it into CR3 and turns on write
 * protection and global pages.  0 or -ENOMEM.
 */
int mmu_init(paddr_t root, struct pt_alloc *alloc);
void mmu_activate(void);
paddr_t mmu_root(void);

/*
 * mmu_map: map [va, va + size) to [pa, pa + size), by the largest pages that alignment and
 * `max_page` (PAGE_SIZE, SIZE_2M, SIZE_1G; 1 GiB only where the CPU has it) allow.
 *
 * => va, pa, size: multiples of PAGE_SIZE; the range is unmapped
 * => 0, or -ENOMEM (a table was refused) or -EEXIST (something is mapped there): nothing
 *    changed, every table taken was given back
 * => no TLB flush is needed: x86 caches no absent translations [SDM 3A 4.10.2.3]
 */
int mmu_map(vaddr_t va, paddr_t pa, size_t size, enum mmu_flags flags, size_t max_page,
	    struct pt_alloc *alloc);

/*
 * mmu_unmap: undo mmu_map for the same range (or a part at leaf boundaries); tables that
 * become empty below keep_level go back to `alloc`.  Flushes the TLB on every CPU before any
 * table is given back.  Absent parts are skipped.  Cannot fail.
 */
void mmu_unmap(vaddr_t va, size_t size, struct pt_alloc *alloc);

/*
 * mmu_prepare: build the tables from the PML4 down to `level` (inclusive) for the range, so
 * that later maps need only lower ones.  -ENOMEM: some may have been built and stay.
 */
int mmu_prepare(vaddr_t va, size_t size, unsigned level, struct pt_alloc *alloc);

/*
 * Moving mapped chunks under their users, a batch at once.  A range was mapped by one mmu_map()
 * call or several, its tables lie in the direct map, and leaves do not cross its ends.
 *
 * mmu_block	     every leaf of the range becomes a migration entry: absent, but remembered.
 *		     Until mmu_block_finish() users may still go on by what their TLB holds.
 * mmu_block_finish  flushes, once for all ranges of the batch.
 * mmu_retarget	     every migration entry of the range maps `pa` onwards, with the flags it had.
 * mmu_blocked	     true while `va` is covered by a migration entry.
 * mmu_covers	     true while `va` is mapped or covered by a migration entry: one look at the
 *		     entry, so that a move that begins or ends meanwhile does not hide it.
 *
 * Ranges that follow each other are found faster.
 */
struct mmu_batch {
	vaddr_t near; /* the 2 MiB whose PT was met last; 1: none */
	pte_t *table;
	struct tlb_batch stale;
};
void mmu_batch_init(struct mmu_batch *batch);
void mmu_block(struct mmu_batch *batch, vaddr_t va, size_t size);
void mmu_block_finish(struct mmu_batch *batch);
void mmu_retarget(struct mmu_batch *batch, vaddr_t va, paddr_t pa, size_t size);
bool mmu_blocked(vaddr_t va);
bool mmu_covers(vaddr_t va);

/* One step of a walk: the entry and the table it stands in. */
struct mmu_step {
	unsigned level;
	unsigned index;
	paddr_t table; /* physical address of the table */
	pte_t entry;
	bool present, leaf, writable, executable;
	paddr_t target;	  /* next table or the page, by `leaf` */
	size_t page_size; /* of a leaf */
};
/* The SDM's name of a table, by its level: "PT". */
static inline const char *mmu_level_name(unsigned level)
{
	static const char *const names[] = {"?", "PT", "PD", "PDPT", "PML4"};

	return names[level];
}
/* Bits 63 to 47 are all alike [SDM 1 3.3.7.1]: only then can a table cover the address. */
static inline bool mmu_canonical(vaddr_t va)
{
	return (vaddr_t)((int64_t)(va << 16) >> 16) == va;
}
/* Fills steps[0..3] from level 4 down; returns how many (the last is absent or a leaf). */
unsigned mmu_walk(vaddr_t va, struct mmu_step steps[4]);
/* The physical address behind `va`; false where nothing is mapped. */
bool mmu_translate(vaddr_t va, paddr_t *pa);

/*
 * The window: a fixed virtual 2 MiB (MMU_WINDOW_BASE) through which a table or a page that is not
 * in the direct map yet is written.  Maps the 2 MiB page that holds `pa`, returns the address of
 * `pa` in it, valid until the next call.  Serialised by the caller (hotplug_lock).
 */
void *mmu_window(paddr_t pa);
void mmu_window_close(void);

#ifdef HOST_BUILD
extern uint8_t *host_direct_map; /* the test's physical memory, from address 0 on */
#define DIRECT_MAP_START ((uintptr_t)host_direct_map)
#else
#define DIRECT_MAP_START DIRECT_MAP_BASE
#endif

static inline void *phys_to_virt(paddr_t pa)
{
	return (void *)(DIRECT_MAP_START + pa);
}

static inline paddr_t virt_to_phys(const void *va) /* direct map addresses only */
{
	return (paddr_t)va - DIRECT_MAP_START;
}

/* The first physical address that the CPU cannot name or the direct map has no room for: an entry
 * that held it would fault for a reserved bit [SDM 3A 4.5.4]. */
paddr_t mmu_phys_end(void);

#endif
