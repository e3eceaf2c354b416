/*
 * tests/unit/test_static.c - the walk from the RSDP to the tables, in a made-up physical memory
 * of which only one stretch can be mapped, and only one mapping lives at a time.
 */
/* sources: drivers/acpi/tables/static.c drivers/acpi/tables/rsdp.c drivers/acpi/tables/tables.c */
/* sources: drivers/acpi/tables/srat.c drivers/acpi/tables/slit.c drivers/acpi/tables/madt.c */
#include "tests/unit/table_kit.h"

#include "drivers/acpi/tables/static.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"

#define WINDOW_BASE 0x7fe0000ULL
#define WINDOW_SIZE 0x10000ULL

static uint8_t window[WINDOW_SIZE];
static struct bootinfo boot;
static struct blob table;
static uint8_t *mapped;

void klog(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say(line);
}

/* A copy of just the bytes asked for; the one before is gone, as the contract allows. */
static const void *map(paddr_t pa, size_t size)
{
	free(mapped);
	mapped = NULL;
	if (pa < WINDOW_BASE || size > WINDOW_SIZE || pa - WINDOW_BASE > WINDOW_SIZE - size)
		return NULL;
	mapped = malloc(size);
	memcpy(mapped, window + (pa - WINDOW_BASE), size);
	return mapped;
}

/* Places the table in the making at an offset; returns its physical address. */
static paddr_t place(size_t offset)
{
	table_end(&table);
	memcpy(window + offset, table.bytes, table.n);
	return WINDOW_BASE + offset;
}

static void sum20(uint8_t *rsdp, size_t at, size_t n)
{
	uint8_t sum = 0;

	rsdp[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + rsdp[i]);
	rsdp[at] = (uint8_t)-sum;
}

static void set_rsdp(uint64_t rsdt, uint64_t xsdt)
{
	uint32_t length = 36;

	memset(&boot, 0, sizeof(boot));
	memcpy(boot.rsdp_copy, "RSD PTR \0BOCHS \2", 16);
	memcpy(boot.rsdp_copy + 16, &rsdt, 4);
	memcpy(boot.rsdp_copy + 20, &length, 4);
	memcpy(boot.rsdp_copy + 24, &xsdt, 8);
	sum20(boot.rsdp_copy, 8, 20);
	sum20(boot.rsdp_copy, 32, 36);
	boot.rsdp_length = 36;
}

static void make_srat(uint32_t pxm)
{
	table_begin(&table, "SRAT", 3);
	put_zeroes(&table, 12);
	put(&table, 1, 1);
	put(&table, 40, 1);
	put(&table, pxm, 4);
	put(&table, 0, 2);
	put(&table, 0, 8);
	put(&table, 0x8000000, 8);
	put(&table, 0, 4);
	put(&table, 1, 4);
	put(&table, 0, 8);
}

static void make_slit(uint8_t diagonal)
{
	table_begin(&table, "SLIT", 1);
	put(&table, 1, 8);
	put(&table, diagonal, 1);
}

static void make_madt(uint32_t lapic, uint32_t ioapic)
{
	table_begin(&table, "APIC", 3);
	put(&table, lapic, 4);
	put(&table, 1, 4);
	put(&table, 0x0800, 2);
	put(&table, 0, 2);
	put(&table, 1, 4);
	put(&table, 0x0c01, 2);
	put(&table, 0, 2);
	put(&table, ioapic, 4);
	put(&table, 0, 4);
}

static void make_fadt(uint32_t dsdt, uint64_t xdsdt)
{
	table_begin(&table, "FACP", 6);
	put_zeroes(&table, 4);
	put(&table, dsdt, 4);
	put_zeroes(&table, 96);
	put(&table, xdsdt, 8);
}

static void make_xsdt(const paddr_t *entries, unsigned n)
{
	table_begin(&table, "XSDT", 1);
	for (unsigned i = 0; i < n; i++)
		put(&table, entries[i], 8);
}

/* A whole sound set; the XSDT stands at offset 0. */
static void make_all(void)
{
	paddr_t entries[5];

	memset(window, 0, sizeof(window));
	table_begin(&table, "DSDT", 2);
	put_text(&table, "aml", 3);
	place(0x1000);
	make_fadt(0, WINDOW_BASE + 0x1000);
	entries[0] = place(0x2001);
	make_srat(3);
	entries[1] = place(0x3003);
	make_slit(10);
	entries[2] = place(0x4000);
	make_madt(0xfee00000, 0xfec00000);
	entries[3] = place(0x5000);
	entries[4] = 0;
	make_xsdt(entries, 5);
	place(0);
	set_rsdp(0, WINDOW_BASE);
}

