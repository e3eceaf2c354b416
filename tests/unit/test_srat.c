/*
 * tests/unit/test_srat.c - the SRAT parser: what it keeps, what it refuses, and that no damage
 * to a table breaks what its result promises.
 */
/* sources: drivers/acpi/tables/srat.c drivers/acpi/tables/tables.c */
#include "tests/unit/table_kit.h"

#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"

#define GB (1ULL << 30)

enum { ENABLED = 1, HOTPLUG = 2, NONVOLATILE = 4 };

TABLE_UNDER_TEST(srat_parse, srat_info)

static void srat_begin(uint8_t revision)
{
	table_begin(&table, "SRAT", revision);
	put(&table, 1, 4);
	put_zeroes(&table, 8);
}

static void memory(uint64_t base, uint64_t size, uint32_t pxm, uint32_t flags)
{
	put(&table, 1, 1);
	put(&table, 40, 1);
	put(&table, pxm, 4);
	put(&table, 0, 2);
	put(&table, base, 8);
	put(&table, size, 8);
	put(&table, 0, 4);
	put(&table, flags, 4);
	put(&table, 0, 8);
}

static void lapic(uint8_t apic_id, uint32_t pxm, uint32_t flags)
{
	put(&table, 0, 1);
	put(&table, 16, 1);
	put(&table, pxm & 0xff, 1);
	put(&table, apic_id, 1);
	put(&table, flags, 4);
	put(&table, 0, 1);
	put(&table, pxm >> 8, 3);
	put(&table, 0, 4);
}

static void x2apic(uint32_t apic_id, uint32_t pxm, uint32_t flags)
{
	put(&table, 2, 1);
	put(&table, 24, 1);
	put(&table, 0, 2);
	put(&table, pxm, 4);
	put(&table, apic_id, 4);
	put(&table, flags, 4);
	put(&table, 0, 8);
}

/* As QEMU makes it for -m 512M,slots=8,maxmem=16G with two nodes. */
static void sample(void)
{
	srat_begin(1);
	lapic(0, 0, ENABLED);
	lapic(1, 1, ENABLED);
	memory(0, 0xa0000, 0, ENABLED);
	memory(0x100000, 0xff00000, 0, ENABLED);
	memory(0x10000000, 0x10000000, 1, ENABLED);
	memory(0, 0, 0, 0);
	memory(0, 0, 0, 0);
	memory(4 * GB, 24 * GB, 1, ENABLED | HOTPLUG);
	table_end(&table);
}

static void check_info(int err)
{
	assert_true(err == 0 || err == -EINVAL);
	if (err)
		assert_true(info.nranges == 0 && info.ncpus == 0);
	assert_in_range(info.nranges, 0, SRAT_RANGES_MAX);
	assert_in_range(info.ncpus, 0, SRAT_CPUS_MAX);
	for (unsigned i = 0; i < info.nranges; i++) {
		const struct srat_range *r = &info.range[i];

		assert_true(r->size > 0);
		assert_true(r->base + r->size > r->base && r->base + r->size <= 1ULL << 52);
		if (i > 0)
			assert_true(r[-1].base + r[-1].size <= r->base);
	}
	for (unsigned i = 0; i < info.ncpus; i++)
		for (unsigned j = 0; j < i; j++)
			assert_true(info.cpu[i].apic_id != info.cpu[j].apic_id);
}

static void probe(const uint8_t *bytes, size_t n)
{
	check_info(srat_parse(bytes, n, &info, say));
	if (info.rejected)
		assert_true(said_lines > 0);
}

static void test_sample(void **state)
{
	(void)state;
	sample();
	assert_int_equal(parse(), 0);
	assert_int_equal(said_lines, 0);
	assert_int_equal(info.ncpus, 2);
	assert_int_equal(info.cpu[1].apic_id, 1);
	assert_int_equal(info.cpu[1].pxm, 1);
	assert_int_equal(info.nranges, 4);
	assert_int_equal(info.range[3].base, 4 * GB);
	assert_int_equal(info.range[3].size, 24 * GB);
	assert_int_equal(info.range[3].pxm, 1);
	assert_true(info.range[3].hotplug && !info.range[3].nonvolatile);
	assert_false(info.range[0].hotplug);
	assert_int_equal(info.rejected, 0);
}

