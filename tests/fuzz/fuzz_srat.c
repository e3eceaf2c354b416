/*
 * tests/fuzz/fuzz_srat.c - any bytes as an SRAT: the result is sorted, disjoint and bounded.
 */
/* sources: drivers/acpi/tables/srat.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

static struct srat_info info;

static void check_ranges(void)
{
	MUST(info.nranges <= SRAT_RANGES_MAX);
	for (unsigned i = 0; i < info.nranges; i++) {
		const struct srat_range *r = &info.range[i];

		MUST(r->size > 0 && r->size <= 1ULL << 52 && r->base <= (1ULL << 52) - r->size);
		MUST(i == 0 || r[-1].base + r[-1].size <= r->base);
	}
}

static void check_cpus(void)
{
	MUST(info.ncpus <= SRAT_CPUS_MAX);
	for (unsigned i = 0; i < info.ncpus; i++)
		for (unsigned j = 0; j < i; j++)
			MUST(info.cpu[i].apic_id != info.cpu[j].apic_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	lines_said = 0;
	err = srat_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL);
	MUST(!err || (info.nranges == 0 && info.ncpus == 0));
	MUST((!err && info.rejected == 0) || lines_said > 0);
	check_ranges();
	check_cpus();
	acpi_table_check(data, size, "SRAT", count_line);
	return 0;
}
