/*
 * tests/unit/test_history.c - what an online and an offline answer when they are refused, and what
 * they leave in the history: one event each, with the place, whichever of the two it is.
 */
#include "tests/unit/hotplug_dimms.h"

#include "mm/hotplug/events.h"

static struct memory_device *device;
static struct block_range all;
static struct block_result result;
static struct refusal why;
static uint64_t seen; /* events read so far */
static struct hotplug_event event;

/* Reads the events since the last call, the last one into `event`; returns how many. */
static unsigned new_events(void)
{
	unsigned n = 0;

	while (event_read(&seen, &event))
		n++;
	return n;
}

static int begin(void **state)
{
	world_begin(state);
	device = dimm_plug(0, KIT_WINDOW, GiB);
	all = (struct block_range){.start = device->start, .npages = device->npages};
	why = (struct refusal){0};
	new_events();
	return 0;
}

static int end(void **state)
{
	if (device != NULL) {
		if (device->blocks_online != 0)
			dimm_offline(device);
		dimm_remove(device);
	}
	return world_end(state);
}

static int online(unsigned flags)
{
	return blocks_online(&all, ONLINE_MOVABLE, flags, &result, &why);
}

static int offline(unsigned flags)
{
	return blocks_offline(&all, flags, 0, &result, &why);
}

/* The one new event tells of the refusal in `why`, and of its place. */
static void assert_refusal_recorded(enum event_kind kind, int err)
{
	char place[64];

	assert_int_equal(new_events(), 1);
	assert_int_equal(event.kind, kind);
	assert_string_equal(event.device, "dimm0");
	assert_int_equal(event.err, err);
	assert_int_equal(event.value, result.done);
	assert_int_equal(why.err, err);
	assert_non_null(strstr(event.text, why.text));
	assert_non_null(strstr(event.text, refusal_place(&why, place, sizeof(place))));
}

/* Fails step after step of an operation on the whole device, from the first to its success. */
static void refuse_each(enum event_kind kind, int (*operation)(unsigned))
{
	for (unsigned n = 1;; n++) {
		int err;

		why = (struct refusal){0};
		host_fault_in = n;
		err = operation(0);
		if (err == 0 && host_fault_in != 0)
			break;
		assert_int_not_equal(err, 0);
		assert_refusal_recorded(kind, err);
		/* The whole request was refused, at whatever step: a listener's veto too. */
		assert_int_equal(result.refused, 1);
		assert_int_equal(result.done, 0);
		assert_int_equal(result.done_pages, 0);
	}
	host_fault_in = 0;
	assert_int_equal(new_events(), 1);
	assert_int_equal(event.kind, kind);
	assert_int_equal(event.err, 0);
	assert_int_equal(event.value, device->nblocks);
	assert_int_equal(result.refused, 0);
	assert_int_equal(result.done_pages, all.npages);
}

static void each_refusal_is_recorded(void **unused)
{
	(void)unused;
	refuse_each(EVENT_ONLINE, online);
	refuse_each(EVENT_OFFLINE, offline);
}

/* No block there, or nothing to do: no event. */
static void what_changes_nothing_is_not_recorded(void **unused)
{
	struct block_range nowhere = {.start = paddr_to_pfn(KIT_FAR - GiB), .npages = BLOCK_PAGES};

	(void)unused;
	assert_int_equal(blocks_online(&nowhere, ONLINE_MOVABLE, 0, &result, NULL), -ENOENT);
	assert_int_equal(blocks_offline(&nowhere, 0, 0, &result, NULL), -ENOENT);
	for (unsigned flags = 0; flags <= RANGE_KEEP_GOING; flags += RANGE_KEEP_GOING) {
		why = (struct refusal){0};
		assert_int_equal(offline(flags), -EALREADY);
		assert_int_equal(why.err, -EALREADY);
		assert_int_equal(new_events(), 0);
		assert_int_equal(result.refused, 0);
		assert_int_equal(blocks_online(&all, ONLINE_MOVABLE, flags, &result, NULL), 0);
		why = (struct refusal){0};
		assert_int_equal(new_events(), 1);
		assert_int_equal(online(flags), -EALREADY);
		assert_int_equal(why.err, -EALREADY);
		assert_int_equal(new_events(), 0);
		assert_int_equal(result.refused, 0);
		assert_int_equal(result.already, device->nblocks);
		assert_int_equal(blocks_offline(&all, flags, 0, &result, NULL), 0);
		assert_int_equal(new_events(), 1);
	}
}

