/*
 * drivers/acpi/include/acpi/platform/aclinuxex.h - shadows Linux's: nothing more is needed.
 */
#ifndef DRIVERS_ACPI_INCLUDE_ACPI_PLATFORM_ACLINUXEX_H
#define DRIVERS_ACPI_INCLUDE_ACPI_PLATFORM_ACLINUXEX_H
#endif
