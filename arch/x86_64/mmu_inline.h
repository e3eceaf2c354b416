/*
 * arch/x86_64/mmu_inline.h - the privileged instructions of the MMU code.
 *
 * The host build shadows this header with one that counts (tests/unit/include).
 */
#ifndef ARCH_X86_64_MMU_INLINE_H
#define ARCH_X86_64_MMU_INLINE_H

#include "kernel/lib/types.h"

#define CR0_WP	 (1UL << 16) /* read-only pages are so for the kernel too [SDM 3A 2.5] */
#define CR4_PGE	 (1UL << 7)
#define EFER_MSR 0xc0000080U
#define EFER_NXE (1UL << 11)

static inline void arch_load_root(paddr_t root)
{
	__asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
}

static inline void arch_invalidate_page(vaddr_t va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

/* Every translation, global ones too [SDM 3A 4.10.4.1]. */
static inline void arch_flush_all(void)
{
	uint64_t cr4, cr3;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (cr4 & CR4_PGE) {
		__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 & ~CR4_PGE) : "memory");
		__asm__ volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
		return;
	}
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
}

/* Write protection for the kernel, global pages where there are any. */
static inline void arch_enable_protection(bool global)
{
	uint64_t cr0, cr4;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_WP) : "memory");
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	if (global)
		__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_PGE) : "memory");
}

/* Lets entries carry NX; the CPU must have it. */
static inline void arch_enable_nx(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(EFER_MSR));
	__asm__ volatile("wrmsr" : : "a"(lo | (uint32_t)EFER_NXE), "d"(hi), "c"(EFER_MSR));
}

static inline void arch_clear_table(uint64_t *table)
{
	uint64_t words = PAGE_SIZE / sizeof(*table);

	__asm__ volatile("rep stosq" : "+D"(table), "+c"(words) : "a"(0UL) : "memory");
}

#endif
