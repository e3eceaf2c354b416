/*
 * drivers/acpi/tables/tables.h - parsers of the static ACPI tables.
 *
 * Pure functions over a byte range: they never read outside [table, table + length), keep no
 * state, allocate nothing, and say what they rejected.  They run in the kernel, on the host
 * under ASan and UBSan, and under the fuzzers.
 *
 * Malformed entries are skipped and reported; a table that contradicts itself is rejected
 * whole.  Every complaint goes to the `report` callback (NULL: silent), one line each.
 */
#ifndef DRIVERS_ACPI_TABLES_TABLES_H
#define DRIVERS_ACPI_TABLES_TABLES_H

#include "kernel/lib/types.h"

typedef void (*table_report_fn)(const char *line);

/* The common header [ACPI 6.5 5.2.6]. */
struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __packed;

/* Checks signature, length (36 <= length <= available) and checksum: 0, -EINVAL, -EBADMSG. */
int acpi_table_check(const void *table, size_t available, const char signature[4],
		     table_report_fn report);

/* --- SRAT [ACPI 6.5 5.2.16] --- */
#define SRAT_RANGES_MAX 512
#define SRAT_CPUS_MAX	512

struct srat_range {
	paddr_t base;
	uint64_t size;
	uint32_t pxm;
	bool hotplug, nonvolatile;
};

struct srat_info {
	struct srat_range range[SRAT_RANGES_MAX]; /* enabled, sorted by base, not overlapping */
	unsigned nranges;
	struct {
		uint32_t apic_id, pxm;
	} cpu[SRAT_CPUS_MAX];
	unsigned ncpus;
	unsigned rejected; /* entries */
};

/* 0, or -EINVAL: rejected whole (overlapping ranges of different domains, too short for a
 * header), and *info is empty.  An entry whose length leads nowhere ends the list. */
int srat_parse(const void *table, size_t length, struct srat_info *info, table_report_fn report);

/* --- SLIT [ACPI 6.5 5.2.17] --- */
#define SLIT_LOCALITIES_MAX 64

struct slit_info {
	unsigned localities; /* 0: no table */
	uint8_t distance[SLIT_LOCALITIES_MAX][SLIT_LOCALITIES_MAX];
};

/* Rejects (-EINVAL) a diagonal that is not 10, a distance below 10, more localities than the
 * length holds.  More than SLIT_LOCALITIES_MAX: the first ones are kept, and said. */
int slit_parse(const void *table, size_t length, struct slit_info *info, table_report_fn report);

/* --- MADT [ACPI 6.5 5.2.12] --- */
#define MADT_CPUS_MAX	   512
#define MADT_IOAPICS_MAX   16
#define MADT_OVERRIDES_MAX 32

struct madt_info {
	paddr_t lapic;
	bool has_8259;
	struct {
		uint32_t apic_id, acpi_uid;
		bool enabled, online_capable;
	} cpu[MADT_CPUS_MAX];
	unsigned ncpus;
	unsigned cpus_left; /* announced beyond MADT_CPUS_MAX */
	struct {
		uint8_t id;
		paddr_t address;
		uint32_t gsi_base;
	} ioapic[MADT_IOAPICS_MAX];
	unsigned nioapics;
	struct {
		uint8_t source; /* ISA */
		uint32_t gsi;
		uint8_t polarity, trigger; /* 0 bus default, 1 high/edge, 3 low/level */
	} override[MADT_OVERRIDES_MAX];
	unsigned noverrides;
	unsigned rejected;
};

/* 0, or -EINVAL: rejected whole (no header, an impossible local APIC address).  Of entries
 * that contradict each other the first counts. */
int madt_parse(const void *table, size_t length, struct madt_info *info, table_report_fn report);

/* --- RSDP, XSDT, RSDT [ACPI 6.5 5.2.5, 5.2.8, 5.2.7] --- */
struct rsdp_info {
	unsigned revision;
	paddr_t rsdt, xsdt; /* xsdt 0 before revision 2 */
};
/* 0, -EINVAL or -EBADMSG.  A broken extension is reported, and the RSDT still serves. */
int rsdp_parse(const void *rsdp, size_t length, struct rsdp_info *info, table_report_fn report);
/* Physical address of entry `index` of an XSDT (or RSDT, by its signature); false past the end. */
bool sdt_entry(const void *table, size_t length, unsigned index, paddr_t *entry);

#endif
