/*
 * mm/hotplug/device.h - memory devices: what was plugged, and the table of them.
 *
 * A device lives in its own head region, blocks and page tables too; the only thing outside is
 * the slot table.  Boot memory is made of devices named "boot" (one a span), which cannot be
 * removed.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after memory_device_add()
 *	h	hotplug_lock (mutex, outermost lock of mm)
 */
#ifndef MM_HOTPLUG_DEVICE_H
#define MM_HOTPLUG_DEVICE_H

#include "kernel/lib/refusal.h"
#include "kernel/mutex.h"
#include "mm/hotplug/head.h"
#include "mm/page.h"

struct memory_block;
struct memory_device;

#define MEMORY_SLOTS_MAX 256 /* QEMU's ACPI_MAX_RAM_SLOTS, [ACPI] sets none */
#define DEVICE_NAME_MAX	 16
#define DEVICE_SLOT_NONE (-1) /* boot memory */

extern struct mutex hotplug_lock;

/* How the core answers the firmware; supplied by the driver that found the device. */
struct memory_device_ops {
	/* Takes the hardware away (_EJ0) after the core forgot it: 0 or an errno with *why. */
	int (*eject)(struct memory_device *device, void *firmware, struct refusal *why);
};

struct memory_device {
	char name[DEVICE_NAME_MAX];  /* [I] "dimm0" is slot 0; "boot" */
	pfn_t start;		     /* [I] */
	uint64_t npages;	     /* [I] */
	int slot;		     /* [I] ACPI's slot number (_UID), DEVICE_SLOT_NONE for boot */
	uint8_t node;		     /* [I] */
	struct head_layout head;     /* [I] all zero for boot memory */
	struct memory_block *blocks; /* [I] in the head, in address order */
	unsigned nblocks;	     /* [I] */
	unsigned blocks_online;	     /* [h] */
	struct zone *memmap_zone;    /* [h] whose present counts the MEMMAP blocks; NULL: none */
	const struct memory_device_ops *ops; /* [I] */
	void *firmware;			     /* [I] the driver's handle */
	uint64_t added_us;		     /* [I] clock_us() */
};

/* What a driver knows of a DIMM before it is added; bytes. */
struct memory_device_info {
	paddr_t base;
	uint64_t size;
	int slot;
	uint32_t pxm;
	bool has_pxm;
	const struct memory_device_ops *ops;
	void *firmware;
};

/*
 * Lookups and iteration; hotplug_lock held, or from contexts that may be wrong by a moment
 * (panic).  Index order is address order, boot spans included.
 */
struct memory_device *memory_device_by_name(const char *name); /* not "boot" */
struct memory_device *memory_device_by_pfn(pfn_t pfn);
struct memory_device *memory_device_by_slot(int slot);
struct memory_device *memory_device_at(unsigned index); /* NULL past the end */
#define for_each_device(device)                                                                  \
	for (unsigned device##_index = 0; ((device) = memory_device_at(device##_index)) != NULL; \
	     device##_index++)
bool memory_device_is_boot(const struct memory_device *device);

#endif