/* Block by block: the event has the first refusal, and how many blocks changed. */
static void refuse_one_block(enum event_kind kind, int (*operation)(unsigned), unsigned step)
{
	why = (struct refusal){0};
	new_events();
	host_fault_in = step;
	assert_int_not_equal(operation(RANGE_KEEP_GOING), 0);
	assert_int_equal(result.refused, 1);
	assert_int_equal(result.done, device->nblocks - 1);
	assert_int_equal(result.done_pages, all.npages - BLOCK_PAGES);
	assert_refusal_recorded(kind, why.err);
}

static void one_block_is_refused(void **unused)
{
	(void)unused;
	refuse_one_block(EVENT_ONLINE, online, 3);
	why = (struct refusal){0};
	assert_int_equal(online(RANGE_KEEP_GOING), 0);
	refuse_one_block(EVENT_OFFLINE, offline, 1);
}

/* A caller may ask for much and keep the first refusal; the history has each one's own. */
static void an_old_refusal_is_not_repeated(void **unused)
{
	(void)unused;
	refuse(&why, -ENODEV, "old", "an old story");
	host_fault_in = 1;
	assert_int_equal(online(0), -EIO);
	assert_int_equal(new_events(), 1);
	assert_null(strstr(event.text, "story"));
	assert_int_equal(online(RANGE_KEEP_GOING), 0);
	new_events();
	host_fault_in = 1;
	assert_int_equal(offline(RANGE_KEEP_GOING), -EBUSY);
	assert_int_equal(new_events(), 1);
	assert_int_equal(event.err, -EBUSY);
	assert_null(strstr(event.text, "story"));
	assert_string_equal(why.text, "an old story");
}

/* The firmware keeps the device: what comes back is one event, however many blocks it has. */
static void what_comes_back_is_one_event(void **unused)
{
	unsigned onlines = 0, events = 0;

	(void)unused;
	assert_int_equal(online(0), 0);
	new_events();
	kit_eject_error = -EIO;
	assert_int_equal(memory_device_eject("dimm0", &why), -EIO);
	kit_eject_error = 0;
	for (; event_read(&seen, &event); events++) {
		if (event.kind != EVENT_ONLINE)
			continue;
		onlines++;
		assert_string_equal(event.device, "dimm0");
		assert_int_equal(event.err, 0);
		assert_int_equal(event.value, device->nblocks);
	}
	assert_int_equal(onlines, 1);
	assert_int_equal(events, 4); /* offline, remove, online, eject */
	assert_int_equal(event.kind, EVENT_EJECT);
	assert_int_equal(device->blocks_online, device->nblocks);
}

static void rename_device(void)
{
	strcpy(device->name, "dimm77");
}

/* What stands in a device is read with the lock held only. */
static void a_removal_is_named_under_the_lock(void **unused)
{
	struct memory_device gone = *device;

	(void)unused;
	kit_locked = rename_device;
	assert_int_equal(memory_device_remove(device, &why), 0);
	device = NULL;
	kit_zero(pfn_to_paddr(gone.start), gone.npages * PAGE_SIZE);
	assert_int_equal(new_events(), 1);
	assert_int_equal(event.kind, EVENT_REMOVE);
	assert_string_equal(event.device, "dimm77");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_refusal_is_recorded, begin, end),
		cmocka_unit_test_setup_teardown(what_changes_nothing_is_not_recorded, begin, end),
		cmocka_unit_test_setup_teardown(one_block_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(an_old_refusal_is_not_repeated, begin, end),
		cmocka_unit_test_setup_teardown(what_comes_back_is_one_event, begin, end),
		cmocka_unit_test_setup_teardown(a_removal_is_named_under_the_lock, begin, end),
	};

	return cmocka_run_group_tests_name("history", tests, kit_boot, NULL);
}