static void test_damage(void **state)
{
	(void)state;
	sample();
	probe_damage(&table, 48, 20000, probe);
}

static void test_sorts(void **state)
{
	(void)state;
	srat_begin(3);
	for (unsigned i = 0; i < 64; i++)
		memory((i * 37 % 64) * GB, GB, i, ENABLED | NONVOLATILE);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 64);
	check_info(0);
	assert_int_equal(info.range[37].pxm, 1);
	assert_true(info.range[37].nonvolatile);
}

static void test_disabled_and_empty_are_silent(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, GB, 0, 0);
	memory(0, GB, 1, HOTPLUG);
	memory(5 * GB, 0, 9, ENABLED);
	lapic(1, 0, 0);
	x2apic(2, 0, 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges + info.ncpus + info.rejected, 0);
	assert_int_equal(said_lines, 0);
}

static void test_overlap_of_domains_rejects_all(void **state)
{
	(void)state;
	srat_begin(3);
	lapic(0, 0, ENABLED);
	memory(0, 4 * GB, 0, ENABLED);
	memory(3 * GB, 2 * GB, 1, ENABLED);
	assert_int_equal(parse(), -EINVAL);
	check_info(-EINVAL);
	assert_said("SRAT: 0xc0000000-0x13fffffff is in domain 1 and overlaps domain 0 below "
		    "0x100000000: the table is rejected");
}

/* Any of the ways two ranges can overlap, in both orders of the table, by a single byte too. */
static void test_every_overlap_is_seen(void **state)
{
	static const struct {
		uint64_t base, size;
	} other[] = {
		{10, 10}, {5, 6}, {19, 1}, {19, 100}, {10, 1}, {12, 3}, {0, 100}, {10, 11}, {9, 2},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(other); i++) {
		for (unsigned first = 0; first < 2; first++) {
			srat_begin(3);
			if (first)
				memory(other[i].base, other[i].size, 1, ENABLED);
			memory(10, 10, 0, ENABLED);
			if (!first)
				memory(other[i].base, other[i].size, 1, ENABLED);
			assert_int_equal(parse(), -EINVAL);
		}
	}
}

/* A long range hides under a short one of its own domain; the third still overlaps it. */
static void test_overlap_with_an_earlier_longer_range(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, 100 * GB, 0, ENABLED);
	memory(GB, GB, 0, ENABLED | HOTPLUG);
	memory(50 * GB, GB, 1, ENABLED);
	assert_int_equal(parse(), -EINVAL);
}

static void test_touching_is_no_overlap(void **state)
{
	(void)state;
	srat_begin(3);
	memory(GB, GB, 1, ENABLED);
	memory(0, GB, 0, ENABLED);
	memory(2 * GB, GB, 0, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 3);
	assert_int_equal(said_lines, 0);
}

static void test_overlap_in_one_domain_is_merged(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, 2 * GB, 5, ENABLED);
	memory(GB, 2 * GB, 5, ENABLED);
	memory(GB, GB / 2, 5, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
	assert_int_equal(info.range[0].size, 3 * GB);
	assert_said("SRAT: 0x40000000-0x7fffffff is listed twice in domain 5");
}

static void test_overlap_with_other_flags_is_trimmed(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, 2 * GB, 5, ENABLED);
	memory(GB, 2 * GB, 5, ENABLED | HOTPLUG);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 2);
	assert_int_equal(info.range[1].base, 2 * GB);
	assert_int_equal(info.range[1].size, GB);
	assert_true(info.range[1].hotplug);
}

