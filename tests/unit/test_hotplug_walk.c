/*
 * tests/unit/test_hotplug_walk.c - a long random walk over everything that can be done with
 * devices, with owners whose pages move, whose pages do not, and who are busy or fail.
 */
/* sources: mm/page_pin.c */
#include "tests/unit/hotplug_dimms.h"
#include "tests/unit/steps.h"

#include "mm/page_pin.h"

/* --- what happened, so that nothing is missed --- */

static struct {
	unsigned plugs, onlines, offlines, ejects, kept, moved, interrupted, busy, nospace, huge;
	unsigned batches, largest, pinned_long;
	unsigned partial; /* requests with RANGE_KEEP_GOING that did something */
} seen;

/* --- chunks in use, with contents that follow them --- */

#define CHUNKS_MAX 3000

struct chunk {
	struct page *page; /* NULL: not in use */
	uint64_t seed;
	unsigned order, pinned; /* for so many more looks at its owner */
	bool pinned_long;	/* up to its end, so it never moves */
};
static struct chunk chunks[CHUNKS_MAX];
static unsigned nchunks;
static unsigned fail_move_in; /* 0: never */

/* Owners of movable chunks: neighbours of one owner move together. */
#define OWNERS 3U
static const struct page_owner movable[OWNERS];
static bool held[OWNERS];
static unsigned busy[OWNERS]; /* so often it will not be isolated */

/* The i-th of the words that a chunk is known by: 16 at most, spread over its pages. */
static uint64_t *chunk_word(const struct page *page, unsigned order, unsigned i)
{
	uint64_t step = MAX((1UL << order) / 16, 1UL);

	if (i * step >= 1UL << order)
		return NULL;
	return (uint64_t *)((uint8_t *)page_to_virt(page) + i * step * PAGE_SIZE + 8 * i);
}

static void chunk_check(const struct chunk *chunk)
{
	uint64_t *word;

	assert_int_equal(chunk->page->state, PAGE_USED);
	assert_int_equal(chunk->page->order, chunk->order);
	assert_ptr_equal(&chunks[chunk->page->private], chunk);
	for (unsigned i = 0; (word = chunk_word(chunk->page, chunk->order, i)) != NULL; i++)
		assert_int_equal(*word, chunk->seed + i);
}

/* A look at an owner takes a pin from each of its chunks that has some. */
static void unpin(const struct page_owner *owner)
{
	for (unsigned i = 0; i < nchunks; i++)
		if (chunks[i].pinned > 0 && chunks[i].page->owner == owner) {
			page_unpin(chunks[i].page, PIN_SHORT);
			chunks[i].pinned--;
		}
}

static int fake_isolate(const struct page_owner *owner)
{
	unsigned i = (unsigned)(owner - movable);

	assert_true(i < OWNERS);
	assert_false(held[i]);
	assert_int_equal(spin_held_count(), 1);
	if (busy[i] > 0) {
		busy[i]--;
		return -EAGAIN;
	}
	unpin(owner);
	held[i] = true;
	return 0;
}

static void fake_putback(const struct page_owner *owner)
{
	assert_true(held[owner - movable]);
	assert_int_equal(spin_held_count(), 0);
	held[owner - movable] = false;
}

static void move_chunk(struct page *from, struct page *to)
{
	struct chunk *chunk = &chunks[from->private];
	uint64_t *word;

	assert_ptr_equal(chunk->page, from);
	assert_int_equal(chunk->pinned, 0);
	assert_false(chunk->pinned_long);
	assert_int_equal(to->order, from->order);
	for (unsigned i = 0; (word = chunk_word(to, to->order, i)) != NULL; i++)
		*word = *chunk_word(from, from->order, i);
	to->private = from->private;
	chunk->page = to;
}

/* Neighbours, in order, of the one owner; more pages than a batch may have only as one chunk. */
static int fake_move(const struct page_batch *batch)
{
	uint64_t pages = 0;

	assert_true(held[batch->owner - movable]);
	assert_in_range(batch->count, 1, PAGE_BATCH_MAX);
	for (unsigned i = 0; i < batch->count; i++) {
		assert_ptr_equal(batch->from[i]->owner, batch->owner);
		assert_true(i == 0 || batch->from[i] > batch->from[i - 1]);
		pages += 1UL << batch->from[i]->order;
	}
	assert_true(pages <= PAGE_BATCH_MAX || batch->count == 1);
	if (fail_move_in != 0 && --fail_move_in == 0)
		return -EIO;
	for (unsigned i = 0; i < batch->count; i++)
		move_chunk(batch->from[i], batch->to[i]);
	seen.batches++;
	seen.largest = MAX(seen.largest, batch->count);
	return 0;
}

