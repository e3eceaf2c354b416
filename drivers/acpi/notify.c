/*
 * drivers/acpi/notify.c - from Notify to the hot-plug worker.
 *
 * A Notify handler only queues; one worker, "hotplug", does all the work, in order.  Each slot
 * has one request of a kind, so the queue can't overflow, and a Notify that comes again before
 * it was served is served once.
 *
 * Events get lost: those raised before the events were enabled, those that found the arena or
 * the ring full.  So after each batch of requests the worker "settles": it looks at every slot,
 * which changes nothing where nothing is new.
 *
 * Lock: none of its own; the queue's, and atomics.
 */
#include "drivers/acpi/aml.h"
#include "drivers/acpi/memdev.h"
#include "drivers/acpi/osl.h"
#include "drivers/acpi/ost.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/hotplug.h"

static struct workqueue hotplug_queue;
static struct work settle_work;
static bool rescan_again; /* [a] the user's rescan: refused DIMMs too */
static uint64_t notifies; /* [a] */

/* --- after a batch --- */

static void look_at_all_slots(void)
{
	for (unsigned i = 0; i < nr_slots; i++)
		memdev_check(&slots[i], OST_INSERTION);
}

/* QEMU's tables, whose memory hot-plug event is GPE 3 on every machine type? */
static bool firmware_is_qemu(void)
{
	struct acpi_table_header *dsdt;
	bool qemu;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_DSDT, 1, &dsdt)))
		return false;
	qemu = memcmp(dsdt->oem_id, "BOCHS ", sizeof(dsdt->oem_id)) == 0;
	acpi_put_table(dsdt);
	return qemu;
}

/*
 * QEMU's event method reports one cause a slot at a time, insertion before ejection, and only
 * it resets a cause.  A DIMM that was found by looking still has its insertion pending, which
 * would hide a later eject request; running the method once more clears that.  It may raise
 * Notify again, whose batch ends here again: unless the SCI has fired in between, that stops
 * after a few rounds whatever the firmware does.
 */
static void flush_pending_events(void)
{
	static unsigned rounds;
	static uint64_t sci_seen;
	struct acpi_status status;
	int err;

	osl_event_status(&status);
	rounds = status.sci_count == sci_seen ? rounds + 1 : 0;
	sci_seen = status.sci_count;
	if (rounds > 16 || !firmware_is_qemu())
		return;
	err = aml_evaluate(NULL, "\\_GPE._E03", NULL, NULL);
	if (err != 0 && err != -ENOENT)
		klog(LOG_WARN, "acpi: \\_GPE._E03 failed: %s", errno_name(err));
}

static void settle(struct work *work __unused)
{
	struct noalloc *outer = noalloc_enter(&hotplug_noalloc);

	if (osl_event_lost())
		klog(LOG_WARN, "acpi: events were lost; looking at every slot");
	if (__atomic_exchange_n(&rescan_again, false, __ATOMIC_RELAXED)) {
		for (unsigned i = 0; i < nr_slots; i++) {
			slots[i].refused = false;
			slots[i].failures = 0;
		}
	}
	look_at_all_slots();
	flush_pending_events();
	noalloc_leave(outer);
}

/* --- requests --- */

/* A DIMM that comes must find all it needs in itself and in what boot reserved. */
static void check_slot(struct slot *slot, uint32_t code)
{
	struct noalloc *outer = noalloc_enter(&hotplug_noalloc);

	memdev_check(slot, code);
	noalloc_leave(outer);
}

/* On the worker.  The settling goes behind whatever is queued by now. */
static void serve(struct work *work)
{
	struct slot_request *request = container_of(work, struct slot_request, work);
	uint32_t code = __atomic_load_n(&request->code, __ATOMIC_RELAXED);
	struct slot *slot = request->slot;

	switch (request - slot->request) {
	case REQUEST_BUS_CHECK:
	case REQUEST_DEVICE_CHECK:
		check_slot(slot, code);
		break;
	case REQUEST_EJECT:
		memdev_eject_request(slot);
		break;
	default:
		klog(LOG_WARN, "acpi: %s: unknown Notify 0x%x", slot->path, code);
		ost_report(slot->handle, slot->path, slot->name, code, OST_UNRECOGNIZED);
		break;
	}
	work_queue(&hotplug_queue, &settle_work);
}

static enum slot_request_kind request_kind(uint32_t code)
{
	switch (code) {
	case ACPI_NOTIFY_BUS_CHECK:
		return REQUEST_BUS_CHECK;
	case ACPI_NOTIFY_DEVICE_CHECK:
	case ACPI_NOTIFY_DEVICE_CHECK_LIGHT:
		return REQUEST_DEVICE_CHECK;
	case ACPI_NOTIFY_EJECT_REQUEST:
		return REQUEST_EJECT;
	default:
		return REQUEST_UNKNOWN;
	}
}

static const char *notify_text(enum slot_request_kind kind)
{
	static const char *const text[REQUEST_KINDS] = {
		[REQUEST_BUS_CHECK] = "bus check",
		[REQUEST_DEVICE_CHECK] = "device check",
		[REQUEST_EJECT] = "eject request",
		[REQUEST_UNKNOWN] = "unknown",
	};

	return text[kind];
}

/* ACPICA's handler for every Notify, on the thread "acpi". */
static void notify_handler(acpi_handle device, u32 code, void *context __unused)
{
	struct slot *slot = slot_by_handle(device);
	enum slot_request_kind kind = request_kind(code);
	struct slot_request *request;

	__atomic_fetch_add(&notifies, 1, __ATOMIC_RELAXED);
	if (slot == NULL) {
		/* A container of slots, perhaps; anything else is not our subject. */
		if (kind == REQUEST_BUS_CHECK || kind == REQUEST_DEVICE_CHECK)
			work_queue(&hotplug_queue, &settle_work);
		return;
	}
	event_record(EVENT_NOTIFY, slot->name, 0, code, "%s %s", slot->path, notify_text(kind));
	request = &slot->request[kind];
	__atomic_store_n(&request->code, code, __ATOMIC_RELAXED);
	work_queue(&hotplug_queue, &request->work);
}

/* --- start --- */

int notify_init(void)
{
	settle_work.fn = settle;
	for (unsigned i = 0; i < nr_slots; i++) {
		for (unsigned kind = 0; kind < REQUEST_KINDS; kind++)
			slots[i].request[kind].work.fn = serve;
	}
	return workqueue_init(&hotplug_queue, "hotplug");
}

int notify_enable(void)
{
	acpi_status status = acpi_install_notify_handler(ACPI_ROOT_OBJECT, ACPI_ALL_NOTIFY,
							 notify_handler, NULL);

	return ACPI_SUCCESS(status) ? 0 : -EIO;
}

void notify_rescan(bool again)
{
	if (again)
		__atomic_store_n(&rescan_again, true, __ATOMIC_RELAXED);
	work_queue(&hotplug_queue, &settle_work);
	workqueue_flush(&hotplug_queue);
}

uint64_t notify_count(void)
{
	return __atomic_load_n(&notifies, __ATOMIC_RELAXED);
}
