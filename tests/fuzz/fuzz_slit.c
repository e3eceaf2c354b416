/*
 * tests/fuzz/fuzz_slit.c - any bytes as a SLIT: a matrix that is accepted obeys the rules.
 */
/* sources: drivers/acpi/tables/slit.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

static struct slit_info info;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	lines_said = 0;
	err = slit_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL);
	MUST((err == 0) == (info.localities > 0));
	MUST(!err || lines_said == 1);
	MUST(info.localities <= SLIT_LOCALITIES_MAX);
	for (unsigned i = 0; i < info.localities; i++)
		for (unsigned j = 0; j < info.localities; j++)
			MUST(i == j ? info.distance[i][j] == 10 : info.distance[i][j] >= 10);
	return 0;
}
