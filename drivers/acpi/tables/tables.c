/*
 * drivers/acpi/tables/tables.c - what all static tables have in common: header, checksum,
 * pointers to other tables, and the walk over type-length entries.
 *
 * Owns nothing and takes no lock: every function works on the bytes it is given.
 */
#include "drivers/acpi/tables/tables.h"

#include "drivers/acpi/tables/tables_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/printable.h"

#define COMPLAINT_MAX 160

void table_complain(table_report_fn report, const char *fmt, ...)
{
	char line[COMPLAINT_MAX];
	va_list ap;

	if (!report)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	report(line);
}

uint8_t table_sum(const uint8_t *bytes, size_t n)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum;
}

int acpi_table_check(const void *table, size_t available, const char signature[4],
		     table_report_fn report)
{
	struct acpi_header header;
	char want[5], found[5];
	uint8_t sum;

	copy_printable(want, signature, sizeof(header.signature));
	if (available < sizeof(header)) {
		table_complain(report, "%s: %zu bytes cannot hold the 36 of a table header", want,
			       available);
		return -EINVAL;
	}
	memcpy(&header, table, sizeof(header));
	if (memcmp(header.signature, signature, sizeof(header.signature)) != 0) {
		copy_printable(found, header.signature, sizeof(header.signature));
		table_complain(report, "%s: the signature is '%s'", want, found);
		return -EINVAL;
	}
	if (header.length < sizeof(header) || header.length > available) {
		table_complain(report, "%s: length %u is outside 36 to %zu", want, header.length,
			       available);
		return -EINVAL;
	}
	sum = table_sum(table, header.length);
	if (sum != 0) {
		table_complain(report, "%s: the checksum is off by 0x%02x", want, sum);
		return -EBADMSG;
	}
	return 0;
}

bool sdt_entry(const void *table, size_t length, unsigned index, paddr_t *entry)
{
	const uint8_t *bytes = table;
	size_t width, count;

	if (length < sizeof(struct acpi_header))
		return false;
	width = memcmp(bytes, "XSDT", 4) == 0 ? 8 : 4;
	count = (length - sizeof(struct acpi_header)) / width;
	if (index >= count)
		return false;
	bytes += sizeof(struct acpi_header) + index * width;
	*entry = width == 8 ? read64(bytes) : read32(bytes);
	return true;
}

bool table_walk_next(struct table_walk *walk, struct table_entry *entry)
{
	size_t left = walk->length - walk->offset;

	if (walk->offset >= walk->length)
		return false;
	entry->offset = walk->offset;
	entry->data = walk->table + walk->offset;
	/* Whatever goes wrong below, a second call finds nothing more. */
	walk->offset = walk->length;
	if (left < 2) {
		table_entry_reject(walk, entry, "a single byte is left over");
		return false;
	}
	entry->type = entry->data[0];
	entry->length = entry->data[1];
	if (entry->length < 2) {
		table_entry_reject(walk, entry, "length %u is below 2: the rest is ignored",
				   entry->length);
		return false;
	}
	if (entry->length > left) {
		table_entry_reject(walk, entry,
				   "length %u is beyond the table's end (%zu bytes left)",
				   entry->length, left);
		return false;
	}
	walk->offset = entry->offset + entry->length;
	return true;
}

bool table_entry_holds(struct table_walk *walk, const struct table_entry *entry, size_t need)
{
	if (entry->length >= need)
		return true;
	table_entry_reject(walk, entry, "type %u needs %zu bytes and has %u: skipped", entry->type,
			   need, entry->length);
	return false;
}

void table_entry_reject(struct table_walk *walk, const struct table_entry *entry, const char *fmt,
			...)
{
	char text[COMPLAINT_MAX];
	va_list ap;

	walk->rejected++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_complain(walk->report, "%s: entry at offset 0x%zx: %s", walk->name, entry->offset,
		       text);
}
