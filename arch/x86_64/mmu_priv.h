/*
 * arch/x86_64/mmu_priv.h - what the files of the MMU code share.
 */
#ifndef ARCH_X86_64_MMU_PRIV_H
#define ARCH_X86_64_MMU_PRIV_H

#include "arch/tlb.h"
#include "arch/x86_64/pte.h"

/*
 * What an unmap has taken out and not yet flushed: the pages, and the emptied tables, chained
 * through their first two words, which look absent to a CPU that still walks through them.
 */
struct mmu_gather {
	struct pt_alloc *alloc;
	paddr_t tables;
	struct tlb_batch tlb;
};

static inline void gather_init(struct mmu_gather *g, struct pt_alloc *alloc)
{
	g->alloc = alloc;
	g->tables = 0;
	tlb_batch_init(&g->tlb);
}

/* The leaf of `level` at `va` changed. */
static inline void gather_page(struct mmu_gather *g, vaddr_t va, unsigned level)
{
	if (!g->tlb.all)
		tlb_batch_add(&g->tlb, va, level_size(level));
}
/* Takes a table that nothing points at any more; its entries are forgotten. */
void gather_table(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va);
/* Flushes on every CPU, then gives the tables back. */
void gather_finish(struct mmu_gather *g);

static inline pte_t *table_access(struct pt_alloc *alloc, paddr_t table)
{
	return alloc != NULL && alloc->access != NULL ? alloc->access(alloc, table)
						      : (pte_t *)phys_to_virt(table);
}

/* Ordered after every store to the table that `entry` names. */
static inline void entry_set(pte_t *slot, pte_t entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

/* The flags of a leaf at `level`. */
pte_t leaf_bits(enum mmu_flags flags, unsigned level);

#endif
