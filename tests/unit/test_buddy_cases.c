/*
 * tests/unit/test_buddy_cases.c - single behaviours of the buddy allocator, each in a fresh world:
 * what is marked dirty, put-off merges, blocks going offline, misuse, and what verify sees.
 */
/* sources: mm/buddy.c mm/buddy_isolate.c mm/buddy_verify.c mm/zone.c */
#include "tests/unit/buddy_kit.h"

static unsigned dirty_granules(void)
{
	unsigned n = 0;

	for (unsigned b = 0; b < WINDOWS; b++)
		for (unsigned g = 0; g < GRANULES; g++)
			n += blocks[b].dirty[g];
	return n;
}

static void online_first_device(void)
{
	for (unsigned b = 0; b < WINDOWS; b++)
		memset(blocks[b].dirty, 0, sizeof(blocks[b].dirty));
	for (unsigned b = 0; b < 8; b++)
		op_online(&blocks[b]);
	assert_int_equal(zone.nonempty, 1U << MAX_ORDER);
}

static void test_device_is_one_chunk(void **unused)
{
	struct page *page;

	(void)unused;
	online_first_device();
	assert_int_equal(zone.area[MAX_ORDER].count, 1);
	page = buddy_alloc_for(&zone, MAX_ORDER, NULL);
	assert_ptr_equal(page, &vmemmap[0]);
	assert_int_equal(zone.free, 0);
	assert_null(buddy_alloc_for(&zone, 0, NULL));
	assert_int_equal(dirty_granules(), 8 * GRANULES);
	buddy_free(&zone, page);
	assert_int_equal(zone.free, 8 * BLOCK_PAGES);
}

/* One page out of 1 GiB marks one granule, the next 511 none, and no page costs a hook. */
static void test_marks_by_granule(void **unused)
{
	uint64_t before = marks;

	(void)unused;
	online_first_device();
	for (unsigned i = 0; i < 512; i++) {
		hand_out(buddy_alloc_for(&zone, 0, NULL), 0);
		assert_int_equal(dirty_granules(), 1);
	}
	assert_int_equal(marks, before + 1);
	hand_out(buddy_alloc_for(&zone, 3, NULL), 3);
	assert_int_equal(dirty_granules(), 2);
	hand_out(buddy_alloc_for(&zone, 11, NULL), 11);
	assert_int_equal(dirty_granules(), 6);
	free_everything();
}

/* A page taken and given back in turn splits and merges nothing; settling does it all. */
static void test_deferred_merge(void **unused)
{
	struct page *first, *again;

	(void)unused;
	online_first_device();
	first = buddy_alloc_for(&zone, 0, NULL);
	assert_int_equal(zone.area[0].count, 1);
	buddy_free(&zone, first);
	assert_int_equal(zone.area[0].count, 1);
	assert_int_equal(zone.free, 8 * BLOCK_PAGES);
	again = buddy_alloc_for(&zone, 0, NULL);
	assert_ptr_equal(again, first);
	assert_int_equal(zone.area[0].count, 1);
	buddy_free(&zone, again);
	again = buddy_alloc_for(&zone, MAX_ORDER, NULL); /* settles, since nothing else would do */
	assert_ptr_equal(again, &vmemmap[0]);
	buddy_free(&zone, again);
	buddy_free(&zone, buddy_alloc_for(&zone, 0, NULL));
	buddy_settle(&zone);
	assert_int_equal(zone.nonempty, 1U << MAX_ORDER);
	check_all();
}

/* A merge that was put off inside a block that goes offline must not reach out of it, and one
 * outside is done. */
static void test_isolate_with_deferred(void **unused)
{
	(void)unused;
	for (unsigned going = 0; going < 8; going++) {
		world_reset(NULL);
		online_first_device();
		buddy_free(&zone, buddy_alloc_for(&zone, 0, NULL)); /* page 0 */
		op_isolate(going, going);
		assert_int_equal(zone.isolated, BLOCK_PAGES);
		check_all();
		op_finish(going, going);
		check_all();
	}
}

/* A chunk of two blocks of which one goes offline comes back in two pieces. */
static void test_free_across_isolated(void **unused)
{
	(void)unused;
	for (unsigned going = 0; going < 4; going++) {
		struct page *page;

		world_reset(NULL);
		online_first_device();
		page = buddy_alloc_for(&zone, BLOCK_ORDER + 2, NULL);
		assert_ptr_equal(page, &vmemmap[0]);
		blocks[going].state = GOING;
		zone.isolating = 1;
		set_pages(0, 4 * BLOCK_PAGES, USED);
		model_free(0, BLOCK_ORDER + 2);
		buddy_free(&zone, page);
		assert_int_equal(vmemmap[going * BLOCK_PAGES].state, PAGE_ISOLATED);
		assert_int_equal(zone.isolated, BLOCK_PAGES);
		check_all();
		op_finish(going, going);
		check_all();
	}
}

/* Reserved boot memory: used chunks among free ones; what is freed later merges with nobody. */
static void test_used_range(void **unused)
{
	static const struct page_owner owner = {.name = "early:test"};
	pfn_t pfn = 16 * BLOCK_PAGES + 100;

	(void)unused;
	ASAN_UNPOISON_MEMORY_REGION(&vmemmap[16 * BLOCK_PAGES], BLOCK_PAGES * sizeof(struct page));
	zone.present = zone.managed = 1000;
	buddy_add_used_range(&zone, pfn, 100, &owner);
	buddy_add_range(&zone, pfn + 100, 100);
	assert_int_equal(zone.free, 100);
	for (pfn_t p = pfn; p < pfn + 100;) {
		struct page *page = &vmemmap[p];

		assert_int_equal(page->state, PAGE_USED);
		assert_ptr_equal(page->owner, &owner);
		p += 1UL << page->order;
		buddy_free(&zone, page);
	}
	assert_int_equal(zone.free, 200);
	for (pfn_t p = pfn; p < pfn + 200; p += 1UL << vmemmap[p].order) {
		assert_int_equal(vmemmap[p].state, PAGE_FREE);
		assert_int_equal(vmemmap[p].order, vmemmap[p].limit);
	}
}

