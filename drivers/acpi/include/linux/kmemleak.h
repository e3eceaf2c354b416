/*
 * drivers/acpi/include/linux/kmemleak.h - the one call that Linux added to ACPICA.
 */
#ifndef DRIVERS_ACPI_INCLUDE_LINUX_KMEMLEAK_H
#define DRIVERS_ACPI_INCLUDE_LINUX_KMEMLEAK_H

#define kmemleak_not_leak(object) ((void)(object))

#endif
