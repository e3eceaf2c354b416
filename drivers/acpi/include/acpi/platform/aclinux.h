/*
 * drivers/acpi/include/acpi/platform/aclinux.h - what ACPICA needs to know about this kernel.
 *
 * ACPICA's sources come out of a Linux tree, where the platform header has this name.  This
 * folder stands first in the include path, so that ours is found instead; __KERNEL__ must not
 * be defined, since that selects Linux's own environment in the other headers.
 */
#ifndef DRIVERS_ACPI_INCLUDE_ACPI_PLATFORM_ACLINUX_H
#define DRIVERS_ACPI_INCLUDE_ACPI_PLATFORM_ACLINUX_H

#include "kernel/lib/string.h"
#include "kernel/lib/types.h"

/* Linux's copy of ACPICA lacks the C library of its own: it uses the kernel's. */
#define ACPI_USE_SYSTEM_CLIBRARY
#define ACPI_USE_DO_WHILE_0
#define ACPI_IGNORE_PACKAGE_RESOLUTION_ERRORS
#define ACPI_PCI_CONFIGURED
#define USE_NATIVE_ALLOCATE_ZEROED

#define ACPI_MACHINE_WIDTH	  64
#define COMPILER_DEPENDENT_INT64  long
#define COMPILER_DEPENDENT_UINT64 unsigned long

struct osl_cache; /* drivers/acpi/osl_memory.c */
#define acpi_cache_t   struct osl_cache
#define acpi_uintptr_t uintptr_t
#define acpi_cpu_flags uint64_t

#define ACPI_TO_INTEGER(p)		((uintptr_t)(p))
#define ACPI_OFFSET(type, member)	offsetof(type, member)
#define ACPI_STRUCT_INIT(member, value) .member = value
#define ACPI_EXPORT_SYMBOL(symbol)
#define ACPI_FLUSH_CPU_CACHE() /* for sleep states that keep memory; there are none here */

#define __iomem
#define __init
#define __cdecl

/* What it uses of <ctype.h>, in the C locale. */
static inline int islower(int c)
{
	return c >= 'a' && c <= 'z';
}

static inline int isupper(int c)
{
	return c >= 'A' && c <= 'Z';
}

static inline int isdigit(int c)
{
	return c >= '0' && c <= '9';
}

static inline int isalpha(int c)
{
	return islower(c) || isupper(c);
}

static inline int isxdigit(int c)
{
	return isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static inline int isprint(int c)
{
	return c >= ' ' && c <= '~';
}

static inline int isspace(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline int toupper(int c)
{
	return islower(c) ? c - 'a' + 'A' : c;
}

static inline int tolower(int c)
{
	return isupper(c) ? c - 'A' + 'a' : c;
}

#endif
