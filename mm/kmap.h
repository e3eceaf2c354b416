/*
 * mm/kmap.h - kernel mappings between KMAP_BASE and KMAP_END: stacks, MMIO, firmware tables.
 *
 * Every mapping has an unmapped guard page before and after it.  Freed ranges are reused.
 * PTs and PDs come from the page allocator (owner "pagetable") and go back when empty; PDPTs
 * stay.
 *
 * Lock: kmap_lock (spin, rank KMAP).
 */
#ifndef MM_KMAP_H
#define MM_KMAP_H

#include "arch/mmu.h"
#include "mm/page.h"

void kmap_init(void);

/* Maps fresh zeroed pages (RW, NX), for `owner`; size rounded up to pages; `name` must live as
 * long as the mapping.  NULL: no memory. */
void *kmap_alloc(size_t size, const struct page_owner *owner, const char *name);
void kmap_free(void *va);

/* Maps existing physical memory; any alignment; returns the address of `pa` itself.  NULL: no
 * memory or no addresses for it, nothing is wanted, or it ends beyond mmu_phys_end(). */
void *kmap_phys(paddr_t pa, size_t size, enum mmu_flags flags, const char *name);
void kmap_phys_free(void *va);

/* Addresses only, for who maps what he likes there by mmu_map(): at a multiple of `align` (bytes, a
 * power of two); 0: no memory or no room.  Released when nothing in it is mapped any more. */
vaddr_t kmap_reserve(size_t size, size_t align, const char *name);
void kmap_release(vaddr_t va);

struct kmap_info {
	vaddr_t start;
	size_t size;
	const char *name;
};
bool kmap_info(unsigned index, struct kmap_info *info);

/* What lives at `va` in words ("guard page of stack:shell", "stack:shell"); for fault reports:
 * takes no lock.  NULL: not a kernel mapping. */
const char *kmap_describe(vaddr_t va, char *buf, size_t size);

#endif
