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

/* Was it taken without a word? */
static bool check_rsdp(const uint8_t *data, size_t size)
{
	struct rsdp_info info;
	int err;

	lines_said = 0;
	err = rsdp_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL || err == -EBADMSG);
	MUST(!err || lines_said > 0);
	if (err != 0)
		return false;
	MUST(info.rsdt || info.xsdt);
	MUST(info.revision == data[15] && info.rsdt == field(data + 16, 4));
	MUST(info.xsdt < 1ULL << 52);
	MUST(info.xsdt == 0 || (info.revision >= 2 && info.xsdt == field(data + 24, 8)));
	MUST(info.xsdt != 0 || info.revision < 2 || lines_said > 0 || field(data + 24, 8) == 0);
	return lines_said == 0;
}

/* How many tables are named. */
static unsigned check_entries(const uint8_t *data, size_t size)
{
	unsigned width = size >= 4 && memcmp(data, "XSDT", 4) == 0 ? 8 : 4, n = 0;
	paddr_t address = 0;

	for (; sdt_entry(data, size, n, &address); n++)
		MUST(address == field(data + 36 + n * width, width));
	MUST(n == (size < 36 ? 0 : (size - 36) / width));
	MUST(!sdt_entry(data, size, n + 1, &address));
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	unsigned named;
	bool taken;

	memcpy(copy, data, size);
	if (size > 0 && data[size - 1] & 1) {
		if (size >= 20)
			fix_sum(copy, 8, 20);
		if (size >= 36)
			fix_sum(copy, 32, 36);
	}
	taken = check_rsdp(copy, size);
	named = check_entries(copy, size);
	ACCEPTED(memcmp(copy, "RSD PTR ", 8) == 0 ? taken : named > 0);
	free(copy);
	return 0;
}
