/*
 * mm/init.c - mm_init(): from the boot-time allocator to the page allocator.
 */
#include "mm/init.h"

#include "arch/cpu.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "mm/alloc.h"
#include "mm/early.h"
#include "mm/init_priv.h"
#include "mm/kmap.h"
#include "mm/pcp.h"
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
	if (mmu_prepare(VM_BASE, VM_END - VM_BASE, LEVEL_PDPT, &pt_alloc_early) != 0)
		panic("mm: no memory for the page tables of vm objects");
}

static const struct page_owner pcp_owner = {.name = "pcp"};

static unsigned ncpus; /* [mm_init()] */

/* As many as may ever run: this one, which the MADT need not list, and those that it says are
 * enabled. */
static unsigned possible_cpus(void)
{
	const struct madt_info *madt = &acpi_static.madt;
	unsigned n = 1;

	for (unsigned i = 0; acpi_static.has_madt && i < madt->ncpus; i++)
		n += madt->cpu[i].enabled && madt->cpu[i].apic_id != cpu_apic_id();
	return MIN(n, MAX_CPUS);
}

unsigned mm_cpus(void)
{
	return ncpus;
}

/* Of those that are started later kernel/cpus.c says it. */
static void set_home_of_boot_cpu(const struct srat_info *srat)
{
	int node = node_of_apic_id(srat, cpu_apic_id());

	pages_set_home(0, node < 0 ? 0 : (unsigned)node);
}

/* Per-CPU lists of every zone, of boot memory, which never leaves. */
static void make_pcp(void)
{
	unsigned order = log2_ceil(DIV_ROUND_UP(ncpus * sizeof(struct pcp), PAGE_SIZE));
	struct zone *zone;

	for_each_zone (zone) {
		struct page *page = page_alloc(order, ALLOC_ZERO, zone->node, &pcp_owner);

		if (page == NULL)
			panic("mm: no memory for the page lists of %u CPUs", ncpus);
		pages_use_lists(zone, page_to_virt(page), ncpus);
	}
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
	set_home_of_boot_cpu(srat);
	ncpus = possible_cpus();
	make_pcp();
	slab_init(ncpus);
	kmap_init();
}

uint64_t mm_boot_metadata(void)
{
	return early_reserved_bytes(&early, "memmap") + early_reserved_bytes(&early, "pagetable");
}
