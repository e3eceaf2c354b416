/*
 * tests/unit/test_buddy.c - the buddy allocator against a model that knows every page.
 *
 * The model is a byte a page, with no idea of lists or splits.  From it follows what the free
 * chunks must be, since free buddies always are merged: the allocator's are compared with that,
 * all of them, after every few thousand operations.  Descriptors start hostile, and those of
 * blocks that are not online are poisoned: reading one ends the test.
 */
/* sources: mm/buddy.c mm/buddy_isolate.c mm/buddy_verify.c mm/zone.c */
#include "tests/unit/mm_kit.h"

#include <sanitizer/asan_interface.h>

#include "kernel/lib/errno.h"
#include "mm/buddy.h"

#define WINDOWS	 20UL
#define PAGES	 (WINDOWS * BLOCK_PAGES)
#define GRANULE	 512UL
#define GRANULES (BLOCK_PAGES / GRANULE)
#define ZONE_ID	 1U /* node 0, MOVABLE */

enum { OFF, FREE, USED, HELD };	 /* of a page */
enum { OFFLINE, ONLINE, GOING }; /* of a block */

struct block {
	pfn_t start, end; /* usable pages */
	unsigned device;
	bool whole; /* from window border to window border */
	int state;
	bool dirty[GRANULES];
};

struct chunk {
	pfn_t pfn;
	unsigned order;
};

static struct zone zone;
static struct block blocks[WINDOWS];
static uint8_t state[PAGES]; /* OFF .. HELD */
static uint8_t added[PAGES]; /* order of the chunk it came in as */
static bool given[PAGES];    /* handed out since its block went online */
static struct chunk *chunks; /* in use */
static unsigned nchunks;
static uint64_t made[MAX_ORDER + 1]; /* allocations of an order that succeeded */
static uint64_t merges_asked, marks;

/* --- the hooks, by the model --- */

static struct block *block_of(pfn_t pfn)
{
	assert_true(pfn < PAGES);
	return &blocks[pfn / BLOCK_PAGES];
}

static bool may_merge(struct zone *z, pfn_t pfn, pfn_t buddy, unsigned order)
{
	merges_asked++;
	assert_true(spin_is_held(&z->lock));
	assert_true(order >= BLOCK_ORDER && order < MAX_ORDER && buddy == (pfn ^ (1UL << order)));
	for (pfn_t p = buddy; p < buddy + (1UL << order); p += BLOCK_PAGES) {
		if (p >= PAGES)
			return false;
		if (!block_of(p)->whole || block_of(p)->state != ONLINE ||
		    block_of(p)->device != block_of(pfn)->device)
			return false;
	}
	return true;
}

static bool is_isolated(struct zone *z, pfn_t pfn)
{
	assert_true(z->isolating != 0);
	return block_of(pfn)->state == GOING;
}

static void mark_dirty(struct zone *z, pfn_t pfn, uint64_t npages)
{
	marks++;
	assert_true(spin_is_held(&z->lock));
	if (npages >= GRANULE)
		assert_true(pfn % GRANULE == 0 && npages % GRANULE == 0);
	else
		assert_true(npages == 1UL << added[pfn] && pfn % npages == 0);
	for (pfn_t p = pfn; p < pfn + npages; p = ALIGN_DOWN(p, GRANULE) + GRANULE)
		block_of(p)->dirty[p % BLOCK_PAGES / GRANULE] = true;
}

static const struct zone_hooks hooks = {may_merge, is_isolated, mark_dirty};

/* --- the model's view of what is free --- */

static bool all_are(pfn_t pfn, uint64_t npages, int what)
{
	return pfn + npages <= PAGES && state[pfn] == what &&
	       memcmp(&state[pfn], &state[pfn + 1], npages - 1) == 0;
}

