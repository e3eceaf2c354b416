/*
 * drivers/acpi/memdev.h - the memory-device driver: DIMMs as the ACPI specification has them
 * (PNP0C80) [ACPI 6.5 9.11].
 *
 * memdev.c takes one DIMM in or lets it go; notify.c decides when.
 */
#ifndef DRIVERS_ACPI_MEMDEV_H
#define DRIVERS_ACPI_MEMDEV_H

#include "drivers/acpi/acpi.h"
#include "drivers/acpi/memrange.h"
#include "drivers/acpi/slots.h"

/* --- memdev.c; on the hot-plug worker only (the core calls its eject on the user's thread) --- */

/*
 * Looks at a slot and takes in a DIMM that is new there.  `source` is what made us look (an
 * ost_source or another Notify code): a Notify is always answered, and is a reason to try
 * again what was refused; OST_INSERTION only tells the platform about what has changed.
 */
void memdev_check(struct slot *slot, uint32_t source);

/* The platform asks for the DIMM. */
void memdev_eject_request(struct slot *slot);

/* --- probe.c --- */

/* Where DIMMs may appear: the SRAT's hot-plug ranges, first to last byte; size 0: it names none.
 * False: they lie over boot memory, and what is returned is the part behind. */
bool memdev_window(paddr_t *base, uint64_t *size);

/* 0, or -ENXIO where the first or the last page of the range is in the window, is nobody's, and
 * is no memory.
 * => hotplug_lock held; the range lies below DIRECT_MAP_MAX and the CPU's limit */
int memdev_probe(const struct memrange_piece *range, struct refusal *why) REQUIRES(&hotplug_lock);

/* --- notify.c --- */

/* Makes the worker.  0 or -ENOMEM. */
int notify_init(void);
/* From here on the platform's Notify are heard. */
int notify_enable(void);
/* Looks at all slots, as an OST_INSERTION; waits until that is done.  `again`: refused DIMMs
 * get another chance. */
void notify_rescan(bool again);
uint64_t notify_count(void);
uint64_t notify_scans(void); /* looks at every slot, since boot */

#endif