/* What one domain lists twice with other flags: the longer counts, in either order. */
static void test_covered_range_is_dropped(void **state)
{
	static const struct {
		uint64_t base, size;
	} inner[] = {{0, GB}, {GB / 2, GB}, {GB, GB}, {0, 2 * GB - 1}};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(inner); i++) {
		for (unsigned first = 0; first < 2; first++) {
			srat_begin(3);
			if (first)
				memory(inner[i].base, inner[i].size, 5, ENABLED | HOTPLUG);
			memory(0, 2 * GB, 5, ENABLED);
			if (!first)
				memory(inner[i].base, inner[i].size, 5, ENABLED | HOTPLUG);
			assert_int_equal(parse(), 0);
			check_info(0);
			assert_int_equal(info.nranges, 1);
			assert_int_equal(info.range[0].size, 2 * GB);
			assert_false(info.range[0].hotplug);
		}
	}
}

static void test_nonvolatile_is_never_merged(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, 2 * GB, 5, ENABLED);
	memory(GB, 2 * GB, 5, ENABLED | NONVOLATILE);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 2);
	assert_true(!info.range[0].nonvolatile && info.range[1].nonvolatile);
	assert_int_equal(info.range[1].base, 2 * GB);
}

static void test_wrapping_range_is_skipped(void **state)
{
	static const uint64_t bad[][2] = {
		{UINT64_MAX, 2},       {2, UINT64_MAX}, {1ULL << 52, 1},
		{(1ULL << 52) - 1, 2}, {0, UINT64_MAX}, {1ULL << 63, 1ULL << 63},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		srat_begin(3);
		memory(bad[i][0], bad[i][1], 0, ENABLED);
		memory(0, GB, 0, ENABLED);
		assert_int_equal(parse(), 0);
		assert_int_equal(info.nranges, 1);
		assert_int_equal(info.rejected, 1);
		assert_non_null(strstr(said_text, "SRAT: entry at offset 0x30: 0x"));
		assert_non_null(strstr(said_text, "reach past 52-bit addresses: skipped"));
	}
	srat_begin(3);
	memory((1ULL << 52) - 1, 1, 0, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
}

static void test_broken_length_ends_the_list(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, GB, 0, ENABLED);
	put(&table, 1, 1);
	put(&table, 1, 1);
	memory(GB, GB, 0, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
	assert_int_equal(info.rejected, 1);
	assert_said("SRAT: entry at offset 0x58: length 1 is below 2: the rest is ignored");

	srat_begin(3);
	memory(0, GB, 0, ENABLED);
	table.n -= 1;
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 0);
	assert_said("SRAT: entry at offset 0x30: length 40 is beyond the table's end (39 bytes "
		    "left)");

	srat_begin(3);
	memory(0, GB, 0, ENABLED);
	put(&table, 1, 1);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
	assert_said("SRAT: entry at offset 0x58: a single byte is left over");
}

