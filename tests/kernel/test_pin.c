/*
 * tests/kernel/test_pin.c - pins on vm objects: what is pinned stays where it is while everything
 * around it moves, and what is pinned for long is never in ZONE_MOVABLE.
 *
 * A DIMM that is plugged and offline is used, as ZONE_MOVABLE, and comes back offline.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/vm/pin.h"
#include "tests/kernel/dimm.h"
#include "tests/kernel/selftest.h"

#define PAGES 96U

static struct dimm dimm;
static struct vm_object *object;
static struct refusal refused;

/* An object of `npages` in chunks of `order`, all in the Movable zone of the DIMM. */
static bool setup(struct test *t, uint64_t npages, unsigned order)
{
	struct refusal why = {0};

	if (!dimm_find_offline(0, &dimm)) {
		test_skip(t, "needs a plugged DIMM that is offline");
		return false;
	}
	if (dimm_online(&dimm.all, &why) != 0) {
		test_fail(t, __FILE__, __LINE__, "online: %s", why.text);
		return false;
	}
	object = NULL;
	if (vm_object_create("selftest", npages, true, &object, &why) == 0 &&
	    vm_object_grow(object, npages, order, dimm.node, true, &why) == 0)
		return true;
	test_fail(t, __FILE__, __LINE__, "object: %s", why.text);
	if (object != NULL)
		vm_object_destroy(object);
	dimm_offline(&dimm.all, NULL, NULL);
	return false;
}

static void teardown(struct test *t)
{
	struct refusal why = {0};

	vm_object_destroy(object);
	if (dimm_offline(&dimm.all, NULL, &why) != 0 && why.err != -EALREADY)
		test_fail(t, __FILE__, __LINE__, "offline: %s: %s", why.step, why.text);
}

static int pin(uint64_t offset, uint64_t npages, enum pin_kind kind, uint64_t *moved)
{
	refused = (struct refusal){0};
	return vm_object_pin(object, (struct vm_range){offset, npages}, kind, moved, &refused);
}

static void unpin(uint64_t offset, uint64_t npages, enum pin_kind kind)
{
	vm_object_unpin(object, (struct vm_range){offset, npages}, kind);
}

static uint64_t *word_of(uint64_t page)
{
	return (uint64_t *)((char *)vm_object_address(object, 0) + page * PAGE_SIZE);
}

static void write_words(void)
{
	for (uint64_t i = 0; i < object->npages; i++)
		*word_of(i) = i * 0x9e3779b97f4a7c15UL;
}

static unsigned wrong_words(void)
{
	unsigned wrong = 0;

	for (uint64_t i = 0; i < object->npages; i++)
		wrong += *word_of(i) != i * 0x9e3779b97f4a7c15UL;
	return wrong;
}

static bool in_movable(pfn_t pfn)
{
	struct chunk_info chunk;

	return chunk_look(pfn, &chunk) && chunk.zone->type == ZONE_MOVABLE;
}

/* --- short --- */

static int offline_err;

static void offline_thread(void *arg __unused)
{
	refused = (struct refusal){0};
	offline_err = dimm_offline(&dimm.all, NULL, &refused);
}

/* An offline moves all but the pinned page, waits for that, and then takes it too. */
KERNEL_TEST(pin, short_pin_holds_an_offline_up)
{
	struct thread *offliner;
	uint64_t *device_view;
	pfn_t pfn;

	if (!setup(t, PAGES, 0))
		return;
	write_words();
	EXPECT_EQ(pin(5, 1, PIN_SHORT, NULL), 0);
	pfn = vm_object_pinned_pfn(object, 5);
	device_view = phys_to_virt(pfn_to_paddr(pfn));
	EXPECT(in_movable(pfn));
	offliner = thread_create("offliner", offline_thread, NULL);
	REQUIRE(offliner != NULL);
	for (unsigned i = 0; i < 200 && object->moves < PAGES - 1; i++)
		thread_sleep_us(1000);
	EXPECT_EQ(object->moves, PAGES - 1);
	EXPECT_EQ(vm_object_pinned_pfn(object, 5), pfn);
	device_view[1] = 0x5ca1ab1e; /* a device writes where it was told to */
	EXPECT_EQ(word_of(5)[1], 0x5ca1ab1e);
	unpin(5, 1, PIN_SHORT);
	thread_join(offliner);
	if (offline_err == -EBUSY) { /* the host stood still for longer than an offline waits */
		EXPECT(strstr(refused.text, "pinned by selftest, short") != NULL);
		offline_thread(NULL);
	}
	EXPECT_EQ(offline_err, 0);
	EXPECT_EQ(object->moves, PAGES);
	EXPECT_EQ(word_of(5)[1], 0x5ca1ab1e);
	EXPECT_EQ(wrong_words(), 0);
	teardown(t);
}

/* --- long --- */

