/*
 * tests/unit/test_pcp.c - per-CPU lists over the buddy allocator against the model that knows
 * every page (tests/unit/buddy_kit.h), over random operations on random CPUs: what is free is on
 * exactly one list, and an offline finds every page of its blocks.
 */
/* sources: mm/pcp.c kernel/cpulock.c mm/buddy.c mm/buddy_isolate.c mm/buddy_verify.c mm/zone.c */
#include "tests/unit/buddy_kit.h"
#include "tests/unit/steps.h"

#include "mm/pcp.h"

#define CPUS 4U

static struct pcp lists[CPUS];

static int setup(void **unused)
{
	world_reset(unused);
	kit_lists = true;
	host_cpu = 0;
	memset(lists, 0, sizeof(lists));
	pcp_attach(&zone, lists, CPUS);
	return 0;
}

/* --- as mm/alloc.c does it --- */

static struct page *list_alloc(unsigned index)
{
	struct page *page = pcp_take(lists, index, NULL);

	return page != NULL ? page : pcp_refill(&zone, index, NULL);
}

static void list_free(struct page *page)
{
	unsigned index = pcp_index(page->order);
	enum pcp_put put = PCP_NOT;
	struct pcp *full;

	if (index != PCP_LISTS)
		put = pcp_put(lists, index, page, &full);
	if (put == PCP_FULL)
		pcp_spill(full, index);
	else if (put == PCP_NOT)
		buddy_free(&zone, page);
}

/* --- the model --- */

static uint64_t free_in_model(void)
{
	uint64_t pages = 0;

	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		pages += state[pfn] == FREE;
	return pages;
}

/* Every page on a list is free, of a block that stays, and on no other list. */
static void check_lists(void)
{
	static uint8_t seen[PAGES];
	char text[160];

	if (!pcp_verify(&zone, text, sizeof(text)))
		fail_msg("%s", text);
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < CPUS * PCP_LISTS; i++) {
		const struct pcp_list *list = &lists[i / PCP_LISTS].list[i % PCP_LISTS];
		unsigned order = pcp_order(i % PCP_LISTS);

		assert_int_equal(lists[i / PCP_LISTS].lock.word, 0);
		assert_in_range(list->count, 0, list->high);
		for (struct page *p = list->first; p != NULL; p = (struct page *)p->private) {
			pfn_t pfn = page_to_pfn(p);

			assert_true(all_are(pfn, 1UL << order, FREE));
			assert_int_equal(block_of(pfn)->state, ONLINE);
			assert_int_equal(seen[pfn]++, 0);
		}
	}
	assert_int_equal(zone_free_pages(&zone), free_in_model());
}

static void check_drained(void)
{
	check_lists();
	pcp_drain(&zone);
	assert_int_equal(pcp_sums(&zone).pages, 0);
	buddy_settle(&zone);
	check_all();
}

/* --- random operations --- */

static unsigned going_first, going_last;

static void op_block(void)
{
	unsigned b = (unsigned)kit_below(WINDOWS);

	if (zone.isolating != 0) {
		op_finish(going_first, going_last);
	} else if (blocks[b].state == OFFLINE) {
		op_online(&blocks[b]);
	} else {
		going_first = going_last = b;
		op_isolate(b, b);
		if (zone.isolating == 0)
			return; /* a chunk in use crosses its border */
		pcp_drain(&zone);
		for (pfn_t pfn = blocks[b].start; pfn < blocks[b].end;
		     pfn += 1UL << vmemmap[pfn].order)
			assert_int_equal(vmemmap[pfn].state,
					 state[pfn] == HELD ? PAGE_ISOLATED : PAGE_USED);
	}
}

static void random_step(void)
{
	unsigned what = (unsigned)kit_below(2000);
	struct page *page;

	host_cpu = (unsigned)kit_below(CPUS);
	if (what < 2) {
		op_block();
	} else if (what == 2) {
		pcp_drain(&zone);
	} else if (nchunks > 0 && kit_below(16) < (zone.frees / 3000 % 2 ? 10 : 7)) {
		list_free(pick_to_free());
	} else {
		unsigned order = what < 1700 ? 0 : what < 1900 ? ORDER_2M : (unsigned)kit_below(8);
		unsigned index = pcp_index(order);

		page = index != PCP_LISTS ? list_alloc(index) : buddy_alloc_for(&zone, order, NULL);
		if (page != NULL)
			hand_out(page, order);
	}
}

static void test_against_model(void **unused)
{
	unsigned long steps = model_steps(600000);
	struct pcp_sums sums;

	(void)unused;
	kit_seed = model_seed(kit_seed);
	for (unsigned long step = 0; step < steps; step++) {
		random_step();
		if (step % 4096 == 0)
			check_lists();
		if (step % 32768 == 0)
			check_drained();
	}
	while (nchunks > 0)
		list_free(pick_to_free());
	check_drained();
	sums = pcp_sums(&zone);
	assert_true(sums.allocs > steps / 4 && sums.refills > 0 && sums.spills > 0);
	assert_true(made[0] > 0 && made[ORDER_2M] > 0);
}

