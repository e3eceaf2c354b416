/*
 * kernel/shell/fault_place.h - after a page fault: how far the page tables go, and whose place
 * the address is or was.
 */
#ifndef KERNEL_SHELL_FAULT_PLACE_H
#define KERNEL_SHELL_FAULT_PLACE_H

/* Adds itself to panic reports, and notes devices that leave; after hotplug_init_boot(). */
void fault_place_init(void);

#endif
