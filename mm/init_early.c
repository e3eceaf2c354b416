/*
 * mm/init_early.c - early and the final page tables: mm_init_early().
 *
 * Runs on the boot page tables, whose direct map ends at 4 GiB: everything early gives out up
 * to the switch lies below that (early.limit), and the RAM above is reachable only after it.
 *
 * The kernel image is mapped by its sections, W^X, at KERNEL_BASE.  In the direct map its code
 * and constants are read-only too, so that no second address writes what the first protects.
 * Nothing is mapped at low addresses: a NULL pointer faults.
 */
#include "arch/mmu.h"
#include "boot/image.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "mm/early.h"
#include "mm/init.h"
#include "mm/kasan/kasan.h"

#define BOOT_MAP_END (4 * GiB) /* what boot/entry.asm maps */

static paddr_t table_early_alloc(struct pt_alloc *self __unused, unsigned level __unused,
				 vaddr_t va __unused)
{
	return early_alloc(&early, PAGE_SIZE, PAGE_SIZE, "pagetable");
}

/* early takes nothing back; only mm_map_early() unmaps, and keeps its tables. */
static void table_early_free(struct pt_alloc *self __unused, paddr_t table, unsigned level __unused,
			     vaddr_t va __unused)
{
	klog(LOG_WARN, "mm: boot page table %#lx is lost", table);
}

struct pt_alloc pt_alloc_early = {
	.alloc = table_early_alloc,
	.free = table_early_free,
	.keep_level = LEVEL_PT,
};

/* RAM that the CPU can address and the direct map has room for. */
static void add_ram(paddr_t base, uint64_t size)
{
	paddr_t top = mmu_phys_end();

	if (base >= top || size > top - base)
		klog(LOG_WARN, "mm: RAM at %#lx, %lu MiB, ends beyond %#lx: cut", base, size / MiB,
		     top);
	if (base < top)
		early_add_ram(&early, base, MIN(size, top - base));
}

static void reserve(paddr_t base, uint64_t size, const char *name)
{
	if (early_reserve(&early, base, size, name) != 0)
		panic("mm: no room to note that %#lx is reserved (%s)", base, name);
}

static void take_over_ranges(const struct bootinfo *boot)
{
	for (unsigned i = 0; i < boot->nranges; i++) {
		const struct boot_range *r = &boot->range[i];

		if (r->type == BOOT_RAM || r->type == BOOT_ACPI_RECLAIM)
			add_ram(r->base, r->size);
	}
	/* Page 0 holds the real-mode vectors, and 0 means "none" in too many places. */
	reserve(0, PAGE_SIZE, "first-page");
	reserve((paddr_t)__boot_start, image_to_phys(__image_end) - (paddr_t)__boot_start,
		"kernel");
	kasan_reserve_image();
	for (unsigned i = 0; i < boot->nranges; i++)
		if (boot->range[i].type == BOOT_ACPI_RECLAIM)
			reserve(boot->range[i].base, boot->range[i].size, "acpi-tables");
}

static void map(vaddr_t va, paddr_t pa, size_t size, enum mmu_flags flags, const char *what)
{
	int err = size == 0 ? 0 : mmu_map(va, pa, size, flags, SIZE_1G, &pt_alloc_early);

	if (err)
		panic("mm: cannot map %s at %#lx: %s", what, pa, errno_name(err));
}

static void map_section(const char *start, const char *end, enum mmu_flags flags, const char *what)
{
	map((vaddr_t)start, image_to_phys(start), end - start, flags, what);
}

static void map_image(void)
{
	map_section(__text_start, __text_end, MMU_EXEC, "kernel code");
	map_section(__rodata_start, __rodata_end, MMU_RO, "kernel constants");
	map_section(__data_start, __data_end, MMU_WRITE, "kernel data");
	map_section(__bss_start, __bss_end, MMU_WRITE, "kernel data");
	kasan_map_image();
}

static void map_ram(paddr_t base, paddr_t end, enum mmu_flags flags)
{
	if (base < end)
		map(DIRECT_MAP_BASE + base, base, end - base, flags, "RAM");
}

/* The direct map of [base, end), read-only where it shows the image's code and constants. */
static void map_ram_range(paddr_t base, paddr_t end)
{
	paddr_t ro_start = (paddr_t)__boot_start, ro_end = image_to_phys(__rodata_end);

	map_ram(base, MIN(end, ro_start), MMU_WRITE);
	map_ram(MAX(base, ro_start), MIN(end, ro_end), MMU_RO);
	map_ram(MAX(base, ro_end), end, MMU_WRITE);
}

void mm_init_early(const struct bootinfo *boot)
{
	paddr_t root;
	uint64_t ram = 0;

	take_over_ranges(boot);
	early.limit = BOOT_MAP_END;

	root = early_alloc(&early, PAGE_SIZE, PAGE_SIZE, "pagetable");
	if (root == 0 || mmu_init(root, &pt_alloc_early) != 0)
		panic("mm: the boot loader reports no usable memory below 4 GiB");
	map_image();
	for (unsigned i = 0; i < early.nram; i++) {
		map_ram_range(early.ram[i].base, early.ram[i].base + early.ram[i].size);
		ram += early.ram[i].size;
	}
	mmu_activate();
	early.limit = DIRECT_MAP_MAX;
	kasan_init();
	klog(LOG_INFO, "mm: %lu MiB of RAM in %u ranges, %lu KiB of page tables", ram / MiB,
	     early.nram, early_reserved_bytes(&early, "pagetable") / KiB);
}

const void *mm_map_early(paddr_t pa, size_t size)
{
	static size_t mapped; /* bytes from EARLY_MAP_BASE on */
	paddr_t start = ALIGN_DOWN(pa, PAGE_SIZE);
	paddr_t top = mmu_phys_end();
	size_t offset = pa - start, bytes;

	ASSERT(!early.closed);
	if (mapped > 0)
		mmu_unmap(EARLY_MAP_BASE, mapped, &pt_alloc_early);
	mapped = 0;
	if (size == 0 || size > EARLY_MAP_SIZE - offset || pa >= top || size > top - pa)
		return NULL;
	bytes = ALIGN_UP(offset + size, PAGE_SIZE);
	if (mmu_map(EARLY_MAP_BASE, start, bytes, MMU_RO, PAGE_SIZE, &pt_alloc_early) != 0)
		return NULL;
	mapped = bytes;
	return (const void *)(EARLY_MAP_BASE + offset);
}