/* May [pfn, pfn + 2^order) be one free chunk? */
static bool can_be_chunk(pfn_t pfn, unsigned order)
{
	uint64_t npages = 1UL << order;

	if (order <= BLOCK_ORDER)
		return order <= added[pfn] && all_are(pfn, npages, FREE);
	if (pfn + npages > PAGES)
		return false;
	for (pfn_t p = pfn; p < pfn + npages; p += BLOCK_PAGES)
		if (!block_of(p)->whole || block_of(p)->device != block_of(pfn)->device ||
		    block_of(p)->state != ONLINE)
			return false;
	return all_are(pfn, npages, FREE);
}

/* The order of the chunk that the free page `pfn` must be in. */
static unsigned expected_order(pfn_t pfn)
{
	unsigned order = 0;

	while (order < MAX_ORDER && can_be_chunk(ALIGN_DOWN(pfn, 2UL << order), order + 1))
		order++;
	return order;
}

static void check_free_lists(void)
{
	uint64_t count[MAX_ORDER + 1] = {0};
	uint64_t pages = 0;

	for (pfn_t pfn = 0; pfn < PAGES;) {
		unsigned order;

		if (state[pfn] != FREE) {
			pfn++;
			continue;
		}
		order = expected_order(pfn);
		assert_int_equal(vmemmap[pfn].state, PAGE_FREE);
		assert_int_equal(vmemmap[pfn].order, order);
		assert_int_equal(vmemmap[pfn].zone, ZONE_ID);
		count[order]++;
		pages += 1UL << order;
		pfn += 1UL << order;
	}
	assert_int_equal(zone.free, pages);
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		assert_int_equal(zone.area[order].count, count[order]);
}

/* Chunks tile every online block, and each is what the model says of all its pages. */
static void check_tiling(void)
{
	static const int states[] = {
		[PAGE_FREE] = FREE, [PAGE_USED] = USED, [PAGE_ISOLATED] = HELD};
	uint64_t held = 0;
	pfn_t pfn = 0;

	while (pfn < PAGES) {
		struct block *block = block_of(pfn);
		struct page *page = &vmemmap[pfn];

		if (block->state == OFFLINE || pfn < block->start || pfn >= block->end) {
			pfn++;
			continue;
		}
		assert_in_range(page->state, PAGE_FREE, PAGE_ISOLATED);
		assert_true(all_are(pfn, 1UL << page->order, states[page->state]));
		if (page->state == PAGE_ISOLATED)
			held += 1UL << page->order;
		for (pfn_t p = pfn + BLOCK_PAGES; p < pfn + (1UL << page->order); p += BLOCK_PAGES)
			assert_int_equal(vmemmap[p].state, PAGE_COVERED);
		pfn += 1UL << page->order;
	}
	assert_int_equal(zone.isolated, held);
}

static void check_all(void)
{
	char text[200];

	if (!buddy_verify(&zone, text, sizeof(text)))
		fail_msg("%s", text);
	check_free_lists();
	check_tiling();
	assert_int_equal(host_locks_held, 0);
}

/* --- operations --- */

static void set_pages(pfn_t pfn, uint64_t npages, int what)
{
	memset(&state[pfn], what, npages);
}

/* Frees in the model: what lies in a block that is going offline is held. */
static void model_free(pfn_t pfn, unsigned order)
{
	pfn_t end = pfn + (1UL << order);

	while (pfn < end) {
		pfn_t stop = MIN(end, ALIGN_DOWN(pfn, BLOCK_PAGES) + BLOCK_PAGES);

		set_pages(pfn, stop - pfn, block_of(pfn)->state == GOING ? HELD : FREE);
		pfn = stop;
	}
}

