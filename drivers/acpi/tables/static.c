/*
 * drivers/acpi/tables/static.c - finds the static ACPI tables at boot and parses SRAT, SLIT
 * and MADT once.
 *
 * Owns `acpi_static`, written before there is a second processor and never again: no lock.
 * The results are big, so they and the scratch arrays are static, not on a boot stack.
 * A table that is not believed is as good as absent: the log says which and why, and boot
 * goes on with one node, default distances or one processor.
 */
#include "drivers/acpi/tables/static.h"

#include "drivers/acpi/tables/tables_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printable.h"
#include "kernel/log.h"

/* No table is near this size; it bounds what a corrupt length makes us map and sum. */
#define TABLE_LENGTH_MAX (16 * MiB)

#define FADT_DSDT_OFFSET  40  /* 32-bit address [ACPI 6.5 5.2.9] */
#define FADT_XDSDT_OFFSET 140 /* 64-bit address, counts where it is not 0 */

struct acpi_static acpi_static;

/* Addresses out of the XSDT, kept because mapping a table may undo the XSDT's mapping. */
static paddr_t entries[ACPI_STATIC_TABLES_MAX];
static unsigned nentries;
_Static_assert(ARRAY_SIZE(acpi_static.table) == ARRAY_SIZE(entries) + 1, "room for the DSDT");

static void report(const char *line)
{
	klog(LOG_WARN, "acpi: %s", line);
}

/* A name of `n` bytes, without the blanks that fill it up. */
static void copy_name(char *out, const char *in, size_t n)
{
	copy_printable(out, in, n);
	while (n > 0 && out[n - 1] == ' ')
		out[--n] = '\0';
}

/* True where any byte of [base, base + size) is RAM that will be given out. */
static bool in_usable_ram(const struct bootinfo *boot, paddr_t base, uint64_t size)
{
	for (unsigned i = 0; i < boot->nranges; i++) {
		const struct boot_range *r = &boot->range[i];

		if (r->type == BOOT_RAM && base < r->base + r->size && r->base < base + size)
			return true;
	}
	return false;
}

/* Maps a whole table; *length is the header's.  NULL, reported, where it cannot be one. */
static const void *map_table(table_map_fn map, paddr_t pa, uint32_t *length)
{
	struct acpi_header header;
	const void *bytes = NULL;

	if (paddr_range_ok(pa, sizeof(header)))
		bytes = map(pa, sizeof(header));
	if (!bytes) {
		table_complain(report, "table at 0x%lx: the address cannot be read", pa);
		return NULL;
	}
	memcpy(&header, bytes, sizeof(header));
	*length = header.length;
	if (*length < sizeof(header) || *length > TABLE_LENGTH_MAX ||
	    !paddr_range_ok(pa, *length)) {
		table_complain(report, "table at 0x%lx: length %u is impossible", pa, *length);
		return NULL;
	}
	bytes = map(pa, *length);
	if (!bytes)
		table_complain(report, "table at 0x%lx: its %u bytes cannot be read", pa, *length);
	return bytes;
}

/* Copies the addresses out of the table of tables at `pa`; 0 or a negative errno, reported. */
static int read_entries(table_map_fn map, paddr_t pa, const char *signature)
{
	uint32_t length;
	const void *sdt = map_table(map, pa, &length);
	paddr_t address;
	int err;

	nentries = 0;
	if (!sdt)
		return -EINVAL;
	err = acpi_table_check(sdt, length, signature, report);
	if (err)
		return err;
	for (unsigned i = 0; sdt_entry(sdt, length, i, &address); i++) {
		if (address == 0)
			continue;
		if (nentries == ACPI_STATIC_TABLES_MAX) {
			table_complain(report, "%s: tables beyond %d are ignored", signature,
				       ACPI_STATIC_TABLES_MAX);
			break;
		}
		entries[nentries++] = address;
	}
	return 0;
}

/* True where a table of this signature was parsed already, which is reported. */
static bool is_second(const char *signature, bool has)
{
	if (has)
		table_complain(report, "%s: a second table is ignored", signature);
	return has;
}

static void parse_table(const void *table, uint32_t length, const char *signature)
{
	struct acpi_static *s = &acpi_static;

	if (memcmp(signature, "SRAT", 4) == 0 && !is_second("SRAT", s->has_srat))
		s->has_srat = srat_parse(table, length, &s->srat, report) == 0;
	else if (memcmp(signature, "SLIT", 4) == 0 && !is_second("SLIT", s->has_slit))
		s->has_slit = slit_parse(table, length, &s->slit, report) == 0;
	else if (memcmp(signature, "APIC", 4) == 0 && !is_second("MADT", s->has_madt))
		s->has_madt = madt_parse(table, length, &s->madt, report) == 0;
}

