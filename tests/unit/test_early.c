/*
 * tests/unit/test_early.c - the boot-time allocator against a bitmap of pages.
 */
/* sources: mm/early.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/early.h"
#include "tests/unit/steps.h"

#define P PAGE_SIZE

struct page *vmemmap;
uint8_t *host_direct_map;

static struct early e;

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	mock_assert(0, expr, file, line);
	abort();
}

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	e.limit = 64 * TiB;
	return 0;
}

/* Sorted, not touching where they could be one, whole pages. */
static void assert_sound(void)
{
	for (unsigned i = 0; i < e.nram; i++) {
		assert_true(e.ram[i].size > 0 && IS_ALIGNED(e.ram[i].base | e.ram[i].size, P));
		if (i > 0)
			assert_true(e.ram[i - 1].base + e.ram[i - 1].size < e.ram[i].base);
	}
	for (unsigned i = 0; i < e.nreserved; i++) {
		const struct early_range *r = &e.reserved[i];

		assert_true(r->size > 0 && IS_ALIGNED(r->base | r->size, P));
		assert_string_equal(r->owner->name + strlen("early:"), r->name);
		if (i > 0)
			assert_true(r[-1].base + r[-1].size <= r->base);
		if (i > 0 && r[-1].base + r[-1].size == r->base)
			assert_true(r[-1].owner != r->owner);
	}
}

static void test_ram_is_cut_inwards_and_merged(void **state)
{
	(void)state;
	early_add_ram(&e, 0x1001, 0x1ffe); /* no whole page */
	assert_int_equal(e.nram, 0);
	early_add_ram(&e, 10 * P, 2 * P);
	early_add_ram(&e, 20 * P - 1, 2 * P + 2);
	early_add_ram(&e, 12 * P, P);
	early_add_ram(&e, 5 * P, P);
	assert_sound();
	assert_int_equal(e.nram, 3);
	assert_int_equal(e.ram[1].base, 10 * P);
	assert_int_equal(e.ram[1].size, 3 * P);
	assert_int_equal(e.ram[2].base, 20 * P);
	assert_int_equal(e.ram[2].size, 2 * P);
	early_add_ram(&e, 0, 100 * P);
	assert_int_equal(e.nram, 1);
	assert_int_equal(e.ram[0].size, 100 * P);
}

static void test_reservations_round_outwards_and_the_first_name_stays(void **state)
{
	(void)state;
	early_add_ram(&e, 0, 100 * P);
	assert_int_equal(early_reserve(&e, 10 * P + 1, 1, "a"), 0);
	assert_int_equal(early_reserve(&e, 20 * P, 2 * P, "a"), 0);
	assert_int_equal(early_reserve(&e, 9 * P, 20 * P, "b"), 0);
	assert_sound();
	assert_int_equal(e.nreserved, 5); /* b a b a b */
	assert_int_equal(early_reserved_bytes(&e, "a"), 3 * P);
	assert_int_equal(early_reserved_bytes(&e, "b"), 17 * P);
	assert_int_equal(early_reserve(&e, 0, 200 * P, "c"), 0);
	assert_int_equal(early_reserved_bytes(&e, "c"), 180 * P);
	assert_int_equal(early_alloc(&e, P, P, "x"), 0);
}

static void test_full_array_refuses_and_changes_nothing(void **state)
{
	static struct early before;

	(void)state;
	early_add_ram(&e, 0, 4096 * P);
	for (unsigned i = 0; i < EARLY_RANGES_MAX - 1; i++)
		assert_int_equal(early_reserve(&e, (2 * i + 2) * P, P, "a"), 0);
	before = e;
	assert_int_equal(early_reserve(&e, 0, 5 * P, "b"), -ENOSPC); /* three pieces */
	assert_memory_equal(&before, &e, sizeof(e));
	assert_int_equal(early_reserve(&e, 0, 2 * P, "b"), 0);
	assert_int_equal(early_reserve(&e, 2000 * P, P, "b"), -ENOSPC);
	assert_int_equal(early_alloc(&e, P, P, "b"), 0);
}