static const struct page_owner_ops fake_ops = {fake_isolate, fake_move, fake_putback};
static const struct page_owner movable[OWNERS] = {
	{"fake:a", &fake_ops}, {"fake:b", &fake_ops}, {"fake:c", &fake_ops}};
static const struct page_owner fake_fixed = {"fake:fixed", NULL};

/* --- steps --- */

static struct memory_device *any_device(void)
{
	unsigned n = 0;

	while (memory_device_at(n) != NULL)
		n++;
	return memory_device_at((unsigned)kit_below(n)); /* boot memory as well */
}

static void step_alloc(void)
{
	unsigned order = (unsigned)(kit_below(25) == 0 ? kit_below(MAX_ORDER + 1) : kit_below(6));
	static const struct page_owner *runs_of = movable; /* allocations come in runs */
	const struct page_owner *owner = kit_below(60) != 0 ? runs_of : &fake_fixed;
	struct chunk *chunk = &chunks[nchunks];
	uint64_t *word;

	if (nchunks == CHUNKS_MAX)
		return;
	if (kit_below(16) == 0)
		runs_of = &movable[kit_below(OWNERS)];
	chunk->page = page_alloc(order, owner != &fake_fixed ? ALLOC_MOVABLE : 0U,
				 (int)kit_below(3), owner);
	if (chunk->page == NULL)
		return;
	if (owner == &fake_fixed)
		assert_int_equal(page_zone(chunk->page)->type, ZONE_NORMAL);
	seen.huge += order > BLOCK_ORDER;
	chunk->page->private = nchunks++;
	chunk->order = order;
	chunk->pinned = owner != &fake_fixed && kit_below(100) == 0 ? (unsigned)kit_below(12) : 0;
	for (unsigned i = 0; i < chunk->pinned; i++)
		page_pin(chunk->page, PIN_SHORT);
	chunk->pinned_long = owner != &fake_fixed && kit_below(60) == 0 &&
			     page_zone(chunk->page)->type == ZONE_NORMAL;
	if (chunk->pinned_long)
		page_pin(chunk->page, PIN_LONG);
	seen.pinned_long += chunk->pinned_long;
	if (kit_below(100) == 0)
		busy[kit_below(OWNERS)] = (unsigned)kit_below(12);
	chunk->seed = kit_random();
	for (unsigned i = 0; (word = chunk_word(chunk->page, order, i)) != NULL; i++)
		*word = chunk->seed + i;
}

static void free_chunk(unsigned i)
{
	chunk_check(&chunks[i]);
	for (; chunks[i].pinned > 0; chunks[i].pinned--)
		page_unpin(chunks[i].page, PIN_SHORT);
	if (chunks[i].pinned_long)
		page_unpin(chunks[i].page, PIN_LONG);
	page_free(chunks[i].page);
	chunks[i] = chunks[--nchunks];
	if (i < nchunks)
		chunks[i].page->private = i;
}

static void step_free(void)
{
	if (nchunks != 0)
		free_chunk((unsigned)kit_below(nchunks));
}

static void step_plug(void)
{
	uint64_t size =
		kit_below(4) == 0 ? (1 + kit_below(3)) * GiB : (2 + kit_below(200)) * SIZE_2M;
	paddr_t align = kit_below(3) == 0 ? GiB : SIZE_2M;
	paddr_t base = KIT_WINDOW + ALIGN_DOWN(kit_below(16 * GiB), align);
	struct memory_device_info info = dimm_info((int)kit_below(KIT_SLOTS), base, size);
	bool free = device_overlapping(paddr_to_pfn(base), size / PAGE_SIZE) == NULL &&
		    memory_device_by_slot(info.slot) == NULL;
	struct memory_device *device;
	struct refusal why = {0};
	int err;

	if (free)
		dimm_fill(base, size);
	err = memory_device_add(&info, &device, &why);
	if (err != (free ? 0 : -EEXIST))
		fail_msg("add: %s: %s", why.step, why.text);
	seen.plugs += free;
}