static void test_short_entries_are_skipped(void **state)
{
	(void)state;
	srat_begin(3);
	put(&table, 1, 1); /* memory, of the length of a LAPIC entry */
	put(&table, 16, 1);
	put_zeroes(&table, 14);
	put(&table, 0, 1);
	put(&table, 8, 1);
	put_zeroes(&table, 6);
	put(&table, 2, 1);
	put(&table, 23, 1);
	put_zeroes(&table, 21);
	memory(0, GB, 7, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
	assert_int_equal(info.rejected, 3);
	assert_said("SRAT: entry at offset 0x30: type 1 needs 40 bytes and has 16: skipped");
	assert_said("SRAT: entry at offset 0x40: type 0 needs 16 bytes and has 8: skipped");
	assert_said("SRAT: entry at offset 0x48: type 2 needs 24 bytes and has 23: skipped");
}

static void test_unknown_types_are_skipped(void **state)
{
	(void)state;
	srat_begin(3);
	for (unsigned type = 3; type < 256; type++) {
		put(&table, type, 1);
		put(&table, 20, 1);
		put_zeroes(&table, 18);
	}
	memory(0, GB, 7, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
	assert_int_equal(said_lines, 0);
}

/* Longer entries of a later revision are read as far as they are known. */
static void test_longer_entries_are_taken(void **state)
{
	(void)state;
	srat_begin(3);
	memory(0, GB, 7, ENABLED);
	table.bytes[49] = 44;
	put_zeroes(&table, 4);
	memory(GB, GB, 8, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 2);
	assert_int_equal(info.range[1].pxm, 8);
}

static void test_revision_1_has_8_bit_domains(void **state)
{
	(void)state;
	for (uint8_t revision = 1; revision < 4; revision++) {
		uint32_t want = revision == 1 ? 0x04 : 0x01020304;

		srat_begin(revision);
		memory(0, GB, 0x01020304, ENABLED);
		lapic(3, 0x01020304, ENABLED);
		x2apic(300, 0x01020304, ENABLED);
		assert_int_equal(parse(), 0);
		assert_int_equal(info.range[0].pxm, want);
		assert_int_equal(info.cpu[0].pxm, want);
		assert_int_equal(info.cpu[1].apic_id, 300);
		assert_int_equal(info.cpu[1].pxm, want);
	}
}

static void test_processors(void **state)
{
	(void)state;
	srat_begin(3);
	lapic(1, 0, ENABLED);
	lapic(1, 0, ENABLED);
	lapic(1, 2, ENABLED);
	x2apic(1, 3, ENABLED);
	lapic(255, 0, ENABLED);
	x2apic(UINT32_MAX, 0, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.ncpus, 1);
	assert_int_equal(info.cpu[0].pxm, 0);
	assert_int_equal(info.rejected, 4);
	assert_said("SRAT: entry at offset 0x50: APIC 1 is in domain 0 and again in 2: skipped");
	assert_said("SRAT: entry at offset 0x78: APIC 255 is the broadcast id: skipped");
}

static void test_too_many(void **state)
{
	(void)state;
	srat_begin(3);
	for (unsigned i = 0; i < SRAT_RANGES_MAX + 3; i++)
		memory(i * GB, GB, i, ENABLED);
	for (unsigned i = 0; i < SRAT_CPUS_MAX + 5; i++)
		x2apic(i, 0, ENABLED);
	assert_int_equal(parse(), 0);
	check_info(0);
	assert_int_equal(info.nranges, SRAT_RANGES_MAX);
	assert_int_equal(info.ncpus, SRAT_CPUS_MAX);
	assert_int_equal(info.rejected, 8);
	assert_said("SRAT: 3 memory ranges beyond 512 are ignored");
	assert_said("SRAT: 5 processors beyond 512 are ignored");
}

static void test_header_alone(void **state)
{
	(void)state;
	srat_begin(3);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 0);
	table.n = 47;
	assert_int_equal(parse(), -EINVAL);
	assert_said("SRAT: length 47 is below 48: the table is rejected");
}

static void test_silent_without_a_callback(void **state)
{
	(void)state;
	srat_begin(3);
	put(&table, 1, 1);
	put(&table, 0, 1);
	assert_int_equal(srat_parse(table.bytes, table.n, &info, NULL), 0);
	assert_int_equal(info.rejected, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_sorts),
		cmocka_unit_test(test_disabled_and_empty_are_silent),
		cmocka_unit_test(test_overlap_of_domains_rejects_all),
		cmocka_unit_test(test_every_overlap_is_seen),
		cmocka_unit_test(test_overlap_with_an_earlier_longer_range),
		cmocka_unit_test(test_touching_is_no_overlap),
		cmocka_unit_test(test_overlap_in_one_domain_is_merged),
		cmocka_unit_test(test_overlap_with_other_flags_is_trimmed),
		cmocka_unit_test(test_covered_range_is_dropped),
		cmocka_unit_test(test_nonvolatile_is_never_merged),
		cmocka_unit_test(test_wrapping_range_is_skipped),
		cmocka_unit_test(test_broken_length_ends_the_list),
		cmocka_unit_test(test_short_entries_are_skipped),
		cmocka_unit_test(test_unknown_types_are_skipped),
		cmocka_unit_test(test_longer_entries_are_taken),
		cmocka_unit_test(test_revision_1_has_8_bit_domains),
		cmocka_unit_test(test_processors),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_header_alone),
		cmocka_unit_test(test_silent_without_a_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
