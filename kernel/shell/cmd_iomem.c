/*
 * kernel/shell/cmd_iomem.c - the command `iomem`: the physical address space by ranges, as
 * Linux's /proc/iomem: what the firmware said, what boot reserved in it, interrupt
 * controllers, and the DIMMs with their heads.
 *
 * Owns nothing.  Holds hotplug_lock, so that no DIMM leaves under it.
 */
#include "boot/bootinfo.h"
#include "boot/image.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "mm/early.h"
#include "mm/hotplug/device.h"

/* What a head begins with. */
#ifdef CONFIG_KASAN
#define HEAD_ARRAYS "memmap, shadow"
#else
#define HEAD_ARRAYS "memmap"
#endif

struct iomem_range {
	paddr_t base;
	uint64_t size;
	unsigned order; /* of the sources, for ranges that start at one address */
	char name[48];
	const struct memory_device *device; /* or NULL */
	bool ram;
};

struct iomem_output {
	struct json *json; /* NULL: text */
};

static void emit(const struct iomem_output *out, unsigned depth, paddr_t base, uint64_t size,
		 const char *name)
{
	if (size == 0)
		return;
	if (out->json == NULL) {
		shell_printf("%*s%08lx-%08lx : %s\n", (int)depth * 2, "", base, base + size - 1,
			     name);
		return;
	}
	json_object(out->json, NULL);
	json_number(out->json, "depth", depth);
	json_number(out->json, "start", base);
	json_number(out->json, "size", size);
	json_string(out->json, "name", name);
	json_object_end(out->json);
}

static const char *boot_range_name(enum boot_range_type type)
{
	switch (type) {
	case BOOT_RAM:
		return "System RAM";
	case BOOT_ACPI_RECLAIM:
		return "ACPI Tables";
	case BOOT_ACPI_NVS:
		return "ACPI Non-volatile Storage";
	case BOOT_BAD:
		return "Unusable memory";
	case BOOT_RESERVED:
		break;
	}
	return "Reserved";
}

/* The i-th range that stands at the left margin, in no order; false past the end. */
static bool top_range(unsigned i, struct iomem_range *r)
{
	const struct madt_info *madt = &acpi_static.madt;
	const struct memory_device *device;

	*r = (struct iomem_range){.order = i};
	if (i < bootinfo.nranges) {
		r->base = bootinfo.range[i].base;
		r->size = bootinfo.range[i].size;
		r->ram = bootinfo.range[i].type == BOOT_RAM ||
			 bootinfo.range[i].type == BOOT_ACPI_RECLAIM;
		snprintf(r->name, sizeof(r->name), "%s", boot_range_name(bootinfo.range[i].type));
		return true;
	}
	i -= bootinfo.nranges;
	if (acpi_static.has_madt && i <= madt->nioapics) {
		r->base = i == 0 ? madt->lapic : madt->ioapic[i - 1].address;
		r->size = PAGE_SIZE;
		if (i == 0)
			snprintf(r->name, sizeof(r->name), "Local APIC");
		else
			snprintf(r->name, sizeof(r->name), "IOAPIC %u", madt->ioapic[i - 1].id);
		return true;
	}
	i -= acpi_static.has_madt ? madt->nioapics + 1 : 0;
	device = memory_device_at(i);
	if (device == NULL)
		return false;
	if (memory_device_is_boot(device))
		return true; /* a size of 0: the firmware's ranges show it already */
	r->base = pfn_to_paddr(device->start);
	r->size = device->npages * PAGE_SIZE;
	r->device = device;
	snprintf(r->name, sizeof(r->name), "System RAM (%s)", device->name);
	return true;
}

static bool comes_after(const struct iomem_range *a, const struct iomem_range *b)
{
	return a->base != b->base ? a->base > b->base : a->order > b->order;
}

/* The next range in address order; false at the end.  `last` NULL: the first. */
static bool next_range(const struct iomem_range *last, struct iomem_range *next)
{
	struct iomem_range r;
	bool found = false;

	for (unsigned i = 0; top_range(i, &r); i++) {
		if (r.size == 0 || (last != NULL && !comes_after(&r, last)))
			continue;
		if (!found || comes_after(next, &r))
			*next = r;
		found = true;
	}
	return found;
}

static void emit_kernel(const struct iomem_output *out)
{
	const struct {
		const char *start, *end, *name;
	} parts[] = {
		{__text_start, __text_end, "Kernel code"},
		{__rodata_start, __rodata_end, "Kernel rodata"},
		{__data_start, __data_end, "Kernel data"},
		{__bss_start, __bss_end, "Kernel bss"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		emit(out, 2, image_to_phys(parts[i].start), parts[i].end - parts[i].start,
		     parts[i].name);
}

/* What boot reserved in the range. */
static void emit_reserved(const struct iomem_output *out, const struct iomem_range *r)
{
	for (unsigned i = 0; i < early.nreserved; i++) {
		const struct early_range *e = &early.reserved[i];
		paddr_t start = MAX(e->base, r->base);
		paddr_t end = MIN(e->base + e->size, r->base + r->size);

		if (start >= end)
			continue;
		emit(out, 1, start, end - start, e->name);
		if (strcmp(e->name, "kernel") == 0)
			emit_kernel(out);
	}
}

static void emit_head(const struct iomem_output *out, const struct memory_device *device)
{
	const struct head_layout *h = &device->head;
	uint64_t arrays = h->tables - device->start;

	emit(out, 1, pfn_to_paddr(device->start), arrays * PAGE_SIZE, HEAD_ARRAYS);
	emit(out, 1, pfn_to_paddr(h->tables), h->tables_pages * PAGE_SIZE, "page tables");
	emit(out, 1, pfn_to_paddr(h->descriptors), h->descriptors_pages * PAGE_SIZE, "descriptors");
}

static void emit_all(const struct iomem_output *out)
{
	struct iomem_range r, next;

	for (bool more = next_range(NULL, &r); more; more = next_range(&r, &next), r = next) {
		emit(out, 0, r.base, r.size, r.name);
		if (r.ram)
			emit_reserved(out, &r);
		if (r.device != NULL)
			emit_head(out, r.device);
	}
}

SHELL_COMMAND(iomem, "[-J]", "the physical address space, range by range", "iomem", SHELL_NORMAL)
{
	struct iomem_output out = {0};
	struct json j;
	bool json;
	int status = shell_only_json("iomem", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (!lock_to_look("iomem"))
		return SHELL_FAIL;
	if (json) {
		out.json = &j;
		json_begin(&j);
		json_array(&j, "iomem");
	}
	emit_all(&out);
	if (json) {
		json_array_end(&j);
		json_end(&j);
	}
	mutex_unlock(&hotplug_lock);
	return SHELL_OK;
}
