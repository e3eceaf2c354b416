/*
 * drivers/acpi/tables/slit.c - the System Locality Information Table [ACPI 6.5 5.2.17]: how far
 * proximity domains are from each other, relative to 10 for a domain and itself.
 *
 * Owns nothing and takes no lock.  Unlike a list of entries a matrix has no parts that could be
 * skipped: one impossible distance and all of it is refused.
 */
#include "drivers/acpi/tables/tables.h"

#include "drivers/acpi/tables/tables_priv.h"
#include "kernel/lib/errno.h"

#define SLIT_MATRIX_OFFSET 44 /* header, 64-bit number of localities */
#define SLIT_LOCAL	   10

/* The number of localities, where the length holds their matrix; otherwise 0, reported. */
static uint64_t localities_check(const uint8_t *table, size_t length, table_report_fn report)
{
	uint64_t n;

	if (length < SLIT_MATRIX_OFFSET) {
		table_complain(report, "SLIT: length %zu is below 44: the table is rejected",
			       length);
		return 0;
	}
	n = read64(table + 36);
	if (n == 0) {
		table_complain(report, "SLIT: 0 localities: the table is rejected");
		return 0;
	}
	/* Divided, since n * n may wrap. */
	if (n > (length - SLIT_MATRIX_OFFSET) / n) {
		table_complain(
			report,
			"SLIT: %lu localities do not fit into %zu bytes: the table is rejected", n,
			length);
		return 0;
	}
	return n;
}

static int distances_check(const uint8_t *matrix, uint64_t n, table_report_fn report)
{
	for (uint64_t i = 0; i < n; i++) {
		for (uint64_t j = 0; j < n; j++) {
			uint8_t d = matrix[i * n + j];

			if (d >= SLIT_LOCAL && (i != j || d == SLIT_LOCAL))
				continue;
			table_complain(report,
				       "SLIT: distance %lu to %lu is %u, must be %s10: the table "
				       "is rejected",
				       i, j, d, i == j ? "" : "at least ");
			return -EINVAL;
		}
	}
	return 0;
}

int slit_parse(const void *table, size_t length, struct slit_info *info, table_report_fn report)
{
	const uint8_t *matrix;
	uint64_t n;

	memset(info, 0, sizeof(*info));
	n = localities_check(table, length, report);
	if (n == 0)
		return -EINVAL;
	matrix = (const uint8_t *)table + SLIT_MATRIX_OFFSET;
	if (distances_check(matrix, n, report))
		return -EINVAL;
	if (n > SLIT_LOCALITIES_MAX)
		table_complain(report, "SLIT: %lu localities: those from %d on are ignored", n,
			       SLIT_LOCALITIES_MAX);
	info->localities = (unsigned)MIN(n, (uint64_t)SLIT_LOCALITIES_MAX);
	for (unsigned i = 0; i < info->localities; i++)
		memcpy(info->distance[i], matrix + i * n, info->localities);
	return 0;
}
