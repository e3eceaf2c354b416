/*
 * tests/unit/test_rsdp.c - the RSDP, the entries of XSDT and RSDT, and what all tables share.
 */
/* sources: drivers/acpi/tables/rsdp.c drivers/acpi/tables/tables.c */
#include "tests/unit/table_kit.h"

#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"

static struct blob rsdp;
static struct rsdp_info info;

static void fix_sum(size_t at, size_t n)
{
	uint8_t sum = 0;

	rsdp.bytes[at] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + rsdp.bytes[i]);
	rsdp.bytes[at] = (uint8_t)-sum;
}

static void make(uint8_t revision, uint32_t rsdt, uint32_t length, uint64_t xsdt)
{
	rsdp.n = 0;
	put_text(&rsdp, "RSD PTR ", 8);
	put(&rsdp, 0, 1);
	put_text(&rsdp, "BOCHS ", 6);
	put(&rsdp, revision, 1);
	put(&rsdp, rsdt, 4);
	put(&rsdp, length, 4);
	put(&rsdp, xsdt, 8);
	put(&rsdp, 0, 4);
	fix_sum(8, 20);
	fix_sum(32, 36);
}

static int parse(size_t n)
{
	said_reset();
	return rsdp_parse(rsdp.bytes, n, &info, say);
}

static void probe(const uint8_t *bytes, size_t n)
{
	int err = rsdp_parse(bytes, n, &info, say);

	if (err) {
		assert_true(err == -EINVAL || err == -EBADMSG);
		assert_true(said_lines > 0);
		return;
	}
	assert_true(info.rsdt || info.xsdt);
	assert_true(info.revision >= 2 || info.xsdt == 0);
	assert_true(info.xsdt < 1ULL << 52);
}

static void test_both_revisions(void **state)
{
	(void)state;
	make(0, 0x7fe2000, 0, 0x123456789);
	assert_int_equal(parse(20), 0);
	assert_int_equal(info.rsdt, 0x7fe2000);
	assert_int_equal(info.xsdt, 0);
	make(2, 0x7fe2000, 36, 0x123456000);
	assert_int_equal(parse(36), 0);
	assert_int_equal(info.revision, 2);
	assert_int_equal(info.rsdt, 0x7fe2000);
	assert_int_equal(info.xsdt, 0x123456000);
	assert_int_equal(said_lines, 0);
	make(1, 0x7fe2000, 36, 0x123456000); /* the fields are younger than that */
	assert_int_equal(parse(36), 0);
	assert_int_equal(info.xsdt, 0);
}

static void test_damage(void **state)
{
	(void)state;
	make(2, 0x7fe2000, 36, 0x123456000);
	probe_truncations(&rsdp, probe);
	probe_corruptions(&rsdp, probe);
	probe_noise(&rsdp, 8, 20000, probe);
	make(0, 0x7fe2000, 0, 0);
	probe_truncations(&rsdp, probe);
	probe_corruptions(&rsdp, probe);
}

/* One flipped byte anywhere is seen: in the old half all is lost, behind it the XSDT. */
static void test_every_byte_is_summed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 36; i++) {
		int want = i < 8 ? -EINVAL : i < 20 ? -EBADMSG : 0;

		make(2, 0x7fe2000, 36, 0x123456000);
		rsdp.bytes[i] ^= 0x40;
		assert_int_equal(parse(36), want);
		if (i >= 20)
			assert_true(info.xsdt == 0 && info.rsdt == 0x7fe2000 && said_lines == 1);
	}
	assert_said("RSDP: the extended checksum is wrong");
}

