/*
 * tests/unit/include/arch/x86_64/mmu_inline.h - the MMU's privileged instructions on the host:
 * they do nothing but count.
 */
#ifndef ARCH_X86_64_MMU_INLINE_H
#define ARCH_X86_64_MMU_INLINE_H

#include "kernel/lib/string.h"
#include "kernel/lib/types.h"

extern unsigned long host_invalidated, host_flushed;

static inline void arch_load_root(paddr_t root __unused)
{
}

/* A test may follow what becomes of a page. */
__weak void host_page_invalidated(vaddr_t va);

static inline void arch_invalidate_page(vaddr_t va)
{
	host_invalidated++;
	if (host_page_invalidated != NULL)
		host_page_invalidated(va);
}

static inline void arch_flush_all(void)
{
	host_flushed++;
}

static inline void arch_enable_protection(bool global __unused)
{
}

static inline void arch_enable_nx(void)
{
}

static inline void arch_clear_table(uint64_t *table)
{
	memset(table, 0, PAGE_SIZE);
}

#endif