/* Where the FADT says the DSDT is, 0 if nowhere. */
static paddr_t dsdt_address(const uint8_t *fadt, uint32_t length)
{
	paddr_t dsdt = 0;

	if (length >= FADT_XDSDT_OFFSET + 8)
		dsdt = read64(fadt + FADT_XDSDT_OFFSET);
	if (dsdt == 0 && length >= FADT_DSDT_OFFSET + 4)
		dsdt = read32(fadt + FADT_DSDT_OFFSET);
	return dsdt;
}

/* Records and parses the table at `pa`; returns the DSDT's address if it is the FADT. */
static paddr_t take_table(const struct bootinfo *boot, table_map_fn map, paddr_t pa)
{
	struct acpi_static *s = &acpi_static;
	const struct acpi_header *header;
	uint32_t length;
	const void *table = map_table(map, pa, &length);
	unsigned at = s->ntables;

	if (!table)
		return 0;
	header = table;
	copy_name(s->table[at].signature, header->signature, 4);
	copy_name(s->table[at].oem_id, header->oem_id, 6);
	copy_name(s->table[at].oem_table_id, header->oem_table_id, 8);
	s->table[at].address = pa;
	s->table[at].length = length;
	s->table[at].revision = header->revision;
	s->table[at].intact = acpi_table_check(table, length, header->signature, report) == 0;
	s->ntables++;
	if (in_usable_ram(boot, pa, length))
		table_complain(report, "%s at 0x%lx lies in RAM declared usable",
			       s->table[at].signature, pa);
	if (!s->table[at].intact)
		return 0;
	parse_table(table, length, header->signature);
	return memcmp(header->signature, "FACP", 4) == 0 ? dsdt_address(table, length) : 0;
}

/*
 * Registers in memory we give out would be overwritten, and our writes to them would corrupt
 * it: such an I/O APIC is dropped, and a MADT with such a local APIC is not believed at all.
 */
static void check_registers(const struct bootinfo *boot)
{
	struct madt_info *madt = &acpi_static.madt;
	unsigned kept = 0;

	for (unsigned i = 0; i < madt->nioapics; i++) {
		if (in_usable_ram(boot, madt->ioapic[i].address, PAGE_SIZE)) {
			table_complain(report, "MADT: I/O APIC %u at 0x%lx lies in RAM: skipped",
				       madt->ioapic[i].id, madt->ioapic[i].address);
			madt->rejected++;
			continue;
		}
		madt->ioapic[kept++] = madt->ioapic[i];
	}
	madt->nioapics = kept;
	if (acpi_static.has_madt && in_usable_ram(boot, madt->lapic, PAGE_SIZE)) {
		table_complain(report,
			       "MADT: the local APIC at 0x%lx lies in RAM: the table is "
			       "rejected",
			       madt->lapic);
		memset(madt, 0, sizeof(*madt));
		acpi_static.has_madt = false;
	}
}

/* Finds the table of tables: the XSDT, or the RSDT where there is no good XSDT. */
static int find_entries(const struct bootinfo *boot, table_map_fn map)
{
	struct rsdp_info rsdp;

	if (boot->rsdp_length == 0) {
		report("the boot loader gave no RSDP");
		return -ENODEV;
	}
	if (rsdp_parse(boot->rsdp_copy, boot->rsdp_length, &rsdp, report))
		return -ENODEV;
	if (rsdp.xsdt && read_entries(map, rsdp.xsdt, "XSDT") == 0)
		return 0;
	if (rsdp.rsdt && read_entries(map, rsdp.rsdt, "RSDT") == 0)
		return 0;
	return -ENODEV;
}

int acpi_static_init(const struct bootinfo *boot, table_map_fn map)
{
	paddr_t dsdt = 0;
	int err;

	memset(&acpi_static, 0, sizeof(acpi_static));
	err = find_entries(boot, map);
	if (err)
		return err;
	for (unsigned i = 0; i < nentries; i++) {
		paddr_t found = take_table(boot, map, entries[i]);

		if (found)
			dsdt = found;
	}
	if (dsdt)
		take_table(boot, map, dsdt);
	check_registers(boot);
	klog(LOG_INFO,
	     "acpi: %u tables; SRAT: %u ranges, %u processors; SLIT: %u localities; "
	     "MADT: %u processors, %u I/O APICs",
	     acpi_static.ntables, acpi_static.srat.nranges, acpi_static.srat.ncpus,
	     acpi_static.slit.localities, acpi_static.madt.ncpus, acpi_static.madt.nioapics);
	return 0;
}
