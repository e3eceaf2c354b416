/*
 * tests/unit/test_events.c - the ring of events: order, overwriting, and texts of any length.
 */
/* sources: mm/hotplug/events.c */
#include "tests/unit/mm_kit.h"

#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/spinlock.h"
#include "mm/hotplug/events.h"

#define KEPT 512 /* as many as events.c keeps */

static uint64_t now_us;

uint64_t clock_us(void)
{
	assert_int_equal(host_locks_held, 1);
	return ++now_us;
}

/* The number of the newest event. */
static uint64_t newest(void)
{
	struct hotplug_event event;
	uint64_t seq = 0, last = 0;

	while (event_read(&seq, &event))
		last = event.seq;
	return last;
}

static void nothing_happened_yet(void **unused)
{
	struct hotplug_event event;
	uint64_t seq = 0;

	(void)unused;
	assert_false(event_read(&seq, &event));
	assert_int_equal(seq, 0);
}

static void what_is_recorded_is_read(void **unused)
{
	struct hotplug_event event;
	uint64_t seq = newest() + 1, first = seq;

	(void)unused;
	event_record(EVENT_OFFLINE, "dimm3", -EBUSY, 17, "%s at %d", "held", 5);
	event_record_since(0, EVENT_ONLINE, "dimm4", 0, 8, "8 blocks to %s", "Movable");
	assert_true(event_read(&seq, &event));
	assert_int_equal(event.seq, first);
	assert_int_equal(event.time_us, now_us - 1);
	assert_int_equal(event.kind, EVENT_OFFLINE);
	assert_string_equal(event.device, "dimm3");
	assert_int_equal(event.err, -EBUSY);
	assert_int_equal(event.value, 17);
	assert_int_equal(event.cycles, 0);
	assert_string_equal(event.text, "held at 5");
	assert_true(event_read(&seq, &event));
	assert_int_equal(event.seq, first + 1);
	assert_string_equal(event.text, "8 blocks to Movable");
	assert_true(event.cycles != 0);
	assert_false(event_read(&seq, &event));
	assert_int_equal(seq, first + 2); /* `events -f` goes on from here */
	event_record(EVENT_ADD, "dimm5", 0, 0, "%s", "");
	assert_true(event_read(&seq, &event));
	assert_string_equal(event.device, "dimm5");
	assert_string_equal(event.text, "");
}

static void long_words_are_cut(void **unused)
{
	char long_name[64], long_text[400];
	struct hotplug_event event;
	uint64_t seq;

	(void)unused;
	memset(long_name, 'n', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	memset(long_text, 't', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	event_record(EVENT_NOTIFY, long_name, 0, 3, "%s", long_text);
	seq = newest();
	assert_true(event_read(&seq, &event));
	assert_int_equal(strlen(event.device), sizeof(event.device) - 1);
	assert_int_equal(strlen(event.text), sizeof(event.text) - 1);
	/* A shorter one in the same place later shows nothing of it. */
	for (unsigned i = 0; i < KEPT; i++)
		event_record(EVENT_NOTIFY, "a", 0, 3, "b");
	seq = newest();
	assert_true(event_read(&seq, &event));
	assert_string_equal(event.device, "a");
	assert_string_equal(event.text, "b");
}

static void the_oldest_are_overwritten(void **unused)
{
	uint64_t start = newest();

	(void)unused;
	for (uint64_t i = 1; i <= 3 * KEPT + 5; i++) {
		struct hotplug_event event;
		uint64_t last = start + i, oldest = last > KEPT ? last - KEPT + 1 : 1, seq = 0;

		event_record(EVENT_OST, "d", 0, i, "%lu", i);
		assert_true(event_read(&seq, &event));
		assert_int_equal(event.seq, oldest);
		assert_int_equal(seq, oldest + 1);
		seq = last;
		assert_true(event_read(&seq, &event));
		assert_int_equal(event.seq, last);
		assert_int_equal(event.value, i);
		assert_false(event_read(&seq, &event));
	}
	assert_int_equal(newest(), start + 3 * KEPT + 5);
}

static void a_reader_may_ask_for_anything(void **unused)
{
	struct hotplug_event event;
	uint64_t seq = ~0UL, n = 0;

	(void)unused;
	assert_false(event_read(&seq, &event));
	assert_true(seq == ~0UL);
	seq = newest() + 1;
	assert_false(event_read(&seq, &event));
	for (seq = 0; event_read(&seq, &event); n++)
		assert_int_equal(event.seq + 1, seq);
	assert_int_equal(n, KEPT);
}

static void kinds_have_names(void **unused)
{
	static const char *const names[] = {"notify", "add",   "online", "offline",
					    "remove", "eject", "ost"};

	(void)unused;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(event_kind_name((enum event_kind)i), names[i]);
	assert_string_equal(event_kind_name((enum event_kind)ARRAY_SIZE(names)), "?");
	assert_string_equal(event_kind_name((enum event_kind) - 1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happened_yet),
		cmocka_unit_test(what_is_recorded_is_read),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(the_oldest_are_overwritten),
		cmocka_unit_test(a_reader_may_ask_for_anything),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
