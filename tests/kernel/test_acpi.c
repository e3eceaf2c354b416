/*
 * tests/kernel/test_acpi.c - the firmware's side of hot-plug, as far as it can be asked without
 * a host that plugs: looking at the slots again and again.
 */
#include "drivers/acpi/acpi.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"
#include "tests/kernel/selftest.h"

#define ROUNDS 8

static unsigned count_devices(void)
{
	unsigned n = 0;

	mutex_lock(&hotplug_lock);
	while (memory_device_at(n) != NULL)
		n++;
	mutex_unlock(&hotplug_lock);
	return n;
}

/* The arena is the same size after hundreds of AML methods: nothing leaks.  And all of it went
 * without the page allocator, as it must when there is no page left. */
KERNEL_TEST(acpi, looking_again_changes_nothing)
{
	struct acpi_status before, after;
	unsigned devices = count_devices();
	uint64_t pages;

	acpi_get_status(&before);
	if (!before.up) {
		test_skip(t, "ACPI is not up");
		return;
	}
	acpi_rescan(); /* whatever is cached at the first look */
	acpi_get_status(&before);
	pages = pages_free();
	for (unsigned i = 0; i < ROUNDS; i++)
		acpi_rescan();
	acpi_get_status(&after);
	test_note(t, "%u slots, %zu bytes used, %zu at most", after.slots, after.arena_used,
		  after.arena_peak);
	EXPECT_EQ(after.arena_used, before.arena_used);
	EXPECT_EQ(pages_free(), pages);
	EXPECT_EQ(count_devices(), devices);
	EXPECT_EQ(after.notify_count, before.notify_count);
	EXPECT(after.arena_peak < after.arena_size);
}

KERNEL_TEST(acpi, slots_have_numbers_of_their_own)
{
	struct acpi_slot_info a, b;
	unsigned n = 0;

	for (; acpi_slot_info(n, &a); n++) {
		EXPECT(a.slot >= 0 && a.slot < MEMORY_SLOTS_MAX);
		EXPECT(a.path[0] == '\\');
		for (unsigned i = 0; i < n && acpi_slot_info(i, &b); i++)
			EXPECT(a.slot != b.slot);
	}
	test_note(t, "%u slots", n);
}
