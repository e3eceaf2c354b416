/*
 * tests/fuzz/fuzz_static.c - any bytes as the physical memory that holds the tables.
 *
 * The input is an RSDP of 36 bytes and, behind it, the memory from BASE on.  Checksums are
 * mended on the way (each table as it is mapped), or nothing behind the first table would
 * ever be reached.
 */
/* sources: drivers/acpi/tables/static.c drivers/acpi/tables/rsdp.c drivers/acpi/tables/tables.c */
/* sources: drivers/acpi/tables/srat.c drivers/acpi/tables/slit.c drivers/acpi/tables/madt.c */
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "tests/fuzz/fuzz.h"

#define BASE 0x10000ULL

static struct bootinfo boot;
static const uint8_t *memory;
static size_t memory_size;
static uint8_t *mapped;
static unsigned warnings;

void klog(enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	MUST(level == LOG_WARN || level == LOG_INFO);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	count_line(line);
	warnings += level == LOG_WARN;
}

static void fix_sum(uint8_t *bytes, size_t at, size_t n)
{
	uint8_t sum = 0;

	bytes[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[at] = (uint8_t)-sum;
}

/* One mapping at a time, of exactly the bytes asked for. */
static const void *map(paddr_t pa, size_t size)
{
	uint32_t length;

	MUST(size >= sizeof(struct acpi_header));
	MUST(pa + size <= 1ULL << 52);
	free(mapped);
	mapped = NULL;
	if (pa < BASE || size > memory_size || pa - BASE > memory_size - size)
		return NULL;
	mapped = malloc(size);
	memcpy(mapped, memory + (pa - BASE), size);
	memcpy(&length, mapped + 4, sizeof(length));
	if (length == size)
		fix_sum(mapped, 9, size);
	return mapped;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	if (size < 36)
		return 0;
	lines_said = warnings = 0;
	memcpy(boot.rsdp_copy, data, 36);
	fix_sum(boot.rsdp_copy, 8, 20);
	fix_sum(boot.rsdp_copy, 32, 36);
	boot.rsdp_length = 36;
	boot.range[0] = (struct boot_range){0x100000, 0x7f00000, BOOT_RAM};
	boot.nranges = 1;
	memory = data + 36;
	memory_size = size - 36;
	err = acpi_static_init(&boot, map);
	MUST(err == 0 || err == -ENODEV);
	MUST(lines_said > 0);
	MUST(acpi_static.ntables <= ARRAY_SIZE(acpi_static.table));
	MUST(acpi_static.has_srat || acpi_static.srat.nranges == 0);
	MUST(acpi_static.has_slit == (acpi_static.slit.localities > 0));
	MUST(acpi_static.has_madt || acpi_static.madt.nioapics == 0);
	for (unsigned i = 0; i < acpi_static.madt.nioapics; i++)
		MUST(acpi_static.madt.ioapic[i].address < 0x100000 - 0xfff ||
		     acpi_static.madt.ioapic[i].address >= 0x8000000);
	ACCEPTED(err == 0 && warnings == 0 && acpi_static.has_srat && acpi_static.has_slit &&
		 acpi_static.has_madt);
	free(mapped);
	mapped = NULL;
	return 0;
}
