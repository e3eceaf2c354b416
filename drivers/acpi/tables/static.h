/*
 * drivers/acpi/tables/static.h - finds and parses the static tables at boot.
 *
 * Walks RSDP -> XSDT (or RSDT) -> tables through a caller's mapping function, checks each, and
 * parses SRAT, SLIT and MADT once.  Immutable afterwards.  A second table of a signature is
 * reported and ignored.
 */
#ifndef DRIVERS_ACPI_TABLES_STATIC_H
#define DRIVERS_ACPI_TABLES_STATIC_H

#include "boot/bootinfo.h"
#include "drivers/acpi/tables/tables.h"

#define ACPI_STATIC_TABLES_MAX 64 /* of those that the XSDT lists; more are reported */

struct acpi_static {
	struct {
		char signature[5];
		paddr_t address;
		uint32_t length;
		uint8_t revision;
		char oem_id[7], oem_table_id[9]; /* unprintable bytes are '?' */
		bool intact;			 /* length and checksum are right */
	} table[ACPI_STATIC_TABLES_MAX + 1];	 /* for the `acpi` command; the DSDT is the last */
	unsigned ntables;
	bool has_srat, has_slit, has_madt; /* present and accepted */
	struct srat_info srat;
	struct slit_info slit;
	struct madt_info madt;
};
extern struct acpi_static acpi_static;

/* Maps [pa, pa + size) for reading, or NULL; a later call may undo an earlier mapping. */
typedef const void *(*table_map_fn)(paddr_t pa, size_t size);

/* Fills acpi_static; complaints go to the log.  0, or -ENODEV without a usable RSDP. */
int acpi_static_init(const struct bootinfo *boot, table_map_fn map);

#endif
