/*
 * tests/kernel/dimm.h - a plugged DIMM that a test takes out of the kernel's hands and gives
 * back: remove and add need no firmware, since the DIMM itself stays where it is.
 */
#ifndef TESTS_KERNEL_DIMM_H
#define TESTS_KERNEL_DIMM_H

#include "mm/hotplug/hotplug.h"

struct dimm {
	struct memory_device_info info;
	char name[DEVICE_NAME_MAX];
	struct block_range all;
	struct block_range middle; /* one block, its neighbours of one chunk with it perhaps */
	int node;
	unsigned nblocks;
};

/* The index-th device that is wholly offline; false: there are not that many. */
bool dimm_find_offline(unsigned index, struct dimm *dimm);

int dimm_add(const struct dimm *dimm, struct refusal *why);
int dimm_remove(const struct dimm *dimm, struct refusal *why);	       /* -ENOENT where it is not */
int dimm_online(const struct block_range *range, struct refusal *why); /* to Movable */
int dimm_offline(const struct block_range *range, uint64_t *moved, struct refusal *why);

#endif
