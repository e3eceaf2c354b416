/*
 * tests/fuzz/fuzz_slit.c - any bytes as a SLIT: a matrix that obeys the rules comes out as it is in
 * the table, and no other does.
 */
/* sources: drivers/acpi/tables/slit.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

static struct slit_info info;

/* How many localities a table has that obeys the rules; 0: it does not. */
static uint64_t localities(const uint8_t *table, size_t size)
{
	uint64_t n = size < 44 ? 0 : field(table + 36, 8);

	if (n > size || n * n > size - 44)
		return 0;
	for (uint64_t i = 0; i < n * n; i++)
		if (table[44 + i] < 10 || (i / n == i % n && table[44 + i] != 10))
			return 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t n = localities(data, size);
	int err;

	lines_said = 0;
	err = slit_parse(data, size, &info, count_line);
	MUST(err == (n == 0 ? -EINVAL : 0));
	MUST(lines_said == (n == 0 || n > SLIT_LOCALITIES_MAX));
	MUST(info.localities == MIN(n, (uint64_t)SLIT_LOCALITIES_MAX));
	for (unsigned i = 0; i < info.localities; i++)
		for (unsigned j = 0; j < info.localities; j++)
			MUST(info.distance[i][j] == data[44 + i * n + j]);
	ACCEPTED(err == 0);
	return 0;
}
