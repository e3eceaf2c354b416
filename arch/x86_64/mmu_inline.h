/*
 * arch/x86_64/mmu_inline.h - the privileged instructions of the MMU code.
 *
 * The host build shadows this header with one that counts (tests/unit/include).
 */
#ifndef ARCH_X86_64_MMU_INLINE_H
#define ARCH_X86_64_MMU_INLINE_H

#include "arch/x86_64/control.h"
#include "kernel/lib/types.h"

#define CR0_WP (1UL << 16) /* read-only pages are so for the kernel too [SDM 3A 2.5] */

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
	uint64_t cr4 = control_read_cr4();

	if (cr4 & CR4_PGE) {
		control_write_cr4(cr4 & ~CR4_PGE);
		control_write_cr4(cr4);
		return;
	}
	arch_load_root(control_read_cr3());
}

/* Write protection for the kernel, global pages where there are any. */
static inline void arch_enable_protection(bool global)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(control_read_cr0() | CR0_WP) : "memory");
	if (global)
		control_write_cr4(control_read_cr4() | CR4_PGE);
}

/* Lets entries carry NX; the CPU must have it. */
static inline void arch_enable_nx(void)
{
	control_write_msr(MSR_EFER, control_read_msr(MSR_EFER) | EFER_NXE);
}

static inline void arch_clear_table(uint64_t *table)
{
	uint64_t words = PAGE_SIZE / sizeof(*table);

	__asm__ volatile("rep stosq" : "+D"(table), "+c"(words) : "a"(0UL) : "memory");
}

#endif
