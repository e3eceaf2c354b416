/*
 * boot/bootinfo.h - what the boot loader told us, checked and in our own words.
 *
 * Filled once by multiboot2_parse() from a copy of the tags; immutable afterwards.
 */
#ifndef BOOT_BOOTINFO_H
#define BOOT_BOOTINFO_H

#include "kernel/lib/types.h"

#define BOOT_RANGES_MAX	 256
#define BOOT_CMDLINE_MAX 4096

enum boot_range_type {
	BOOT_RAM,	   /* usable */
	BOOT_ACPI_RECLAIM, /* tables: readable RAM, never given out */
	BOOT_ACPI_NVS,
	BOOT_RESERVED, /* whatever else, unknown types too (UEFI's type 20) */
	BOOT_BAD,
};

struct boot_range {
	paddr_t base;
	uint64_t size;
	enum boot_range_type type;
};

struct bootinfo {
	/* Sorted by base, not overlapping (where the firmware's overlap, the more reserved type
	 * wins), not page aligned necessarily; zero-sized and wrapping ones dropped and counted,
	 * and RAM beyond 52-bit addresses. */
	struct boot_range range[BOOT_RANGES_MAX];
	unsigned nranges;
	unsigned dropped;

	paddr_t rsdp;	       /* physical address of the copy inside the tags, 0 if none; */
	uint8_t rsdp_copy[36]; /* its bytes */
	unsigned rsdp_length;  /* 20 (ACPI 1.0) or 36 */

	char cmdline[BOOT_CMDLINE_MAX];
	size_t cmdline_length;
	bool cmdline_cut; /* it was longer */
	char loader[64];  /* printable ASCII, cut if longer */
	bool efi;
};

extern struct bootinfo bootinfo;

/*
 * Parses multiboot2 information [MB2 3.6] of `size` bytes at `tags`; reads nothing outside.
 * `paddr` is where it lies in physical memory (for bootinfo.rsdp).  0 or -EINVAL with *error a
 * literal that says what is wrong first (NULL without an error).  A broken tag is skipped where
 * it can be: on an error *info holds all that was understood, and may well be enough to go on.
 */
int multiboot2_parse(const void *tags, size_t size, paddr_t paddr, struct bootinfo *info,
		     const char **error);

/* Is there RAM, so that a kernel can go on whatever else was wrong? */
bool bootinfo_has_ram(const struct bootinfo *info);

#endif
