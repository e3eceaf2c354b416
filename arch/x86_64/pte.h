/*
 * arch/x86_64/pte.h - page-table entries: their bits [SDM 3A 4.5, tables 4-15 to 4-20] and the
 * geometry of the four levels.
 */
#ifndef ARCH_X86_64_PTE_H
#define ARCH_X86_64_PTE_H

#include "arch/mmu.h"
#include "kernel/lib/bits.h"

#define PTE_PRESENT  BIT(0)
#define PTE_WRITE    BIT(1)
#define PTE_PWT	     BIT(3) /* with PCD and the reset value of the PAT: uncached */
#define PTE_PCD	     BIT(4)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY    BIT(6)
#define PTE_LARGE    BIT(7) /* PS: a leaf at level 2 or 3 */
#define PTE_GLOBAL   BIT(8)
#define PTE_NX	     BIT(63)

/*
 * Ours, in bits the CPU ignores in an entry that names a table:
 * FRESH  the mmu_map() that is running made the table; gone when it returns.
 * LEAVES the table was filled whole with leaves and has been left alone since: no table hangs
 *	  under it, so taking it away needs no look inside.
 */
#define PTE_FRESH  BIT(9)
#define PTE_LEAVES BIT(10)

#define PTE_ADDRESS_MASK 0x000ffffffffff000UL

#define MMU_LEVELS    4U
#define TABLE_ENTRIES 512U

static inline unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

/* Bytes that one entry of a table of `level` covers. */
static inline size_t level_size(unsigned level)
{
	return BIT(level_shift(level));
}

static inline unsigned level_index(vaddr_t va, unsigned level)
{
	return (va >> level_shift(level)) & (TABLE_ENTRIES - 1);
}

/* Where the entry that covers `va` ends, but not past `end`. */
static inline vaddr_t level_next(vaddr_t va, vaddr_t end, unsigned level)
{
	vaddr_t last = va | (level_size(level) - 1);

	return last < end - 1 ? last + 1 : end;
}

static inline bool pte_present(pte_t entry)
{
	return (entry & PTE_PRESENT) != 0;
}

static inline bool pte_is_leaf(pte_t entry, unsigned level)
{
	return level == 1 || (entry & PTE_LARGE) != 0;
}

static inline paddr_t pte_table(pte_t entry)
{
	return entry & PTE_ADDRESS_MASK;
}

/* The page behind a leaf; bit 12 of a large one is its PAT bit. */
static inline paddr_t pte_page(pte_t entry, unsigned level)
{
	return entry & PTE_ADDRESS_MASK & ~(level_size(level) - 1);
}

#endif