/* --- single cases --- */

/* One page to and fro: the zone is asked for the first batch only. */
static void test_pairs_hit(void **unused)
{
	struct pcp_sums sums;
	uint64_t batch;

	(void)unused;
	op_online(&blocks[0]);
	op_online(&blocks[1]);
	for (unsigned i = 0; i < 1000; i++)
		list_free(list_alloc(0));
	sums = pcp_sums(&zone);
	batch = pcp_batch(&lists[0].list[0]);
	assert_int_equal(sums.allocs, 1000);
	assert_int_equal(sums.frees, 1000);
	assert_int_equal(sums.refills, 1);
	assert_int_equal(sums.spills, 0);
	assert_int_equal(sums.pages, batch);
	assert_int_equal(zone.allocs + zone.frees, 0);
	assert_int_equal(zone.free + batch, 2 * BLOCK_PAGES);
}

/* No list grows past `high`, and what is too much goes back a batch at a time. */
static void test_lists_are_bounded(void **unused)
{
	static struct page *pages[4096];
	const struct pcp_list *list = &lists[0].list[0];

	(void)unused;
	for (unsigned b = 0; b < 8; b++)
		op_online(&blocks[b]);
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = list_alloc(0);
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
		list_free(pages[i]);
		assert_in_range(list->count, 1, list->high);
	}
	assert_in_range(list->high, 8, 96);
	assert_in_range(list->spills, 4000 / pcp_batch(list) - 4, 4096 / pcp_batch(list));
	assert_int_equal(list->refills, DIV_ROUND_UP(4096, pcp_batch(list)));
	assert_int_equal(zone_free_pages(&zone), free_in_model());
}

/* A zone too small for 2 MiB chunks on lists keeps none. */
static void test_small_zone(void **unused)
{
	(void)unused;
	op_online(&blocks[0]);
	list_free(list_alloc(1));
	assert_int_equal(lists[0].list[1].count, 0);
	assert_int_equal(zone.free + lists[0].list[0].count, BLOCK_PAGES);
}

/* Who finds the lock taken does not wait: it goes to the zone. */
static void test_busy_list(void **unused)
{
	struct page *page;
	struct pcp *full;

	(void)unused;
	op_online(&blocks[0]);
	page = list_alloc(0);
	lists[0].lock.word = 1;
	assert_null(pcp_take(lists, 0, NULL));
	assert_int_equal(pcp_put(lists, 0, page, &full), PCP_NOT);
	assert_int_equal(page->state, PAGE_USED);
	lists[0].lock.word = 0;
	list_free(page);
}

static void test_pages_on_lists_are_free(void **unused)
{
	struct page *page, *other;

	(void)unused;
	op_online(&blocks[0]);
	page = list_alloc(0);
	other = list_alloc(0);
	assert_int_equal(page->state, PAGE_USED);
	list_free(page);
	assert_int_equal(page->state, PAGE_PCP);
	assert_true(page_is_free(page));
	assert_string_equal(page_state_name(page), "free");
	expect_panic(buddy_free(&zone, page), "double free");
	setup(NULL);
	op_online(&blocks[0]);
	page = list_alloc(0);
	list_free(page);
	expect_panic(list_free(page), "double free");
	(void)other;
}

static void test_verify_finds(void **unused)
{
	char text[160];
	struct page *page;

	(void)unused;
	op_online(&blocks[0]);
	page = list_alloc(0);
	list_free(page);
	assert_true(pcp_verify(&zone, text, sizeof(text)));
	page->state = PAGE_FREE;
	assert_false(pcp_verify(&zone, text, sizeof(text)));
	page->state = PAGE_PCP;
	lists[0].list[0].count++;
	assert_false(pcp_verify(&zone, text, sizeof(text)));
	lists[0].list[0].count -= 2;
	assert_false(pcp_verify(&zone, text, sizeof(text)));
	lists[0].list[0].count++;
	page->order = 1;
	assert_false(pcp_verify(&zone, text, sizeof(text)));
	page->order = 0;
	assert_true(pcp_verify(&zone, text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_against_model, setup),
		cmocka_unit_test_setup(test_pairs_hit, setup),
		cmocka_unit_test_setup(test_lists_are_bounded, setup),
		cmocka_unit_test_setup(test_small_zone, setup),
		cmocka_unit_test_setup(test_busy_list, setup),
		cmocka_unit_test_setup(test_pages_on_lists_are_free, setup),
		cmocka_unit_test_setup(test_verify_finds, setup),
	};

	return cmocka_run_group_tests_name("pcp", tests, NULL, NULL);
}
