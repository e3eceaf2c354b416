/*
 * mm/hotplug/device_map.c - the page tables of devices, and the pool for those they share.
 *
 * A table whose span a device owns whole comes from the device's head and leaves with it.
 * One that a neighbour may share comes from the pool, whose size is computed from the number
 * of DIMM slots (head_pool_tables() has the proof) and which is filled once, at boot.  The
 * levels above are built at boot over the whole hot-plug window and stay.
 *
 * Lock: hotplug_lock guards the pool, the window and every table of a device.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/scrub.h"
#include "mm/kasan/kasan.h"

FAULT_SITE(add_table, "a new device needs a page table")
FAULT_SITE(add_direct_map, "a new device is mapped into the direct map")
FAULT_SITE(add_vmemmap, "a part of a new device's memmap is mapped")

enum { LEVEL_PT = 1, LEVEL_PD = 2, LEVEL_PDPT = 3 };

#ifdef CONFIG_KASAN
enum { WINDOW_ARRAYS = 3, WINDOW_TABLES = 5 + 64 };
#else
enum { WINDOW_ARRAYS = 2, WINDOW_TABLES = 5 };
#endif

static const struct page_owner pool_owner = {.name = "pagetable:hotplug-pool"};

/* Free tables are chained through their first word. */
static struct {
	paddr_t first;
	uint64_t free, total, low;
} pool;

struct noalloc hotplug_noalloc = {.name = "hot-plug"};

static struct {
	paddr_t base;
	uint64_t size;
} window;

/* Where the tables of one map or unmap come from; `next` counts the head's tables given out. */
struct device_tables {
	struct pt_alloc pt;
	const struct memory_device *device;
	uint64_t next;
};

static void pool_put(paddr_t table)
{
	*(paddr_t *)phys_to_virt(table) = pool.first;
	pool.first = table;
	pool.free++;
}

static paddr_t pool_get(void)
{
	paddr_t table = pool.first;

	if (table != 0) {
		pool.first = *(paddr_t *)phys_to_virt(table);
		pool.free--;
		pool.low = MIN(pool.low, pool.free);
	}
	return table;
}

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

