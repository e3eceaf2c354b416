/*
 * drivers/acpi/tables/srat.c - the System Resource Affinity Table [ACPI 6.5 5.2.16]: which
 * memory and which processors belong to which proximity domain.
 *
 * Owns nothing and takes no lock.  Everything a node is made of starts here, so a table that
 * puts one byte of memory into two domains is not repaired but refused: there is no telling
 * which half is true.
 */
#include "drivers/acpi/tables/tables.h"

#include "drivers/acpi/tables/tables_priv.h"
#include "kernel/lib/errno.h"

#define SRAT_ENTRIES_OFFSET 48 /* header, 4 + 8 reserved bytes */

enum { SRAT_LAPIC = 0, SRAT_MEMORY = 1, SRAT_X2APIC = 2 };

#define SRAT_ENABLED	 (1U << 0)
#define SRAT_HOTPLUG	 (1U << 1)
#define SRAT_NONVOLATILE (1U << 2)

struct srat_context {
	struct table_walk walk;
	struct srat_info *info;
	bool narrow_pxm; /* revision 1: only 8 bits of a domain mean something [ACPI 2.0] */
	unsigned ranges_left, cpus_left;
};

static paddr_t range_end(const struct srat_range *range)
{
	return range->base + range->size;
}

static uint32_t domain(const struct srat_context *c, uint32_t pxm)
{
	return c->narrow_pxm ? pxm & 0xff : pxm;
}

/* Inserts by base; of equal bases the longer first, so that what it covers comes behind it. */
static void range_insert(struct srat_info *info, const struct srat_range *range)
{
	unsigned at = info->nranges;

	while (at > 0 && (info->range[at - 1].base > range->base ||
			  (info->range[at - 1].base == range->base &&
			   info->range[at - 1].size < range->size)))
		at--;
	memmove(&info->range[at + 1], &info->range[at],
		(info->nranges - at) * sizeof(info->range[0]));
	info->range[at] = *range;
	info->nranges++;
}

static void memory_entry(struct srat_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	struct srat_range range;
	uint32_t flags;

	if (!table_entry_holds(&c->walk, entry, 40))
		return;
	flags = read32(d + 28);
	range = (struct srat_range){
		.base = read64(d + 8),
		.size = read64(d + 16),
		.pxm = domain(c, read32(d + 2)),
		.hotplug = flags & SRAT_HOTPLUG,
		.nonvolatile = flags & SRAT_NONVOLATILE,
	};
	/* QEMU leaves empty entries in place of the ones it could have needed. */
	if (!(flags & SRAT_ENABLED) || range.size == 0)
		return;
	if (!paddr_range_ok(range.base, range.size)) {
		table_entry_reject(&c->walk, entry,
				   "0x%lx bytes at 0x%lx reach past 52-bit addresses: skipped",
				   range.size, range.base);
		return;
	}
	if (c->info->nranges == SRAT_RANGES_MAX) {
		c->ranges_left++;
		return;
	}
	range_insert(c->info, &range);
}

static void cpu_add(struct srat_context *c, const struct table_entry *entry, uint32_t apic_id,
		    uint32_t pxm)
{
	struct srat_info *info = c->info;

	for (unsigned i = 0; i < info->ncpus; i++) {
		if (info->cpu[i].apic_id != apic_id)
			continue;
		if (info->cpu[i].pxm != pxm)
			table_entry_reject(&c->walk, entry,
					   "APIC %u is in domain %u and again in %u: skipped",
					   apic_id, info->cpu[i].pxm, pxm);
		return;
	}
	if (info->ncpus == SRAT_CPUS_MAX) {
		c->cpus_left++;
		return;
	}
	info->cpu[info->ncpus].apic_id = apic_id;
	info->cpu[info->ncpus].pxm = pxm;
	info->ncpus++;
}

static void lapic_entry(struct srat_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	uint32_t pxm;

	if (!table_entry_holds(&c->walk, entry, 16) || !(read32(d + 4) & SRAT_ENABLED))
		return;
	/* The domain's upper 24 bits came later and stand elsewhere [ACPI 6.5 5.2.16.1]. */
	pxm = d[2] | (uint32_t)d[9] << 8 | (uint32_t)d[10] << 16 | (uint32_t)d[11] << 24;
	if (d[3] == 0xff)
		table_entry_reject(&c->walk, entry, "APIC 255 is the broadcast id: skipped");
	else
		cpu_add(c, entry, d[3], domain(c, pxm));
}