static void hand_out(struct page *page, unsigned order)
{
	pfn_t pfn = page_to_pfn(page);
	uint64_t npages = 1UL << order;

	assert_int_equal(pfn % npages, 0);
	assert_int_equal(page->state, PAGE_USED);
	assert_int_equal(page->order, order);
	assert_null(page->owner);
	assert_true(all_are(pfn, npages, FREE));
	set_pages(pfn, npages, USED);
	memset(&given[pfn], true, npages);
	for (pfn_t p = pfn; p < pfn + npages; p = ALIGN_DOWN(p, GRANULE) + GRANULE)
		assert_true(block_of(p)->dirty[p % BLOCK_PAGES / GRANULE]);
	page->owner = (const void *)1;
	chunks[nchunks++] = (struct chunk){pfn, order};
	made[order]++;
}

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
	struct page *page = buddy_alloc(&zone, order);

	if (page != NULL)
		hand_out(page, order);
	else if (kit_below(64) == 0)
		check_none(order);
}

static void op_alloc_at(void)
{
	unsigned order = (unsigned)kit_below(kit_below(MAX_ORDER + 1) + 1);
	pfn_t pfn = ALIGN_DOWN(kit_below(PAGES), 1UL << order);
	struct page *page;
	unsigned around;
	pfn_t head;

	if (state[pfn] != FREE)
		return;
	buddy_settle(&zone);
	around = expected_order(pfn);
	head = ALIGN_DOWN(pfn, 1UL << around);
	page = buddy_alloc_at(&zone, &vmemmap[head], pfn, order);
	assert_int_equal(page != NULL, order <= around);
	if (page != NULL) {
		assert_int_equal(page_to_pfn(page), pfn);
		hand_out(page, order);
	}
}

static void op_free(void)
{
	unsigned i = (unsigned)kit_below(nchunks);
	struct chunk chunk = chunks[i];

	assert_true(all_are(chunk.pfn, 1UL << chunk.order, USED));
	chunks[i] = chunks[--nchunks];
	model_free(chunk.pfn, chunk.order);
	buddy_free(&zone, &vmemmap[chunk.pfn]);
}

static void block_poison(struct block *block)
{
	pfn_t window = ALIGN_DOWN(block->start, BLOCK_PAGES);

	ASAN_UNPOISON_MEMORY_REGION(&vmemmap[window], BLOCK_PAGES * sizeof(struct page));
	kit_make_hostile(&vmemmap[window], BLOCK_PAGES, ZONE_ID);
	ASAN_POISON_MEMORY_REGION(&vmemmap[window], BLOCK_PAGES * sizeof(struct page));
}

static void op_online(struct block *block)
{
	uint64_t npages = block->end - block->start;

	ASAN_UNPOISON_MEMORY_REGION(&vmemmap[block->start], npages * sizeof(struct page));
	memset(&vmemmap[block->start], 0, sizeof(struct page)); /* as block_enter_zone() does */
	memset(block->dirty, 0, sizeof(block->dirty));
	memset(&given[block->start], 0, npages);
	for (pfn_t pfn = block->start; pfn < block->end;) {
		unsigned order = 0;

		while (order < BLOCK_ORDER && pfn % (2UL << order) == 0 &&
		       pfn + (2UL << order) <= block->end)
			order++;
		memset(&added[pfn], (int)order, 1UL << order);
		pfn += 1UL << order;
	}
	block->state = ONLINE;
	set_pages(block->start, npages, FREE);
	zone.present += npages;
	zone.managed += npages;
	buddy_add_range(&zone, block->start, npages);
}

/* The head of the chunk over the block's first usable page, as the hot-plug core finds it. */
static struct page *chunk_over(pfn_t pfn)
{
	struct page *page = &vmemmap[pfn];

	for (unsigned order = BLOCK_ORDER + 1; page->state == PAGE_COVERED; order++)
		page = &vmemmap[ALIGN_DOWN(pfn, 1UL << order)];
	return page;
}

static const struct chunk *used_across(pfn_t border)
{
	for (unsigned i = 0; i < nchunks; i++)
		if (chunks[i].pfn < border && border < chunks[i].pfn + (1UL << chunks[i].order))
			return &chunks[i];
	return NULL;
}

