/*
 * drivers/acpi/power.h - the power button; switching off and resetting are in acpi.h.
 */
#ifndef DRIVERS_ACPI_POWER_H
#define DRIVERS_ACPI_POWER_H

/* From here on acpi_poweroff() works and the power button calls it. */
void power_init(void);

#endif
