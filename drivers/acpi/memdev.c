/*
 * drivers/acpi/memdev.c - takes DIMMs in and lets them go.
 *
 * The platform's objects are asked, in this order: _STA (is it there, and does it work), _CRS
 * (where), _PXM (on which node).  Each answer is checked; a DIMM whose answers make no sense
 * is refused, told so by _OST, and left alone until its slot changes, is notified again, or
 * the user rescans.
 *
 * A slot's DIMM is "held" while the hot-plug core has a device of the slot's number.  Only the
 * worker adds devices; the core keeps hotplug_lock from forgetting a device until _EJ0 is done,
 * and adds it again itself if it stays.  So who asks "is it held?" first and _STA after that never
 * mistakes a DIMM on its way out for a new one.
 */
#include "drivers/acpi/memdev.h"

#include "arch/cpu.h"
#include "drivers/acpi/aml.h"
#include "drivers/acpi/ost.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/hotplug.h"
#include "mm/hotplug/policy.h"

static int memdev_eject(struct memory_device *device, void *firmware, struct refusal *why)
	REQUIRES(&hotplug_lock);

static const struct memory_device_ops memdev_ops = {.eject = memdev_eject};

static void answer(struct slot *slot, uint32_t source, enum ost_status status)
{
	ost_report(slot->handle, slot->path, slot->name, source, status);
}

static bool slot_is_held(const struct slot *slot)
{
	bool held;

	mutex_lock(&hotplug_lock);
	held = memory_device_by_slot(slot->number) != NULL;
	mutex_unlock(&hotplug_lock);
	return held;
}

/* _STA; what cannot be read is as good as absent. */
static uint32_t slot_status(struct slot *slot)
{
	uint32_t sta = 0;
	int err = aml_status(slot->handle, &sta);

	slot->failures = err != 0 ? slot->failures + 1 : 0;
	if (err != 0)
		klog(LOG_ERR, "acpi: %s: _STA failed: %s%s", slot->path, errno_name(err),
		     slot->failures < SLOT_FAILURES_MAX ? "" : "; not asked again");
	__atomic_store_n(&slot->sta, sta, __ATOMIC_RELAXED);
	return sta;
}

/* --- insertion --- */

static int describe(const struct slot *slot, struct memory_device_info *info, struct refusal *why)
{
	paddr_t limit = MIN(1UL << cpu_features.phys_bits, DIRECT_MAP_MAX);
	struct memrange_piece range;
	int err;

	if ((slot->sta & AML_STA_USABLE) != AML_STA_USABLE)
		return refuse(why, -EIO, "_STA", "0x%x: present, but not enabled and functioning",
			      slot->sta);
	err = aml_memory(slot->handle, limit, &range, why);
	if (err != 0)
		return err;
	info->base = range.base;
	info->size = range.size;
	err = aml_proximity(slot->handle, &info->pxm, &info->has_pxm, why);
	if (err != 0)
		return err;
	mutex_lock(&hotplug_lock);
	err = memdev_probe(&range, why);
	mutex_unlock(&hotplug_lock);
	return err;
}

static int take_in(struct slot *slot, struct refusal *why)
{
	struct memory_device_info info = {
		.slot = slot->number,
		.ops = &memdev_ops,
		.firmware = slot,
	};
	struct memory_device *device;
	int err = describe(slot, &info, why);

	if (err != 0) {
		event_record(EVENT_ADD, slot->name, err, 0, "%s: %s", why->step, why->text);
		return err;
	}
	err = memory_device_add(&info, &device, why);
	if (err != 0)
		return err;
	klog(LOG_NOTICE, "acpi: %s: %s, %lu MiB at 0x%lx", slot->path, slot->name, info.size / MiB,
	     info.base);
	return memory_device_auto_online(slot->number, why);
}

/*
 * A DIMM that is there and not held.  When it was taken in but could not be put online, as
 * policy wants, it stays, offline, and the answer still is that not all went well.
 */
static void insert(struct slot *slot, uint32_t source)
{
	struct refusal why = {0};
	char text[REFUSAL_TEXT + 64];
	int err = take_in(slot, &why);

	slot->lost = false;
	slot->refused = err != 0 && !slot_is_held(slot);
	if (err != 0)
		klog(LOG_ERR, "acpi: %s: %s %s: %s", slot->path, slot->name,
		     slot->refused ? "refused" : "stays offline",
		     refusal_format(&why, text, sizeof(text)));
	answer(slot, source, ost_of_insert(source, err));
}

/* Gone without being asked for: nothing can be saved, so say it, once, and touch nothing. */
static void report_loss(struct slot *slot)
{
	if (slot->lost)
		return;
	slot->lost = true;
	klog(LOG_ERR, "acpi: %s: %s was removed while in use (_STA 0x%x)", slot->path, slot->name,
	     slot->sta);
	event_record(EVENT_REMOVE, slot->name, -EIO, slot->sta,
		     "removed by the platform while in use");
}

void memdev_check(struct slot *slot, uint32_t source)
{
	bool notified = source != OST_INSERTION;
	bool held = slot_is_held(slot); /* first: see the head of this file */
	uint32_t before = slot->sta;
	bool present;

	if (slot->failures >= SLOT_FAILURES_MAX && !notified)
		return;
	present = (slot_status(slot) & ACPI_STA_DEVICE_PRESENT) != 0;
	if (notified || slot->sta != before)
		slot->refused = false;
	if (present && !held && !slot->refused) {
		insert(slot, source);
		return;
	}
	if (!present && held && slot->failures == 0 && slot_is_held(slot)) /* still */
		report_loss(slot);
	if (notified)
		answer(slot, source, present ? OST_SUCCESS : OST_FAILURE);
}

