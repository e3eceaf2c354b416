/*
 * boot/image.h - where the kernel image lies; symbols of linker.ld.
 *
 * All are page aligned.  __boot_start and __boot_end are physical (= low virtual), all others
 * virtual, KERNEL_BASE above their physical addresses.
 */
#ifndef BOOT_IMAGE_H
#define BOOT_IMAGE_H

#include "arch/mmu.h"

extern char __boot_start[], __boot_end[];     /* 32-bit entry code, needless after boot */
extern char __text_start[], __text_end[];     /* RX */
extern char __rodata_start[], __rodata_end[]; /* R */
extern char __data_start[], __data_end[];     /* RW */
extern char __boot_stack_guard[];	      /* a page that must not be mapped */
extern char __bss_start[], __bss_end[];	      /* RW; starts with the boot stack */
extern char __image_end[];

extern char boot_stack[], boot_stack_top[]; /* of the thread "main" */

/* The physical address of something in the image. */
static inline paddr_t image_to_phys(const void *va)
{
	return (paddr_t)va - KERNEL_BASE;
}

#endif
