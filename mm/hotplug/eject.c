/*
 * mm/hotplug/eject.c - a whole device leaves: offline, remove, and the firmware's word.
 *
 * One transaction: if the firmware keeps the device after all, it is added again and its
 * blocks go back to the zones they were in.
 *
 * Lock: hotplug_lock over the whole request; it also guards what is saved.
 */
#include "arch/cpu.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/hotplug_priv.h"

FAULT_SITE(eject_firmware, "the firmware keeps a device that was to be ejected")

/* A DIMM of 16 TiB has 131,072 blocks; a larger one is put back offline, and that is said. */
#define SAVED_BLOCKS (131072 + 1)

/* Two bits a block: 0 offline, else zone type + 1. */
static uint64_t saved[DIV_ROUND_UP(SAVED_BLOCKS * 2, 64)];
static struct zone *saved_memmap; /* that of the block that was online first */

static void save_zones(const struct memory_device *device)
{
	saved_memmap = device->memmap_zone;
	memset(saved, 0, DIV_ROUND_UP(MIN(device->nblocks, SAVED_BLOCKS) * 2, 64UL) * 8);
	for (unsigned i = 0; i < device->nblocks && i < SAVED_BLOCKS; i++)
		if (device->blocks[i].zone != NULL)
			saved[i / 32] |= (uint64_t)(device->blocks[i].zone->type + 1)
					 << (i % 32 * 2);
}

static unsigned saved_zone(unsigned block)
{
	return block < SAVED_BLOCKS ? saved[block / 32] >> (block % 32 * 2) & 3 : 0;
}

/* The blocks of a device that stays after all go back to the zones they were in: one event. */
static void bring_online(struct memory_device *device) REQUIRES(&hotplug_lock)
{
	uint64_t began = cpu_cycles();
	struct block_result result;
	struct refusal why = {0};
	unsigned done = 0;

	for (unsigned i = 0; i < device->nblocks; i++) {
		struct block_range range = {device->blocks[i].start, device->blocks[i].npages,
					    true};
		unsigned zone = saved_zone(i);

		if (zone == 0)
			continue;
		blocks_online_held(&range, zone == 1 ? ONLINE_KERNEL : ONLINE_MOVABLE, 0, true,
				   &result, &why);
		done += result.done;
	}
	if (why.err != 0) /* the first of them, if any */
		klog(LOG_ERR, "memhp: %s is back, but not all of it online: %s: %s [%s]",
		     device->name, why.step, why.text, errno_name(why.err));
	if (device->blocks_online != 0)
		account_memmap(device, saved_memmap);
	if (done != 0 || why.err != 0)
		event_record_since(began, EVENT_ONLINE, device->name, why.err, done,
				   "%u blocks back in their zones%s%s", done,
				   why.err != 0 ? ": " : "", why.text);
}

/* The firmware kept it: everything as it was. */
static void bring_back(const struct memory_device *gone, uint32_t pxm) REQUIRES(&hotplug_lock)
{
	struct memory_device_info info = {
		.base = pfn_to_paddr(gone->start),
		.size = gone->npages * PAGE_SIZE,
		.slot = gone->slot,
		.pxm = pxm,
		.has_pxm = true,
		.ops = gone->ops,
		.firmware = gone->firmware,
	};
	struct refusal why = {0};
	struct memory_device *device;

	if (memory_device_add_held(&info, true, &device, &why) != 0) {
		klog(LOG_ERR, "memhp: %s cannot be brought back: %s: %s", gone->name, why.step,
		     why.text);
		return;
	}
	bring_online(device);
}

static int eject_held(struct memory_device *device, struct refusal *why) REQUIRES(&hotplug_lock)
{
	struct block_range range = {.start = device->start, .npages = device->npages};
	struct memory_device gone = *device;
	struct block_result result;
	uint64_t began;
	int err;

	if (memory_device_is_boot(device) || device->ops == NULL)
		return refuse_at(why, -EPERM, "eject", device->start, "%s cannot leave",
				 device->name);
	save_zones(device);
	if (device->blocks_online != 0) {
		err = blocks_offline_held(&range, 0, 0, &result, why);
		if (err != 0)
			return err;
	}
	began = cpu_cycles();
	err = memory_device_remove_held(device, why);
	if (err != 0) {
		bring_online(device);
		return err;
	}
	event_record_since(began, EVENT_REMOVE, gone.name, 0, 0, "%s", "");
	if (FAULT_HIT(eject_firmware))
		err = refuse(why, -EIO, "firmware", "%s stays: " FAULT_TEXT, gone.name);
	else
		err = gone.ops->eject(&gone, gone.firmware, why);
	if (err != 0)
		bring_back(&gone, nodes[gone.node].pxm);
	return err;
}

int memory_device_eject(const char *name, struct refusal *why)
{
	struct refusal first = {0};
	struct memory_device *device;
	char kept[DEVICE_NAME_MAX]; /* `name` may be the device's own, which goes with it */
	int err;

	snprintf(kept, sizeof(kept), "%s", name);
	if (why == NULL)
		why = &first;
	err = mutex_lock_interruptible(&hotplug_lock);
	if (err != 0)
		return refuse(why, err, "lock", "interrupted while another operation ran");
	device = memory_device_by_name(kept);
	if (device == NULL)
		err = refuse(why, -ENOENT, "target", "there is no device %s", kept);
	else
		err = eject_held(device, why);
	mutex_unlock(&hotplug_lock);
	event_record(EVENT_EJECT, kept, err, 0, "%s", err != 0 ? why->text : "");
	return err;
}