/* The first that was plugged, or NULL; boot memory lies below the window. */
static struct memory_device *plugged_device(void)
{
	return device_overlapping(paddr_to_pfn(KIT_WINDOW), paddr_to_pfn(KIT_WINDOW_SIZE));
}

/* Some of the devices' memory: one block, a device, or anything. */
static struct block_range any_range(void)
{
	struct memory_device *device = any_device();
	struct memory_block *block = &device->blocks[kit_below(device->nblocks)];

	switch (kit_below(4)) {
	case 0:
		return (struct block_range){block->start, block->npages, true};
	case 1:
		return (struct block_range){device->start + kit_below(device->npages),
					    1 + kit_below(4 * BLOCK_PAGES), false};
	default:
		return (struct block_range){device->start, device->npages, false};
	}
}

static void step_online(void)
{
	struct block_range range = any_range();
	struct block_result result;
	struct refusal why = {0};
	int err = blocks_online(&range, kit_below(3) ? ONLINE_MOVABLE : ONLINE_KERNEL, 0, &result,
				&why);

	assert_int_equal(err, why.err);
	if (err == 0)
		seen.onlines += result.done;
	else
		assert_true(err == -EALREADY || err == -ENOENT || err == -EINVAL);
}

static unsigned interrupt_in;

static void progress(const char *step, uint64_t moved, uint64_t total)
{
	(void)step, (void)moved, (void)total;
	if (interrupt_in != 0 && --interrupt_in == 0)
		kit_interrupt = true;
}

static void mishaps_begin(void)
{
	interrupt_in = kit_below(12) == 0 ? 1 + (unsigned)kit_below(60) : 0;
	fail_move_in = kit_below(12) == 0 ? 1 + (unsigned)kit_below(40) : 0;
}

static void mishaps_end(int err)
{
	interrupt_in = fail_move_in = 0;
	kit_interrupt = false;
	seen.interrupted += err == -EINTR;
	seen.busy += err == -EBUSY;
	seen.nospace += err == -ENOSPC;
}

static void step_offline(void)
{
	static const unsigned all_flags[] = {0, 0, 0, RANGE_KEEP_GOING, RANGE_DRY_RUN};
	unsigned flags = all_flags[kit_below(ARRAY_SIZE(all_flags))];
	struct block_range range = any_range();
	struct world before = world_now();
	struct block_result result;
	struct refusal why = {0};
	int err;

	mishaps_begin();
	err = blocks_offline(&range, flags, 0, &result, &why);
	mishaps_end(err);
	assert_int_equal(why.err, err);
	assert_true(err == 0 || (why.step != NULL && why.text[0] != '\0'));
	if (flags == RANGE_DRY_RUN || (err != 0 && !(flags & RANGE_KEEP_GOING)))
		assert_true(world_now().devices == before.devices);
	if (flags == RANGE_DRY_RUN)
		return;
	seen.offlines += result.done;
	seen.moved += (unsigned)result.moved_pages;
	seen.partial += (flags & RANGE_KEEP_GOING) && err != 0 && result.done != 0;
}

static void eject(struct memory_device *device)
{
	struct memory_device gone = *device;
	struct world before = world_now();
	struct refusal why = {0};
	int err;

	kit_ejects = 0;
	err = memory_device_eject(device->name, &why);
	mishaps_end(err);
	if (err == 0) {
		paddr_t usable = pfn_to_paddr(gone.start + gone.head.pages);
		paddr_t end = pfn_to_paddr(gone.start + gone.npages);

		assert_int_equal(kit_ejects, 1);
		assert_wiped(usable, end);
		assert_wiped(pfn_to_paddr(gone.head.tables), usable);
		kit_zero(pfn_to_paddr(gone.start), gone.npages * PAGE_SIZE);
		seen.ejects++;
		return;
	}
	/* Whatever the reason: every block is where it was. */
	assert_true(why.step != NULL && why.text[0] != '\0');
	assert_true(world_now().devices == before.devices);
	assert_true(world_now().leaves == before.leaves);
	assert_int_equal(pool_free(), before.pool);
	seen.kept += kit_ejects;
}

static void step_eject(void)
{
	kit_eject_error = kit_below(3) == 0 ? -EIO : 0;
	mishaps_begin();
	eject(any_device());
	kit_eject_error = 0;
}

