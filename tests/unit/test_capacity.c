/*
 * tests/unit/test_capacity.c - is there room elsewhere?  The answer against one that really
 * takes chunk after chunk out of a copy of the free lists.
 */
/* sources: mm/hotplug/capacity.c kernel/lib/refusal.c kernel/lib/errno.c */
#include "tests/unit/mm_kit.h"

#include "kernel/lib/errno.h"
#include "mm/hotplug/capacity.h"
#include "mm/node.h"

struct node nodes[MAX_NODES];
unsigned nr_nodes = 3;

#define ORDERS (MAX_ORDER + 1)

static const struct page_owner owner = {.name = "hog:test"};
static struct capacity capacity;

static int setup(void **unused)
{
	(void)unused;
	if (vmemmap == NULL)
		kit_make_memmap(ORDERS);
	memset(nodes, 0, sizeof(nodes));
	for (unsigned id = 0; id < nr_nodes * ZONE_TYPES; id++)
		zone_by_id(id)->id = (uint8_t)id;
	memset(&capacity, 0, sizeof(capacity));
	return 0;
}

static void need(unsigned order, uint64_t count)
{
	capacity.need[order] = count;
	capacity.need_pages += count << order;
	vmemmap[order].state = PAGE_USED;
	vmemmap[order].owner = &owner; /* page frame `order`: the first of this order */
	capacity.first[order] = (struct first_chunk){&vmemmap[order], &nodes[0].zone[ZONE_NORMAL]};
}

static void have(unsigned node, enum zone_type type, unsigned order, uint64_t count)
{
	nodes[node].zone[type].area[order].count += count;
}

/* Takes a chunk from the smallest order that has one, splitting; false: none. */
static bool take(uint64_t *list, unsigned order)
{
	unsigned from = order;

	while (from < ORDERS && list[from] == 0)
		from++;
	if (from == ORDERS)
		return false;
	list[from]--;
	while (from-- > order)
		list[from]++;
	return true;
}

static int reference(void)
{
	uint64_t list[ORDERS] = {0}, pages = 0;

	for (unsigned order = 0; order < ORDERS; order++) {
		for (unsigned n = 0; n < nr_nodes; n++)
			for (unsigned type = 0; type < ZONE_TYPES; type++)
				list[order] += nodes[n].zone[type].area[order].count;
		if (order == BLOCK_ORDER)
			list[order] += capacity.outside_blocks;
		list[order] -= MIN(list[order], capacity.inside[order]);
		pages += list[order] << order;
	}
	if (capacity.need_pages == 0)
		return 0;
	for (unsigned order = ORDERS; order-- > 0;)
		for (uint64_t n = 0; n < capacity.need[order]; n++)
			if (!take(list, order))
				return -ENOSPC;
	return pages >= capacity.need_pages + CAPACITY_RESERVE_PAGES ? 0 : -ENOSPC;
}

static void nothing_to_move_needs_no_room(void **unused)
{
	(void)unused;
	assert_int_equal(capacity_check(&capacity, NULL), 0);
	capacity.inside[3] = 100;
	assert_int_equal(capacity_check(&capacity, NULL), 0);
}

static void chunks_move_whole(void **unused)
{
	struct refusal why = {0};

	(void)unused;
	need(9, 2);
	have(0, ZONE_NORMAL, 8, 1000);
	have(1, ZONE_MOVABLE, 9, 1);
	assert_int_equal(capacity_check(&capacity, &why), -ENOSPC);
	assert_string_equal(why.step, "capacity");
	assert_true(why.has_pfn && why.pfn == 9);
	assert_string_equal(
		why.text,
		"is held by hog:test: 2 chunks of order 9 must move, room for 1 elsewhere");
	have(2, ZONE_NORMAL, 10, 1);
	assert_int_equal(capacity_check(&capacity, NULL), 0);
}

/* Its owner may have ended, and another may have a chunk of the same address. */
static void a_chunk_freed_since_is_nobody_s(void **unused)
{
	struct refusal why = {0};

	(void)unused;
	need(9, 2);
	vmemmap[9].state = PAGE_PCP;
	vmemmap[9].owner = (const struct page_owner *)1;
	assert_int_equal(capacity_check(&capacity, &why), -ENOSPC);
	assert_non_null(strstr(why.text, "is held by nobody any more: 2 chunks"));
}

