/*
 * mm/hotplug/add.c - memory devices arrive and go: add, remove, and boot memory's own.
 *
 * Adding allocates nothing: memmap, page tables and descriptors of a device lie in its head,
 * shared page tables come from the pool that boot reserved.
 *
 * Lock: hotplug_lock over the whole request.
 */
#include "arch/cpu.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/clock.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "mm/buddy.h"
#include "mm/early.h"
#include "mm/hotplug/events.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/listener.h"
#include "mm/slab.h"

struct noalloc hotplug_noalloc = {.name = "hot-plug"};

FAULT_SITE(add_range, "the address range of a new device is checked")
FAULT_SITE(add_node, "the node of a new device is looked up")
FAULT_SITE(add_head, "the head of a new device is planned")
FAULT_SITE(remove_check, "a device is about to be removed")

/* --- what the firmware may not say --- */

static int check_range(const struct memory_device_info *info, struct refusal *why)
	REQUIRES(&hotplug_lock)
{
	paddr_t limit = mmu_phys_end();
	pfn_t pfn = paddr_to_pfn(info->base);

	if (FAULT_HIT(add_range))
		return refuse_at(why, -EINVAL, "range", pfn, FAULT_TEXT);
	if (info->size == 0)
		return refuse_at(why, -EINVAL, "range", pfn, "the device is empty");
	if (info->base + info->size < info->base)
		return refuse_at(why, -EOVERFLOW, "range", pfn, "0x%lx bytes wrap around",
				 info->size);
	if (info->base + info->size > limit)
		return refuse_at(why, -ERANGE, "range", pfn,
				 "0x%lx bytes reach beyond 0x%lx (%u physical address bits)",
				 info->size, limit, cpu_features.phys_bits);
	if (!window_covers(info->base, info->size))
		return refuse_at(why, -ERANGE, "range", pfn,
				 "0x%lx bytes are outside the hot-plug window", info->size);
	return 0;
}

