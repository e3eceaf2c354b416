/*
 * tests/kernel/test_pcp.c - per-CPU page lists on the real machine: how often the zone is spared,
 * and that no page is out of anybody's reach.
 */
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/pcp.h"
#include "tests/kernel/selftest.h"

#define PAGES 64U

static const struct page_owner owner = {.name = "selftest"};

static struct pcp_sums all_sums(void)
{
	struct pcp_sums all = {0};
	const struct zone *zone;

	for_each_zone (zone) {
		struct pcp_sums sums = pcp_sums(zone);

		all.pages += sums.pages;
		all.allocs += sums.allocs;
		all.refills += sums.refills;
		all.frees += sums.frees;
		all.spills += sums.spills;
	}
	return all;
}

/* What threads do, a few pages at a time, seldom needs a zone. */
KERNEL_TEST(pcp, most_allocations_spare_the_zone)
{
	static struct page *pages[PAGES];
	struct pcp_sums before, after;
	uint64_t random = 1, slow, all;

	before = all_sums();
	for (unsigned step = 0; step < 20000; step++) {
		struct page **page;

		random = random * 6364136223846793005UL + 1442695040888963407UL;
		page = &pages[(random >> 33) % PAGES];
		if (*page != NULL)
			page_free(*page);
		*page = *page != NULL ? NULL : page_alloc(0, 0, NODE_ANY, &owner);
	}
	for (unsigned i = 0; i < PAGES; i++) {
		if (pages[i] != NULL)
			page_free(pages[i]);
		pages[i] = NULL;
	}
	after = all_sums();
	slow = after.refills + after.spills - before.refills - before.spills;
	all = after.allocs + after.frees - before.allocs - before.frees;
	EXPECT(all >= 20000);
	EXPECT(slow * 50 <= all);
	test_note(t, "%lu of %lu took the zone's lock", slow, all);
}

/* Pages on lists are free, are merged when they are drained, and none is lost. */
KERNEL_TEST(pcp, drained_pages_are_whole_again)
{
	static struct zone_counts before, listed, after;
	struct zone *zone = &nodes[0].zone[ZONE_NORMAL];
	struct page *page;

	preempt_disable();
	pages_settle();
	buddy_counts(zone, &before);
	page = page_alloc(0, 0, 0, &owner);
	if (page != NULL)
		page_free(page);
	buddy_counts(zone, &listed);
	pages_settle();
	buddy_counts(zone, &after);
	preempt_enable();
	REQUIRE(page != NULL);
	EXPECT_EQ(before.pcp, 0);
	EXPECT(listed.pcp > 0);
	EXPECT_EQ(listed.free, before.free);
	EXPECT_EQ(after.pcp, 0);
	EXPECT_EQ(after.free, before.free);
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		EXPECT_EQ(after.area[order], before.area[order]);
}

/* A chunk that is whole but for pages on lists is had. */
KERNEL_TEST(pcp, large_chunks_are_had_through_the_lists)
{
	struct page *large[2], *page;
	unsigned order = MAX_ORDER;

	preempt_disable();
	pages_settle();
	while (order > 0 && (large[0] = page_alloc(order, ALLOC_THISNODE, 0, &owner)) == NULL)
		order--;
	if (large[0] != NULL)
		page_free(large[0]);
	page = page_alloc(0, ALLOC_THISNODE, 0, &owner);
	if (page != NULL)
		page_free(page);
	large[1] = page_alloc(order, ALLOC_THISNODE, 0, &owner);
	if (large[1] != NULL)
		page_free(large[1]);
	preempt_enable();
	EXPECT(order > ORDER_2M);
	EXPECT(large[1] != NULL);
}
