/*
 * drivers/acpi/tables/madt.c - the Multiple APIC Description Table [ACPI 6.5 5.2.12]: the
 * processors, the I/O APICs, and where ISA interrupts really go.
 *
 * Owns nothing and takes no lock.  Where two entries contradict each other the first one
 * counts and the second is reported: that machine still boots, and says why it is odd.
 */
#include "drivers/acpi/tables/tables.h"

#include "drivers/acpi/tables/tables_priv.h"
#include "kernel/lib/errno.h"

#define MADT_ENTRIES_OFFSET 44 /* header, local APIC address, flags */
#define MADT_PCAT_COMPAT    (1U << 0)

enum {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_ADDRESS = 5,
	MADT_X2APIC = 9,
};

#define CPU_ENABLED	   (1U << 0)
#define CPU_ONLINE_CAPABLE (1U << 1)

#define ISA_IRQS 16
/* One override a source is kept, so their array cannot overflow. */
_Static_assert(MADT_OVERRIDES_MAX >= ISA_IRQS, "an override for every ISA interrupt");
/* Of polarity and trigger mode, 2 is the value that means nothing [ACPI 6.5 table 5.26]. */
#define INTI_RESERVED 2

struct madt_context {
	struct table_walk walk;
	struct madt_info *info;
	bool address_seen; /* a 64-bit local APIC address replaced the header's */
	unsigned ioapics_left;
};

/*
 * Adds a processor.  Firmware fills the room for processors that are not there with entries
 * that are neither enabled nor can be; those never displace or contradict another.
 */
static void cpu_add(struct madt_context *c, const struct table_entry *entry, uint32_t apic_id,
		    uint32_t uid, uint32_t flags)
{
	struct madt_info *info = c->info;
	bool usable = flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE);
	unsigned at;

	for (at = 0; at < info->ncpus; at++)
		if (info->cpu[at].apic_id == apic_id)
			break;
	if (at < info->ncpus && !usable)
		return;
	if (at < info->ncpus && (info->cpu[at].enabled || info->cpu[at].online_capable)) {
		table_entry_reject(&c->walk, entry, "APIC %u was listed before: skipped", apic_id);
		return;
	}
	if (at == MADT_CPUS_MAX) {
		info->cpus_left++;
		return;
	}
	info->cpu[at].apic_id = apic_id;
	info->cpu[at].acpi_uid = uid;
	info->cpu[at].enabled = flags & CPU_ENABLED;
	info->cpu[at].online_capable = flags & CPU_ONLINE_CAPABLE;
	if (at == info->ncpus)
		info->ncpus++;
}

static void lapic_entry(struct madt_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	uint32_t flags;

	if (!table_entry_holds(&c->walk, entry, 8))
		return;
	flags = read32(d + 4);
	if (d[3] != 0xff)
		cpu_add(c, entry, d[3], d[2], flags);
	else if (flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE))
		table_entry_reject(&c->walk, entry, "APIC 255 is the broadcast id: skipped");
}

static void x2apic_entry(struct madt_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	uint32_t flags;

	if (!table_entry_holds(&c->walk, entry, 16))
		return;
	flags = read32(d + 8);
	if (read32(d + 4) != UINT32_MAX)
		cpu_add(c, entry, read32(d + 4), read32(d + 12), flags);
	else if (flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE))
		table_entry_reject(&c->walk, entry,
				   "x2APIC 0xffffffff is the broadcast id: skipped");
}

static void ioapic_entry(struct madt_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	struct madt_info *info = c->info;
	uint32_t address, gsi_base;

	if (!table_entry_holds(&c->walk, entry, 12))
		return;
	address = read32(d + 4);
	gsi_base = read32(d + 8);
	/* Its registers are selected by the low bits of the address [82093AA 3.0]. */
	if (address == 0 || address & 0xf) {
		table_entry_reject(&c->walk, entry, "I/O APIC %u at 0x%x is misplaced: skipped",
				   d[2], address);
		return;
	}
	/* How many inputs each has is not in the table; equal bases are what can be seen here. */
	for (unsigned i = 0; i < info->nioapics; i++) {
		if (info->ioapic[i].id != d[2] && info->ioapic[i].gsi_base != gsi_base &&
		    info->ioapic[i].address != address)
			continue;
		table_entry_reject(
			&c->walk, entry,
			"I/O APIC %u at 0x%x, GSI base %u contradicts I/O APIC %u: skipped", d[2],
			address, gsi_base, info->ioapic[i].id);
		return;
	}
	if (info->nioapics == MADT_IOAPICS_MAX) {
		c->ioapics_left++;
		return;
	}
	info->ioapic[info->nioapics].id = d[2];
	info->ioapic[info->nioapics].address = address;
	info->ioapic[info->nioapics].gsi_base = gsi_base;
	info->nioapics++;
}

