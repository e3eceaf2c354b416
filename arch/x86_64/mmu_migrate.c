/*
 * arch/x86_64/mmu_migrate.c - migration entries: leaves that are absent for a moment.
 *
 * A migration entry is the leaf with its present bit moved to bit 9, which the CPU ignores
 * [SDM 3A 4.5.4, table 4-20]; address and flags stay, so putting it back needs no memory.
 * Owns no state; the object's lock serialises two migrations of one range.
 */
#include "arch/mmu.h"
#include "kernel/lib/assert.h"

#define PTE_PRESENT   (1UL << 0)
#define PTE_LARGE     (1UL << 7)
#define PTE_MIGRATING (1UL << 9)
#define PTE_ADDRESS   0x000ffffffffff000UL

enum { LEVEL_PT = 1, LEVEL_TOP = 4 };

static size_t level_span(unsigned level)
{
	return PAGE_SIZE << (9 * (level - 1));
}

static pte_t *top_table(void)
{
	uint64_t cr3;

	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	return phys_to_virt(cr3 & PTE_ADDRESS);
}

/* The leaf over `va`, present or migrating; its entry is NULL if there is none. */
static struct mmu_leaf find_leaf(vaddr_t va)
{
	pte_t *table = top_table();

	/* Unrolled, so that the shifts are constants. */
#pragma GCC unroll 4
	for (unsigned level = LEVEL_TOP; level >= LEVEL_PT; level--) {
		pte_t *entry = &table[(va >> (PAGE_SHIFT + 9 * (level - 1))) & 511];
		pte_t value = *entry;

		if (!(value & (PTE_PRESENT | PTE_MIGRATING)))
			break;
		if (level == LEVEL_PT || (level < LEVEL_TOP && (value & PTE_LARGE)))
			return (struct mmu_leaf){entry, level_span(level)};
		table = phys_to_virt(value & PTE_ADDRESS);
	}
	return (struct mmu_leaf){NULL, 0};
}

static void flush_page(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void mmu_block(vaddr_t va, size_t size, struct mmu_leaf *first)
{
	struct mmu_leaf leaf = find_leaf(va);

	*first = leaf;
	for (vaddr_t end = va + size;; leaf = find_leaf(va)) {
		ASSERT(leaf.entry != NULL && (*leaf.entry & PTE_PRESENT));
		/* One store: users see the old leaf or the migration entry, nothing between. */
		__atomic_store_n(leaf.entry, (*leaf.entry & ~PTE_PRESENT) | PTE_MIGRATING,
				 __ATOMIC_SEQ_CST);
		flush_page(va);
		va += leaf.span;
		if (va >= end)
			break;
	}
}

void mmu_retarget(vaddr_t va, paddr_t pa, size_t size, const struct mmu_leaf *first)
{
	struct mmu_leaf leaf = *first;

	for (vaddr_t end = va + size;; leaf = find_leaf(va)) {
		pte_t address = PTE_ADDRESS & ~(leaf.span - 1); /* of a large leaf, bit 12 is PAT */

		ASSERT(leaf.entry != NULL && (*leaf.entry & PTE_MIGRATING));
		ASSERT(IS_ALIGNED(pa, leaf.span));
		__atomic_store_n(leaf.entry,
				 (*leaf.entry & ~(PTE_MIGRATING | address)) | pa | PTE_PRESENT,
				 __ATOMIC_SEQ_CST);
		va += leaf.span;
		pa += leaf.span;
		if (va >= end)
			break;
	}
}

bool mmu_blocked(vaddr_t va)
{
	const pte_t *entry = find_leaf(va).entry;

	return entry != NULL && (*entry & PTE_MIGRATING) != 0;
}
