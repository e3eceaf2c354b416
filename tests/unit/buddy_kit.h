/*
 * tests/unit/buddy_kit.h - a world for tests of the buddy allocator: a zone, blocks of devices
 * of every shape, and a model that knows every page.
 *
 * The model is a byte a page, with no idea of lists or splits.  From it follows what the free
 * chunks must be, since free buddies always are merged: check_all() compares all of the
 * allocator's with that.  Descriptors start hostile, and those of blocks that are not online are
 * poisoned: reading one ends the test.
 */
#ifndef TESTS_UNIT_BUDDY_KIT_H
#define TESTS_UNIT_BUDDY_KIT_H

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
static bool kit_lists; /* free pages may lie on per-CPU lists */

/* --- the hooks, by the model --- */

static inline struct block *block_of(pfn_t pfn)
{
	assert_true(pfn < PAGES);
	return &blocks[pfn / BLOCK_PAGES];
}

static inline bool may_merge(struct zone *z, pfn_t pfn, pfn_t buddy, unsigned order)
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

static inline bool is_isolated(struct zone *z, pfn_t pfn)
{
	assert_true(z->isolating != 0);
	return block_of(pfn)->state == GOING;
}

static inline void mark_dirty(struct zone *z, pfn_t pfn, uint64_t npages)
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

static const struct zone_hooks hooks = {
	.may_merge = may_merge,
	.is_isolated = is_isolated,
	.mark_dirty = mark_dirty,
};

/* --- the model's view of what is free --- */

static inline bool all_are(pfn_t pfn, uint64_t npages, int what)
{
	return pfn + npages <= PAGES && state[pfn] == what &&
	       memcmp(&state[pfn], &state[pfn + 1], npages - 1) == 0;
}

/* May [pfn, pfn + 2^order) be one free chunk? */
static inline bool can_be_chunk(pfn_t pfn, unsigned order)
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
static inline unsigned expected_order(pfn_t pfn)
{
	unsigned order = 0;

	while (order < MAX_ORDER && can_be_chunk(ALIGN_DOWN(pfn, 2UL << order), order + 1))
		order++;
	return order;
}

static inline void check_free_lists(void)
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
static inline void check_tiling(void)
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

static inline void check_all(void)
{
	char text[200];

	if (!buddy_verify(&zone, text, sizeof(text)))
		fail_msg("%s", text);
	check_free_lists();
	check_tiling();
	assert_int_equal(host_locks_held, 0);
}

/* --- operations --- */

static inline void set_pages(pfn_t pfn, uint64_t npages, int what)
{
	memset(&state[pfn], what, npages);
}

/* Frees in the model: what lies in a block that is going offline is held. */
static inline void model_free(pfn_t pfn, unsigned order)
{
	pfn_t end = pfn + (1UL << order);

	while (pfn < end) {
		pfn_t stop = MIN(end, ALIGN_DOWN(pfn, BLOCK_PAGES) + BLOCK_PAGES);

		set_pages(pfn, stop - pfn, block_of(pfn)->state == GOING ? HELD : FREE);
		pfn = stop;
	}
}

static inline void hand_out(struct page *page, unsigned order)
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

/* Any chunk in use, which is none any more to the model. */
static inline struct page *pick_to_free(void)
{
	unsigned i = (unsigned)kit_below(nchunks);
	struct chunk chunk = chunks[i];

	assert_true(all_are(chunk.pfn, 1UL << chunk.order, USED));
	chunks[i] = chunks[--nchunks];
	model_free(chunk.pfn, chunk.order);
	return &vmemmap[chunk.pfn];
}

static inline void op_free(void)
{
	buddy_free(&zone, pick_to_free());
}

static inline void block_poison(struct block *block)
{
	pfn_t window = ALIGN_DOWN(block->start, BLOCK_PAGES);

	ASAN_UNPOISON_MEMORY_REGION(&vmemmap[window], BLOCK_PAGES * sizeof(struct page));
	kit_make_hostile(&vmemmap[window], BLOCK_PAGES, ZONE_ID);
	ASAN_POISON_MEMORY_REGION(&vmemmap[window], BLOCK_PAGES * sizeof(struct page));
}

static inline void op_online(struct block *block)
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
static inline struct page *chunk_over(pfn_t pfn)
{
	struct page *page = &vmemmap[pfn];

	for (unsigned order = BLOCK_ORDER + 1; page->state == PAGE_COVERED; order++)
		page = &vmemmap[ALIGN_DOWN(pfn, 1UL << order)];
	return page;
}

static inline const struct chunk *used_across(pfn_t border)
{
	for (unsigned i = 0; i < nchunks; i++)
		if (chunks[i].pfn < border && border < chunks[i].pfn + (1UL << chunks[i].order))
			return &chunks[i];
	return NULL;
}

static inline int split_locked(pfn_t at, pfn_t inside)
{
	struct page *head = chunk_over(inside);
	int err = 0;

	if (page_to_pfn(head) + (1UL << head->order) > at)
		err = buddy_split_at_locked(&zone, head, at);
	assert_int_equal(err, used_across(at) != NULL ? -EBUSY : 0);
	return err;
}

/* Begins an offline of blocks first .. last, all online and of one run of usable pages. */
static inline void op_isolate(unsigned first, unsigned last)
{
	pfn_t start = blocks[first].start, end = blocks[last].end;
	uint64_t flags = spin_lock(&zone.lock);
	uint64_t held = 0, isolated;
	bool cut = split_locked(start, start) == 0 && split_locked(end, blocks[last].start) == 0;

	if (cut) {
		for (unsigned b = first; b <= last; b++)
			blocks[b].state = GOING;
		zone.isolating += last - first + 1;
		for (pfn_t pfn = start; pfn < end; pfn++)
			if (state[pfn] == FREE) {
				state[pfn] = HELD;
				held++;
			}
		isolated = buddy_isolate_range_locked(&zone, start, end - start);
		assert_true(kit_lists ? isolated <= held : isolated == held);
	}
	spin_unlock(&zone.lock, flags);
	/* as block_isolate() has it: what was cut at one end grows together again */
	if (!cut && blocks[first].start % BLOCK_PAGES == 0)
		buddy_merge_at(&zone, start);
}

/* A run of blocks that are all going offline ends: put back, or gone if nothing is in use. */
static inline void op_finish(unsigned first, unsigned last)
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

/* Two whole devices of 1 GiB, one with a head and an odd end, one odd on both sides. */
static inline void world_create(void)
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

static inline void free_everything(void)
{
	while (nchunks > 0)
		op_free();
}

static inline int world_reset(void **unused)
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

#endif
