/*
 * mm/hotplug/device_map.c - the page tables of devices.
 *
 * A table whose span a device owns whole comes from the device's head and leaves with it.
 * One that a neighbour may share comes from the pool (table_pool.c).  The levels above are built
 * at boot over the whole hot-plug window (window.c) and stay.
 *
 * Lock: hotplug_lock guards every table of a device.
 */
#include "arch/mmu.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/scrub.h"
#include "mm/kasan/kasan.h"

FAULT_SITE(add_table, "a new device needs a page table")
FAULT_SITE(add_direct_map, "a new device is mapped into the direct map")
FAULT_SITE(add_vmemmap, "a part of a new device's memmap is mapped")

/* Where the tables of one map or unmap come from; `next` counts the head's tables given out. */
struct device_tables {
	struct pt_alloc pt;
	const struct memory_device *device;
	uint64_t next;
};

static bool in_head_tables(const struct memory_device *device, paddr_t table)
{
	pfn_t pfn = paddr_to_pfn(table);

	return pfn >= device->head.tables && pfn < device->head.tables + device->head.tables_pages;
}

/* True if the 1 GiB of direct map around `va` belongs to the device alone. */
static bool owns_pd_span(const struct memory_device *device, vaddr_t va)
{
	pfn_t first = paddr_to_pfn(ALIGN_DOWN(va, SIZE_1G) - DIRECT_MAP_BASE);

	return va < KMAP_BASE && first >= device->start &&
	       first + SIZE_1G / PAGE_SIZE <= device->start + device->npages;
}

static paddr_t tables_alloc(struct pt_alloc *pt, unsigned level, vaddr_t va) REQUIRES(&hotplug_lock)
{
	struct device_tables *tables = container_of(pt, struct device_tables, pt);

	if (FAULT_HIT(add_table))
		return 0;
	if (level == LEVEL_PD && owns_pd_span(tables->device, va)) {
		ASSERT(tables->next < tables->device->head.tables_pages);
		return pfn_to_paddr(tables->device->head.tables + tables->next++);
	}
	return level <= LEVEL_PD ? pool_get() : 0;
}

static void tables_free(struct pt_alloc *pt, paddr_t table, unsigned level __unused,
			vaddr_t va __unused) REQUIRES(&hotplug_lock)
{
	struct device_tables *tables = container_of(pt, struct device_tables, pt);

	if (!in_head_tables(tables->device, table))
		pool_put(table);
}

/* The head is not in the direct map while its own device is mapped or unmapped. */
static pte_t *tables_access(struct pt_alloc *pt, paddr_t table)
{
	struct device_tables *tables = container_of(pt, struct device_tables, pt);

	return in_head_tables(tables->device, table) ? mmu_window(table) : phys_to_virt(table);
}

static void tables_begin(struct device_tables *tables, const struct memory_device *device,
			 unsigned keep_level)
{
	*tables = (struct device_tables){
		.pt = {.alloc = tables_alloc,
		       .free = tables_free,
		       .access = tables_access,
		       .keep_level = keep_level},
		.device = device,
	};
}

/* An array of a device's - memmap, shadow - is mapped in up to three parts, see head_plan(). */
struct array_part {
	vaddr_t va;
	paddr_t pa;
	size_t size, page;
};

#define PARTS_MAX 6

static unsigned add_part(struct array_part *parts, unsigned n, vaddr_t *va, pfn_t pfn, size_t size,
			 size_t page)
{
	if (size == 0)
		return n;
	parts[n] = (struct array_part){*va, pfn_to_paddr(pfn), size, page};
	*va += size;
	return n + 1;
}

static unsigned memmap_parts(const struct memory_device *device, struct array_part *parts)
{
	const struct head_layout *head = &device->head;
	vaddr_t va = VMEMMAP_BASE + device->start * sizeof(struct page);
	unsigned n = 0;

	n = add_part(parts, n, &va, head->memmap_front, head->memmap_front_pages * PAGE_SIZE,
		     PAGE_SIZE);
	n = add_part(parts, n, &va, head->memmap_large, head->memmap_large_slots * SIZE_2M,
		     SIZE_2M);
	return add_part(parts, n, &va, head->memmap_rear, head->memmap_rear_pages * PAGE_SIZE,
			PAGE_SIZE);
}

/* All arrays: the memmap and, with the address sanitizer, the shadow. */
static unsigned array_parts(const struct memory_device *device, struct array_part parts[PARTS_MAX])
{
	unsigned n = memmap_parts(device, parts);
#ifdef CONFIG_KASAN
	const struct head_layout *head = &device->head;
	vaddr_t va = kasan_shadow(DIRECT_MAP_BASE + pfn_to_paddr(device->start));

	n = add_part(parts, n, &va, head->shadow_front, head->shadow_front_pages * PAGE_SIZE,
		     PAGE_SIZE);
	n = add_part(parts, n, &va, head->shadow_large, head->shadow_large_slots * SIZE_2M,
		     SIZE_2M);
	n = add_part(parts, n, &va, head->shadow_rear, head->shadow_rear_pages * PAGE_SIZE,
		     PAGE_SIZE);
#endif
	return n;
}