static void test_alloc_prefers_above_1m_and_obeys_the_limit(void **state)
{
	(void)state;
	early_add_ram(&e, 0, 640 * KiB);
	early_add_ram(&e, 1 * MiB, 3 * MiB);
	early_add_ram(&e, 4 * GiB, 4 * MiB);
	e.limit = 4 * GiB;
	assert_int_equal(early_alloc(&e, P, P, "a"), 1 * MiB);
	assert_int_equal(early_alloc(&e, SIZE_2M, SIZE_2M, "a"), 2 * MiB);
	assert_int_equal(early_alloc(&e, 1 * MiB, P, "a"), 0);
	assert_int_equal(early_alloc(&e, 1 * MiB - P, P, "a"), 1 * MiB + P);
	assert_int_equal(early_alloc(&e, P, P, "a"), P); /* never page 0 */
	e.limit = 64 * TiB;
	assert_int_equal(early_alloc(&e, SIZE_2M, SIZE_2M, "a"), 4 * GiB);
	assert_int_equal(early_alloc_in(&e, P, P, 4 * GiB + 3 * MiB, 8 * GiB, "a"),
			 4 * GiB + 3 * MiB);
	assert_int_equal(early_alloc_in(&e, SIZE_2M, P, 4 * GiB, 4 * GiB + 3 * MiB, "a"), 0);
	assert_sound();
}

static void test_closed(void **state)
{
	(void)state;
	early_add_ram(&e, 0, 100 * P);
	e.closed = true;
	expect_assert_failure(early_alloc(&e, P, P, "a"));
	expect_assert_failure(early_reserve(&e, 0, P, "a"));
}

/* --- against a bitmap --- */

#define PAGES 1024UL
static bool ram[PAGES];
static int taken[PAGES]; /* 0 free, else name + 1 */
static const char *const names[] = {"kernel", "memmap", "pagetable"};

static void check_pieces(void)
{
	const struct page_owner *owner;
	unsigned nfree = 0;
	paddr_t end, base;
	uint64_t size;

	for (paddr_t pa = 0; pa < PAGES * P; pa = end) {
		enum early_kind kind = early_piece(&e, pa, PAGES * P, &end, &owner);

		assert_true(end > pa && end <= PAGES * P);
		for (unsigned long p = pa / P; p < end / P; p++) {
			assert_int_equal(kind, !ram[p]	       ? EARLY_HOLE
					       : taken[p] == 0 ? EARLY_FREE
							       : EARLY_RESERVED);
			if (kind == EARLY_RESERVED)
				assert_string_equal(owner->name + 6, names[taken[p] - 1]);
			else
				assert_null(owner);
		}
		if (kind != EARLY_FREE)
			continue;
		assert_true(early_free_range(&e, nfree++, &base, &size));
		assert_int_equal(base, pa);
		assert_int_equal(size, end - pa);
	}
	assert_false(early_free_range(&e, nfree, &base, &size));
}

/* Lowest fit above 1 MiB (page 256), else below it, never page 0. */
static unsigned long model_fit(unsigned long n, unsigned long align)
{
	for (int pass = 0; pass < 2; pass++) {
		unsigned long from = pass == 0 ? 256 : 1, to = pass == 0 ? PAGES : 256;

		for (unsigned long p = ALIGN_UP(from, align); p + n <= to; p += align) {
			unsigned long k = 0;

			while (k < n && ram[p + k] && taken[p + k] == 0)
				k++;
			if (k == n)
				return p;
		}
	}
	return 0;
}

static void random_step(void)
{
	unsigned long start = rand() % PAGES, n = 1 + rand() % 24;
	unsigned long align = 1UL << rand() % 5, p;
	int name = rand() % 3;

	n = MIN(n, PAGES - start);
	switch (rand() % 3) {
	case 0:
		early_add_ram(&e, start * P + 1, (n + 1) * P - 2); /* n - 1 whole pages */
		for (p = start + 1; p < start + n; p++)
			ram[p] = true;
		break;
	case 1:
		assert_int_equal(early_reserve(&e, start * P + 7, n * P - 7, names[name]), 0);
		for (p = start; p < start + n; p++)
			if (taken[p] == 0)
				taken[p] = name + 1;
		break;
	default:
		p = model_fit(n, align);
		assert_int_equal(early_alloc(&e, n * P - 3, align * P, names[name]), p * P);
		for (unsigned long k = 0; p != 0 && k < n; k++)
			taken[p + k] = name + 1;
	}
}

static void test_random(void **state)
{
	unsigned rounds = (unsigned)(model_steps(30 * 80) / 80), base = (unsigned)model_seed(0);

	for (unsigned seed = 1; seed <= rounds; seed++) {
		setup(state);
		memset(ram, 0, sizeof(ram));
		memset(taken, 0, sizeof(taken));
		srand(base + seed);
		for (unsigned i = 0; i < 80; i++) {
			random_step();
			assert_sound();
			check_pieces();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_ram_is_cut_inwards_and_merged, setup),
		cmocka_unit_test_setup(test_reservations_round_outwards_and_the_first_name_stays,
				       setup),
		cmocka_unit_test_setup(test_full_array_refuses_and_changes_nothing, setup),
		cmocka_unit_test_setup(test_alloc_prefers_above_1m_and_obeys_the_limit, setup),
		cmocka_unit_test_setup(test_closed, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