static int init(void)
{
	int err;

	said_reset();
	err = acpi_static_init(&boot, map);
	free(mapped);
	mapped = NULL;
	return err;
}

static void test_all(void **state)
{
	(void)state;
	make_all();
	assert_int_equal(init(), 0);
	assert_int_equal(said_lines, 1); /* the summary */
	assert_said("acpi: 5 tables; SRAT: 1 ranges, 0 processors; SLIT: 1 localities; "
		    "MADT: 1 processors, 1 I/O APICs");
	assert_int_equal(acpi_static.ntables, 5);
	assert_string_equal(acpi_static.table[0].signature, "FACP");
	assert_string_equal(acpi_static.table[1].oem_id, "BOCHS");
	assert_int_equal(acpi_static.table[1].address, WINDOW_BASE + 0x3003);
	assert_string_equal(acpi_static.table[4].signature, "DSDT");
	assert_int_equal(acpi_static.table[4].length, 39);
	assert_true(acpi_static.has_srat && acpi_static.has_slit && acpi_static.has_madt);
	assert_int_equal(acpi_static.srat.range[0].pxm, 3);
}

static void test_no_rsdp(void **state)
{
	(void)state;
	make_all();
	boot.rsdp_length = 0;
	assert_int_equal(init(), -ENODEV);
	assert_said("acpi: the boot loader gave no RSDP");
	assert_int_equal(acpi_static.ntables, 0);
	make_all();
	boot.rsdp_copy[0] = 'r';
	assert_int_equal(init(), -ENODEV);
	assert_said("acpi: RSDP: the signature is wrong");
}

static void test_rsdt_where_the_xsdt_is_broken(void **state)
{
	(void)state;
	make_all();
	table_begin(&table, "RSDT", 1);
	put(&table, WINDOW_BASE + 0x3003, 4);
	place(0x6000);
	set_rsdp(WINDOW_BASE + 0x6000, WINDOW_BASE);
	window[40]++;
	assert_int_equal(init(), 0);
	assert_said("acpi: XSDT: the checksum is off by 0x01");
	assert_true(acpi_static.has_srat && !acpi_static.has_madt);
	set_rsdp(0, WINDOW_BASE);
	assert_int_equal(init(), -ENODEV);
	set_rsdp(0, 0x1000);
	assert_int_equal(init(), -ENODEV);
	assert_said("acpi: table at 0x1000: the address cannot be read");
}

static void test_bad_tables_are_as_good_as_absent(void **state)
{
	paddr_t entries[4];

	(void)state;
	make_all();
	window[0x3003 + 50]++; /* SRAT */
	make_slit(11);
	place(0x4000);
	assert_int_equal(init(), 0);
	assert_said("acpi: SRAT: the checksum is off by 0x01");
	assert_said("acpi: SLIT: distance 0 to 0 is 11, must be 10: the table is rejected");
	assert_true(!acpi_static.has_srat && !acpi_static.has_slit && acpi_static.has_madt);
	assert_int_equal(acpi_static.srat.nranges, 0);
	assert_false(acpi_static.table[1].intact);

	make_all();
	entries[0] = WINDOW_BASE + WINDOW_SIZE - 20; /* the header leaves the window */
	entries[1] = UINT64_MAX - 8;
	entries[2] = WINDOW_BASE + 0x7000; /* zeroes: length 0 */
	make_srat(0);
	memcpy(table.bytes + 4, "\xff\xff\xff\xff", 4);
	memcpy(window + 0x8000, table.bytes, table.n);
	entries[3] = WINDOW_BASE + 0x8000;
	make_xsdt(entries, 4);
	place(0);
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_static.ntables, 0);
	assert_said("acpi: table at 0x7feffec: the address cannot be read");
	assert_said("acpi: table at 0xfffffffffffffff7: the address cannot be read");
	assert_said("acpi: table at 0x7fe7000: length 0 is impossible");
	assert_said("acpi: table at 0x7fe8000: length 4294967295 is impossible");
}

static void test_second_table_is_ignored(void **state)
{
	paddr_t entries[2];

	(void)state;
	make_all();
	make_srat(1);
	entries[0] = place(0x7000);
	make_srat(2);
	entries[1] = place(0x8000);
	make_xsdt(entries, 2);
	place(0);
	assert_int_equal(init(), 0);
	assert_said("acpi: SRAT: a second table is ignored");
	assert_int_equal(acpi_static.srat.range[0].pxm, 1);
	assert_int_equal(acpi_static.ntables, 2);
}