static paddr_t tables_alloc(struct pt_alloc *pt, unsigned level, vaddr_t va)
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
			vaddr_t va __unused)
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
		      struct refusal *why)
{
	return refuse_at(why, err, step, device->start, "%s; %lu of %lu pool tables free",
			 err == -EEXIST ? "something is mapped there" : "no page table is left",
			 (unsigned long)pool.free, (unsigned long)pool.total);
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

bool device_window_covers(paddr_t base, uint64_t size)
{
	return base >= window.base && size <= window.size &&
	       base - window.base <= window.size - size;
}

static int pool_fill(uint64_t wanted, struct refusal *why)
{
	while (pool.total < wanted) {
		struct page *page = page_alloc(0, 0, NODE_ANY, &pool_owner);

		if (page == NULL)
			return refuse(why, -ENOMEM, "table-pool",
				      "%lu of %lu page tables reserved, then memory was out",
				      (unsigned long)pool.total, (unsigned long)wanted);
		pool_put(page_to_paddr(page));
		pool.total++;
		pool.low = pool.free;
	}
	return 0;
}

/*
 * What the firmware says may be wrong, or right and too much for a machine of a few MiB: neither
 * the upper tables nor the pool get more than half of what is free.  DIMMs beyond a window that
 * was cut, or for which a pool that was cut has no table, are refused when they come.
 */
static uint64_t affordable_pages(void)
{
	return pages_free() / 2;
}

/* Each 512 GiB take one PDPT of the direct map and four PDs of the vmemmap, with the address
 * sanitizer also 64 PDs of the shadow; and up to two tables more at the ends of each. */
static uint64_t affordable_window(void)
{
	uint64_t pages = affordable_pages();

	return pages <= 2 * WINDOW_ARRAYS ? 0
					  : (pages - 2 * WINDOW_ARRAYS) / WINDOW_TABLES * 512 * GiB;
}

/* The levels above those that devices bring or the pool has. */
static int prepare_window(paddr_t base, uint64_t size)
{
	if (mmu_prepare(DIRECT_MAP_BASE + base, size, LEVEL_PDPT, &pt_alloc_pages) != 0 ||
	    mmu_prepare(VMEMMAP_BASE + paddr_to_pfn(base) * sizeof(struct page),
			paddr_to_pfn(size) * sizeof(struct page), LEVEL_PD, &pt_alloc_pages) != 0)
		return -ENOMEM;
#ifdef CONFIG_KASAN
	return mmu_prepare(kasan_shadow(DIRECT_MAP_BASE + base), size / KASAN_SHARE, LEVEL_PD,
			   &pt_alloc_pages);
#else
	return 0;
#endif
}

static int window_cut(paddr_t base, uint64_t *size, struct refusal *why)
{
	paddr_t limit = mmu_phys_end();
	uint64_t most = affordable_window();

	if (base >= limit)
		return refuse(why, -ERANGE, "window", "0x%lx is beyond physical address bits %u",
			      (unsigned long)base, cpu_features.phys_bits);
	if (*size == 0)
		*size = limit - base;
	if (*size > limit - base || *size > most) {
		uint64_t kept = MIN(limit - base, most);

		if (kept == 0)
			return refuse(
				why, -ENOMEM, "window",
				"no memory for the upper tables of any window: %lu pages are free",
				(unsigned long)pages_free());
		klog(LOG_WARN, "memhp: hot-plug window 0x%lx+0x%lx is cut at 0x%lx%s",
		     (unsigned long)base, (unsigned long)*size, (unsigned long)(base + kept),
		     kept == most ? ": no memory for its page tables" : "");
		*size = kept;
	}
	return 0;
}

static uint64_t pool_cut(uint64_t wanted)
{
	uint64_t most = affordable_pages();

	if (wanted <= most)
		return wanted;
	klog(LOG_WARN, "memhp: %lu page tables reserved for DIMMs; %lu could be needed",
	     (unsigned long)most, (unsigned long)wanted);
	return most;
}

int hotplug_init_slots(unsigned slots, paddr_t window_base, uint64_t window_size,
		       struct refusal *why)
{
	paddr_t end;
	int err;

	if (window_size == 0)
		window_base = 4 * GiB;
	err = window_cut(window_base, &window_size, why);
	if (err != 0)
		return err;
	end = ALIGN_UP(window_base + window_size, SIZE_1G);
	window_base = ALIGN_DOWN(window_base, SIZE_1G);
	if (prepare_window(window_base, end - window_base) != 0)
		return refuse(why, -ENOMEM, "window",
			      "no memory for the upper tables of a window of 0x%lx bytes",
			      (unsigned long)window_size);
	window.base = window_base;
	window.size = end - window_base;
	slots = MIN(slots, MEMORY_SLOTS_MAX);
	return pool_fill(pool_cut(head_pool_tables(slots, window.size)), why);
}

void hotplug_pool_counts(struct hotplug_pool *counts)
{
	mutex_lock(&hotplug_lock);
	*counts = (struct hotplug_pool){pool.total, pool.free, pool.low};
	mutex_unlock(&hotplug_lock);
}

static bool verify_range(vaddr_t va, paddr_t pa, size_t size, char *text, size_t text_size)
{
	const vaddr_t probes[] = {va, va + size / 2, va + size - 1};

	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		paddr_t got = 0;

		if (!mmu_translate(probes[i], &got) || got != pa + (probes[i] - va)) {
			snprintf(text, text_size, "0x%lx maps 0x%lx, not 0x%lx",
				 (unsigned long)probes[i], (unsigned long)got,
				 (unsigned long)(pa + (probes[i] - va)));
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

bool pool_verify(char *text, size_t size)
{
	uint64_t counted = 0;

	for (paddr_t table = pool.first; table != 0 && counted <= pool.total; counted++)
		table = *(paddr_t *)phys_to_virt(table);
	if (counted == pool.free && pool.free <= pool.total)
		return true;
	snprintf(text, size, "table pool: %lu chained, %lu counted free, %lu in all",
		 (unsigned long)counted, (unsigned long)pool.free, (unsigned long)pool.total);
	return false;
}
