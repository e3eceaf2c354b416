/*
 * drivers/acpi/probe.c - is there memory where _CRS says there is?
 *
 * A device's descriptors live in the device: where firmware names a place with no memory behind
 * it, they would read back as zeros and take the hot-plug core with them.  So the first and
 * the last page answer a question before anything else is written, and keep what they held.
 * The same where _STA says that a DIMM stays after its _EJ0.
 * Only pages where a DIMM may appear are asked: elsewhere there may be device registers, and
 * the core refuses the range without looking.
 *
 * Lock: hotplug_lock, which the window for looking at unmapped memory belongs to.
 */
#include "boot/bootinfo.h"
#include "drivers/acpi/memdev.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/errno.h"

static paddr_t boot_memory_end(void)
{
	paddr_t end = 0;

	for (unsigned i = 0; i < bootinfo.nranges; i++) {
		const struct boot_range *range = &bootinfo.range[i];

		if (range->type == BOOT_RAM)
			end = MAX(end, range->base + range->size);
	}
	return end;
}

bool memdev_window(paddr_t *base, uint64_t *size)
{
	paddr_t end = 0;
	bool over;

	*base = 0;
	*size = 0;
	for (unsigned i = 0; acpi_static.has_srat && i < acpi_static.srat.nranges; i++) {
		const struct srat_range *range = &acpi_static.srat.range[i];

		if (!range->hotplug || range->nonvolatile)
			continue;
		if (end == 0)
			*base = range->base; /* sorted */
		end = range->base + range->size;
	}
	over = end != 0 && *base < boot_memory_end();
	if (over)
		*base = MAX(boot_memory_end(), 4 * GiB); /* PCs have registers below */
	if (end > *base)
		*size = end - *base;
	return !over;
}

/* Without a window: above 4 GiB, where PCs have no fixed registers. */
static bool in_window(const struct memrange_piece *range)
{
	paddr_t base;
	uint64_t size;

	memdev_window(&base, &size);
	if (size == 0)
		return range->base >= 4 * GiB;
	return range->base >= base && range->size <= size &&
	       range->base - base <= size - range->size;
}

/* Does somebody use the page already?  Then the core refuses the device. */
static bool is_known(paddr_t page)
{
	for (unsigned i = 0; i < bootinfo.nranges; i++) {
		const struct boot_range *range = &bootinfo.range[i];

		if (page < range->base + range->size && range->base < page + PAGE_SIZE)
			return true;
	}
	return memory_device_by_pfn(paddr_to_pfn(page)) != NULL;
}

/* Past the caches: a line that was never written back proves nothing. */
static uint64_t write_and_read(volatile uint64_t *word, uint64_t value)
{
	*word = value;
	__asm__ volatile("mfence; clflush (%0); mfence" : : "r"(word) : "memory");
	return *word;
}

/* Two values, since a bus without anybody on it may happen to read as one of them. */
static bool keeps_what_is_written(paddr_t page)
{
	volatile uint64_t *word = mmu_window(page);
	uint64_t held = *word;
	bool keeps = write_and_read(word, ~held) == ~held && write_and_read(word, held) == held;

	mmu_window_close();
	return keeps;
}

int memdev_probe(const struct memrange_piece *range, struct refusal *why)
{
	paddr_t end[2] = {
		ALIGN_DOWN(range->base, PAGE_SIZE),
		ALIGN_DOWN(range->base + range->size - 1, PAGE_SIZE),
	};
	int err = 0;

	if (!in_window(range))
		return 0;
	for (unsigned i = 0; i < ARRAY_SIZE(end) && err == 0; i++) {
		if (!is_known(end[i]) && !keeps_what_is_written(end[i]))
			err = refuse_at(why, -ENXIO, "probe", paddr_to_pfn(end[i]),
					"there is no memory, whatever _CRS says");
	}
	return err;
}