static void x2apic_entry(struct srat_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;

	if (!table_entry_holds(&c->walk, entry, 24) || !(read32(d + 12) & SRAT_ENABLED))
		return;
	if (read32(d + 8) == UINT32_MAX)
		table_entry_reject(&c->walk, entry,
				   "x2APIC 0xffffffff is the broadcast id: skipped");
	else
		cpu_add(c, entry, read32(d + 8), domain(c, read32(d + 4)));
}

/*
 * Adds a range to the sorted, non-overlapping ones in front of it.  `last` has the highest end
 * of them, and started no later than `range`: where that starts below this end, they overlap.
 */
static int range_settle(struct srat_context *c, unsigned *nout, struct srat_range range)
{
	struct srat_range *out = c->info->range;
	struct srat_range *last = *nout == 0 ? NULL : &out[*nout - 1];
	paddr_t end = range_end(&range);

	if (last == NULL || range.base >= range_end(last)) {
		out[(*nout)++] = range;
		return 0;
	}
	if (range.pxm != last->pxm) {
		table_complain(c->walk.report,
			       "SRAT: 0x%lx-0x%lx is in domain %u and overlaps domain %u below "
			       "0x%lx: the table is rejected",
			       range.base, end - 1, range.pxm, last->pxm, range_end(last));
		return -EINVAL;
	}
	table_complain(c->walk.report, "SRAT: 0x%lx-0x%lx is listed twice in domain %u", range.base,
		       MIN(end, range_end(last)) - 1, range.pxm);
	if (end <= range_end(last))
		return 0;
	if (range.hotplug == last->hotplug && range.nonvolatile == last->nonvolatile) {
		last->size = end - last->base;
		return 0;
	}
	range.base = range_end(last);
	range.size = end - range.base;
	out[(*nout)++] = range;
	return 0;
}

/* Settles all ranges in place: never more come out than went in. */
static int ranges_settle(struct srat_context *c)
{
	unsigned nout = 0;

	for (unsigned i = 0; i < c->info->nranges; i++) {
		int err = range_settle(c, &nout, c->info->range[i]);

		if (err)
			return err;
	}
	c->info->nranges = nout;
	return 0;
}

static void report_left(struct srat_context *c)
{
	if (c->ranges_left)
		table_complain(c->walk.report, "SRAT: %u memory ranges beyond %d are ignored",
			       c->ranges_left, SRAT_RANGES_MAX);
	if (c->cpus_left)
		table_complain(c->walk.report, "SRAT: %u processors beyond %d are ignored",
			       c->cpus_left, SRAT_CPUS_MAX);
	c->info->rejected = c->walk.rejected + c->ranges_left + c->cpus_left;
}

int srat_parse(const void *table, size_t length, struct srat_info *info, table_report_fn report)
{
	struct srat_context c = {
		.walk = {"SRAT", table, length, SRAT_ENTRIES_OFFSET, report, 0},
		.info = info,
	};
	struct table_entry entry;

	memset(info, 0, sizeof(*info));
	if (length < SRAT_ENTRIES_OFFSET) {
		table_complain(report, "SRAT: length %zu is below 48: the table is rejected",
			       length);
		return -EINVAL;
	}
	c.narrow_pxm = ((const uint8_t *)table)[offsetof(struct acpi_header, revision)] < 2;
	while (table_walk_next(&c.walk, &entry)) {
		if (entry.type == SRAT_LAPIC)
			lapic_entry(&c, &entry);
		else if (entry.type == SRAT_MEMORY)
			memory_entry(&c, &entry);
		else if (entry.type == SRAT_X2APIC)
			x2apic_entry(&c, &entry);
	}
	report_left(&c);
	if (ranges_settle(&c)) {
		memset(info, 0, sizeof(*info));
		return -EINVAL;
	}
	return 0;
}
