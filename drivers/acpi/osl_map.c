/*
 * drivers/acpi/osl_map.c - physical memory for ACPICA: tables and operation regions.
 *
 * What boot's firmware map calls RAM is read through the direct map.  Everything else gets a
 * kernel mapping that is kept when ACPICA lets go of it: the same few ranges are asked for
 * again and again, and a new mapping may need page tables when there is no page left.  A DIMM
 * never counts as RAM here: its direct map leaves with it, under the nose of an AML region.
 *
 * Lock: mappings_lock (spin, rank ACPI) guards the table; kmap is called without it, since it
 * allocates.  Two threads that map the same range at once may both make a mapping, which is
 * harmless.
 */
#include "boot/bootinfo.h"
#include "drivers/acpi/osl.h"
#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "kernel/spinlock.h"
#include "mm/kmap.h"

#define MAPPINGS_MAX 64U

struct mapping {
	paddr_t base; /* page aligned */
	uint64_t size;
	char *address; /* NULL: the entry is free */
	unsigned users;
	bool kept; /* whoever comes: holds a register that is read in the SCI's handler */
};

static struct spinlock mappings_lock = SPINLOCK_INIT("acpi mappings", RANK_ACPI);
static struct mapping mappings[MAPPINGS_MAX] GUARDED_BY(&mappings_lock);

/* Is the range RAM since boot, with a direct mapping? */
static bool in_boot_ram(paddr_t base, uint64_t size)
{
	bool known = false;

	for (unsigned i = 0; i < bootinfo.nranges && !known; i++) {
		const struct boot_range *range = &bootinfo.range[i];

		known = (range->type == BOOT_RAM || range->type == BOOT_ACPI_RECLAIM ||
			 range->type == BOOT_ACPI_NVS) &&
			range->base <= base && base + size <= range->base + range->size;
	}
	if (!known)
		return false;
	for (paddr_t page = ALIGN_DOWN(base, PAGE_SIZE); page < base + size; page += PAGE_SIZE) {
		paddr_t pa;

		if (!mmu_translate((vaddr_t)phys_to_virt(page), &pa))
			return false;
	}
	return true;
}

/* A kept mapping that holds the range, one more user; NULL. */
static char *find_mapping(paddr_t base, uint64_t size)
{
	uint64_t flags = spin_lock(&mappings_lock);
	char *address = NULL;

	for (unsigned i = 0; i < MAPPINGS_MAX && address == NULL; i++) {
		struct mapping *m = &mappings[i];

		if (m->address != NULL && m->base <= base && base + size <= m->base + m->size) {
			m->users++;
			address = m->address + (base - m->base);
		}
	}
	spin_unlock(&mappings_lock, flags);
	return address;
}

/* Puts *new into a free entry, or into the first unused one, whose old mapping is returned in
 * *old.  False: all entries are in use. */
static bool insert_mapping(const struct mapping *new, char **old)
{
	uint64_t flags = spin_lock(&mappings_lock);
	struct mapping *slot = NULL;

	for (unsigned i = 0; i < MAPPINGS_MAX; i++) {
		struct mapping *m = &mappings[i];

		if (m->address == NULL) {
			slot = m;
			break;
		}
		if (m->users == 0 && !m->kept && slot == NULL)
			slot = m;
	}
	if (slot != NULL) {
		*old = slot->address;
		*slot = *new;
	}
	spin_unlock(&mappings_lock, flags);
	return slot != NULL;
}

static char *new_mapping(paddr_t where, uint64_t length)
{
	paddr_t base = ALIGN_DOWN(where, PAGE_SIZE);
	uint64_t size = ALIGN_UP(where + length, PAGE_SIZE) - base;
	struct mapping new = {.base = base, .size = size, .users = 1};
	char *old = NULL;

	new.address = kmap_phys(base, size, MMU_WRITE | MMU_UNCACHED, "acpi");
	if (new.address == NULL) {
		klog(LOG_ERR, "acpi: no memory to map 0x%lx bytes at 0x%lx", length, where);
		return NULL;
	}
	if (!insert_mapping(&new, &old)) {
		kmap_phys_free(new.address);
		klog(LOG_ERR, "acpi: more than %u mappings in use", MAPPINGS_MAX);
		return NULL;
	}
	if (old != NULL)
		kmap_phys_free(old);
	return new.address + (where - base);
}

/*
 * A table may say any length, and ACPICA sums what it maps: beyond a limit that no real table
 * comes near (a large DSDT has a few hundred KiB) it gets nothing and leaves it.
 */
#define MAP_MAX (16 * MiB)

void *acpi_os_map_memory(acpi_physical_address where, acpi_size length)
{
	char *address;

	if (length > MAP_MAX) {
		klog(LOG_WARN, "acpi: 0x%lx bytes at 0x%lx are too many to map: refused", length,
		     where);
		return NULL;
	}
	if (length == 0 || where + length < where || where + length > PADDR_LIMIT)
		return NULL;
	if (in_boot_ram(where, length))
		return phys_to_virt(where);
	address = find_mapping(where, length);
	return address != NULL ? address : new_mapping(where, length);
}

/* One user less.  `keep`: the mapping is never given up for another. */
static void release_mapping(const char *address, bool keep)
{
	uint64_t flags = spin_lock(&mappings_lock);

	for (unsigned i = 0; i < MAPPINGS_MAX; i++) {
		struct mapping *m = &mappings[i];

		if (m->address != NULL && address >= m->address && address < m->address + m->size) {
			ASSERT(m->users > 0);
			m->users--;
			m->kept |= keep;
			break;
		}
	}
	spin_unlock(&mappings_lock, flags);
}

void acpi_os_unmap_memory(void *logical_address, acpi_size size __unused)
{
	release_mapping(logical_address, false);
}

/* One access of the width in bits: the hardware behind it may care. */
static void access_once(volatile void *p, u64 *value, u32 width, bool write)
{
#define ACCESS(type)                                        \
	do {                                                \
		if (write)                                  \
			*(volatile type *)p = (type)*value; \
		else                                        \
			*value = *(volatile type *)p;       \
	} while (0)
	switch (width) {
	case 8:
		ACCESS(uint8_t);
		break;
	case 16:
		ACCESS(uint16_t);
		break;
	case 32:
		ACCESS(uint32_t);
		break;
	default:
		ACCESS(uint64_t);
		break;
	}
#undef ACCESS
}

/* The FADT's registers; ACPICA comes here from the SCI's handler with a lock held, where a mapping
 * can be found but not made, so what it met once stays mapped. */
static acpi_status access_memory(acpi_physical_address address, u64 *value, u32 width, bool write)
{
	void *p = acpi_os_map_memory(address, width / 8);

	if (p == NULL)
		return AE_NO_MEMORY;
	access_once(p, value, width, write);
	release_mapping(p, true);
	return AE_OK;
}

acpi_status acpi_os_read_memory(acpi_physical_address address, u64 *value, u32 width)
{
	return access_memory(address, value, width, false);
}

acpi_status acpi_os_write_memory(acpi_physical_address address, u64 value, u32 width)
{
	return access_memory(address, &value, width, true);
}