static int split_locked(pfn_t at, pfn_t inside)
{
	struct page *head = chunk_over(inside);
	int err = 0;

	if (page_to_pfn(head) + (1UL << head->order) > at)
		err = buddy_split_at_locked(&zone, head, at);
	assert_int_equal(err, used_across(at) != NULL ? -EBUSY : 0);
	return err;
}

/* Begins an offline of blocks first .. last, all online and of one run of usable pages. */
static void op_isolate(unsigned first, unsigned last)
{
	pfn_t start = blocks[first].start, end = blocks[last].end;
	uint64_t flags = spin_lock(&zone.lock);
	uint64_t held = 0;

	if (split_locked(start, start) == 0 && split_locked(end, blocks[last].start) == 0) {
		for (unsigned b = first; b <= last; b++)
			blocks[b].state = GOING;
		zone.isolating += last - first + 1;
		for (pfn_t pfn = start; pfn < end; pfn++)
			if (state[pfn] == FREE) {
				state[pfn] = HELD;
				held++;
			}
		assert_int_equal(buddy_isolate_range_locked(&zone, start, end - start), held);
	}
	spin_unlock(&zone.lock, flags);
}

/* A run of blocks that are all going offline ends: put back, or gone if nothing is in use. */
static void op_finish(unsigned first, unsigned last)
{
	pfn_t start = blocks[first].start, end = blocks[last].end;
	bool gone = memchr(&state[start], USED, end - start) == NULL && kit_below(2) == 0;
	uint64_t flags = spin_lock(&zone.lock);

	for (unsigned b = first; b <= last; b++)
		blocks[b].state = gone ? OFFLINE : ONLINE;
	zone.isolating -= last - first + 1;
	for (pfn_t pfn = start; pfn < end; pfn++)
		if (state[pfn] == HELD)
			state[pfn] = gone ? OFF : FREE;
	if (gone) {
		for (pfn_t pfn = start; pfn < end; pfn++)
			assert_true(!given[pfn] ||
				    block_of(pfn)->dirty[pfn % BLOCK_PAGES / GRANULE]);
		buddy_remove_range_locked(&zone, start, end - start);
		zone.present -= end - start;
		zone.managed -= end - start;
		for (unsigned b = first; b <= last; b++) {
			assert_string_equal(page_state_name(&vmemmap[blocks[b].start]), "nothing");
			block_poison(&blocks[b]);
		}
	} else {
		buddy_putback_range_locked(&zone, start, end - start);
	}
	spin_unlock(&zone.lock, flags);
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

/* Two whole devices of 1 GiB, one with a head and an odd end, one odd on both sides. */
static void world_create(void)
{
	kit_make_memmap(PAGES);
	chunks = calloc(PAGES, sizeof(*chunks));
	zone_init(&zone, 0, ZONE_MOVABLE, &hooks);
	assert_int_equal(zone.id, ZONE_ID);
	for (unsigned b = 0; b < WINDOWS; b++) {
		blocks[b].start = b * BLOCK_PAGES;
		blocks[b].end = (b + 1) * BLOCK_PAGES;
		blocks[b].device = b / 8;
	}
	blocks[8].start += 4099;
	blocks[15].end -= 1537;
	blocks[16].start += 20001;
	blocks[19].end -= 32767;
	for (unsigned b = 0; b < WINDOWS; b++) {
		blocks[b].whole = blocks[b].end - blocks[b].start == BLOCK_PAGES;
		block_poison(&blocks[b]);
	}
}

static void random_step(void)
{
	unsigned what = (unsigned)kit_below(1000);

	/* Waves of filling and emptying, so that large chunks come about and break again. */
	if (what < 2)
		op_block();
	else if (what < 10)
		op_alloc_at();
	else if (nchunks > 0 && kit_below(16) < (zone.allocs / 40000 % 2 ? 10 : 7))
		op_free();
	else
		op_alloc((unsigned)kit_below(kit_below(kit_below(MAX_ORDER + 1) + 1) + 1));
}

static void free_everything(void)
{
	while (nchunks > 0)
		op_free();
}

static void test_against_model(void **unused)
{
	const char *env = getenv("BUDDY_STEPS");
	unsigned long steps = env != NULL ? strtoul(env, NULL, 0) : 2000000;

	(void)unused;
	if (getenv("BUDDY_SEED") != NULL)
		kit_seed ^= strtoul(getenv("BUDDY_SEED"), NULL, 0) * 0xd1342543de82ef95UL;
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
		assert_true(made[order] > 0);
	assert_true(merges_asked > 0 && marks > 0);
}

/* --- single behaviours, each in a fresh world --- */

static int world_reset(void **unused)
{
	(void)unused;
	if (vmemmap == NULL) {
		world_create();
	} else {
		zone_init(&zone, 0, ZONE_MOVABLE, &hooks);
		host_locks_held = 0;
	}
	nchunks = 0;
	memset(state, OFF, sizeof(state));
	for (unsigned b = 0; b < WINDOWS; b++) {
		blocks[b].state = OFFLINE;
		block_poison(&blocks[b]);
	}
	return 0;
}

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
	page = buddy_alloc(&zone, MAX_ORDER);
	assert_ptr_equal(page, &vmemmap[0]);
	assert_int_equal(zone.free, 0);
	assert_null(buddy_alloc(&zone, 0));
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
		hand_out(buddy_alloc(&zone, 0), 0);
		assert_int_equal(dirty_granules(), 1);
	}
	assert_int_equal(marks, before + 1);
	hand_out(buddy_alloc(&zone, 3), 3);
	assert_int_equal(dirty_granules(), 2);
	hand_out(buddy_alloc(&zone, 11), 11);
	assert_int_equal(dirty_granules(), 6);
	hand_out(buddy_alloc_at(&zone, &vmemmap[4 * BLOCK_PAGES], 4 * BLOCK_PAGES + 777, 0), 0);
	assert_int_equal(dirty_granules(), 7);
	free_everything();
}

