/*
 * mm/init.c - mm_init(): from the boot-time allocator to the page allocator.
 */
#include "mm/init.h"

#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "mm/alloc.h"
#include "mm/early.h"
#include "mm/init_priv.h"
#include "mm/kmap.h"
#include "mm/slab.h"

static void report_span(const struct boot_span *span)
{
	klog(LOG_INFO, "mm: boot memory %#lx-%#lx on node %u: %lu pages of RAM, %lu free",
	     pfn_to_paddr(span->start), pfn_to_paddr(span->start + span->npages) - 1, span->node,
	     span->present, span->managed);
}

/* One object's tables are guarded by its own lock, so the level that objects share, the PDPTs,
 * is made here and never changes. */
static void prepare_vm_area(void)
{
	if (mmu_prepare(VM_BASE, VM_END - VM_BASE, 3, &pt_alloc_early) != 0)
		panic("mm: no memory for the page tables of vm objects");
}

void mm_init(const struct srat_info *srat, const struct slit_info *slit,
	     const struct zone_hooks *hooks)
{
	mm_map_early(0, 0); /* nothing stays mapped there */
	node_init(srat, slit, hooks);
	boot_spans_make(srat);
	boot_vmemmap_map();
	prepare_vm_area();

	early.closed = true; /* from here on memory comes from zones only */
	for (unsigned i = 0; i < nr_boot_spans; i++) {
		boot_span_feed(&boot_spans[i]);
		report_span(&boot_spans[i]);
	}
	ASSERT(pages_free() == pages_managed());
	slab_init();
	kmap_init();
}

uint64_t mm_boot_metadata(void)
{
	return early_reserved_bytes(&early, "memmap") + early_reserved_bytes(&early, "pagetable");
}