static void check_everything(void)
{
	assert_sound();
	for (unsigned i = 0; i < nchunks; i++)
		chunk_check(&chunks[i]);
}

/* Boot memory cannot leave, but can be taken offline and may have changed its zone. */
static void boot_memory_back(void)
{
	struct memory_device *device;
	struct block_result result;

	for_each_device (device) {
		struct block_range range = {device->start, device->npages, false};

		blocks_offline(&range, RANGE_KEEP_GOING, 0, &result, NULL);
		blocks_online(&range, ONLINE_KERNEL, 0, &result, NULL);
	}
}

static void walk(unsigned steps, bool gib)
{
	static void (*const step[])(void) = {
		step_plug,    step_online, step_online,	 step_offline,
		step_offline, step_eject,  step_offline, step_plug,
	};
	struct memory_device *device;

	cpu_features.gib_pages = gib;
	hotplug_set_progress(progress);
	for (unsigned n = 0; n < steps; n++) {
		if (kit_below(12) == 0)
			step[kit_below(ARRAY_SIZE(step))]();
		else if (kit_below(n / 512 % 3 + 2) != 0)
			step_alloc();
		else
			step_free();
		if (n % 128 == 0)
			check_everything();
	}
	while (nchunks > 0)
		free_chunk(nchunks - 1);
	while ((device = plugged_device()) != NULL)
		eject(device);
	boot_memory_back();
	cpu_features.gib_pages = false;
	hotplug_set_progress(NULL);
}

static void assert_much_seen(void)
{
	assert_true(seen.plugs > 50 && seen.ejects > 50 && seen.kept > 10);
	assert_true(seen.onlines > 300 && seen.offlines > 300 && seen.moved > 1000);
	assert_true(seen.batches > 500 && seen.largest > 5 && seen.pinned_long > 50);
	assert_true(seen.interrupted > 5 && seen.busy > 20 && seen.huge > 15);
}

static void forty_thousand_steps(void **unused)
{
	unsigned steps = (unsigned)model_steps(40000) / 2;

	(void)unused;
	kit_seed = model_seed(kit_seed);
	walk(steps, false);
	walk(steps, true);
	print_message("%u plugged, %u ejected (%u kept by the firmware), %u blocks online, %u "
		      "offline (%u partly), %u pages moved, %u interrupted, %u busy, %u without "
		      "room, %u chunks larger than a block\n",
		      seen.plugs, seen.ejects, seen.kept, seen.onlines, seen.offlines, seen.partial,
		      seen.moved, seen.interrupted, seen.busy, seen.nospace, seen.huge);
	print_message("%u batches, of %u chunks at most; %u chunks pinned for long\n", seen.batches,
		      seen.largest, seen.pinned_long);
	if (model_own_seed())
		assert_much_seen();
}

/* A device of whole GiB grows together to the largest chunk, whatever the order of its blocks. */
static void blocks_merge_to_the_largest_chunk(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 3 * GiB);
	struct zone *zone = &nodes[2].zone[ZONE_MOVABLE];
	unsigned order[24], n = device->nblocks;
	struct world offline = world_now();
	struct block_result result;

	(void)unused;
	assert_int_equal(n, 24);
	for (unsigned i = 0; i < n; i++) {
		unsigned j = (unsigned)kit_below(i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	for (unsigned i = 0; i < n; i++) {
		struct memory_block *block = &device->blocks[order[i]];
		struct block_range range = {block->start, block->npages, true};

		assert_int_equal(blocks_online(&range, ONLINE_MOVABLE, 0, &result, NULL), 0);
		assert_sound();
	}
	assert_int_equal(zone->area[MAX_ORDER].count, 2); /* the head is in the first GiB */
	for (unsigned i = 0; i < n; i++) {
		struct memory_block *block = &device->blocks[order[n - 1 - i]];
		struct block_range range = {block->start, block->npages, true};

		assert_int_equal(blocks_offline(&range, 0, 0, &result, NULL), 0);
		assert_sound();
	}
	assert_world(&offline);
	dimm_remove(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(blocks_merge_to_the_largest_chunk),
		world_test(forty_thousand_steps),
	};

	return cmocka_run_group_tests_name("hotplug_walk", tests, kit_boot, NULL);
}
