/*
 * tests/unit/test_mmu.c - mapping, unmapping and preparing page tables.
 */
/* sources: arch/x86_64/mmu.c arch/x86_64/mmu_map.c arch/x86_64/mmu_unmap.c arch/x86_64/tlb.c */
#include "tests/unit/mmu_kit.h"

struct world {
	struct source source;
	uint8_t memory[ARENA_PAGES * PAGE_SIZE];
};

static void world_save(struct world *w)
{
	w->source = source;
	memcpy(w->memory, host_direct_map, sizeof(w->memory));
}

/* The same tables are in use with the same contents. */
static void assert_world(const struct world *w)
{
	assert_int_equal(source.live, w->source.live);
	for (unsigned long i = 1; i < ARENA_PAGES; i++) {
		assert_int_equal(source.page[i].used, w->source.page[i].used);
		if (i == 1 || source.page[i].used)
			assert_memory_equal(host_direct_map + i * PAGE_SIZE,
					    w->memory + i * PAGE_SIZE, PAGE_SIZE);
	}
}

/* No mark of a running map is left in any table. */
static void assert_settled(paddr_t table, unsigned level)
{
	const pte_t *t = phys_to_virt(table);

	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		if (!pte_present(t[i]) || pte_is_leaf(t[i], level))
			continue;
		assert_int_equal(t[i] & PTE_FRESH, 0);
		assert_settled(pte_table(t[i]), level - 1);
	}
}

static void test_largest_pages(void **state)
{
	(void)state;
	/* 4 KiB, 2 MiB, 1 GiB, 2 MiB, 4 KiB: congruent addresses, ragged at both ends. */
	vaddr_t va = BASE + SIZE_1G - SIZE_2M - PAGE_SIZE;
	paddr_t pa = 5 * SIZE_1G - SIZE_2M - PAGE_SIZE;
	size_t size = 2 * PAGE_SIZE + 2 * SIZE_2M + SIZE_1G;

	assert_int_equal(map(va, pa, size, SIZE_1G), 0);
	assert_int_equal(page_size_at(va), PAGE_SIZE);
	assert_int_equal(page_size_at(va + PAGE_SIZE), SIZE_2M);
	assert_int_equal(page_size_at(va + PAGE_SIZE + SIZE_2M), SIZE_1G);
	assert_int_equal(page_size_at(va + PAGE_SIZE + SIZE_2M + SIZE_1G), SIZE_2M);
	assert_int_equal(page_size_at(va + size - PAGE_SIZE), PAGE_SIZE);
	for (size_t off = 0; off < size; off += 0x3f000)
		assert_mapped(va + off + 5, pa + off + 5);
	assert_absent(va - 1);
	assert_absent(va + size);
	assert_settled(PAGE_SIZE, 4);
}

static void test_page_limits(void **state)
{
	(void)state;
	assert_int_equal(map(BASE, 0, SIZE_1G, SIZE_2M), 0);
	assert_int_equal(page_size_at(BASE), SIZE_2M);
	assert_int_equal(map(BASE + SIZE_1G, 0, SIZE_2M, PAGE_SIZE), 0);
	assert_int_equal(page_size_at(BASE + SIZE_1G), PAGE_SIZE);
	/* Addresses that are not congruent allow small pages only. */
	assert_int_equal(map(BASE + 2 * SIZE_1G, PAGE_SIZE, SIZE_2M, SIZE_1G), 0);
	assert_int_equal(page_size_at(BASE + 2 * SIZE_1G), PAGE_SIZE);
	assert_mapped(BASE + 2 * SIZE_1G + SIZE_2M - 1, PAGE_SIZE + SIZE_2M - 1);
	cpu_features.gib_pages = false;
	assert_int_equal(map(BASE + 4 * SIZE_1G, SIZE_1G, SIZE_1G, SIZE_1G), 0);
	assert_int_equal(page_size_at(BASE + 4 * SIZE_1G), SIZE_2M);
}