static bool ranges_meet(paddr_t a, uint64_t a_size, paddr_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static int check_overlap(const struct memory_device_info *info, struct refusal *why)
{
	pfn_t start = paddr_to_pfn(info->base);
	struct memory_device *other =
		device_overlapping(start, DIV_ROUND_UP(info->size, PAGE_SIZE));

	if (other != NULL)
		return refuse_at(why, -EEXIST, "range", MAX(start, other->start),
				 "belongs to %s already", other->name);
	for (unsigned i = 0; i < bootinfo.nranges; i++) {
		const struct boot_range *range = &bootinfo.range[i];

		if (ranges_meet(info->base, info->size, range->base, range->size))
			return refuse_at(why, -EEXIST, "range",
					 paddr_to_pfn(MAX(info->base, range->base)),
					 "is in the firmware's memory map (type %d)", range->type);
	}
	return 0;
}

static int check_node(const struct memory_device_info *info, struct refusal *why)
{
	int node = info->has_pxm ? node_of_pxm(info->pxm) : 0;

	if (FAULT_HIT(add_node))
		return refuse_at(why, -ENODEV, "node", paddr_to_pfn(info->base), FAULT_TEXT);
	if (node >= 0)
		return node;
	return refuse_at(
		why, -ENODEV, "node", paddr_to_pfn(info->base),
		"is in proximity domain %u, which is none of the %u domains of the SRAT that "
		"count",
		info->pxm, nr_nodes);
}

/* Everything that can be refused without touching anything; fills *device. */
static int plan(const struct memory_device_info *info, struct memory_device *device,
		struct refusal *why) REQUIRES(&hotplug_lock)
{
	int err, node;

	if (info->slot < 0 || info->slot >= MEMORY_SLOTS_MAX)
		return refuse(why, -EINVAL, "slot", "slot %d is not one of %d", info->slot,
			      MEMORY_SLOTS_MAX);
	if (memory_device_by_slot(info->slot) != NULL)
		return refuse(why, -EEXIST, "slot", "slot %d has a device already", info->slot);
	err = check_range(info, why);
	if (err == 0)
		err = check_overlap(info, why);
	if (err != 0)
		return err;
	node = check_node(info, why);
	if (node < 0)
		return node;
	*device = (struct memory_device){
		.start = paddr_to_pfn(info->base),
		.npages = info->size / PAGE_SIZE,
		.slot = info->slot,
		.node = (uint8_t)node,
		.ops = info->ops,
		.firmware = info->firmware,
		.added_us = clock_us(),
	};
	snprintf(device->name, sizeof(device->name), "dimm%d", info->slot);
	if (!IS_ALIGNED(info->base | info->size, PAGE_SIZE))
		return refuse_at(why, -EINVAL, "head", device->start, "is not page aligned");
	if (FAULT_HIT(add_head))
		return refuse_at(why, -ENOSPC, "head", device->start, FAULT_TEXT);
	return head_plan(device->start, device->npages, cpu_features.gib_pages, &device->head, why);
}

/* The device moves into its own head, which is mapped by now.  Cannot fail. */
static struct memory_device *settle(const struct memory_device *planned) REQUIRES(&hotplug_lock)
{
	struct memory_device *device = phys_to_virt(pfn_to_paddr(planned->head.descriptors));

	*device = *planned;
	device->blocks = (struct memory_block *)(device + 1);
	device_make_blocks(device);
	device_table_insert(device);
	return device;
}

static void change_of_device(struct listener_change *change, enum listener_event event,
			     const struct memory_device *device)
{
	*change = (struct listener_change){event, device, device->start, device->npages};
}

int memory_device_add_held(const struct memory_device_info *info, bool restore,
			   struct memory_device **device, struct refusal *why)
{
	struct memory_device planned;
	struct listener_change change;
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	err = plan(info, &planned, why);
	if (err != 0)
		return err;
	change_of_device(&change, LISTENER_ADD, &planned);
	/* Before anything is mapped: a veto leaves not a byte of the DIMM changed. */
	err = restore ? 0 : listeners_prepare(&change, why);
	if (err != 0)
		return err;
	err = device_map(&planned, why);
	if (err != 0) {
		if (!restore)
			listeners_abort(&change);
		return err;
	}

	/* Nothing below this line can fail. */
	*device = settle(&planned);
	change.device = *device;
	listeners_commit(&change);
	return 0;
}

int memory_device_add(const struct memory_device_info *info, struct memory_device **device,
		      struct refusal *why)
{
	struct noalloc *outer = noalloc_enter(&hotplug_noalloc);
	uint64_t began = cpu_cycles();
	char name[DEVICE_NAME_MAX];
	int err;

	snprintf(name, sizeof(name), "dimm%d", info->slot);
	mutex_lock(&hotplug_lock);
	err = memory_device_add_held(info, false, device, why);
	mutex_unlock(&hotplug_lock);
	event_record_since(began, EVENT_ADD, name, err, info->size, "%s",
			   err != 0 && why != NULL ? why->text : "");
	noalloc_leave(outer);
	return err;
}

int memory_device_remove_held(struct memory_device *device, struct refusal *why)
{
	struct memory_device gone = *device;
	struct listener_change change;
	int err;

	ASSERT(mutex_is_held(&hotplug_lock));
	if (memory_device_is_boot(device))
		return refuse_at(why, -EPERM, "remove", device->start,
				 "is boot memory, which cannot leave");
	for (unsigned i = 0; i < device->nblocks; i++) {
		struct memory_block *block = &device->blocks[i];
		char name[24];

		if (block->state != BLOCK_OFFLINE && block->state != BLOCK_MEMMAP)
			return refuse_at(why, -EBUSY, "remove", block->start, "%s is %s",
					 block_name(block, name, sizeof(name)),
					 block_state_name(block->state));
	}
	if (FAULT_HIT(remove_check))
		return refuse_at(why, -EBUSY, "remove", device->start, FAULT_TEXT);
	change_of_device(&change, LISTENER_REMOVE, &gone);
	err = listeners_prepare(&change, why);
	if (err != 0)
		return err;

	/* Nothing below this line can fail; `device` itself goes with its head. */
	device_table_remove(device);
	device_unmap(&gone);
	gone.blocks = NULL;
	gone.nblocks = 0;
	listeners_commit(&change);
	return 0;
}

int memory_device_remove(struct memory_device *device, struct refusal *why)
{
	uint64_t began = cpu_cycles();
	char name[DEVICE_NAME_MAX];
	int err;

	mutex_lock(&hotplug_lock);
	memcpy(name, device->name, sizeof(name));
	err = memory_device_remove_held(device, why);
	mutex_unlock(&hotplug_lock);
	event_record_since(began, EVENT_REMOVE, name, err, 0, "%s",
			   err != 0 && why != NULL ? why->text : "");
	return err;
}

/* --- boot memory --- */

static struct memory_device boot_devices[BOOT_SPANS_MAX];

/* Pages of [start, start + npages) that are in [base, base + size). */
static uint64_t shared_pages(pfn_t start, uint64_t npages, paddr_t base, uint64_t size)
{
	pfn_t from = MAX(start, paddr_to_pfn(base));
	pfn_t to = MIN(start + npages, paddr_to_pfn(base + size));

	return to > from ? to - from : 0;
}

/* A boot block has holes and early's reservations; early remembers both. */
static void account_boot_block(struct memory_block *block)
{
	paddr_t base;
	uint64_t size;

	for (unsigned i = 0; i < early.nram; i++)
		block->present += shared_pages(block->start, block->npages, early.ram[i].base,
					       early.ram[i].size);
	for (unsigned i = 0; early_free_range(&early, i, &base, &size); i++)
		block->managed += shared_pages(block->start, block->npages, base, size);
}

/* Pages were handed out before there were blocks to count them in. */
static void count_boot_block(struct memory_block *block)
{
	uint64_t flags = spin_lock(&block->zone->lock);

	block_count_unmovable(block, block->unmovable);
	spin_unlock(&block->zone->lock, flags);
}

/* At boot, when there is no other thread: no lock. */
static void init_boot_device(struct memory_device *device, const struct boot_span *span,
			     struct memory_block *blocks) NO_TSA
{
	*device = (struct memory_device){
		.name = "boot",
		.start = span->start,
		.npages = span->npages,
		.slot = DEVICE_SLOT_NONE,
		.node = span->node,
		.blocks = blocks,
	};
	device_make_blocks(device);
	for (unsigned i = 0; i < device->nblocks; i++) {
		struct memory_block *block = &device->blocks[i];

		account_boot_block(block);
		block->state = BLOCK_ONLINE;
		block->zone = &nodes[span->node].zone[ZONE_NORMAL];
	}
	device->blocks_online = device->nblocks;
	device_table_insert(device);
	for (unsigned i = 0; i < device->nblocks; i++)
		count_boot_block(&device->blocks[i]);
}

/* Boot memory came to the free lists block by block, before anyone could say what may merge. */
static void merge_boot_blocks(const struct memory_device *device)
{
	for (unsigned b = 0; b < device->nblocks; b++) {
		const struct memory_block *block = &device->blocks[b];

		if (block->zone != NULL && IS_ALIGNED(block->start, BLOCK_PAGES))
			buddy_merge_at(block->zone, block->start);
	}
}

void hotplug_init_boot(const struct boot_span *spans, unsigned nspans)
{
	node_listener_register();
	for (unsigned i = 0; i < nspans; i++) {
		uint64_t windows = (spans[i].npages + 2 * BLOCK_PAGES - 1) / BLOCK_PAGES;
		struct memory_block *blocks = kzalloc(windows * sizeof(*blocks));

		if (blocks == NULL) {
			klog(LOG_ERR, "memhp: no memory for %lu blocks of boot memory", windows);
			return;
		}
		init_boot_device(&boot_devices[i], &spans[i], blocks);
		merge_boot_blocks(&boot_devices[i]);
	}
}

/* --- figures --- */

uint64_t hotplug_metadata_online(void)
{
	const struct memory_device *device;
	uint64_t pages = 0;

	ASSERT(mutex_is_held(&hotplug_lock));
	for_each_device (device)
		if (device->blocks_online != 0)
			pages += device->head.pages;
	return pages * PAGE_SIZE;
}

uint64_t hotplug_offline_bytes(void)
{
	const struct memory_device *device;
	uint64_t pages = 0;

	ASSERT(mutex_is_held(&hotplug_lock));
	for_each_device (device)
		for (unsigned b = 0; b < device->nblocks; b++)
			if (device->blocks[b].state == BLOCK_OFFLINE)
				pages += device->blocks[b].npages;
	return pages * PAGE_SIZE;
}
