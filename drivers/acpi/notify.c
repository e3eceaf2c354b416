/*
 * drivers/acpi/notify.c - from Notify to the hot-plug worker.
 *
 * A Notify handler only queues; one worker, "hotplug", does all the work, in order.  Each slot
 * has one request of a kind, so the queue can't overflow, and a Notify that comes again before
 * it was served is served once.
 *
 * Events get lost: those raised before the events were enabled, those that found the arena or
 * the ring full, those that came through a container.  Whoever notices asks for a scan, which
 * looks at every slot and changes nothing where nothing is new.  It is not done unasked: its
 * cost follows the slots that the firmware has, not what happened.
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
static bool scan_wanted;  /* [a] look at every slot when the batch is done */
static bool rescan_again; /* [a] the user's rescan: refused DIMMs too */
static uint64_t notifies; /* [a] */
static uint64_t scans;	  /* [a] */

/* --- after a batch --- */

static void request_scan(void)
{
	__atomic_store_n(&scan_wanted, true, __ATOMIC_RELAXED);
	work_queue(&hotplug_queue, &settle_work);
}

static void scan_all_slots(void)
{
	__atomic_fetch_add(&scans, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < nr_slots; i++)
		memdev_check(&slots[i], OST_INSERTION);
}

/* A slot whose _STA failed gets another chance with whatever happens next. */
static void retry_failed_slots(void)
{
	for (unsigned i = 0; i < nr_slots; i++) {
		if (slots[i].failures != 0)
			memdev_check(&slots[i], OST_INSERTION);
	}
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
 * More than a few batches without an interrupt in between: the firmware's methods notify each
 * other, or the arena is too small for them.  Nothing new is behind it.
 */
static bool going_round(void)
{
	static unsigned rounds;
	static uint64_t sci_seen;
	struct acpi_status status;

	osl_event_status(&status);
	rounds = status.sci_count == sci_seen ? rounds + 1 : 0;
	sci_seen = status.sci_count;
	return rounds > 16;
}

/*
 * QEMU's event method reports one cause a slot at a time, insertion before ejection, and only
 * it resets a cause.  A DIMM that was found by a scan still has its insertion pending, which
 * would hide a later eject request; running the method once more clears that.  It may raise
 * Notify again, whose batch ends here again.
 */
static void flush_pending_events(void)
{
	int err;

	if (!firmware_is_qemu())
		return;
	err = aml_evaluate(NULL, "\\_GPE._E03", NULL, NULL);
	if (err == 0 || err == -ENOENT)
		return;
	klog(LOG_WARN, "acpi: \\_GPE._E03 failed: %s; looking at every slot", errno_name(err));
	scan_all_slots();
}

static void settle(struct work *work __unused)
{
	struct noalloc *outer = noalloc_enter(&hotplug_noalloc);
	bool again = __atomic_exchange_n(&rescan_again, false, __ATOMIC_RELAXED);
	bool calm = !going_round();

	for (unsigned i = 0; i < nr_slots && again; i++) {
		slots[i].refused = false;
		slots[i].failures = 0;
	}
	if ((__atomic_exchange_n(&scan_wanted, false, __ATOMIC_RELAXED) && calm) || again)
		scan_all_slots();
	else
		retry_failed_slots();
	if (calm)
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

static void events_lost(void)
{
	klog(LOG_WARN, "acpi: events may be lost; looking at every slot");
	request_scan();
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
			request_scan();
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
	osl_event_on_loss(events_lost);
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
	request_scan();
	workqueue_flush(&hotplug_queue);
}

uint64_t notify_count(void)
{
	return __atomic_load_n(&notifies, __ATOMIC_RELAXED);
}

uint64_t notify_scans(void)
{
	return __atomic_load_n(&scans, __ATOMIC_RELAXED);
}
