/*
 * tests/unit/test_memrange.c - a DIMM's range out of the pieces of its _CRS: joined where they
 * join, refused where the firmware's words make no single range.
 */
/* sources: drivers/acpi/memrange.c kernel/lib/refusal.c kernel/lib/errno.c */
#include "drivers/acpi/memrange.h"
#include "kernel/lib/errno.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT (1UL << 40)

static struct memrange ranges;
static struct memrange_piece range;
static struct refusal why;

static void begin(void)
{
	memset(&ranges, 0, sizeof(ranges));
	memset(&range, 0xAA, sizeof(range));
	memset(&why, 0, sizeof(why));
}

static void piece(uint64_t base, uint64_t size)
{
	struct memrange_descriptor d = {
		.minimum = base, .maximum = base + size - 1, .length = size, .fixed = true};

	memrange_add(&ranges, &d);
}

static void expect_range(uint64_t base, uint64_t size)
{
	assert_int_equal(memrange_single(&ranges, LIMIT, &range, &why), 0);
	assert_int_equal(why.err, 0);
	assert_int_equal(range.base, base);
	assert_int_equal(range.size, size);
}

static void expect_refusal(int err)
{
	assert_int_equal(memrange_single(&ranges, LIMIT, &range, &why), err);
	assert_int_equal(why.err, err);
	assert_string_equal(why.step, "_CRS");
	assert_true(strlen(why.text) > 0);
	assert_int_equal(range.base, 0xAAAAAAAAAAAAAAAA); /* untouched */
}

static void one_piece(void **state)
{
	(void)state;
	begin();
	piece(0x100000000, GiB);
	expect_range(0x100000000, GiB);
	begin();
	piece(LIMIT - SIZE_2M, SIZE_2M);
	expect_range(LIMIT - SIZE_2M, SIZE_2M);
}

static void pieces_join_in_any_order(void **state)
{
	static const unsigned order[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		begin();
		for (unsigned k = 0; k < 3; k++)
			piece(GiB + order[i][k] * SIZE_2M, SIZE_2M);
		expect_range(GiB, 3 * SIZE_2M);
	}
}

static void no_memory_at_all(void **state)
{
	(void)state;
	begin();
	expect_refusal(-EINVAL);
}

static void gaps_and_overlaps(void **state)
{
	(void)state;
	begin();
	piece(GiB, SIZE_2M);
	piece(GiB + 2 * SIZE_2M, SIZE_2M);
	expect_refusal(-EINVAL);
	begin();
	piece(GiB, SIZE_2M);
	piece(GiB + SIZE_2M - 1, SIZE_2M);
	expect_refusal(-EINVAL);
	begin();
	piece(GiB, SIZE_2M);
	piece(GiB, SIZE_2M);
	expect_refusal(-EINVAL);
}

static void empty_and_wrapping(void **state)
{
	struct memrange_descriptor d = {.minimum = GiB, .maximum = GiB - 1, .fixed = true};

	(void)state;
	begin();
	memrange_add(&ranges, &d);
	piece(GiB, SIZE_2M); /* a good one does not heal a bad one */
	expect_refusal(-EINVAL);
	begin();
	piece(UINT64_MAX - SIZE_2M + 2, SIZE_2M);
	expect_refusal(-EOVERFLOW);
	begin();
	piece(1, UINT64_MAX); /* ends at the last byte: no wrap, but far beyond */
	expect_refusal(-ERANGE);
}

static void beyond_the_limit(void **state)
{
	(void)state;
	begin();
	piece(LIMIT, SIZE_2M);
	expect_refusal(-ERANGE);
	begin();
	piece(LIMIT - SIZE_2M, 2 * SIZE_2M);
	expect_refusal(-ERANGE);
	/* Two halves of all addresses join to 2^64 bytes, which no uint64_t holds. */
	begin();
	piece(0, 1UL << 63);
	piece(1UL << 63, 1UL << 63);
	expect_refusal(-ERANGE);
}

static void not_one_place(void **state)
{
	struct memrange_descriptor d = {
		.minimum = GiB, .maximum = GiB + SIZE_2M - 1, .length = SIZE_2M, .fixed = true};

	(void)state;
	begin();
	d.fixed = false;
	memrange_add(&ranges, &d);
	expect_refusal(-EINVAL);
	begin();
	d.fixed = true;
	d.maximum++;
	memrange_add(&ranges, &d);
	expect_refusal(-EINVAL);
	begin();
	d.maximum--;
	d.translation = GiB;
	memrange_add(&ranges, &d);
	expect_refusal(-EINVAL);
}

static void too_many_pieces(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < MEMRANGE_PIECES_MAX; i++)
		piece(GiB + i * SIZE_2M, SIZE_2M);
	expect_range(GiB, MEMRANGE_PIECES_MAX * SIZE_2M);
	begin();
	for (unsigned i = 0; i <= MEMRANGE_PIECES_MAX; i++)
		piece(GiB + i * SIZE_2M, SIZE_2M);
	expect_refusal(-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_piece),	      cmocka_unit_test(pieces_join_in_any_order),
		cmocka_unit_test(no_memory_at_all),   cmocka_unit_test(gaps_and_overlaps),
		cmocka_unit_test(empty_and_wrapping), cmocka_unit_test(beyond_the_limit),
		cmocka_unit_test(not_one_place),      cmocka_unit_test(too_many_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
