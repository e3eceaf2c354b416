/*
 * drivers/acpi/slots.h - the table of memory device slots, as the namespace has them.
 *
 * A slot is a PNP0C80 device object, with a DIMM in it or without.  The table is filled once,
 * at start, and never shrinks.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after slots_find()
 *	w	the hot-plug worker's, but while a device of ours is ejected (hotplug_lock held)
 *whose ever thread that is; others may read a moment's value a	atomic
 */
#ifndef DRIVERS_ACPI_SLOTS_H
#define DRIVERS_ACPI_SLOTS_H

#include "kernel/workqueue.h"
#include "mm/hotplug/device.h"

#include <acpi/acpi.h>

/* Kinds of Notify [ACPI 6.5 5.6.6]; each slot has room for one of a kind. */
enum slot_request_kind {
	REQUEST_BUS_CHECK,
	REQUEST_DEVICE_CHECK,
	REQUEST_EJECT,
	REQUEST_UNKNOWN,
	REQUEST_KINDS,
};

/* A slot whose _STA failed so often is looked at only when it is notified, or by the user: each
 * time may cost half a minute (ACPICA's limit of a loop) and some of the arena. */
#define SLOT_FAILURES_MAX 2U

struct slot;

struct slot_request {
	struct work work;  /* the queue's lock guards it */
	struct slot *slot; /* [I] */
	uint32_t code;	   /* [a] of the Notify, the latest if several were not served yet */
};

struct slot {
	acpi_handle handle;	    /* [I] */
	char path[32];		    /* [I] \_SB.MHPC.MP00 */
	int number;		    /* [I] unique, below MEMORY_SLOTS_MAX; the N of "dimmN" */
	char name[DEVICE_NAME_MAX]; /* [I] "dimmN" */
	struct slot_request request[REQUEST_KINDS];
	uint32_t sta;	   /* [w] _STA as last seen */
	unsigned failures; /* [w] of _STA in a row */
	bool refused;	   /* [w] its DIMM was not taken: leave it alone until something changes */
	bool lost;	   /* [w] its DIMM vanished while in use; said already */
	bool host_waits;   /* [a] an eject request was not answered finally yet */
};

extern struct slot slots[MEMORY_SLOTS_MAX];
extern unsigned nr_slots;

/* Walks the namespace once.  -EIO where it cannot be walked. */
int slots_find(void);
struct slot *slot_by_handle(acpi_handle handle); /* NULL: it is no slot's */

#endif
