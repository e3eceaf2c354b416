/*
 * tests/fuzz/fuzz_rsdp.c - any bytes as an RSDP, and as a table of tables.  Checksums are made
 * right half of the time (as the last byte says), since noise would nearly never pass them.
 */
/* sources: drivers/acpi/tables/rsdp.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

static void fix_sum(uint8_t *bytes, size_t at, size_t n)
{
	uint8_t sum = 0;

	bytes[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[at] = (uint8_t)-sum;
}

static void check_rsdp(const uint8_t *data, size_t size)
{
	struct rsdp_info info;
	int err;

	lines_said = 0;
	err = rsdp_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL || err == -EBADMSG);
	MUST(!err || lines_said > 0);
	MUST(err || info.rsdt || info.xsdt);
	MUST(info.xsdt < 1ULL << 52);
	MUST(info.revision >= 2 || info.xsdt == 0);
}

static void check_entries(const uint8_t *data, size_t size)
{
	paddr_t address = 0;
	unsigned n = 0;

	while (sdt_entry(data, size, n, &address))
		n++;
	MUST(n <= size / 4);
	MUST(!sdt_entry(data, size, n + 1, &address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	memcpy(copy, data, size);
	if (size > 0 && data[size - 1] & 1) {
		if (size >= 20)
			fix_sum(copy, 8, 20);
		if (size >= 36)
			fix_sum(copy, 32, 36);
	}
	check_rsdp(copy, size);
	check_entries(copy, size);
	free(copy);
	return 0;
}
