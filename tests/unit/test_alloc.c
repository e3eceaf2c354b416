/*
 * tests/unit/test_alloc.c - which zone of which node serves a page allocation, against a rule
 * written down plainly: over every small arrangement of full and empty zones and every request.
 */
/* sources: mm/alloc.c mm/pcp.c kernel/cpulock.c mm/buddy.c mm/buddy_isolate.c */
/* sources: mm/buddy_verify.c mm/zone.c */
#include "tests/unit/mm_kit.h"

#include "arch/percpu.h"
#include "kernel/clock.h"
#include "mm/alloc.h"
#include "mm/pcp.h"

#define NODES	      3U
#define ZONE_PAGES    64UL /* of each zone, at ZONE_BASE(id): one chunk of order 6 */
#define ZONE_BASE(id) ((pfn_t)(id)*1024)
#define ZONES	      (NODES * ZONE_TYPES)

struct node nodes[MAX_NODES];
unsigned nr_nodes = NODES;

uint64_t clock_tick_count = 0x1234567890UL;

/* Nearest first: of node 1, node 2 is nearer than node 0. */
static const uint8_t orders[NODES][NODES] = {{0, 1, 2}, {1, 2, 0}, {2, 1, 0}};

static int move_nothing(const struct page_batch *batch)
{
	(void)batch;
	return 0;
}

static const struct page_owner_ops movable_ops = {.move = move_nothing};
static const struct page_owner movable = {"movable", &movable_ops};
static const struct page_owner fixed = {"fixed", NULL};

#define CPUS 3U

static struct pcp lists[ZONES][CPUS];
static bool with_lists; /* from then on: the table of lists in mm/alloc.c only grows */

static void give_lists(struct zone *zone)
{
	memset(lists[zone->id], 0, sizeof(lists[zone->id]));
	pages_use_lists(zone, lists[zone->id], CPUS);
}

/* Fresh nodes; zone i has memory where bit i of `filled` is set. */
static void make_nodes(unsigned filled)
{
	for (unsigned n = 0; n < NODES; n++) {
		nodes[n].nfallback = NODES;
		memcpy(nodes[n].fallback, orders[n], NODES);
		for (unsigned type = 0; type < ZONE_TYPES; type++) {
			struct zone *zone = &nodes[n].zone[type];

			zone_init(zone, n, (enum zone_type)type, NULL);
			if (with_lists)
				give_lists(zone);
			if (!(filled >> zone->id & 1))
				continue;
			zone->present = zone->managed = ZONE_PAGES;
			buddy_add_range(zone, ZONE_BASE(zone->id), ZONE_PAGES);
		}
	}
}

static int setup(void **unused)
{
	(void)unused;
	if (vmemmap == NULL) {
		kit_make_memmap(ZONE_BASE(ZONES));
		kit_make_memory(ZONE_BASE(ZONES));
	}
	make_nodes(~0U);
	return 0;
}

static bool none_isolated(struct zone *zone, pfn_t pfn)
{
	(void)zone, (void)pfn;
	return false;
}

static const struct zone_hooks nothing_isolated = {.is_isolated = none_isolated};

/* The rule: the zone id that must serve, or -1. */
static int expected_zone(unsigned filled, unsigned flags, unsigned node)
{
	for (unsigned i = 0; i < NODES; i++) {
		unsigned n = orders[node][i];

		if ((flags & ALLOC_THISNODE) && n != node)
			continue;
		if ((flags & ALLOC_MOVABLE) && (filled >> (n * ZONE_TYPES + ZONE_MOVABLE) & 1))
			return (int)(n * ZONE_TYPES + ZONE_MOVABLE);
		if (filled >> (n * ZONE_TYPES + ZONE_NORMAL) & 1)
			return (int)(n * ZONE_TYPES + ZONE_NORMAL);
	}
	return -1;
}

