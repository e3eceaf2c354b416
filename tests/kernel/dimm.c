/*
 * tests/kernel/dimm.c - finding a DIMM to try things with.  Owns nothing.
 */
#include "tests/kernel/dimm.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

static void describe(const struct memory_device *device, struct dimm *dimm)
{
	const struct memory_block *middle = &device->blocks[device->nblocks / 2];

	*dimm = (struct dimm){
		.info = {.base = pfn_to_paddr(device->start),
			 .size = device->npages * PAGE_SIZE,
			 .slot = device->slot,
			 .pxm = nodes[device->node].pxm,
			 .has_pxm = true,
			 .ops = device->ops,
			 .firmware = device->firmware},
		.all = {.start = device->start, .npages = device->npages},
		.middle = {.start = middle->start, .npages = middle->npages, .single = true},
		.node = device->node,
		.nblocks = device->nblocks,
	};
	memcpy(dimm->name, device->name, sizeof(dimm->name));
}

bool dimm_find_offline(unsigned index, struct dimm *dimm)
{
	struct memory_device *device;
	bool found = false;

	mutex_lock(&hotplug_lock);
	for (unsigned i = 0; !found && (device = memory_device_at(i)) != NULL; i++) {
		if (memory_device_is_boot(device) || device->blocks_online != 0 || index-- > 0)
			continue;
		describe(device, dimm);
		found = true;
	}
	mutex_unlock(&hotplug_lock);
	return found;
}

int dimm_add(const struct dimm *dimm, struct refusal *why)
{
	struct memory_device *device;

	return memory_device_add(&dimm->info, &device, why);
}

int dimm_remove(const struct dimm *dimm, struct refusal *why)
{
	struct memory_device *device;

	mutex_lock(&hotplug_lock);
	device = memory_device_by_name(dimm->name);
	mutex_unlock(&hotplug_lock);
	if (device == NULL)
		return refuse(why, -ENOENT, "target", "there is no %s", dimm->name);
	return memory_device_remove(device, why);
}

int dimm_online(const struct block_range *range, struct refusal *why)
{
	struct block_result result;

	return blocks_online(range, ONLINE_MOVABLE, 0, &result, why);
}

int dimm_offline(const struct block_range *range, uint64_t *moved, struct refusal *why)
{
	struct block_result result = {0};
	int err = blocks_offline(range, 0, 0, &result, why);

	if (moved != NULL)
		*moved = result.moved_pages;
	return err;
}