KERNEL_TEST(pin, long_pin_leaves_movable_zones)
{
	uint64_t moved = 0;

	if (!setup(t, PAGES, 1))
		return;
	write_words();
	EXPECT_EQ(pin(11, 20, PIN_LONG, &moved), 0); /* chunks of two: the pages 10 to 31 */
	EXPECT_EQ(moved, 11);
	for (uint64_t i = 10; i < 32; i++)
		EXPECT(!in_movable(vm_object_pinned_pfn(object, i)));
	EXPECT_EQ(wrong_words(), 0);
	refused = (struct refusal){0};
	EXPECT_EQ(dimm_offline(&dimm.all, NULL, &refused), 0); /* nothing pinned is in it */
	EXPECT_EQ(wrong_words(), 0);
	EXPECT_EQ(pin(0, PAGES, PIN_LONG, &moved), 0);
	EXPECT_EQ(moved, 0);
	unpin(0, PAGES, PIN_LONG);
	unpin(11, 20, PIN_LONG);
	teardown(t);
}

/* What is pinned for a moment cannot be moved for a long pin: tried for a while, then refused. */
KERNEL_TEST(pin, long_pin_meets_a_short_one)
{
	pfn_t pfn;

	if (!setup(t, 4, 0))
		return;
	EXPECT_EQ(pin(2, 1, PIN_SHORT, NULL), 0);
	pfn = vm_object_pinned_pfn(object, 2);
	EXPECT_EQ(pin(0, 4, PIN_LONG, NULL), -EAGAIN);
	EXPECT(strstr(refused.text, "pinned by selftest, short") != NULL);
	EXPECT_EQ(vm_object_pinned_pfn(object, 2), pfn);
	unpin(2, 1, PIN_SHORT);
	EXPECT_EQ(pin(0, 4, PIN_LONG, NULL), 0); /* none was left by the refused one */
	unpin(0, 4, PIN_LONG);
	EXPECT_EQ(pin(2, 1, PIN_SHORT, NULL), 0);
	EXPECT_EQ(page_pins(pfn_to_page(vm_object_pinned_pfn(object, 2)), PIN_LONG), 0);
	unpin(2, 1, PIN_SHORT);
	teardown(t);
}

/* The largest chunk that the DIMM has; no Normal zone has one of its order to spare. */
KERNEL_TEST(pin, long_pin_without_room_is_refused)
{
	unsigned order = MAX_ORDER + 1;
	struct page *probe = NULL;
	static const struct page_owner owner = {.name = "selftest"};

	if (!setup(t, 1, 0))
		return;
	vm_object_destroy(object);
	object = NULL;
	while (object == NULL && order-- > 0) {
		if (vm_object_create("selftest", 1UL << order, true, &object, NULL) == 0 &&
		    vm_object_grow(object, 1UL << order, order, dimm.node, true, NULL) != 0) {
			vm_object_destroy(object);
			object = NULL;
		}
	}
	REQUIRE(object != NULL);
	probe = page_alloc(order, 0, NODE_ANY, &owner);
	if (probe != NULL) {
		page_free(probe);
		test_note(t, "Normal memory has a chunk of order %u as well", order);
	} else {
		EXPECT_EQ(pin(0, 1, PIN_LONG, NULL), -ENOSPC);
		EXPECT(refused.has_pfn && strstr(refused.text, "ZONE_MOVABLE") != NULL);
		EXPECT(strstr(refused.text, "selftest") != NULL);
	}
	EXPECT_EQ(pin(7, 1, PIN_SHORT, NULL), 0);
	EXPECT(in_movable(vm_object_pinned_pfn(object, 7)));
	EXPECT_EQ(page_pins(pfn_to_page(vm_object_pinned_pfn(object, 7) - 7), PIN_LONG), 0);
	unpin(7, 1, PIN_SHORT);
	teardown(t);
}

/* --- counts --- */

KERNEL_TEST(pin, a_refused_pin_takes_its_pins_back)
{
	unsigned pinned = 0;

	if (!setup(t, 2, 0))
		return;
	while (pinned < UINT16_MAX && pin(1, 1, PIN_SHORT, NULL) == 0)
		pinned++;
	EXPECT_EQ(pinned, UINT16_MAX);
	EXPECT_EQ(pin(0, 2, PIN_SHORT, NULL), -EOVERFLOW);
	EXPECT(strstr(refused.text, "65535 pins") != NULL);
	EXPECT_EQ(pin(0, 1, PIN_SHORT, NULL), 0);
	EXPECT_EQ(page_pins(pfn_to_page(vm_object_pinned_pfn(object, 0)), PIN_SHORT), 1);
	unpin(0, 1, PIN_SHORT);
	while (pinned-- > 0)
		unpin(1, 1, PIN_SHORT);
	EXPECT_EQ(pin(0, 3, PIN_SHORT, NULL), -ERANGE);
	EXPECT_EQ(pin(2, 1, PIN_SHORT, NULL), -ERANGE);
	EXPECT_EQ(pin(1, UINT64_MAX, PIN_LONG, NULL), -ERANGE);
	EXPECT_EQ(pin(1, 0, PIN_LONG, NULL), -ERANGE);
	teardown(t);
}