static void test_every_arrangement(void **unused)
{
	(void)unused;
	for (unsigned filled = 0; filled < 1U << ZONES; filled++)
		for (unsigned flags = 0; flags < 4; flags++)
			for (int node = NODE_ANY; node < (int)NODES; node++) {
				unsigned home = flags & ALLOC_MOVABLE ? 2 : 1;
				int want = expected_zone(filled, flags,
							 node < 0 ? home : (unsigned)node);
				struct page *page;

				make_nodes(filled);
				percpu[0] = (struct percpu){.home = {1, 2}};
				page = page_alloc(0, flags, node,
						  flags & ALLOC_MOVABLE ? &movable : &fixed);
				assert_int_equal(page == NULL ? -1 : (int)page->zone, want);
				if (page == NULL)
					continue;
				assert_ptr_equal(page_zone(page), zone_by_id((unsigned)want));
				page_free(page);
				assert_int_equal(zone_free_pages(zone_by_id((unsigned)want)),
						 ZONE_PAGES);
			}
}

/* Movable requests begin at the CPU's own node, others at the nearest with boot memory. */
static void test_homes(void **unused)
{
	(void)unused;
	make_nodes(1U << (0 * ZONE_TYPES + ZONE_NORMAL) | 1U << (2 * ZONE_TYPES + ZONE_MOVABLE));
	for (unsigned n = 0; n < NODES; n++) {
		pages_set_home(n, n);
		assert_int_equal(percpu[n].home[ALLOC_MOVABLE], n);
		assert_int_equal(percpu[n].home[0], 0);
	}
	make_nodes(~0U ^ 1U << (0 * ZONE_TYPES + ZONE_NORMAL) ^
		   1U << (2 * ZONE_TYPES + ZONE_NORMAL));
	pages_set_home(2, 2);
	assert_int_equal(percpu[2].home[0], 1);
	host_cpu = 2;
	assert_int_equal(page_alloc(0, 0, NODE_ANY, &fixed)->zone, 1 * ZONE_TYPES + ZONE_NORMAL);
	assert_int_equal(page_alloc(0, ALLOC_MOVABLE, NODE_ANY, &movable)->zone,
			 2 * ZONE_TYPES + ZONE_MOVABLE);
	/* Where there is none at all, the node itself. */
	make_nodes(0);
	pages_set_home(2, 1);
	assert_int_equal(percpu[2].home[0], 1);
	host_cpu = 0;
}

/* Unmovable requests exhaust the NORMAL zones and nothing else. */
static void test_exhaustion(void **unused)
{
	unsigned got = 0;

	(void)unused;
	while (page_alloc(0, 0, 1, &fixed) != NULL)
		got++;
	assert_int_equal(got, NODES * ZONE_PAGES);
	for (unsigned n = 0; n < NODES; n++) {
		assert_int_equal(nodes[n].zone[ZONE_NORMAL].free, 0);
		assert_int_equal(nodes[n].zone[ZONE_MOVABLE].free, ZONE_PAGES);
	}
	while (page_alloc(0, ALLOC_MOVABLE, 1, &movable) != NULL)
		got++;
	assert_int_equal(got, ZONES * ZONE_PAGES);
	assert_int_equal(pages_free(), 0);
	assert_int_equal(pages_managed(), ZONES * ZONE_PAGES);
	assert_int_equal(pages_present(), ZONES * ZONE_PAGES);
}

/* A zone whose only large chunk is one put-off merge away is not passed over. */
static void test_settles_for_large(void **unused)
{
	struct page *page;

	(void)unused;
	make_nodes(1U << ZONE_NORMAL);
	page_free(page_alloc(0, 0, 0, &fixed));
	page = page_alloc(6, 0, 0, &fixed);
	assert_non_null(page);
	assert_null(page_alloc(0, 0, 0, &fixed));
	page_free(page);
	assert_null(page_alloc(7, 0, 0, &fixed));
	assert_null(page_alloc(MAX_ORDER + 1, 0, 0, &fixed));
	assert_null(page_alloc(~0U, 0, 0, &fixed));
}

static int setup_lists(void **unused)
{
	with_lists = true;
	host_cpu = 0;
	return setup(unused);
}

/* What other CPUs have on their lists is found before a request fails, and merged for a large
 * one. */