/* Merged with its buddy since: what stood in its descriptor, the zone too, is gone. */
static void a_chunk_swallowed_since_is_nobody_s(void **unused)
{
	struct refusal why = {0};

	(void)unused;
	need(9, 2);
	memset(&vmemmap[9], HEAD_POISON, sizeof(vmemmap[9]));
	assert_int_equal(capacity_check(&capacity, &why), -ENOSPC);
	assert_non_null(strstr(why.text, "is held by nobody any more: 2 chunks"));
}

static void what_the_range_holds_is_of_no_use(void **unused)
{
	(void)unused;
	need(4, 10);
	have(0, ZONE_NORMAL, 9, 2);
	capacity.inside[9] = 1;
	assert_int_equal(capacity_check(&capacity, NULL), 0);
	capacity.inside[9] = 2;
	assert_int_equal(capacity_check(&capacity, NULL), -ENOSPC);
	capacity.inside[9] = 3; /* counted a moment apart */
	assert_int_equal(capacity_check(&capacity, NULL), -ENOSPC);
	/* ... but for the blocks of a large chunk that lie beyond it. */
	capacity.outside_blocks = 1;
	assert_int_equal(capacity_check(&capacity, NULL), 0);
}

static void a_reserve_is_kept(void **unused)
{
	struct refusal why = {0};

	(void)unused;
	need(0, 7);
	need(3, 1);
	have(0, ZONE_NORMAL, 0, 15 + CAPACITY_RESERVE_PAGES - 8);
	have(0, ZONE_NORMAL, 3, 1);
	assert_int_equal(capacity_check(&capacity, NULL), 0);
	have(0, ZONE_NORMAL, 0, (uint64_t)-1);
	assert_int_equal(capacity_check(&capacity, &why), -ENOSPC);
	assert_true(why.has_pfn && why.pfn == 0); /* the smallest is named */
	assert_non_null(strstr(why.text, "hog:test: 15 pages must move, 270 are free"));
}

static void nodes_beyond_the_last_do_not_count(void **unused)
{
	(void)unused;
	need(0, 1);
	have(3, ZONE_NORMAL, 9, 10);
	assert_int_equal(capacity_check(&capacity, NULL), -ENOSPC);
	have(2, ZONE_NORMAL, 9, 1);
	assert_int_equal(capacity_check(&capacity, NULL), 0);
}

static void any_free_lists_and_needs(void **unused)
{
	unsigned refused = 0;

	for (unsigned round = 0; round < 20000; round++) {
		unsigned width = 1 + (unsigned)kit_below(ORDERS);
		int want;

		setup(unused);
		for (unsigned i = 0; i < 4; i++)
			have((unsigned)kit_below(3), (enum zone_type)kit_below(2),
			     (unsigned)kit_below(width), kit_below(400 >> kit_below(9)));
		for (unsigned order = 0; order < width; order++)
			if (kit_below(3) == 0)
				need(order, kit_below(30 >> kit_below(5)));
		if (kit_below(2))
			capacity.inside[kit_below(width)] = kit_below(5);
		capacity.outside_blocks = kit_below(4) == 0 ? kit_below(8) : 0;
		want = reference();
		assert_int_equal(capacity_check(&capacity, NULL), want);
		refused += want != 0;
	}
	assert_in_range(refused, 4000, 16000); /* both answers were asked for */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_to_move_needs_no_room, setup),
		cmocka_unit_test_setup(chunks_move_whole, setup),
		cmocka_unit_test_setup(a_chunk_freed_since_is_nobody_s, setup),
		cmocka_unit_test_setup(a_chunk_swallowed_since_is_nobody_s, setup),
		cmocka_unit_test_setup(what_the_range_holds_is_of_no_use, setup),
		cmocka_unit_test_setup(a_reserve_is_kept, setup),
		cmocka_unit_test_setup(nodes_beyond_the_last_do_not_count, setup),
		cmocka_unit_test_setup(any_free_lists_and_needs, setup),
	};

	return cmocka_run_group_tests_name("capacity", tests, NULL, NULL);
}
