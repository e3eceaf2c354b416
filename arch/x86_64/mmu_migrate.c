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

/* The entry of the leaf over `va`, present or migrating, and its level; NULL if there is none. */
static pte_t *find_leaf(vaddr_t va, unsigned *level)
{
	pte_t *table = top_table();

	/* Unrolled, so that the shifts are constants: a move walks twice for every mapping. */
#pragma GCC unroll 4
	for (unsigned l = LEVEL_TOP; l >= LEVEL_PT; l--) {
		pte_t *entry = &table[(va >> (PAGE_SHIFT + 9 * (l - 1))) & 511];
		pte_t value = *entry;

		if (!(value & (PTE_PRESENT | PTE_MIGRATING)))
			return NULL;
		if (l == LEVEL_PT || (l < LEVEL_TOP && (value & PTE_LARGE))) {
			*level = l;
			return entry;
		}
		table = phys_to_virt(value & PTE_ADDRESS);
	}
	return NULL; /* not reached: the last level is a leaf or absent */
}

static void flush_page(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void mmu_block(vaddr_t va, size_t size)
{
	for (vaddr_t end = va + size; va < end;) {
		unsigned level;
		pte_t *entry = find_leaf(va, &level);

		ASSERT(entry != NULL && (*entry & PTE_PRESENT));
		/* One store: users see the old leaf or the migration entry, nothing between. */
		__atomic_store_n(entry, (*entry & ~PTE_PRESENT) | PTE_MIGRATING, __ATOMIC_SEQ_CST);
		flush_page(va);
		va += level_span(level);
	}
}

void mmu_retarget(vaddr_t va, paddr_t pa, size_t size)
{
	for (vaddr_t end = va + size; va < end;) {
		unsigned level;
		pte_t *entry = find_leaf(va, &level);
		size_t span;
		pte_t address;

		ASSERT(entry != NULL && (*entry & PTE_MIGRATING));
		span = level_span(level);
		address = PTE_ADDRESS & ~(span - 1); /* of a large leaf, bit 12 is PAT */
		ASSERT(IS_ALIGNED(pa, span));
		__atomic_store_n(entry, (*entry & ~(PTE_MIGRATING | address)) | pa | PTE_PRESENT,
				 __ATOMIC_SEQ_CST);
		va += span;
		pa += span;
	}
}

bool mmu_blocked(vaddr_t va)
{
	unsigned level;
	pte_t *entry = find_leaf(va, &level);

	return entry != NULL && (*entry & PTE_MIGRATING) != 0;
}
