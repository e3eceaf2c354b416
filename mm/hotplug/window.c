/*
 * mm/hotplug/window.c - where DIMMs may appear, and what is prepared there at boot.
 *
 * The upper levels of the page tables over the window are built once and stay; so is the pool for
 * the tables below them that devices may share (table_pool.c).
 *
 * Lock: hotplug_lock guards the window.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/kasan/kasan.h"

#ifdef CONFIG_KASAN
enum { WINDOW_ARRAYS = 3, WINDOW_TABLES = 5 + 64 };
#else
enum { WINDOW_ARRAYS = 2, WINDOW_TABLES = 5 };
#endif

static struct {
	paddr_t base;
	uint64_t size;
} window GUARDED_BY(&hotplug_lock);

bool window_covers(paddr_t base, uint64_t size)
{
	return base >= window.base && size <= window.size &&
	       base - window.base <= window.size - size;
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
			      base, cpu_features.phys_bits);
	if (*size == 0)
		*size = limit - base;
	if (*size > limit - base || *size > most) {
		uint64_t kept = MIN(limit - base, most);

		if (kept == 0)
			return refuse(
				why, -ENOMEM, "window",
				"no memory for the upper tables of any window: %lu pages are free",
				pages_free());
		klog(LOG_WARN, "memhp: hot-plug window 0x%lx+0x%lx is cut at 0x%lx%s", base, *size,
		     base + kept, kept == most ? ": no memory for its page tables" : "");
		*size = kept;
	}
	return 0;
}

static uint64_t pool_cut(uint64_t wanted)
{
	uint64_t most = affordable_pages();

	if (wanted <= most)
		return wanted;
	klog(LOG_WARN, "memhp: %lu page tables reserved for DIMMs; %lu could be needed", most,
	     wanted);
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
			      window_size);
	slots = MIN(slots, MEMORY_SLOTS_MAX);
	mutex_lock(&hotplug_lock);
	window.base = window_base;
	window.size = end - window_base;
	err = pool_fill(pool_cut(head_pool_tables(slots, window.size)), why);
	mutex_unlock(&hotplug_lock);
	return err;
}
