/*
 * drivers/acpi/tables/tables_priv.h - what the table parsers share: complaints, and the one loop
 * over type-length entries.
 *
 * The loop is written once because it is where firmware's lengths are believed: it never
 * yields an entry that reaches past the table, and every turn of it moves forward.
 */
#ifndef DRIVERS_ACPI_TABLES_TABLES_PRIV_H
#define DRIVERS_ACPI_TABLES_TABLES_PRIV_H

#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/string.h"
#include "kernel/lib/unaligned.h"

/* True where [base, base + size) does not wrap and stays below PADDR_LIMIT. */
static inline bool paddr_range_ok(paddr_t base, uint64_t size)
{
	return size <= PADDR_LIMIT && base <= PADDR_LIMIT - size;
}

/* The sum of n bytes; 0 over whatever a checksum covers. */
uint8_t table_sum(const uint8_t *bytes, size_t n);

/* Formats one complaint, cut at 159 characters, and hands it to `report` unless that is NULL. */
void table_complain(table_report_fn report, const char *fmt, ...) __printf(2, 3);

/* A walk over entries that start with a type byte and a length byte (SRAT, MADT). */
struct table_walk {
	const char *name; /* for complaints */
	const uint8_t *table;
	size_t length;
	size_t offset; /* of the entry that comes next */
	table_report_fn report;
	unsigned rejected;
};

struct table_entry {
	const uint8_t *data; /* `length` readable bytes, the two leading ones included */
	size_t offset;	     /* in the table */
	uint8_t type, length;
};

/* The next entry, whole inside the table; false at the end, or at an entry whose length makes
 * it impossible to find the one behind it (reported, counted as rejected). */
bool table_walk_next(struct table_walk *walk, struct table_entry *entry);

/* True where the entry has at least `need` bytes; otherwise it is reported and counted. */
bool table_entry_holds(struct table_walk *walk, const struct table_entry *entry, size_t need);

/* Reports "NAME: entry at offset 0x..: TEXT" and counts the entry as rejected. */
void table_entry_reject(struct table_walk *walk, const struct table_entry *entry, const char *fmt,
			...) __printf(3, 4);

#endif
