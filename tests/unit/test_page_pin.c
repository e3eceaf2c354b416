/*
 * tests/unit/test_page_pin.c - pins are counted by kind; an offline waits for short ones, within
 * bounds, and refuses long ones before anything has moved.
 */
/* sources: mm/page_pin.c */
#include "tests/unit/hotplug_dimms.h"

#include "mm/page_pin.h"

/* --- an owner whose chunks move, unless pinned --- */

#define CHUNKS 40U

static struct page *chunk[CHUNKS];
static unsigned moves, isolated;
static uint64_t unpin_at_us; /* the short pin of pinned_chunk ends; 0: never */
static struct page *pinned_chunk;

static int isolate(const struct page_owner *of)
{
	(void)of;
	if (unpin_at_us != 0 && kit_time_us >= unpin_at_us) {
		page_unpin(pinned_chunk, PIN_SHORT);
		unpin_at_us = 0;
	}
	isolated++;
	return 0;
}

static int move(const struct page_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		struct page *to = batch->to[i];

		assert_false(page_pinned(batch->from[i]));
		to->private = batch->from[i]->private;
		chunk[to->private] = to;
		moves++;
	}
	return 0;
}

static void putback(const struct page_owner *of)
{
	(void)of;
	isolated--;
}

static const struct page_owner_ops ops = {isolate, move, putback};
static const struct page_owner owner = {"hog:a", &ops};

/* A DIMM of two blocks, the chunks in its second one. */
static struct memory_device *setup(enum online_type type)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 256 * MiB);
	struct block_range second = {device->blocks[1].start, device->blocks[1].npages, true};
	struct block_result result;

	assert_int_equal(blocks_online(&second, type, 0, &result, NULL), 0);
	for (unsigned i = 0; i < CHUNKS; i++) {
		chunk[i] = page_alloc(i / 14, ALLOC_MOVABLE | ALLOC_THISNODE, device->node, &owner);
		assert_non_null(chunk[i]);
		chunk[i]->private = i;
	}
	moves = 0;
	return device;
}

static void teardown(struct memory_device *device)
{
	assert_int_equal(isolated, 0);
	for (unsigned i = 0; i < CHUNKS; i++)
		page_free(chunk[i]);
	if (device->blocks_online != 0)
		dimm_offline(device);
	dimm_remove(device);
}

/* Refused at `step` because of `page`, and no state has changed. */
static void refused(const struct memory_device *device, const char *step, const struct page *page,
		    const char *words)
{
	struct world before = world_now();
	struct refusal why = {0};

	assert_int_equal(range_offline(device->start, device->npages, &why), -EBUSY);
	assert_string_equal(why.step, step);
	assert_true(why.has_pfn && why.pfn == page_to_pfn(page));
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, why.text);
	assert_true(world_now().devices == before.devices);
	assert_sound();
}

/* --- counts --- */

static void kinds_are_counted_apart(void **unused)
{
	struct page *page = page_alloc(2, ALLOC_MOVABLE, 0, &owner);

	(void)unused;
	assert_false(page_pinned(page));
	assert_int_equal(page_pin(page, PIN_SHORT), 0);
	assert_true(page_pinned(page) && page_movable(page));
	assert_int_equal(page_pin(page, PIN_LONG), 0);
	assert_int_equal(page_pin(page, PIN_LONG), 0);
	assert_int_equal(page_pins(page, PIN_SHORT), 1);
	assert_int_equal(page_pins(page, PIN_LONG), 2);
	page_unpin(page, PIN_SHORT);
	page_unpin(page, PIN_LONG);
	assert_true(page_pinned(page) && !page_movable(page));
	page_unpin(page, PIN_LONG);
	assert_true(!page_pinned(page) && page_movable(page));
	page_free(page);
}

static void no_count_overflows(void **unused)
{
	struct page *page = page_alloc(0, ALLOC_MOVABLE, 0, &owner);

	(void)unused;
	for (enum pin_kind kind = PIN_SHORT; kind <= PIN_LONG; kind++) {
		for (unsigned i = 0; i < UINT16_MAX; i++)
			assert_int_equal(page_pin(page, kind), 0);
		assert_int_equal(page_pin(page, kind), -EOVERFLOW);
		assert_int_equal(page_pins(page, kind), UINT16_MAX);
		assert_int_equal(page_pins(page, PIN_LONG), kind == PIN_LONG ? UINT16_MAX : 0);
		for (unsigned i = 0; i < UINT16_MAX; i++)
			page_unpin(page, kind);
	}
	expect_panic(page_unpin(page, PIN_SHORT), "count != 0");
	expect_panic(page_unpin(page, PIN_LONG), "count != 0");
	page_free(page);
	expect_panic(page_pin(page, PIN_SHORT), "PAGE_USED");
}

/* --- what an offline does about them --- */