/* --- ejection --- */

/* _EJ0, then _STA says whether it worked [ACPI 6.5 6.3.3]: some platforms leave the present bit
 * set until hands take the DIMM out, so what counts is that it no longer decodes.  A _STA that
 * cannot be read says nothing. */
static int eject_hardware(struct slot *slot, struct refusal *why)
{
	const uint32_t decoding = ACPI_STA_DEVICE_PRESENT | ACPI_STA_DEVICE_ENABLED;
	int err = aml_call(slot->handle, "_EJ0", 1);

	if ((slot_status(slot) & decoding) != decoding && (err == 0 || slot->failures == 0))
		return 0;
	if (err == -ENOENT)
		return refuse(why, -EOPNOTSUPP, "_EJ0", "%s has no _EJ0", slot->path);
	return refuse(why, err != 0 ? err : -EIO, "_EJ0", "%s: %s, and _STA is 0x%x", slot->path,
		      err != 0 ? "failed" : "done, but the device is still there", slot->sta);
}

/* What the firmware says of a device that the core forgot, the memory itself may belie. */
static bool is_gone(const struct memory_device *device) REQUIRES(&hotplug_lock)
{
	struct memrange_piece range = {
		.base = pfn_to_paddr(device->start),
		.size = device->npages * PAGE_SIZE,
	};

	return memdev_probe(&range, NULL) != 0;
}

/*
 * memory_device_ops.eject: hotplug_lock held, the core has forgotten the device.  Called on
 * the worker for the platform's requests, on the shell's thread for the user's; in the second
 * case a request of the platform that waits for the user is answered along with it.
 */
static int memdev_eject(struct memory_device *device, void *firmware, struct refusal *why)
	REQUIRES(&hotplug_lock)
{
	struct slot *slot = firmware;
	uint32_t source = OST_EJECT_REQUEST;
	int err;

	if (!__atomic_load_n(&slot->host_waits, __ATOMIC_RELAXED)) {
		source = OST_EJECTION;
		answer(slot, source, OST_EJECT_PENDING);
	}
	err = eject_hardware(slot, why);
	if (err != 0 && is_gone(device)) {
		klog(LOG_ERR, "acpi: %s: %s has no memory any more, but _STA is 0x%x: left alone",
		     slot->path, slot->name, slot->sta);
		slot->refused = true;
		*why = (struct refusal){0};
		err = 0;
	}
	slot->lost = false;
	__atomic_store_n(&slot->host_waits, false, __ATOMIC_RELAXED);
	answer(slot, source, ost_of_eject(why));
	if (err == 0)
		klog(LOG_NOTICE, "acpi: %s: %s ejected", slot->path, slot->name);
	return err;
}

/* A DIMM that was never taken in holds nothing of ours: it may go at once. */
static void eject_unheld(struct slot *slot)
{
	struct refusal why = {0};
	int err;

	if (slot_status(slot) & ACPI_STA_DEVICE_PRESENT) {
		answer(slot, OST_EJECT_REQUEST, OST_EJECT_PENDING);
		err = eject_hardware(slot, &why);
	} else {
		err = refuse(&why, -ENODEV, "_STA", "the slot is empty");
	}
	event_record(EVENT_EJECT, slot->name, err, 0, "%s",
		     err != 0 ? why.text : "was never taken in");
	slot->refused = err != 0;
	answer(slot, OST_EJECT_REQUEST, ost_of_eject(&why));
}

/*
 * Notes that the platform waits; false: the slot's DIMM is not held.  One step under hotplug_lock:
 * an eject by the user either is over, or finds the note and answers it.
 */
static bool note_request(struct slot *slot)
{
	bool held;

	mutex_lock(&hotplug_lock);
	held = memory_device_by_slot(slot->number) != NULL;
	if (held) {
		__atomic_store_n(&slot->host_waits, true, __ATOMIC_RELAXED);
		answer(slot, OST_EJECT_REQUEST, OST_EJECT_PENDING);
	}
	mutex_unlock(&hotplug_lock);
	return held;
}

void memdev_eject_request(struct slot *slot)
{
	struct refusal why = {0};
	char text[REFUSAL_TEXT + 64];
	int err;

	if (!note_request(slot)) {
		eject_unheld(slot);
		return;
	}
	if (policy_eject() == POLICY_EJECT_MANUAL) {
		klog(LOG_NOTICE, "acpi: the platform asks for %s: `eject %s` gives it up",
		     slot->name, slot->name);
		return;
	}
	err = memory_device_eject(slot->name, &why);
	if (err == 0 || (err == -ENOENT && !__atomic_load_n(&slot->host_waits, __ATOMIC_RELAXED)))
		return; /* the user was faster: that eject has answered */
	klog(LOG_WARN, "acpi: the platform asked for %s, which stays: %s", slot->name,
	     refusal_format(&why, text, sizeof(text)));
	/* Refused before the hardware was touched: else memdev_eject() has answered. */
	if (__atomic_exchange_n(&slot->host_waits, false, __ATOMIC_RELAXED))
		answer(slot, OST_EJECT_REQUEST, ost_of_eject(&why));
}