/* What was in use from the start is marked when it is given out after all, of any order. */
static void test_used_range_is_marked(void **unused)
{
	static const struct page_owner owner = {.name = "early:test"};

	(void)unused;
	for (unsigned order = 0; order <= BLOCK_ORDER; order++) {
		uint64_t npages = 1UL << order;

		world_reset(NULL);
		op_online(&blocks[0]);
		zone_init(&zone, 0, ZONE_MOVABLE, &hooks);
		memset(blocks[0].dirty, 0, sizeof(blocks[0].dirty));
		memset(&added[0], (int)order, npages);
		buddy_add_used_range(&zone, 0, npages, &owner);
		assert_int_equal(vmemmap[0].order, order);
		buddy_free(&zone, &vmemmap[0]);
		hand_out(buddy_alloc_for(&zone, order, NULL), order);
	}
}

static bool no_merge(struct zone *z, pfn_t pfn, pfn_t buddy, unsigned order)
{
	(void)z, (void)pfn, (void)buddy, (void)order;
	return false;
}

/* Blocks that came in before anybody knew blocks merge when asked to. */
static void test_merge_at(void **unused)
{
	static const struct zone_hooks before = {.may_merge = no_merge, .mark_dirty = mark_dirty};

	(void)unused;
	zone.hooks = &before;
	for (unsigned b = 0; b < 8; b++)
		op_online(&blocks[b]);
	assert_int_equal(zone.area[BLOCK_ORDER].count, 8);
	zone.hooks = NULL;
	for (unsigned b = 0; b < 8; b++)
		buddy_merge_at(&zone, b * BLOCK_PAGES);
	assert_int_equal(zone.area[BLOCK_ORDER].count, 8);
	zone.hooks = &hooks;
	for (unsigned b = 0; b < 8; b++)
		buddy_merge_at(&zone, b * BLOCK_PAGES);
	assert_int_equal(zone.area[MAX_ORDER].count, 1);
	check_all();
}

static void test_bad_frees_panic(void **unused)
{
	struct page *page;

	(void)unused;
	online_first_device();
	page = buddy_alloc_for(&zone, 0, NULL);
	buddy_free(&zone, page);
	expect_panic(buddy_free(&zone, page), "double free");
	world_reset(NULL);
	online_first_device();
	page = buddy_alloc_for(&zone, 4, NULL);
	expect_panic(buddy_free(&zone, page + 3 * BLOCK_PAGES), "which heads covered");
	world_reset(NULL);
	online_first_device();
	page = buddy_alloc_for(&zone, 0, NULL);
	page->zone = 5; /* another zone's page */
	expect_panic(buddy_free(&zone, page), "wild free");
}

static void expect_violation(const char *words)
{
	char text[200] = "";

	assert_false(buddy_verify(&zone, text, sizeof(text)));
	if (strstr(text, words) == NULL)
		fail_msg("verify says \"%s\", not \"%s\"", text, words);
}

/* Every violation that verify knows, made by hand. */
static void test_verify_sees(void **unused)
{
	struct page *page;

	(void)unused;
	online_first_device();
	page = buddy_alloc_for(&zone, 0, NULL);
	zone.free++;
	expect_violation("free pages differ");
	zone.free--;
	zone.area[3].count++;
	expect_violation("count is wrong");
	zone.area[3].count -= 2;
	expect_violation("count is wrong");
	zone.area[3].count++;
	zone.nonempty ^= 1U << 4;
	expect_violation("bitmap");
	zone.nonempty ^= 1U << 4;
	page[2].order = 5;
	expect_violation("no free chunk");
	page[2].order = 1;
	page[2].state = PAGE_USED;
	expect_violation("no free chunk");
	page[2].state = PAGE_FREE;
	page[2].link.prev = &page[4].link;
	expect_violation("links disagree");
	page[2].link.prev = &zone.area[1].list;
	zone.managed = zone.free - 1;
	expect_violation("more pages free than managed");
	zone.managed = zone.present + 1;
	expect_violation("more pages managed than present");
	zone.managed = zone.present;
	zone.isolated = 1;
	expect_violation("no block going offline");
	zone.isolated = 0;
	buddy_free(&zone, page);
	zone.deferred = NULL;
	list_add(&page->link, &zone.area[0].list); /* on its list, but not merged */
	zone.area[0].count++;
	expect_violation("two free buddies");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_device_is_one_chunk, world_reset),
		cmocka_unit_test_setup(test_marks_by_granule, world_reset),
		cmocka_unit_test_setup(test_deferred_merge, world_reset),
		cmocka_unit_test_setup(test_isolate_with_deferred, world_reset),
		cmocka_unit_test_setup(test_free_across_isolated, world_reset),
		cmocka_unit_test_setup(test_used_range, world_reset),
		cmocka_unit_test_setup(test_used_range_is_marked, world_reset),
		cmocka_unit_test_setup(test_merge_at, world_reset),
		cmocka_unit_test_setup(test_bad_frees_panic, world_reset),
		cmocka_unit_test_setup(test_verify_sees, world_reset),
	};

	return cmocka_run_group_tests_name("buddy_cases", tests, NULL, NULL);
}
