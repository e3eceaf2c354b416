/*
 * tests/unit/test_walk.c - who holds a range, counted by runs of chunks that are alike.
 */
#include "tests/unit/hotplug_dimms.h"

#include "mm/vm/migrate.h"

#define CHUNKS	600U
#define OWNERS	3U
#define CALLERS 2U

static const struct page_owner owner[OWNERS] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
static struct page *chunk[CHUNKS];

/* Mostly like the one before, so that runs are long; births around the wrap of 32 bits. */
static void allocate(unsigned i, int node)
{
	static unsigned o, order, caller;

	if (rand() % 8 == 0)
		o = (unsigned)rand() % OWNERS;
	if (rand() % 8 == 0)
		caller = (unsigned)rand() % CALLERS;
	if (rand() % 16 == 0)
		order = (unsigned)rand() % 4;
	chunk[i] = page_alloc(order, ALLOC_THISNODE, node, &owner[o]);
	assert_non_null(chunk[i]);
	chunk[i]->caller = caller;
	chunk[i]->birth = (uint32_t)(rand() % 2000 - 1000);
}

/* The group that the chunks of one owner and caller make, chunk by chunk. */
static struct holder count(const struct page_owner *of, unsigned caller)
{
	struct holder h = {.owner = of};

	for (unsigned i = 0; i < CHUNKS; i++) {
		const struct page *page = chunk[i];

		if (page == NULL || page->owner != of || page->caller != caller)
			continue;
		if (h.chunks++ == 0 || (int32_t)(page->birth - h.oldest) < 0)
			h.oldest = page->birth;
		h.pages += 1UL << page->order;
	}
	return h;
}

static void assert_holders(const struct memory_device *device)
{
	struct block_range range = {device->start, device->npages, false};
	struct holder groups[OWNERS * CALLERS];
	unsigned n = blocks_holders(&range, groups, ARRAY_SIZE(groups));

	for (unsigned o = 0; o < OWNERS; o++)
		for (unsigned caller = 0; caller < CALLERS; caller++) {
			struct holder want = count(&owner[o], caller);
			unsigned found = 0;

			for (unsigned i = 0; i < n; i++) {
				if (groups[i].owner != &owner[o] ||
				    groups[i].caller != (KERNEL_BASE | caller))
					continue;
				found++;
				assert_int_equal(groups[i].chunks, want.chunks);
				assert_int_equal(groups[i].pages, want.pages);
				assert_int_equal(groups[i].oldest, want.oldest);
			}
			assert_int_equal(found, want.chunks != 0);
		}
}

static void runs_count_as_chunks_do(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 256 * MiB);

	(void)unused;
	srand(1);
	dimm_online(device, ONLINE_KERNEL);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < CHUNKS; i++)
			allocate(i, device->node);
		assert_holders(device);
		for (unsigned i = 0; i < CHUNKS; i++) {
			if (rand() % 3 != 0)
				continue;
			page_free(chunk[i]);
			chunk[i] = NULL;
		}
		assert_holders(device);
		for (unsigned i = 0; i < CHUNKS; i++) {
			if (chunk[i] != NULL)
				page_free(chunk[i]);
			chunk[i] = NULL;
		}
	}
	assert_holders(device);
	dimm_offline(device);
	dimm_remove(device);
}

/* --- chunks larger than a block --- */

static unsigned isolated;

static int refuse_isolate(const struct page_owner *who)
{
	(void)who;
	isolated++;
	return -EAGAIN;
}

static int move_nothing(const struct page_batch *batch)
{
	(void)batch;
	return 0;
}

static void put_nothing_back(const struct page_owner *who)
{
	(void)who;
}

static const struct page_owner_ops large_ops = {refuse_isolate, move_nothing, put_nothing_back};
static const struct page_owner large_owner = {.name = "large", .ops = &large_ops};

static struct page *allocate_large(unsigned order, int node)
{
	struct page *page = page_alloc(order, ALLOC_MOVABLE | ALLOC_THISNODE, node, &large_owner);

	assert_non_null(page);
	return page;
}

/* Each range of blocks meets the chunk over them once, however many blocks it lies over. */
static void a_large_chunk_counts_once(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 3 * GiB + 256 * MiB);
	struct page *page;

	(void)unused;
	dimm_online(device, ONLINE_MOVABLE);
	page = allocate_large(MAX_ORDER, device->node);
	for (unsigned first = 0; first < 8; first++)
		for (unsigned last = first; last < 8; last++) {
			struct block_range range = {page_to_pfn(page) + first * BLOCK_PAGES,
						    (last - first + 1) * BLOCK_PAGES, false};
			struct block_result result;
			struct refusal why = {0};
			struct holder group;

			assert_int_equal(blocks_holders(&range, &group, 1), 1);
			assert_int_equal(group.chunks, 1);
			assert_int_equal(group.pages, 1UL << MAX_ORDER);
			assert_int_equal(blocks_offline(&range, RANGE_DRY_RUN, 0, &result, &why),
					 0);
			assert_int_equal(result.moved_pages, 1UL << MAX_ORDER);
		}
	page_free(page);
	dimm_offline(device);
	dimm_remove(device);
}

/* Its user freed it while an offline of one of its blocks was about to move it. */
static void a_chunk_freed_before_its_turn(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 2 * GiB + 256 * MiB);
	struct page *large, *block[32];
	struct migration m = {0};
	unsigned n = 0;

	(void)unused;
	dimm_online(device, ONLINE_MOVABLE);
	large = allocate_large(BLOCK_ORDER + 2, device->node);
	m.next = large;
	m.start = large + 2 * BLOCK_PAGES;
	page_free(large);
	assert_int_equal(migrate_batch(&m, m.start + BLOCK_PAGES), 0);
	assert_ptr_equal(m.next, m.start);

	/* The block it began in stays: who is there now is not to move. */
	do {
		assert_true(n < ARRAY_SIZE(block));
		block[n] = allocate_large(BLOCK_ORDER, device->node);
	} while (block[n++] != large);
	m.next = large;
	isolated = 0;
	assert_int_equal(migrate_batch(&m, m.start + BLOCK_PAGES), 0);
	assert_ptr_equal(m.next, m.start);
	assert_int_equal(isolated, 0);
	while (n > 0)
		page_free(block[--n]);
	dimm_offline(device);
	dimm_remove(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(runs_count_as_chunks_do),
		world_test(a_large_chunk_counts_once),
		world_test(a_chunk_freed_before_its_turn),
	};

	return cmocka_run_group_tests_name("walk", tests, kit_boot, NULL);
}
