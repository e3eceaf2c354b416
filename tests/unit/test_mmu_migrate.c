/*
 * tests/unit/test_mmu_migrate.c - migration entries: what is mapped leaves, and comes back
 * elsewhere.
 */
/* sources: arch/x86_64/mmu.c arch/x86_64/mmu_map.c arch/x86_64/mmu_unmap.c */
/* sources: arch/x86_64/mmu_migrate.c arch/x86_64/tlb.c */
#include "tests/unit/mmu_kit.h"

#define THERE (8 * SIZE_1G)

/* The entry that maps `va`. */
static pte_t *leaf_of(vaddr_t va)
{
	struct mmu_step steps[4];
	unsigned n = mmu_walk(va, steps);

	return (pte_t *)phys_to_virt(steps[n - 1].table) + steps[n - 1].index;
}

static void block(struct mmu_batch *batch, vaddr_t va, size_t size)
{
	mmu_batch_init(batch);
	mmu_block(batch, va, size);
	mmu_block_finish(batch);
}

static void a_leaf_leaves_and_comes_back_elsewhere(void **state)
{
	static const size_t sizes[] = {PAGE_SIZE, SIZE_2M, SIZE_1G};
	struct mmu_batch batch;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		setup(state);
		assert_int_equal(map(BASE, SIZE_1G, sizes[i], sizes[i]), 0);
		assert_false(mmu_blocked(BASE));
		block(&batch, BASE, sizes[i]);
		assert_true(mmu_blocked(BASE));
		assert_true(mmu_blocked(BASE + sizes[i] - 1));
		assert_false(mmu_blocked(BASE + sizes[i]));
		assert_true(mmu_covers(BASE) && mmu_covers(BASE + sizes[i] - 1));
		assert_false(mmu_covers(BASE + SIZE_1G));
		assert_absent(BASE);
		assert_absent(BASE + sizes[i] - 1);
		mmu_retarget(&batch, BASE, THERE, sizes[i]);
		assert_false(mmu_blocked(BASE));
		assert_true(mmu_covers(BASE));
		assert_mapped(BASE, THERE);
		assert_mapped(BASE + sizes[i] - 1, THERE + sizes[i] - 1);
		assert_int_equal(page_size_at(BASE), sizes[i]);
	}
}

/*
 * Back where it was, every bit of the entry is as before, those that the CPU sets and the one of
 * the PAT, too: it is bit 7 of a small leaf and bit 12, which no address has, of a large one
 * [SDM 3A 4.5.4, tables 4-18 and 4-20].
 */
static void flags_survive(void **state)
{
	static const size_t sizes[] = {PAGE_SIZE, SIZE_2M};
	static const unsigned flags[] = {0, MMU_WRITE, MMU_EXEC, MMU_WRITE | MMU_UNCACHED};
	struct mmu_batch batch;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes) * ARRAY_SIZE(flags); i++) {
		size_t size = sizes[i % 2];
		pte_t before;

		setup(state);
		assert_int_equal(mmu_map(BASE, THERE, size, flags[i / 2], size, &source.pt), 0);
		*leaf_of(BASE) |= PTE_ACCESSED | PTE_DIRTY | BIT(size == PAGE_SIZE ? 7 : 12);
		before = *leaf_of(BASE);
		block(&batch, BASE, size);
		mmu_retarget(&batch, BASE, THERE, size);
		assert_int_equal(*leaf_of(BASE), before);
	}
}

/* A range of leaves of both sizes, which is what chunks of a vm object are. */
static void a_ragged_range_moves_whole(void **state)
{
	vaddr_t va = BASE + SIZE_2M - 3 * PAGE_SIZE;
	size_t size = 3 * PAGE_SIZE + 2 * SIZE_2M + 5 * PAGE_SIZE;
	paddr_t from = SIZE_1G - 3 * PAGE_SIZE, to = THERE - 3 * PAGE_SIZE;
	struct mmu_batch batch;

	(void)state;
	assert_int_equal(map(va - PAGE_SIZE, 0x7000, PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(map(va, from, size, SIZE_2M), 0);
	assert_int_equal(map(va + size, 0x8000, PAGE_SIZE, PAGE_SIZE), 0);
	block(&batch, va, size);
	for (size_t off = 0; off < size; off += PAGE_SIZE)
		assert_true(mmu_blocked(va + off));
	/* Its neighbours in the same tables stay. */
	assert_mapped(va - PAGE_SIZE, 0x7000);
	assert_mapped(va + size, 0x8000);
	mmu_retarget(&batch, va, to, size);
	for (size_t off = 0; off < size; off += PAGE_SIZE)
		assert_mapped(va + off, to + off);
	assert_mapped(va - PAGE_SIZE, 0x7000);
	assert_mapped(va + size, 0x8000);
}

/* Several chunks in one batch, in any order, are flushed once, a page at a time or all. */
static void one_flush_a_batch(void **state)
{
	static const unsigned order[] = {2, 3, 513, 514, 0, 1};
	struct mmu_batch batch;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		assert_int_equal(map(BASE + order[i] * PAGE_SIZE, order[i] * PAGE_SIZE, PAGE_SIZE,
				     PAGE_SIZE),
				 0);
	host_invalidated = host_flushed = 0;
	mmu_batch_init(&batch);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		mmu_block(&batch, BASE + order[i] * PAGE_SIZE, PAGE_SIZE);
	assert_int_equal(host_invalidated, 0); /* nothing before all are out */
	mmu_block_finish(&batch);
	assert_int_equal(host_invalidated, ARRAY_SIZE(order));
	assert_int_equal(host_flushed, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		mmu_retarget(&batch, BASE + order[i] * PAGE_SIZE, THERE + i * PAGE_SIZE, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++)
		assert_mapped(BASE + order[i] * PAGE_SIZE, THERE + i * PAGE_SIZE);

	assert_int_equal(map(BASE + SIZE_1G, 0, (TLB_PAGES_MAX + 1) * PAGE_SIZE, PAGE_SIZE), 0);
	block(&batch, BASE + SIZE_1G, (TLB_PAGES_MAX + 1) * PAGE_SIZE);
	assert_int_equal(host_invalidated, ARRAY_SIZE(order));
	assert_int_equal(host_flushed, 1);
}

static void what_is_not_so_is_a_mistake(void **state)
{
	struct mmu_batch batch;

	(void)state;
	assert_int_equal(map(BASE, 0, 2 * SIZE_2M, SIZE_2M), 0);
	mmu_batch_init(&batch);
	expect_assert_failure(mmu_block(&batch, BASE + SIZE_1G, PAGE_SIZE)); /* not mapped */
	expect_assert_failure(mmu_retarget(&batch, BASE, THERE, SIZE_2M));   /* not blocked */
	mmu_block(&batch, BASE, SIZE_2M);
	expect_assert_failure(mmu_block(&batch, BASE, SIZE_2M)); /* twice */
	expect_assert_failure(mmu_retarget(&batch, BASE, THERE + PAGE_SIZE, SIZE_2M));
	assert_false(mmu_blocked(BASE + SIZE_2M));
	assert_mapped(BASE + SIZE_2M, SIZE_2M);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_leaf_leaves_and_comes_back_elsewhere, setup),
		cmocka_unit_test_setup(flags_survive, setup),
		cmocka_unit_test_setup(a_ragged_range_moves_whole, setup),
		cmocka_unit_test_setup(one_flush_a_batch, setup),
		cmocka_unit_test_setup(what_is_not_so_is_a_mistake, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