static void test_other_lists_are_reached(void **unused)
{
	static struct page *pages[ZONE_PAGES];

	(void)unused;
	make_nodes(1U << ZONE_NORMAL);
	for (unsigned i = 0; i < ZONE_PAGES; i++)
		pages[i] = page_alloc(0, 0, 0, &fixed);
	assert_null(page_alloc(0, 0, 0, &fixed));
	for (unsigned i = 0; i < ZONE_PAGES; i++) {
		lists[0][i % CPUS].list[0].high = ZONE_PAGES;
		host_cpu = i % CPUS;
		page_free(pages[i]);
	}
	assert_int_equal(nodes[0].zone[ZONE_NORMAL].free, 0);
	assert_int_equal(pages_free(), ZONE_PAGES);
	host_cpu = 0;
	page_free(page_alloc(6, 0, 0, &fixed));
	for (unsigned i = 0; i < ZONE_PAGES; i++) {
		pages[i] = page_alloc(0, 0, 0, &fixed);
		assert_non_null(pages[i]);
	}
	lists[0][1].list[0].high = 1;
	host_cpu = 1;
	page_free(pages[7]);
	assert_int_equal(pages[7]->state, PAGE_PCP);
	host_cpu = 2;
	assert_ptr_equal(page_alloc(0, 0, 0, &fixed), pages[7]);
	assert_null(page_alloc(0, 0, 0, &fixed));
}

/* While blocks go offline nothing is put on a list. */
static void test_isolating_closes_lists(void **unused)
{
	struct zone *zone = &nodes[0].zone[ZONE_NORMAL];
	struct page *page;

	(void)unused;
	page = page_alloc(0, 0, 0, &fixed);
	lists[0][0].list[0].high = ZONE_PAGES;
	zone->isolating = 1;
	zone->hooks = &nothing_isolated;
	page_free(page);
	assert_int_equal(page->state, PAGE_FREE);
	zone->isolating = 0;
	page = page_alloc(0, 0, 0, &fixed);
	lists[0][0].list[0].high = ZONE_PAGES;
	page_free(page);
	assert_int_equal(page->state, PAGE_PCP);
}

static void test_records(void **unused)
{
	struct page *page = page_alloc(3, 0, NODE_ANY, &fixed);

	(void)unused;
	assert_ptr_equal(page->owner, &fixed);
	assert_int_equal(page->birth, (uint32_t)clock_tick_count);
	assert_int_equal(page->private, 0);
	assert_int_equal(page->short_pins + page->long_pins, 0);
	assert_in_range((uint32_t)(page->caller - (uint32_t)(uintptr_t)test_records), 1, 4096);
	page_free(page);
}

static void test_zeroes(void **unused)
{
	(void)unused;
	for (unsigned order = 0; order <= 6; order++) {
		uint64_t size = PAGE_SIZE << order;
		unsigned char *all = phys_to_virt(pfn_to_paddr(ZONE_BASE(0)));
		struct page *page;
		unsigned char *p;

		memset(all, 0xaa, ZONE_PAGES * PAGE_SIZE);
		page = page_alloc(order, ALLOC_ZERO | ALLOC_THISNODE, 0, &fixed);
		p = page_to_virt(page);
		for (unsigned char *q = all; q < all + ZONE_PAGES * PAGE_SIZE; q++)
			assert_int_equal(*q, q >= p && q < p + size ? 0 : 0xaa);
		page_free(page);
	}
}

static void test_misuse_panics(void **unused)
{
	(void)unused;
	expect_panic(page_alloc(0, ALLOC_MOVABLE, 0, &fixed), "page_owner_movable");
	expect_panic(page_alloc(0, 0, 0, NULL), "owner");
	expect_panic(page_alloc(0, 0, NODES, &fixed), "nr_nodes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_arrangement, setup),
		cmocka_unit_test_setup(test_homes, setup),
		cmocka_unit_test_setup(test_exhaustion, setup),
		cmocka_unit_test_setup(test_settles_for_large, setup),
		cmocka_unit_test_setup(test_records, setup),
		cmocka_unit_test_setup(test_zeroes, setup),
		cmocka_unit_test_setup(test_misuse_panics, setup),
		cmocka_unit_test_setup(test_every_arrangement, setup_lists),
		cmocka_unit_test_setup(test_exhaustion, setup_lists),
		cmocka_unit_test_setup(test_settles_for_large, setup_lists),
		cmocka_unit_test_setup(test_records, setup_lists),
		cmocka_unit_test_setup(test_zeroes, setup_lists),
		cmocka_unit_test_setup(test_other_lists_are_reached, setup_lists),
		cmocka_unit_test_setup(test_isolating_closes_lists, setup_lists),
	};

	return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