static void test_flags(void **state)
{
	struct mmu_step s[4];

	(void)state;
	assert_int_equal(mmu_map(BASE, 0, PAGE_SIZE, MMU_EXEC, SIZE_1G, &source.pt), 0);
	assert_int_equal(mmu_walk(BASE, s), 4);
	assert_true(s[3].executable && !s[3].writable && (s[3].entry & PTE_GLOBAL));
	assert_int_equal(mmu_map(BASE + PAGE_SIZE, 0, PAGE_SIZE, MMU_WRITE | MMU_UNCACHED, SIZE_1G,
				 &source.pt),
			 0);
	mmu_walk(BASE + PAGE_SIZE, s);
	assert_true(!s[3].executable && s[3].writable);
	assert_int_equal(s[3].entry & (PTE_PCD | PTE_PWT), PTE_PCD | PTE_PWT);
	assert_int_equal(s[3].target, 0);
	expect_assert_failure(
		mmu_map(BASE + SIZE_2M, 0, PAGE_SIZE, MMU_WRITE | MMU_EXEC, SIZE_1G, &source.pt));
}

static void test_refuses_what_is_mapped(void **state)
{
	static struct world before;
	static const size_t taken[] = {0,	    7 * PAGE_SIZE,     SIZE_2M - PAGE_SIZE,
				       3 * SIZE_2M, SIZE_1G + SIZE_2M, 2 * SIZE_1G - PAGE_SIZE};

	for (unsigned i = 0; i < ARRAY_SIZE(taken); i++) {
		setup(state);
		assert_int_equal(map(BASE + taken[i], 0, PAGE_SIZE, PAGE_SIZE), 0);
		world_save(&before);
		assert_int_equal(map(BASE, 0, 2 * SIZE_1G, SIZE_2M), -EEXIST);
		assert_world(&before);
		/* One page before and behind it is free. */
		assert_int_equal(map(BASE + taken[i] + PAGE_SIZE, 0, PAGE_SIZE, PAGE_SIZE), 0);
	}
	assert_int_equal(map(BASE + 4 * SIZE_1G, 0, SIZE_1G, SIZE_1G), 0);
	world_save(&before);
	assert_int_equal(map(BASE + 5 * SIZE_1G - PAGE_SIZE, 0, 2 * PAGE_SIZE, SIZE_1G), -EEXIST);
	assert_int_equal(map(BASE + 4 * SIZE_1G - PAGE_SIZE, 0, 2 * PAGE_SIZE, SIZE_1G), -EEXIST);
	assert_world(&before);
}

