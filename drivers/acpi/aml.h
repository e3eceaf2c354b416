/*
 * drivers/acpi/aml.h - evaluating the firmware's objects, in the forms the drivers need.
 *
 * All from threads, and they may sleep.  They allocate from ACPICA's arena only.
 */
#ifndef DRIVERS_ACPI_AML_H
#define DRIVERS_ACPI_AML_H

#include "drivers/acpi/memrange.h"
#include "kernel/lib/refusal.h"

#include <acpi/acpi.h>

/* Evaluates `name` below `device`.  `result` NULL: not wanted; it holds what needs no memory
 * beside the object itself.  0, -ENOENT (there is no such object), -ENOMEM or -EIO. */
int aml_evaluate(acpi_handle device, const char *name, struct acpi_object_list *arguments,
		 union acpi_object *result);

/* An integer object or method without arguments; errors as above. */
int aml_integer(acpi_handle device, const char *name, uint64_t *value);

/* A method with one integer argument whose result nobody wants. */
int aml_call(acpi_handle device, const char *name, uint64_t argument);

/* _STA [ACPI 6.5 6.3.7]; a device without one is all there.  0 or an errno. */
int aml_status(acpi_handle device, uint32_t *sta);
#define AML_STA_USABLE \
	(ACPI_STA_DEVICE_PRESENT | ACPI_STA_DEVICE_ENABLED | ACPI_STA_DEVICE_FUNCTIONING)

/* The memory that _CRS [ACPI 6.5 6.2.2] names: 0, or the errno of *why. */
int aml_memory(acpi_handle device, paddr_t limit, struct memrange_piece *range,
	       struct refusal *why);

/* _PXM [ACPI 6.5 6.2.15]: 0 with *has, whether there is one, or an errno with *why. */
int aml_proximity(acpi_handle device, uint32_t *pxm, bool *has, struct refusal *why);

#endif
