/*
 * arch/x86_64/mmu_priv.h - what the files of the MMU code share.
 */
#ifndef ARCH_X86_64_MMU_PRIV_H
#define ARCH_X86_64_MMU_PRIV_H

#include "arch/x86_64/pte.h"

#define GATHER_PAGES_MAX 16

/*
 * What an unmap has taken out and not yet flushed: a few page addresses (more than that is one
 * flush of everything), and the emptied tables, chained through their first two words, which
 * look absent to a CPU that still walks through them.
 */
struct mmu_gather {
	struct pt_alloc *alloc;
	paddr_t tables;
	unsigned npages;
	bool all;
	vaddr_t page[GATHER_PAGES_MAX];
};

void gather_page(struct mmu_gather *g, vaddr_t va);
/* Takes a table that nothing points at any more; its entries are forgotten. */
void gather_table(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va);
/* Flushes, then gives the tables back. */
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