static void unmap_arrays(const struct memory_device *device, unsigned nparts)
{
	struct device_tables tables;
	struct array_part parts[PARTS_MAX] = {{0}};

	array_parts(device, parts);
	tables_begin(&tables, device, LEVEL_PD);
	while (nparts-- > 0)
		mmu_unmap(parts[nparts].va, parts[nparts].size, &tables.pt);
}

static int map_arrays(const struct memory_device *device)
{
	struct device_tables tables;
	struct array_part parts[PARTS_MAX];
	unsigned n = array_parts(device, parts);

	tables_begin(&tables, device, LEVEL_PD);
	for (unsigned i = 0; i < n; i++) {
		int err = FAULT_HIT(add_vmemmap) ? -ENOMEM
						 : mmu_map(parts[i].va, parts[i].pa, parts[i].size,
							   MMU_WRITE, parts[i].page, &tables.pt);

		if (err != 0) {
			unmap_arrays(device, i);
			return err;
		}
	}
	return 0;
}

static void unmap_direct(const struct memory_device *device)
{
	struct device_tables tables;

	tables_begin(&tables, device, LEVEL_PDPT);
	mmu_unmap(DIRECT_MAP_BASE + pfn_to_paddr(device->start), device->npages * PAGE_SIZE,
		  &tables.pt);
	mmu_window_close();
}

static int map_direct(const struct memory_device *device)
{
	struct device_tables tables;
	paddr_t base = pfn_to_paddr(device->start);
	int err;

	if (FAULT_HIT(add_direct_map))
		return -ENOMEM;
	tables_begin(&tables, device, LEVEL_PDPT);
	err = mmu_map(DIRECT_MAP_BASE + base, base, device->npages * PAGE_SIZE, MMU_WRITE, SIZE_1G,
		      &tables.pt);
	mmu_window_close();
	return err;
}

/*
 * Debug builds see who believes a descriptor that nobody wrote.  Only of as much as the host may be
 * asked to back by memory: a DIMM of 1 TiB has 8 GiB of descriptors.
 */
static void poison_memmap(const struct memory_device *device __unused)
{
#if defined(CONFIG_DEBUG) && !defined(HOST_BUILD)
	uint64_t npages = MIN(device->npages, 16 * GiB / PAGE_SIZE);

	memset(pfn_to_page(device->start), HEAD_POISON, npages * sizeof(struct page));
#endif
}

static int refuse_map(const struct memory_device *device, const char *step, int err,
		      struct refusal *why) REQUIRES(&hotplug_lock)
{
	struct hotplug_pool pool = pool_counts();

	return refuse_at(why, err, step, device->start, "%s; %lu of %lu pool tables free",
			 err == -EEXIST ? "something is mapped there" : "no page table is left",
			 pool.free, pool.total);
}

int device_map(const struct memory_device *device, struct refusal *why)
{
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	err = map_direct(device);
	if (err != 0)
		return refuse_map(device, "direct-map", err, why);
	err = map_arrays(device);
	if (err != 0) {
		unmap_direct(device);
		return refuse_map(device, "vmemmap", err, why);
	}
	poison_memmap(device);
	kasan_fill_device(device->start, device->npages, device->head.pages);
	return 0;
}

/* Nobody may find out from what leaves who used what. */
static void scrub_shadow(const struct head_layout *head __unused)
{
#ifdef CONFIG_KASAN
	scrub_frames(head->shadow_large, head->shadow_large_slots * SIZE_2M / PAGE_SIZE);
	scrub_frames(head->shadow_front, head->shadow_front_pages + head->shadow_rear_pages);
#endif
}

void device_unmap(const struct memory_device *device)
{
	const struct head_layout *head = &device->head;

	ASSERT(mutex_is_held(&hotplug_lock));
	unmap_arrays(device, array_parts(device, (struct array_part[PARTS_MAX]){{0}}));
	scrub_shadow(head);
	scrub_frames(head->descriptors, head->descriptors_pages);
	unmap_direct(device);
	for (uint64_t i = 0; i < head->tables_pages; i++)
		scrub(mmu_window(pfn_to_paddr(head->tables + i)), PAGE_SIZE);
	mmu_window_close();
}

static bool verify_range(vaddr_t va, paddr_t pa, size_t size, char *text, size_t text_size)
{
	const vaddr_t probes[] = {va, va + size / 2, va + size - 1};

	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		paddr_t got = 0;

		if (!mmu_translate(probes[i], &got) || got != pa + (probes[i] - va)) {
			snprintf(text, text_size, "0x%lx maps 0x%lx, not 0x%lx", probes[i], got,
				 (pa + (probes[i] - va)));
			return false;
		}
	}
	return true;
}

bool device_map_verify(const struct memory_device *device, char *text, size_t size)
{
	paddr_t base = pfn_to_paddr(device->start);
	struct array_part parts[PARTS_MAX];
	unsigned n = array_parts(device, parts);

	if (!verify_range(DIRECT_MAP_BASE + base, base, device->npages * PAGE_SIZE, text, size))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!verify_range(parts[i].va, parts[i].pa, parts[i].size, text, size))
			return false;
	return true;
}