static void long_pin_refuses_before_anything_moves(void **unused)
{
	struct memory_device *device = setup(ONLINE_KERNEL);
	struct block_range range = {device->start, device->npages, false};
	struct block_result result;
	struct holder groups[4];

	(void)unused;
	assert_true(block_removable(&device->blocks[1]));
	assert_int_equal(page_pin(chunk[CHUNKS - 1], PIN_LONG), 0);
	assert_int_equal(page_pin(chunk[0], PIN_SHORT), 0);
	refused(device, "check", chunk[CHUNKS - 1], "is pinned by hog:a, long");
	assert_int_equal(moves, 0);
	assert_int_equal(blocks_offline(&range, RANGE_DRY_RUN, 0, &result, NULL), -EBUSY);
	assert_false(block_removable(&device->blocks[1]));

	assert_int_equal(blocks_holders(&range, groups, 4), 2);
	assert_true(groups[0].movable && !groups[0].pinned);
	assert_true(!groups[1].movable && groups[1].pinned);
	assert_int_equal(groups[1].chunks, 1);
	assert_int_equal(groups[1].first, page_to_pfn(chunk[CHUNKS - 1]));

	page_unpin(chunk[CHUNKS - 1], PIN_LONG);
	page_unpin(chunk[0], PIN_SHORT);
	assert_true(block_removable(&device->blocks[1]));
	dimm_offline(device);
	assert_int_equal(moves, CHUNKS);
	teardown(device);
}

static void short_pin_is_waited_for(void **unused)
{
	struct memory_device *device = setup(ONLINE_MOVABLE);
	uint64_t began = kit_time_us;

	(void)unused;
	pinned_chunk = chunk[7];
	assert_int_equal(page_pin(pinned_chunk, PIN_SHORT), 0);
	assert_int_equal(page_pin(pinned_chunk, PIN_SHORT), 0);
	page_unpin(pinned_chunk, PIN_SHORT);
	unpin_at_us = began + 200000;
	dimm_offline(device);
	assert_int_equal(moves, CHUNKS);
	assert_true(kit_time_us - began >= 200000);
	teardown(device);
}

static void short_pin_without_end_is_refused_and_named(void **unused)
{
	struct memory_device *device = setup(ONLINE_MOVABLE);
	uint64_t began = kit_time_us;

	(void)unused;
	assert_int_equal(page_pin(chunk[7], PIN_SHORT), 0);
	refused(device, "migrate", chunk[7], "is pinned by hog:a, short");
	assert_in_range(kit_time_us - began, 400000, 5000000);
	assert_int_equal(moves, CHUNKS - 1);
	page_unpin(chunk[7], PIN_SHORT);
	dimm_offline(device);
	assert_int_equal(moves, CHUNKS);
	teardown(device);
}

/* A long pin that came behind the check's back. */
static int isolate_late(const struct page_owner *of)
{
	if (page_pins(chunk[3], PIN_LONG) == 0)
		page_pin(chunk[3], PIN_LONG);
	return isolate(of);
}

static void late_long_pin_is_not_waited_for(void **unused)
{
	static const struct page_owner_ops late_ops = {isolate_late, move, putback};
	static const struct page_owner late_owner = {"hog:late", &late_ops};
	struct memory_device *device = setup(ONLINE_KERNEL);
	uint64_t began = kit_time_us;

	(void)unused;
	chunk[3]->owner = &late_owner;
	refused(device, "migrate", chunk[3], "is pinned by hog:late, long");
	assert_true(kit_time_us - began < 1000);
	page_unpin(chunk[3], PIN_LONG);
	chunk[3]->owner = &owner;
	teardown(device);
}

static unsigned violations;
static char violation_text[8][256];

static void report(const char *text)
{
	snprintf(violation_text[violations++ % 8], 256, "%s", text);
}

static void check_finds_what_movable_zones_may_not_hold(void **unused)
{
	static const struct page_owner fixed = {"fixed", NULL};
	struct memory_device *device = setup(ONLINE_MOVABLE);

	(void)unused;
	assert_true(hotplug_verify(report));
	page_pin(chunk[5], PIN_SHORT);
	assert_true(hotplug_verify(report));
	page_unpin(chunk[5], PIN_SHORT);
	page_pin(chunk[5], PIN_LONG);
	assert_false(hotplug_verify(report));
	assert_int_equal(violations, 1);
	assert_non_null(strstr(violation_text[0], "ZONE_MOVABLE is pinned, long, by hog:a"));
	page_unpin(chunk[5], PIN_LONG);
	chunk[5]->owner = &fixed;
	assert_false(hotplug_verify(report));
	assert_int_equal(violations, 3);
	assert_non_null(strstr(violation_text[2], "0 unmovable chunks counted in granule"));
	assert_non_null(strstr(violation_text[1], "ZONE_MOVABLE is held by unmovable fixed"));
	chunk[5]->owner = &owner;
	teardown(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(kinds_are_counted_apart),
		world_test(no_count_overflows),
		world_test(long_pin_refuses_before_anything_moves),
		world_test(short_pin_is_waited_for),
		world_test(short_pin_without_end_is_refused_and_named),
		world_test(late_long_pin_is_not_waited_for),
		world_test(check_finds_what_movable_zones_may_not_hold),
	};

	return cmocka_run_group_tests_name("page_pin", tests, kit_boot, NULL);
}