static void test_too_many_tables(void **state)
{
	paddr_t entries[ACPI_STATIC_TABLES_MAX + 2];

	(void)state;
	make_all();
	for (unsigned i = 0; i < ARRAY_SIZE(entries); i++)
		entries[i] = WINDOW_BASE + 0x2001; /* each the FADT */
	make_xsdt(entries, ARRAY_SIZE(entries));
	place(0x9000);
	set_rsdp(0, WINDOW_BASE + 0x9000);
	assert_int_equal(init(), 0);
	/* The DSDT, which no entry names, is there all the same. */
	assert_int_equal(acpi_static.ntables, ACPI_STATIC_TABLES_MAX + 1);
	assert_string_equal(acpi_static.table[ACPI_STATIC_TABLES_MAX].signature, "DSDT");
	assert_said("acpi: XSDT: tables beyond 64 are ignored");
}

static void test_registers_in_ram(void **state)
{
	(void)state;
	make_all();
	make_madt(0xfee00000, 0x100000);
	place(0x5000);
	boot.range[0] = (struct boot_range){0, 0x7fd0000, BOOT_RAM};
	boot.nranges = 1;
	assert_int_equal(init(), 0);
	assert_said("acpi: MADT: I/O APIC 0 at 0x100000 lies in RAM: skipped");
	assert_int_equal(acpi_static.madt.nioapics, 0);
	assert_true(acpi_static.has_madt);
	make_madt(0x7fcf000, 0xfec00000);
	place(0x5000);
	assert_int_equal(init(), 0);
	assert_said("acpi: MADT: the local APIC at 0x7fcf000 lies in RAM: the table is rejected");
	assert_false(acpi_static.has_madt);
	assert_int_equal(acpi_static.madt.ncpus, 0);
	boot.range[0].size = 0x8000000;
	assert_int_equal(init(), 0);
	assert_said("acpi: SLIT at 0x7fe4000 lies in RAM declared usable");
}

/* The first of two I/O APICs goes; registers that only touch RAM stay. */
static void test_registers_beside_ram(void **state)
{
	(void)state;
	make_all();
	make_madt(0x2000000, 0x1ff0000);
	put(&table, 0x0c01, 2);
	put(&table, 1, 2);
	put(&table, 0x2001000, 4);
	put(&table, 24, 4);
	place(0x5000);
	boot.range[0] = (struct boot_range){0x1000000, 0x1000000, BOOT_RAM};
	boot.range[1] = (struct boot_range){0x2002000, 0x1000, BOOT_RAM};
	boot.nranges = 2;
	assert_int_equal(init(), 0);
	assert_true(acpi_static.has_madt);
	assert_int_equal(acpi_static.madt.nioapics, 1);
	assert_int_equal(acpi_static.madt.ioapic[0].address, 0x2001000);
	assert_int_equal(acpi_static.madt.ioapic[0].gsi_base, 24);
	assert_int_equal(acpi_static.madt.rejected, 1);
}

/* Every byte of every table and of the RSDP, every value. */
static void test_damage(void **state)
{
	static const struct {
		size_t offset, n;
	} part[] = {{0, 76}, {0x2001, 148}, {0x3003, 88}, {0x4000, 45}, {0x5000, 64}};

	(void)state;
	make_all();
	for (unsigned p = 0; p < ARRAY_SIZE(part); p++) {
		for (size_t i = part[p].offset; i < part[p].offset + part[p].n; i++) {
			uint8_t sound = window[i];

			for (unsigned v = 0; v < 256; v += 5) {
				window[i] = (uint8_t)v;
				init();
				assert_in_range(acpi_static.ntables, 0, ACPI_STATIC_TABLES_MAX + 1);
			}
			window[i] = sound;
		}
	}
	for (size_t i = 0; i < 36; i++) {
		boot.rsdp_copy[i] ^= 0xff;
		init();
		boot.rsdp_copy[i] ^= 0xff;
	}
	assert_int_equal(init(), 0);
	assert_int_equal(acpi_static.ntables, 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_no_rsdp),
		cmocka_unit_test(test_rsdt_where_the_xsdt_is_broken),
		cmocka_unit_test(test_bad_tables_are_as_good_as_absent),
		cmocka_unit_test(test_second_table_is_ignored),
		cmocka_unit_test(test_too_many_tables),
		cmocka_unit_test(test_registers_in_ram),
		cmocka_unit_test(test_registers_beside_ram),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
