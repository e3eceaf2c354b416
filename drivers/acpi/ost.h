/*
 * drivers/acpi/ost.h - _OST, how the platform learns what became of its request
 * [ACPI 6.5 6.3.5].
 */
#ifndef DRIVERS_ACPI_OST_H
#define DRIVERS_ACPI_OST_H

#include "kernel/lib/refusal.h"

#include <acpi/acpi.h>

/* What the answer is about: the Notify code, or what the kernel did of its own accord. */
enum ost_source {
	OST_BUS_CHECK = 0,
	OST_DEVICE_CHECK = 1,
	OST_EJECT_REQUEST = 3,
	OST_EJECTION = 0x103,  /* asked for on this side */
	OST_INSERTION = 0x200, /* found without a Notify: at boot, by a rescan */
};

enum ost_status {
	OST_SUCCESS = 0,
	OST_FAILURE = 1, /* of no kind that has a number */
	OST_UNRECOGNIZED = 2,
	/* of an ejection */
	OST_EJECT_UNSUPPORTED = 0x80,
	OST_EJECT_IN_USE = 0x81,  /* what it holds is in use and could not be moved in time */
	OST_EJECT_BUSY = 0x82,	  /* it holds what cannot be moved */
	OST_EJECT_NO_ROOM = 0x83, /* what it depends on: room elsewhere for its contents */
	OST_EJECT_PENDING = 0x84,
	/* of OST_INSERTION */
	OST_INSERT_NO_MEMORY_RANGE = 0x91, /* the memory range cannot be had */
};

/* How a refused ejection (err 0: none), or the errno of an insertion, is told. */
enum ost_status ost_of_eject(const struct refusal *why);
enum ost_status ost_of_insert(uint32_t source, int err);

/* Evaluates the device's _OST, if it has one, and records that as an event of `name`. */
void ost_report(acpi_handle device, const char *path, const char *name, uint32_t source,
		enum ost_status status);

#endif
