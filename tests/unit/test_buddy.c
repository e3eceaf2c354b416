/*
 * tests/unit/test_buddy.c - the buddy allocator against a model that knows every page, over
 * millions of random operations (tests/unit/steps.h says how many and which).
 */
/* sources: mm/buddy.c mm/buddy_isolate.c mm/buddy_verify.c mm/zone.c */
#include "tests/unit/buddy_kit.h"
#include "tests/unit/steps.h"

/* No free chunk of `order` or more exists by the model. */
static void check_none(unsigned order)
{
	for (pfn_t pfn = 0; pfn < PAGES;) {
		unsigned here;

		if (state[pfn] != FREE) {
			pfn++;
			continue;
		}
		here = expected_order(pfn);
		assert_true(here < order);
		pfn += 1UL << here;
	}
}

static void op_alloc(unsigned order)
{
	struct page *page = buddy_alloc_for(&zone, order, NULL);

	if (page != NULL)
		hand_out(page, order);
	else if (kit_below(64) == 0)
		check_none(order);
}

/* Extends `first` to a random run of neighbours in the same state. */
static unsigned random_run(unsigned first)
{
	unsigned last = first;

	while (last + 1 < WINDOWS && blocks[last + 1].state == blocks[first].state &&
	       blocks[last + 1].start == blocks[last].end && kit_below(3) != 0)
		last++;
	return last;
}

/* Blocks go offline one range at a time and end the same way: in [going_first, going_last]. */
static unsigned going_first, going_last;

static void op_block(void)
{
	unsigned b = (unsigned)kit_below(WINDOWS);

	if (zone.isolating != 0) {
		/* a chunk may cross two blocks of the range: it ends as it began, or as a part
		 * that no chunk in use crosses */
		op_finish(going_first, going_last);
		assert_int_equal(zone.isolating, 0);
	} else if (blocks[b].state == OFFLINE) {
		op_online(&blocks[b]);
	} else {
		going_first = b;
		going_last = random_run(b);
		op_isolate(going_first, going_last);
	}
}

static void random_step(void)
{
	unsigned what = (unsigned)kit_below(1000);

	/* Waves of filling and emptying, so that large chunks come about and break again. */
	if (what < 2)
		op_block();
	else if (nchunks > 0 && kit_below(16) < (zone.allocs / 40000 % 2 ? 10 : 7))
		op_free();
	else
		op_alloc((unsigned)kit_below(kit_below(kit_below(MAX_ORDER + 1) + 1) + 1));
}

static void test_against_model(void **unused)
{
	unsigned long steps = model_steps(2000000);

	(void)unused;
	kit_seed = model_seed(kit_seed);
	for (unsigned long step = 0; step < steps; step++) {
		random_step();
		if (step % 8192 == 0)
			check_all();
		if (step % 100000 == 99999)
			free_everything();
	}
	free_everything();
	check_all();
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		assert_true(made[order] > 0 || (order == MAX_ORDER && !model_own_seed()));
	assert_true(merges_asked > 0 && marks > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_against_model, world_reset),
	};

	return cmocka_run_group_tests_name("buddy", tests, NULL, NULL);
}
