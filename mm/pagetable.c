/*
 * mm/pagetable.c - the page allocator as a source of page tables.
 *
 * For mappings that may grow at any time (mm/kmap.c) and for tables made once at bring-up.
 * Plugged memory brings its own tables and never comes here.
 */
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "mm/alloc.h"
#include "mm/init.h"

FAULT_SITE(alloc_table, "a kernel mapping or a vm object needs a page table")

static const struct page_owner pagetable_owner = {.name = "pagetable"};

static paddr_t table_page_alloc(struct pt_alloc *self __unused, unsigned level __unused,
				vaddr_t va __unused)
{
	struct page *page;

	if (FAULT_HIT(alloc_table))
		return 0;
	page = page_alloc(0, 0, NODE_ANY, &pagetable_owner);
	return page != NULL ? page_to_paddr(page) : 0;
}

static void table_page_free(struct pt_alloc *self __unused, paddr_t table, unsigned level __unused,
			    vaddr_t va __unused)
{
	struct page *page = pfn_to_page(paddr_to_pfn(table));

	ASSERT(page->state == PAGE_USED && page->owner == &pagetable_owner);
	page_free(page);
}

struct pt_alloc pt_alloc_pages = {
	.alloc = table_page_alloc,
	.free = table_page_free,
	/* PDPTs stay: owners of neighbouring gigabytes, with locks of their own, share them. */
	.keep_level = LEVEL_PDPT,
};
