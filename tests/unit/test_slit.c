/*
 * tests/unit/test_slit.c - the SLIT parser: all of a matrix or nothing of it.
 */
/* sources: drivers/acpi/tables/slit.c drivers/acpi/tables/tables.c */
#include "tests/unit/table_kit.h"

#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"

TABLE_UNDER_TEST(slit_parse, slit_info)

/* A matrix whose distances tell their place. */
static void matrix(uint64_t announced, unsigned n)
{
	table_begin(&table, "SLIT", 1);
	put(&table, announced, 8);
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < n; j++)
			put(&table, i == j ? 10 : 11 + (i * 7 + j) % 240, 1);
	table_end(&table);
}

static void probe(const uint8_t *bytes, size_t n)
{
	int err = slit_parse(bytes, n, &info, say);

	assert_in_range(info.localities, 0, SLIT_LOCALITIES_MAX);
	assert_int_equal(err == 0, info.localities > 0);
	if (err)
		assert_int_equal(said_lines, 1);
	for (unsigned i = 0; i < info.localities; i++)
		for (unsigned j = 0; j < info.localities; j++)
			assert_true(i == j ? info.distance[i][j] == 10 : info.distance[i][j] >= 10);
}

static void test_sample(void **state)
{
	(void)state;
	matrix(4, 4);
	assert_int_equal(parse(), 0);
	assert_int_equal(said_lines, 0);
	assert_int_equal(info.localities, 4);
	assert_int_equal(info.distance[1][3], 21);
	assert_int_equal(info.distance[3][1], 33);
	assert_int_equal(info.distance[2][2], 10);
}

static void test_damage(void **state)
{
	(void)state;
	matrix(4, 4);
	probe_damage(&table, 36, 5000, probe);
	probe_noise(&table, 44, 5000, probe);
}

static void test_wrong_diagonal(void **state)
{
	(void)state;
	for (unsigned d = 0; d < 256; d++) {
		matrix(3, 3);
		table.bytes[44 + 4] = (uint8_t)d;
		assert_int_equal(parse(), d == 10 ? 0 : -EINVAL);
	}
	assert_said("SLIT: distance 1 to 1 is 255, must be 10: the table is rejected");
}

static void test_distance_below_10(void **state)
{
	(void)state;
	for (unsigned d = 0; d < 256; d++) {
		matrix(3, 3);
		table.bytes[44 + 5] = (uint8_t)d;
		assert_int_equal(parse(), d >= 10 ? 0 : -EINVAL);
	}
	matrix(3, 3);
	table.bytes[44 + 5] = 9;
	assert_int_equal(parse(), -EINVAL);
	assert_int_equal(info.localities, 0);
	assert_said("SLIT: distance 1 to 2 is 9, must be at least 10: the table is rejected");
}

static void test_more_announced_than_held(void **state)
{
	static const uint64_t announced[] = {
		5, 1000, 1ULL << 32, 1ULL << 63, UINT64_MAX, (1ULL << 32) + 4,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(announced); i++) {
		matrix(announced[i], 4);
		assert_int_equal(parse(), -EINVAL);
		assert_int_equal(info.localities, 0);
	}
	matrix(5, 4);
	parse();
	assert_said("SLIT: 5 localities do not fit into 60 bytes: the table is rejected");
}

static void test_none(void **state)
{
	(void)state;
	matrix(0, 0);
	assert_int_equal(parse(), -EINVAL);
	assert_said("SLIT: 0 localities: the table is rejected");
	table.n = 43;
	assert_int_equal(parse(), -EINVAL);
	assert_said("SLIT: length 43 is below 44: the table is rejected");
}

static void test_more_than_kept(void **state)
{
	(void)state;
	matrix(SLIT_LOCALITIES_MAX, SLIT_LOCALITIES_MAX);
	assert_int_equal(parse(), 0);
	assert_int_equal(said_lines, 0);
	matrix(200, 200);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.localities, SLIT_LOCALITIES_MAX);
	assert_int_equal(info.distance[63][2], 11 + (63 * 7 + 2) % 240);
	assert_said("SLIT: 200 localities: those from 64 on are ignored");
	/* What is not kept still has to be right. */
	table.bytes[44 + 199 * 200 + 199] = 11;
	assert_int_equal(parse(), -EINVAL);
}

static void test_bytes_behind_the_matrix(void **state)
{
	(void)state;
	matrix(2, 2);
	put_zeroes(&table, 7);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.localities, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_wrong_diagonal),
		cmocka_unit_test(test_distance_below_10),
		cmocka_unit_test(test_more_announced_than_held),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_more_than_kept),
		cmocka_unit_test(test_bytes_behind_the_matrix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