/* Fails every table of a map that starts and ends ragged, over tables that were there. */
static void fail_every_table(size_t page, bool one_at_a_time)
{
	static struct world before;
	vaddr_t va = BASE + SIZE_1G - 3 * SIZE_2M - 5 * PAGE_SIZE;
	size_t size = SIZE_1G / 64 + 9 * PAGE_SIZE;

	assert_int_equal(mmu_prepare(BASE + SIZE_1G, SIZE_2M, 1, &source.pt), 0);
	assert_int_equal(map(va - SIZE_2M, 0x7000, PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(map(va + size + SIZE_2M, 0x8000, PAGE_SIZE, PAGE_SIZE), 0);
	world_save(&before);
	for (unsigned n = 1;; n++) {
		int err;

		source.calls = 0;
		source.fail_at = n;
		if (one_at_a_time)
			arena_open(false);
		err = map(va, 0x40000000 - 3 * SIZE_2M - 5 * PAGE_SIZE, size, page);
		arena_open(true);
		if (err == 0) {
			assert_true(n > 2); /* both ragged ends at least */
			break;
		}
		assert_int_equal(err, -ENOMEM);
		assert_world(&before);
	}
	assert_settled(PAGE_SIZE, 4);
	if (one_at_a_time)
		arena_open(false);
	mmu_unmap(va, size, &source.pt);
	arena_open(true);
	/* The prepared, empty table went too (keep_level 4): that is what unmap does. */
	assert_int_equal(source.live, before.source.live - 1);
	assert_mapped(va - SIZE_2M, 0x7000);
	assert_mapped(va + size + SIZE_2M, 0x8000);
}

static void test_unwinds_small(void **state)
{
	(void)state;
	fail_every_table(PAGE_SIZE, false);
}

static void test_unwinds_large(void **state)
{
	(void)state;
	fail_every_table(SIZE_2M, false);
}

static void test_unwinds_through_a_window(void **state)
{
	(void)state;
	fail_every_table(PAGE_SIZE, true);
}

static void test_keep_level(void **state)
{
	unsigned start = source.live;

	(void)state;
	source.pt.keep_level = 2;
	assert_int_equal(map(BASE, 0, 4 * SIZE_1G, SIZE_2M), 0);
	assert_int_equal(source.live - start, 1 + 4);
	mmu_unmap(BASE, 4 * SIZE_1G, &source.pt);
	assert_int_equal(source.live - start, 1 + 4); /* PDs stay, and are empty */
	for (size_t off = 0; off < 4 * SIZE_1G; off += SIZE_2M)
		assert_absent(BASE + off);
	assert_int_equal(map(BASE, 0, SIZE_2M, PAGE_SIZE), 0);
	assert_int_equal(source.live - start, 1 + 4 + 1);
	source.pt.keep_level = 3;
	mmu_unmap(BASE, SIZE_1G, &source.pt);
	assert_int_equal(source.live - start, 1 + 3);
	source.pt.keep_level = 4;
	mmu_unmap(BASE, 512 * SIZE_1G, &source.pt);
	assert_int_equal(source.live, start);
}

/* A table under a PD that was filled whole is found although the PD is dropped whole. */
static void test_leaves_mark_is_dropped(void **state)
{
	unsigned start = source.live;

	(void)state;
	assert_int_equal(map(BASE, 0, SIZE_1G, SIZE_2M), 0);
	mmu_unmap(BASE + 5 * SIZE_2M, SIZE_2M, &source.pt);
	assert_int_equal(map(BASE + 5 * SIZE_2M, 0, SIZE_2M, PAGE_SIZE), 0);
	mmu_unmap(BASE, SIZE_1G, &source.pt);
	assert_int_equal(source.live, start);
	/* The same where the PD stays. */
	source.pt.keep_level = 2;
	assert_int_equal(map(BASE, 0, SIZE_1G, SIZE_2M), 0);
	mmu_unmap(BASE, SIZE_1G, &source.pt);
	assert_int_equal(map(BASE, 0, SIZE_1G, PAGE_SIZE), 0);
	source.pt.keep_level = 4;
	mmu_unmap(BASE, SIZE_1G, &source.pt);
	assert_int_equal(source.live, start);
}

static void test_flushes(void **state)
{
	(void)state;
	assert_int_equal(map(BASE, 0, SIZE_2M, PAGE_SIZE), 0);
	host_invalidated = host_flushed = 0;
	mmu_unmap(BASE, 3 * PAGE_SIZE, &source.pt);
	assert_int_equal(host_invalidated, 3);
	assert_int_equal(host_flushed, 0);
	mmu_unmap(BASE + SIZE_2M / 2, SIZE_2M / 2, &source.pt);
	assert_int_equal(host_flushed, 1);
	mmu_unmap(BASE, SIZE_2M, &source.pt); /* the whole table at once */
	assert_int_equal(host_flushed, 2);
	mmu_unmap(BASE, SIZE_2M, &source.pt); /* nothing there: nothing to do */
	assert_int_equal(host_flushed, 2);
}

static void test_part_of_a_large_page(void **state)
{
	(void)state;
	assert_int_equal(map(BASE, 0, SIZE_2M, SIZE_2M), 0);
	expect_assert_failure(mmu_unmap(BASE, PAGE_SIZE, &source.pt));
	assert_mapped(BASE, 0);
}

/* A page on the move is absent to the CPU, and in use all the same. */
static void test_page_on_the_move(void **state)
{
	struct mmu_step steps[4];
	pte_t *entry;

	(void)state;
	assert_int_equal(map(BASE, 0x5000, 2 * PAGE_SIZE, PAGE_SIZE), 0);
	mmu_walk(BASE, steps);
	entry = (pte_t *)phys_to_virt(steps[3].table);
	*entry = (*entry & ~PTE_PRESENT) | PTE_FRESH; /* as mmu_block() does */
	assert_int_equal(map(BASE, 0, PAGE_SIZE, PAGE_SIZE), -EEXIST);
	mmu_unmap(BASE + PAGE_SIZE, PAGE_SIZE, &source.pt);
	assert_int_equal(mmu_walk(BASE, steps), 4); /* its table is still there */
	assert_int_equal(*entry & PTE_ADDRESS_MASK, 0x5000);
	expect_assert_failure(mmu_unmap(BASE, PAGE_SIZE, &source.pt));
}

/* Random maps and unmaps of small and large pages against a plain array. */
#define MODEL_PAGES 4096UL /* 16 MiB across a 1 GiB border */
#define MODEL_BASE  (BASE + SIZE_1G - 4 * SIZE_2M)

static paddr_t model[MODEL_PAGES];

static void model_check(void)
{
	for (unsigned long i = 0; i < MODEL_PAGES; i++) {
		paddr_t pa = 0;

		if (mmu_translate(MODEL_BASE + i * PAGE_SIZE, &pa))
			assert_int_equal(pa, model[i]);
		else
			assert_int_equal(model[i], 0);
	}
}

static void model_map(unsigned long first, unsigned long n, size_t page)
{
	static struct world before;
	bool free = true;
	int err;

	for (unsigned long i = first; i < first + n; i++)
		free &= model[i] == 0;
	source.calls = 0;
	source.fail_at = rand() % 8;
	world_save(&before);
	err = map(MODEL_BASE + first * PAGE_SIZE, SIZE_1G + first * PAGE_SIZE, n * PAGE_SIZE, page);
	if (err == -ENOMEM)
		assert_true(source.calls == source.fail_at);
	else
		assert_int_equal(err, free ? 0 : -EEXIST);
	if (err)
		assert_world(&before);
	else
		for (unsigned long i = first; i < first + n; i++)
			model[i] = SIZE_1G + i * PAGE_SIZE;
}

static void test_random(void **state)
{
	unsigned start = source.live;

	(void)state;
	srand(20260);
	memset(model, 0, sizeof(model));
	for (unsigned round = 0; round < 300; round++) {
		/* Whole 2 MiB units half of the time, so that large pages are never cut. */
		bool large = rand() & 1;
		unsigned long unit = large ? 512 : 1, first, n;

		n = (1 + rand() % (large ? 3 : 700)) * unit;
		first = rand() % (MODEL_PAGES - n + 1) / unit * unit;
		if (large && rand() % 2) {
			mmu_unmap(MODEL_BASE + first * PAGE_SIZE, n * PAGE_SIZE, &source.pt);
			memset(&model[first], 0, n * sizeof(*model));
		} else {
			model_map(first, n, large ? SIZE_2M : PAGE_SIZE);
		}
		model_check();
		assert_settled(PAGE_SIZE, 4);
	}
	source.fail_at = 0;
	mmu_unmap(MODEL_BASE, MODEL_PAGES * PAGE_SIZE, &source.pt);
	assert_int_equal(source.live, start);
}

static void test_prepare(void **state)
{
	unsigned start = source.live;

	(void)state;
	assert_int_equal(mmu_prepare(BASE, 3 * SIZE_1G, 3, &source.pt), 0);
	assert_int_equal(source.live - start, 1);
	assert_int_equal(mmu_prepare(BASE + SIZE_2M, 3 * SIZE_1G, 2, &source.pt), 0);
	assert_int_equal(source.live - start, 1 + 4);
	source.calls = 0;
	source.pt.keep_level = 2;
	assert_int_equal(map(BASE, 0, 3 * SIZE_1G, SIZE_2M), 0);
	assert_int_equal(source.calls, 0);
	source.fail_at = 1;
	assert_int_equal(mmu_prepare(BASE + 512 * SIZE_1G, SIZE_1G, 3, &source.pt), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_largest_pages, setup),
		cmocka_unit_test_setup(test_page_limits, setup),
		cmocka_unit_test_setup(test_flags, setup),
		cmocka_unit_test_setup(test_refuses_what_is_mapped, setup),
		cmocka_unit_test_setup(test_unwinds_small, setup),
		cmocka_unit_test_setup(test_unwinds_large, setup),
		cmocka_unit_test_setup(test_unwinds_through_a_window, setup),
		cmocka_unit_test_setup(test_keep_level, setup),
		cmocka_unit_test_setup(test_leaves_mark_is_dropped, setup),
		cmocka_unit_test_setup(test_flushes, setup),
		cmocka_unit_test_setup(test_part_of_a_large_page, setup),
		cmocka_unit_test_setup(test_page_on_the_move, setup),
		cmocka_unit_test_setup(test_random, setup),
		cmocka_unit_test_setup(test_prepare, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
