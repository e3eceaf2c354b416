/*
 * drivers/acpi/osl.h - what the files of ACPICA's OS layer share among themselves.
 *
 * ACPICA calls acpi_os_*(): memory (osl_memory.c), mappings (osl_map.c), locks and semaphores
 * (osl_sync.c), deferred work and the SCI (osl_event.c), ports and PCI (osl_io.c), the rest
 * (osl.c).  Nothing of it allocates from the kernel's allocators once acpi_start() is done.
 */
#ifndef DRIVERS_ACPI_OSL_H
#define DRIVERS_ACPI_OSL_H

#include "drivers/acpi/acpi.h"

#include <acpi/acpi.h>

/* 195 KiB live with 4 slots, 731 KiB with 256 slots and 254 CPUs; 30 KiB more while 250 DIMMs
 * arrive at once. */
#define OSL_ARENA_SIZE (1 * MiB)

/* What bring-up must leave of it: 80 bytes for each of OSL_EVENTS_MAX Notifies that wait, and
 * 16 KiB (5.3 measured) for a method of each of the three threads that run any. */
#define OSL_ARENA_MARGIN (OSL_EVENTS_MAX * 80 + 3 * 16 * KiB)

/* What waits for the thread: the methods of up to 128 general-purpose events, each once (it is
 * off until its method has run), and Notifies, of which a method may send one to every slot. */
#define OSL_EVENTS_MAX	 512U
#define OSL_NOTIFIES_MAX (OSL_EVENTS_MAX - 128U)

void osl_memory_init(void);
void osl_memory_status(struct acpi_status *status);

/* Makes the thread "acpi" that runs what acpi_os_execute() queues: 0 or -ENOMEM. */
int osl_event_init(void);
void osl_event_status(struct acpi_status *status);
/* `fn` is called on the thread "acpi" when an event was dropped or its method may have been
 * aborted, since the ring or the arena was full.  Set before events are enabled. */
void osl_event_on_loss(void (*fn)(void));

/* Waits `us` microseconds, whether or not somebody interrupts the thread. */
void osl_wait_us(uint64_t us);

#endif