/* A page taken and given back in turn splits and merges nothing; settling does it all. */
static void test_deferred_merge(void **unused)
{
	struct page *first, *again;

	(void)unused;
	online_first_device();
	first = buddy_alloc(&zone, 0);
	assert_int_equal(zone.area[0].count, 1);
	buddy_free(&zone, first);
	assert_int_equal(zone.area[0].count, 1);
	assert_int_equal(zone.free, 8 * BLOCK_PAGES);
	again = buddy_alloc(&zone, 0);
	assert_ptr_equal(again, first);
	assert_int_equal(zone.area[0].count, 1);
	buddy_free(&zone, again);
	again = buddy_alloc_at(&zone, first, page_to_pfn(first), 0);
	assert_ptr_equal(again, first);
	buddy_free(&zone, again);
	again = buddy_alloc(&zone, MAX_ORDER); /* settles, since nothing else would do */
	assert_ptr_equal(again, &vmemmap[0]);
	buddy_free(&zone, again);
	buddy_free(&zone, buddy_alloc(&zone, 0));
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
		buddy_free(&zone, buddy_alloc(&zone, 0)); /* page 0 */
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
		page = buddy_alloc(&zone, BLOCK_ORDER + 2);
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
		hand_out(buddy_alloc(&zone, order), order);
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
	page = buddy_alloc(&zone, 0);
	buddy_free(&zone, page);
	expect_panic(buddy_free(&zone, page), "double free");
	world_reset(NULL);
	online_first_device();
	page = buddy_alloc(&zone, 4);
	expect_panic(buddy_free(&zone, page + 3 * BLOCK_PAGES), "which heads covered");
	world_reset(NULL);
	online_first_device();
	page = buddy_alloc(&zone, 0);
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
	page = buddy_alloc(&zone, 0);
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
		cmocka_unit_test_setup(test_against_model, world_reset),
	};

	return cmocka_run_group_tests_name("buddy", tests, NULL, NULL);
}