/* False, reported, where an override's own fields make no sense. */
static bool override_check(struct madt_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	uint16_t flags = read16(d + 8);

	if (d[2] != 0)
		table_entry_reject(&c->walk, entry, "override on bus %u, not ISA: skipped", d[2]);
	else if (d[3] >= ISA_IRQS)
		table_entry_reject(&c->walk, entry, "override of ISA interrupt %u: skipped", d[3]);
	else if ((flags & 3) == INTI_RESERVED || (flags >> 2 & 3) == INTI_RESERVED)
		table_entry_reject(&c->walk, entry,
				   "override of ISA interrupt %u has reserved "
				   "flags 0x%x: skipped",
				   d[3], flags);
	else
		return true;
	return false;
}

static void override_entry(struct madt_context *c, const struct table_entry *entry)
{
	const uint8_t *d = entry->data;
	struct madt_info *info = c->info;
	uint32_t gsi;

	if (!table_entry_holds(&c->walk, entry, 10) || !override_check(c, entry))
		return;
	gsi = read32(d + 4);
	for (unsigned i = 0; i < info->noverrides; i++) {
		if (info->override[i].source != d[3])
			continue;
		table_entry_reject(&c->walk, entry,
				   "ISA interrupt %u to GSI %u was overridden to GSI %u before: "
				   "skipped",
				   d[3], gsi, info->override[i].gsi);
		return;
	}
	info->override[info->noverrides].source = d[3];
	info->override[info->noverrides].gsi = gsi;
	info->override[info->noverrides].polarity = read16(d + 8) & 3;
	info->override[info->noverrides].trigger = read16(d + 8) >> 2 & 3;
	info->noverrides++;
}

static void lapic_address_entry(struct madt_context *c, const struct table_entry *entry)
{
	uint64_t address;

	if (!table_entry_holds(&c->walk, entry, 12))
		return;
	address = read64(entry->data + 4);
	if (c->address_seen)
		table_entry_reject(&c->walk, entry, "a second local APIC address: skipped");
	else if (address == 0 || !IS_ALIGNED(address, PAGE_SIZE) ||
		 !paddr_range_ok(address, PAGE_SIZE))
		table_entry_reject(&c->walk, entry, "local APIC address 0x%lx: skipped", address);
	else
		c->info->lapic = address;
	c->address_seen = true;
}

static void report_left(struct madt_context *c)
{
	struct madt_info *info = c->info;

	if (info->cpus_left)
		table_complain(c->walk.report, "MADT: %u processors beyond %d are ignored",
			       info->cpus_left, MADT_CPUS_MAX);
	if (c->ioapics_left)
		table_complain(c->walk.report, "MADT: %u I/O APICs beyond %d are ignored",
			       c->ioapics_left, MADT_IOAPICS_MAX);
	if (info->ncpus == 0)
		table_complain(c->walk.report, "MADT: no processor is listed");
	if (info->nioapics == 0)
		table_complain(c->walk.report, "MADT: no I/O APIC is listed");
	info->rejected = c->walk.rejected + info->cpus_left + c->ioapics_left;
}

static void entry_dispatch(struct madt_context *c, const struct table_entry *entry)
{
	switch (entry->type) {
	case MADT_LAPIC:
		lapic_entry(c, entry);
		break;
	case MADT_IOAPIC:
		ioapic_entry(c, entry);
		break;
	case MADT_OVERRIDE:
		override_entry(c, entry);
		break;
	case MADT_LAPIC_ADDRESS:
		lapic_address_entry(c, entry);
		break;
	case MADT_X2APIC:
		x2apic_entry(c, entry);
		break;
	default: /* NMIs, other architectures', newer than this: none of our business */
		break;
	}
}

int madt_parse(const void *table, size_t length, struct madt_info *info, table_report_fn report)
{
	struct madt_context c = {
		.walk = {"MADT", table, length, MADT_ENTRIES_OFFSET, report, 0},
		.info = info,
	};
	const uint8_t *bytes = table;
	struct table_entry entry;

	memset(info, 0, sizeof(*info));
	if (length < MADT_ENTRIES_OFFSET) {
		table_complain(report, "MADT: length %zu is below 44: the table is rejected",
			       length);
		return -EINVAL;
	}
	info->lapic = read32(bytes + 36);
	info->has_8259 = read32(bytes + 40) & MADT_PCAT_COMPAT;
	if (info->lapic == 0 || !IS_ALIGNED(info->lapic, PAGE_SIZE)) {
		table_complain(
			report,
			"MADT: local APIC address 0x%lx is not a page's: the table is rejected",
			info->lapic);
		memset(info, 0, sizeof(*info));
		return -EINVAL;
	}
	while (table_walk_next(&c.walk, &entry))
		entry_dispatch(&c, &entry);
	report_left(&c);
	return 0;
}
