/*
 * kernel/shell/valid_zones.h - Linux's valid_zones of a block, as lsmem prints it.
 */
#ifndef KERNEL_SHELL_VALID_ZONES_H
#define KERNEL_SHELL_VALID_ZONES_H

#include "mm/hotplug/block.h"

/* Where an online block is ("Movable"), or what an offline one may be onlined to, the default
 * first ("Normal/Movable"); "none" for a block that the head fills.  hotplug_lock held. */
const char *valid_zones(const struct memory_block *block);

#endif
