/*
 * mm/hotplug/device.c - the table of memory devices, sorted by address.
 *
 * The table is the only thing about a device that stands outside the device.
 *
 * Locks: hotplug_lock (mutex) is held by whoever changes the table; devices_lock (spin) makes
 * the change atomic for the zones' hooks, which look blocks up under a zone's lock.
 */
#include "mm/hotplug/device.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "mm/hotplug/hotplug_priv.h"

struct mutex hotplug_lock = MUTEX_INIT(hotplug_lock, "hotplug");

static struct spinlock devices_lock = SPINLOCK_INIT("devices", RANK_DEVICES);
static struct memory_device *devices[DEVICES_MAX];
static unsigned nr_devices;
static struct memory_device *device_in_slot[MEMORY_SLOTS_MAX]; /* the same, of plugged ones */

/* The index of the first device that ends after `pfn`. */
static unsigned device_index(pfn_t pfn)
{
	unsigned low = 0, high = nr_devices;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (devices[middle]->start + devices[middle]->npages <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct memory_device *memory_device_by_pfn(pfn_t pfn)
{
	uint64_t flags = spin_lock(&devices_lock);
	unsigned i = device_index(pfn);
	struct memory_device *found = NULL;

	if (i < nr_devices && devices[i]->start <= pfn)
		found = devices[i];
	spin_unlock(&devices_lock, flags);
	return found;
}

struct memory_device *memory_device_by_name(const char *name)
{
	for (unsigned i = 0; i < nr_devices; i++)
		if (!memory_device_is_boot(devices[i]) && strcmp(devices[i]->name, name) == 0)
			return devices[i];
	return NULL;
}

struct memory_device *memory_device_by_slot(int slot)
{
	return slot >= 0 && slot < MEMORY_SLOTS_MAX ? device_in_slot[slot] : NULL;
}

/* Boot memory is in no slot. */
static void note_slot(const struct memory_device *device, struct memory_device *now)
{
	if (!memory_device_is_boot(device))
		device_in_slot[device->slot] = now;
}

struct memory_device *memory_device_at(unsigned index)
{
	return index < nr_devices ? devices[index] : NULL;
}

bool memory_device_is_boot(const struct memory_device *device)
{
	return device->slot == DEVICE_SLOT_NONE;
}

struct memory_device *device_overlapping(pfn_t start, uint64_t npages)
{
	unsigned i = device_index(start);

	if (i < nr_devices && devices[i]->start < start + npages)
		return devices[i];
	return NULL;
}

void device_table_insert(struct memory_device *device)
{
	uint64_t flags;
	unsigned i;

	ASSERT(nr_devices < DEVICES_MAX);
	ASSERT(device_overlapping(device->start, device->npages) == NULL);

	flags = spin_lock(&devices_lock);
	i = device_index(device->start);
	for (unsigned j = nr_devices++; j > i; j--)
		devices[j] = devices[j - 1];
	devices[i] = device;
	note_slot(device, device);
	spin_unlock(&devices_lock, flags);
}

void device_table_remove(struct memory_device *device)
{
	uint64_t flags = spin_lock(&devices_lock);
	unsigned i = device_index(device->start);

	ASSERT(i < nr_devices && devices[i] == device);
	note_slot(device, NULL);
	nr_devices--;
	for (unsigned j = i; j < nr_devices; j++)
		devices[j] = devices[j + 1];
	spin_unlock(&devices_lock, flags);
}

void device_make_blocks(struct memory_device *device)
{
	pfn_t end = device->start + device->npages;
	pfn_t usable = device->start + device->head.pages;
	pfn_t pfn = device->start;

	for (unsigned i = 0; pfn < end; i++) {
		struct memory_block *block = &device->blocks[i];
		pfn_t next = MIN(ALIGN_DOWN(pfn, BLOCK_PAGES) + BLOCK_PAGES, end);

		*block = (struct memory_block){
			.start = pfn,
			.npages = next - pfn,
			.usable = MIN(MAX(pfn, usable), next),
			.device = device,
			.state = next <= usable ? BLOCK_MEMMAP : BLOCK_OFFLINE,
		};
		pfn = next;
		device->nblocks = i + 1;
	}
}
