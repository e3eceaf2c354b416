/*
 * boot/start.h - the first C code, and the copy of the boot loader's tags it makes.
 */
#ifndef BOOT_START_H
#define BOOT_START_H

#include "kernel/lib/types.h"

#define BOOT_TAGS_MAX (64 * KiB)

/* What the loader handed over; immutable after boot_start(). */
struct boot_handover {
	uint32_t magic; /* BOOT_MAGIC if a multiboot2 loader started us */
	paddr_t tags_paddr;
	uint32_t tags_size; /* as the tags claim; only BOOT_TAGS_MAX are copied */
};
#define BOOT_MAGIC 0x36d76289 /* [MB2 3.3] */

extern struct boot_handover boot_handover;
extern uint8_t boot_tags[BOOT_TAGS_MAX];

/* kernel/kmain.c: the rest of the kernel's start. */
__noreturn void kmain(void);

#endif
