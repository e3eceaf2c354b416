/*
 * tests/unit/test_unmovable.c - what cannot move is counted by granule, so that an offline finds it
 * without a walk: against the walk, through random allocations, and where it is hard.
 */
#include "tests/unit/hotplug_dimms.h"

static int move(const struct page_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++)
		batch->to[i]->private = batch->from[i]->private;
	return 0;
}

static int isolate(const struct page_owner *owner)
{
	(void)owner;
	return 0;
}

static void putback(const struct page_owner *owner)
{
	(void)owner;
}

static const struct page_owner_ops ops = {isolate, move, putback};
static const struct page_owner movable = {"test:movable", &ops};
static const struct page_owner fixed = {"test:fixed", NULL};

/* --- against the walk --- */

#define CHUNKS_MAX 4000U

static struct page *chunks[CHUNKS_MAX];
static unsigned nchunks;

static void alloc_some(void)
{
	unsigned order = (unsigned)(kit_below(20) == 0 ? kit_below(MAX_ORDER + 1) : kit_below(10));
	bool moves = kit_below(3) != 0;
	struct page *page;

	if (nchunks == CHUNKS_MAX)
		return;
	page = moves && kit_below(8) == 0 ? page_alloc_normal(order, 2, &movable)
					  : page_alloc(order, moves ? ALLOC_MOVABLE : 0U, 2,
						       moves ? &movable : &fixed);
	if (page != NULL)
		chunks[nchunks++] = page;
}

static void free_one(unsigned i)
{
	page_free(chunks[i]);
	chunks[i] = chunks[--nchunks];
}

static void find_fixed(const struct page *page, pfn_t first, uint64_t npages, void *ctx)
{
	const struct page **found = ctx;

	(void)first, (void)npages;
	if (*found == NULL && page->state == PAGE_USED && page->owner->ops == NULL)
		*found = page;
}

/* The first chunk in use that cannot move, by a walk. */
static const struct page *walk_for_fixed(const struct memory_block *block)
{
	const struct page *found = NULL;

	mutex_lock(&hotplug_lock);
	block_for_each_chunk(block, find_fixed, &found);
	mutex_unlock(&hotplug_lock);
	return found;
}

/* The counts find what the walk finds, in every block; returns how many blocks hold something. */
static unsigned compare_blocks(void)
{
	struct memory_device *device;
	unsigned held = 0;

	for_each_device (device)
		for (unsigned b = 0; b < device->nblocks; b++) {
			const struct memory_block *block = &device->blocks[b];
			const struct page *found;
			struct refusal why = {0};

			if (block->state != BLOCK_ONLINE)
				continue;
			found = walk_for_fixed(block);
			assert_int_equal(block_removable(block), found == NULL);
			assert_int_equal(block_refuse_counted(block, &why, "check"),
					 found == NULL ? 0 : -EBUSY);
			if (found == NULL)
				continue;
			assert_int_equal(why.pfn, page_to_pfn(found));
			held++;
			assert_true(block->zone->type == ZONE_NORMAL);
		}
	return held;
}

static void counts_find_what_the_walk_finds(void **unused)
{
	struct memory_device *normal = dimm_plug(0, KIT_WINDOW + 6 * SIZE_2M, 1028 * MiB);
	struct memory_device *mixed = dimm_plug(1, KIT_WINDOW + 2 * GiB, 2 * GiB);
	struct memory_device *other = dimm_plug(2, KIT_WINDOW + 5 * GiB, 512 * MiB);
	unsigned held = 0, most = 0;

	(void)unused;
	dimm_online(normal, ONLINE_KERNEL);
	dimm_online(mixed, ONLINE_KERNEL);
	dimm_online(other, ONLINE_MOVABLE);
	for (unsigned n = 0; n < 30000; n++) {
		if (kit_below(n / 4096 % 3 + 2) != 0)
			alloc_some();
		else if (nchunks != 0)
			free_one((unsigned)kit_below(nchunks));
		if (n % 64 == 0)
			held += compare_blocks();
		if (n % 512 == 0)
			assert_sound();
		most = MAX(most, nchunks);
	}
	assert_true(held > 1000 && most > 1000);
	while (nchunks > 0)
		free_one(nchunks - 1);
	compare_blocks();
	dimm_offline(normal);
	dimm_offline(mixed);
	dimm_offline(other);
	dimm_remove(normal);
	dimm_remove(mixed);
	dimm_remove(other);
}

/* --- one page at the end of a device that is full of what moves --- */

static void the_last_page_is_found_and_the_one_after_it(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 256 * MiB);
	struct memory_block *last = &device->blocks[device->nblocks - 1];
	struct page *hint, *other = NULL;
	struct refusal why = {0};

	(void)unused;
	dimm_online(device, ONLINE_KERNEL);
	hint = page_alloc(0, ALLOC_THISNODE, 2, &fixed);
	/* The lowest page of a split is given out first: what is left grows upwards from it. */
	for (unsigned i = 0; i < 700; i++) {
		struct page *page = page_alloc(0, ALLOC_THISNODE, 2, &fixed);

		if (other == NULL && granule_of(page_to_pfn(page)) != granule_of(page_to_pfn(hint)))
			other = page;
		else
			chunks[nchunks++] = page;
	}
	assert_non_null(other);
	while (nchunks > 0)
		free_one(nchunks - 1);
	assert_int_equal(range_offline(device->start, device->npages, &why), -EBUSY);
	assert_string_equal(why.step, "check");
	assert_int_equal(why.pfn, MIN(page_to_pfn(hint), page_to_pfn(other)));
	page_free(hint);
	why = (struct refusal){0};
	assert_int_equal(range_offline(device->start, device->npages, &why), -EBUSY);
	assert_int_equal(why.pfn, page_to_pfn(other));
	assert_sound();
	page_free(other);
	for (unsigned n = 0; n < BLOCK_GRANULES; n++)
		assert_true(last->unmovable[n] <= 96); /* on per-CPU lists, perhaps */
	dimm_offline(device);
	dimm_remove(device);
}

/* A count that is wrong is a violation. */
static unsigned violations;

static void report(const char *text)
{
	violations += strstr(text, "unmovable chunks counted in granule") != NULL;
}

static void check_compares_the_counts(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 256 * MiB);

	(void)unused;
	dimm_online(device, ONLINE_KERNEL);
	assert_true(hotplug_verify(report));
	device->blocks[1].unmovable[5]++;
	assert_false(hotplug_verify(report));
	assert_int_equal(violations, 1);
	device->blocks[1].unmovable[5]--;
	assert_true(hotplug_verify(report));
	dimm_offline(device);
	dimm_remove(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(counts_find_what_the_walk_finds),
		world_test(the_last_page_is_found_and_the_one_after_it),
		world_test(check_compares_the_counts),
	};

	return cmocka_run_group_tests_name("unmovable", tests, kit_boot, NULL);
}