static void test_broken_extension(void **state)
{
	(void)state;
	make(2, 0x7fe2000, 40, 0x1000);
	assert_int_equal(parse(36), 0);
	assert_int_equal(info.xsdt, 0);
	assert_said("RSDP: length 40 is outside 36 to 36");
	make(2, 0x7fe2000, 35, 0x1000);
	assert_int_equal(parse(36), 0);
	assert_said("RSDP: length 35 is outside 36 to 36");
	make(2, 0x7fe2000, 36, 1ULL << 52);
	assert_int_equal(parse(36), 0);
	assert_said("RSDP: the XSDT's address 0x10000000000000 has more than 52 bits");
	make(2, 0x7fe2000, 36, 0x1000);
	assert_int_equal(parse(35), 0);
	assert_int_equal(info.xsdt, 0);
	assert_said("RSDP: 35 bytes do not hold revision 2's 36");
}

static void test_names_nothing(void **state)
{
	(void)state;
	make(2, 0, 36, 0);
	assert_int_equal(parse(36), -EINVAL);
	assert_said("RSDP: it names neither an XSDT nor an RSDT");
	make(2, 0, 36, 0x1000);
	assert_int_equal(parse(36), 0);
}

static void test_entries(void **state)
{
	static struct blob sdt;
	paddr_t address = 0;

	(void)state;
	table_begin(&sdt, "XSDT", 1);
	put(&sdt, 0x123456789a, 8);
	put(&sdt, 0x2000, 8);
	put(&sdt, 0xffffff, 3); /* not an entry any more */
	assert_true(sdt_entry(sdt.bytes, sdt.n, 0, &address));
	assert_int_equal(address, 0x123456789a);
	assert_true(sdt_entry(sdt.bytes, sdt.n, 1, &address));
	assert_int_equal(address, 0x2000);
	assert_false(sdt_entry(sdt.bytes, sdt.n, 2, &address));
	assert_false(sdt_entry(sdt.bytes, sdt.n, UINT32_MAX, &address));
	sdt.bytes[0] = 'R';
	assert_true(sdt_entry(sdt.bytes, sdt.n, 3, &address));
	assert_false(sdt_entry(sdt.bytes, sdt.n, 4, &address));
	assert_false(sdt_entry(sdt.bytes, 36, 0, &address));
	assert_false(sdt_entry(sdt.bytes, 35, 0, &address));
	assert_false(sdt_entry(sdt.bytes, 0, 0, &address));
}

static void test_table_check(void **state)
{
	static struct blob table;
	uint32_t longer;

	(void)state;
	table_begin(&table, "SRAT", 3);
	put_zeroes(&table, 100);
	table_end(&table);
	said_reset();
	assert_int_equal(acpi_table_check(table.bytes, table.n, "SRAT", say), 0);
	assert_int_equal(acpi_table_check(table.bytes, table.n + 9, "SRAT", say), 0);
	assert_int_equal(said_lines, 0);
	assert_int_equal(acpi_table_check(table.bytes, table.n, "SLIT", say), -EINVAL);
	assert_said("SLIT: the signature is 'SRAT'");
	assert_int_equal(acpi_table_check(table.bytes, 35, "SRAT", say), -EINVAL);
	assert_said("SRAT: 35 bytes cannot hold the 36 of a table header");
	assert_int_equal(acpi_table_check(table.bytes, table.n - 1, "SRAT", say), -EINVAL);
	for (size_t i = 8; i < table.n; i++) {
		table.bytes[i]++;
		assert_int_equal(acpi_table_check(table.bytes, table.n, "SRAT", say), -EBADMSG);
		table.bytes[i]--;
	}
	assert_said("SRAT: the checksum is off by 0x01");
	longer = 35;
	memcpy(table.bytes + 4, &longer, 4);
	assert_int_equal(acpi_table_check(table.bytes, table.n, "SRAT", say), -EINVAL);
	longer = UINT32_MAX;
	memcpy(table.bytes + 4, &longer, 4);
	assert_int_equal(acpi_table_check(table.bytes, table.n, "SRAT", say), -EINVAL);
	table.bytes[1] = '\n';
	assert_int_equal(acpi_table_check(table.bytes, table.n, "SRAT", say), -EINVAL);
	assert_said("SRAT: the signature is 'S?AT'");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_revisions),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_every_byte_is_summed),
		cmocka_unit_test(test_broken_extension),
		cmocka_unit_test(test_names_nothing),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_table_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
