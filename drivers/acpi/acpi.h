/*
 * drivers/acpi/acpi.h - ACPI for the rest of the kernel: bring-up, power, the memory devices.
 *
 * ACPICA's own types stay inside drivers/acpi.
 */
#ifndef DRIVERS_ACPI_ACPI_H
#define DRIVERS_ACPI_ACPI_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"

/* Loads the namespace, starts events, counts slots, scans all DIMMs; runs as a thread may
 * (sleeps).  0, or an errno: the kernel goes on without hot-plug and says so. */
int acpi_start(struct refusal *why);

int acpi_poweroff(void); /* S5 [ACPI 6.5 16.1.7]; returns only on failure */
/* FADT reset register [ACPI 6.5 4.8.3.6], then the 8042, then a triple fault. */
__noreturn void acpi_reboot(void);

/* For the `acpi` command. */
struct acpi_status {
	bool up;
	const char *acpica_version;
	unsigned sci, slots;
	uint64_t sci_count, notify_count;
	uint64_t events_dropped; /* of what ACPICA deferred, since too much waited */
	uint64_t scans;		 /* looks at every slot, for whatever reason */
	size_t arena_size, arena_used, arena_peak;
	uint64_t arena_refused; /* requests it could not serve */
};
void acpi_get_status(struct acpi_status *status); /* ACPICA has a type acpi_status */

/* A slot by index, for lsdimm and `acpi`: path and _STA as last seen. */
struct acpi_slot_info {
	char path[32]; /* \_SB.MHPC.MP00 */
	int slot;
	uint32_t sta;
	bool present;
};
bool acpi_slot_info(unsigned index, struct acpi_slot_info *info);
/* Looks at every slot again, as after a Notify; waits until done. */
void acpi_rescan(void);

#endif
