/*
 * arch/x86_64/mmu_migrate.c - migration entries: leaves that are absent for a moment.
 *
 * A migration entry is the leaf with its present bit moved to bit 9, which the CPU ignores
 * [SDM 3A 4.5.4, table 4-20]; address and flags stay, so putting it back needs no memory.
 * Owns no state; the object's lock serialises two migrations of one range, and nobody takes
 * tables away meanwhile.
 */
#include "arch/x86_64/pte.h"
#include "kernel/lib/assert.h"

#define PTE_MIGRATING BIT(9)

struct leaf {
	pte_t *entry; /* NULL: there is none */
	size_t span;  /* bytes that it maps */
};

/* The leaf over `va`, present or migrating. */
static struct leaf walk_to_leaf(vaddr_t va)
{
	pte_t *table = phys_to_virt(mmu_root());

	/* Unrolled, so that the shifts are constants. */
#pragma GCC unroll 4
	for (unsigned level = MMU_LEVELS; level >= 1; level--) {
		pte_t *entry = &table[level_index(va, level)];
		pte_t value = *entry;

		if (!(value & (PTE_PRESENT | PTE_MIGRATING)))
			break;
		if (level < MMU_LEVELS && pte_is_leaf(value, level))
			return (struct leaf){entry, level_size(level)};
		table = phys_to_virt(pte_table(value));
	}
	return (struct leaf){NULL, 0};
}

/* The same; a page next to the one before is found in the table that was found then. */
static inline struct leaf find_leaf(struct mmu_batch *batch, vaddr_t va)
{
	struct leaf leaf;

	if (ALIGN_DOWN(va, SIZE_2M) == batch->near)
		return (struct leaf){&batch->table[level_index(va, 1)], PAGE_SIZE};
	leaf = walk_to_leaf(va);
	if (leaf.span == PAGE_SIZE) {
		batch->near = ALIGN_DOWN(va, SIZE_2M);
		batch->table = leaf.entry - level_index(va, 1);
	}
	return leaf;
}

void mmu_batch_init(struct mmu_batch *batch)
{
	batch->near = 1;
	batch->table = NULL;
	tlb_batch_init(&batch->stale);
}

void mmu_block(struct mmu_batch *batch, vaddr_t va, size_t size)
{
	struct leaf leaf;

	for (vaddr_t end = va + size; va < end; va += leaf.span) {
		leaf = find_leaf(batch, va);
		ASSERT(leaf.entry != NULL && pte_present(*leaf.entry));
		/* One store: users see the old leaf or the migration entry, nothing between. */
		__atomic_store_n(leaf.entry, (*leaf.entry & ~PTE_PRESENT) | PTE_MIGRATING,
				 __ATOMIC_RELEASE);
		tlb_batch_add(&batch->stale, va, leaf.span);
	}
}

void mmu_block_finish(struct mmu_batch *batch)
{
	tlb_batch_flush(&batch->stale);
}

void mmu_retarget(struct mmu_batch *batch, vaddr_t va, paddr_t pa, size_t size)
{
	struct leaf leaf;

	for (vaddr_t end = va + size; va < end; va += leaf.span, pa += leaf.span) {
		pte_t address;

		leaf = find_leaf(batch, va);
		address = PTE_ADDRESS_MASK & ~(leaf.span - 1); /* of a large leaf, bit 12 is PAT */
		ASSERT(leaf.entry != NULL && (*leaf.entry & PTE_MIGRATING));
		ASSERT(IS_ALIGNED(pa, leaf.span));
		/* After the copy that it leads to. */
		__atomic_store_n(leaf.entry,
				 (*leaf.entry & ~(PTE_MIGRATING | address)) | pa | PTE_PRESENT,
				 __ATOMIC_RELEASE);
	}
}

static pte_t leaf_of(vaddr_t va)
{
	const pte_t *entry = walk_to_leaf(va).entry;

	return entry != NULL ? __atomic_load_n(entry, __ATOMIC_RELAXED) : 0;
}

bool mmu_blocked(vaddr_t va)
{
	return (leaf_of(va) & PTE_MIGRATING) != 0;
}

bool mmu_covers(vaddr_t va)
{
	return (leaf_of(va) & (PTE_PRESENT | PTE_MIGRATING)) != 0;
}
