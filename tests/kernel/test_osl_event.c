/*
 * tests/kernel/test_osl_event.c - what the platform says while there is no room for it.
 *
 * Sees ACPICA's headers, as files called test_osl* do.
 */
#include "drivers/acpi/osl.h"
#include "kernel/thread.h"
#include "mm/hotplug/hotplug.h"
#include "tests/kernel/selftest.h"

static bool ring_may_go_on;  /* [a] */
static unsigned ring_served; /* [a] */

static void hold_the_ring(void *arg __unused)
{
	while (!__atomic_load_n(&ring_may_go_on, __ATOMIC_ACQUIRE))
		thread_sleep_us(1000);
	__atomic_fetch_add(&ring_served, 1, __ATOMIC_RELEASE);
}

static void count_event(void *arg __unused)
{
	__atomic_fetch_add(&ring_served, 1, __ATOMIC_RELEASE);
}

/* A ring full of Notifies drops the next one, takes the method of an event all the same, and
 * every slot is looked at when there is time. */
KERNEL_TEST(acpi, dropped_events_are_made_up_for)
{
	struct acpi_status before, after;
	unsigned queued = 1;

	acpi_get_status(&before);
	if (!before.up) {
		test_skip(t, "ACPI is not up");
		return;
	}
	ring_may_go_on = false;
	ring_served = 0;
	EXPECT_EQ(acpi_os_execute(OSL_NOTIFY_HANDLER, hold_the_ring, NULL), AE_OK);
	while (queued <= OSL_EVENTS_MAX &&
	       acpi_os_execute(OSL_NOTIFY_HANDLER, count_event, NULL) == AE_OK)
		queued++;
	EXPECT(queued >= MEMORY_SLOTS_MAX && queued < OSL_EVENTS_MAX);
	EXPECT_EQ(acpi_os_execute(OSL_GPE_HANDLER, count_event, NULL), AE_OK);
	__atomic_store_n(&ring_may_go_on, true, __ATOMIC_RELEASE);
	acpi_os_wait_events_complete();
	EXPECT_EQ(__atomic_load_n(&ring_served, __ATOMIC_ACQUIRE), queued + 1);
	for (unsigned i = 0; i < 10000; i++) { /* the scan is the worker's */
		acpi_get_status(&after);
		if (after.scans != before.scans)
			break;
		thread_sleep_us(1000);
	}
	EXPECT_EQ(after.events_dropped, before.events_dropped + 1);
	EXPECT_EQ(after.scans, before.scans + 1);
}
