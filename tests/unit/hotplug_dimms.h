/*
 * tests/unit/hotplug_dimms.h - DIMMs for the machine of hotplug_kit.h: full of hostile bytes,
 * plugged, ejected; and the state of the world, to be compared.
 */
/* sources: arch/x86_64/mmu.c arch/x86_64/mmu_map.c arch/x86_64/mmu_unmap.c arch/x86_64/tlb.c */
/* sources: kernel/cpulock.c kernel/lib/errno.c kernel/lib/refusal.c mm/alloc.c mm/boot_spans.c */
/* sources: mm/buddy.c mm/buddy_isolate.c mm/buddy_verify.c mm/early.c mm/hotplug/account.c */
/* sources: mm/hotplug/add.c mm/hotplug/block.c mm/hotplug/capacity.c mm/hotplug/device.c */
/* sources: mm/hotplug/device_map.c mm/hotplug/eject.c mm/hotplug/evacuate.c mm/hotplug/events.c */
/* sources: mm/hotplug/head.c mm/hotplug/hooks.c mm/hotplug/listener.c mm/hotplug/nodes.c */
/* sources: mm/hotplug/offline.c mm/hotplug/online.c mm/hotplug/policy.c mm/hotplug/table_pool.c */
/* sources: mm/hotplug/verify.c mm/hotplug/walk.c mm/hotplug/window.c mm/node.c mm/pagetable.c */
/* sources: mm/pcp.c mm/vm/migrate.c mm/zone.c */
#ifndef TESTS_UNIT_HOTPLUG_DIMMS_H
#define TESTS_UNIT_HOTPLUG_DIMMS_H

#include "tests/unit/hotplug_kit.h"

/* --- what DIMMs hold when they come --- */

#define HOSTILE_PAGES 65536UL /* descriptors: 2 MiB of them */
static struct page *kit_hostile;

/* Fills the head, and a little of the rest, of a DIMM with descriptors that lead astray. */
static inline void dimm_fill(paddr_t base, uint64_t size)
{
	struct refusal why = {0};
	struct head_layout head;
	uint64_t left = MIN(size, SIZE_2M);

	if (kit_hostile == NULL) {
		kit_hostile = calloc(HOSTILE_PAGES, sizeof(struct page));
		kit_make_hostile(kit_hostile, HOSTILE_PAGES, 4);
	}
	if (head_plan(paddr_to_pfn(base), size / PAGE_SIZE, cpu_features.gib_pages, &head, &why) ==
	    0)
		left = head.pages * PAGE_SIZE;
	for (paddr_t at = base; left > 0;) {
		uint64_t n = MIN(left, SIZE_2M);

		memcpy(kit_memory + at, kit_hostile, n);
		at += n;
		left -= n;
	}
}

/* --- plugging --- */

static unsigned kit_ejects; /* calls of ops->eject */
static int kit_eject_error; /* what it answers */

static int dimm_eject(struct memory_device *device, void *firmware, struct refusal *why)
{
	assert_ptr_equal(firmware, &kit_ejects);
	/* The core has forgotten it. */
	assert_null(memory_device_by_slot(device->slot));
	assert_null(memory_device_by_pfn(device->start));
	kit_ejects++;
	if (kit_eject_error == 0)
		return 0;
	return refuse(why, kit_eject_error, "firmware", "%s does not open", device->name);
}

static const struct memory_device_ops dimm_ops = {dimm_eject};

static inline struct memory_device_info dimm_info(int slot, paddr_t base, uint64_t size)
{
	return (struct memory_device_info){
		.base = base,
		.size = size,
		.slot = slot,
		.pxm = 9,
		.has_pxm = true,
		.ops = &dimm_ops,
		.firmware = &kit_ejects,
	};
}

static inline struct memory_device *dimm_plug(int slot, paddr_t base, uint64_t size)
{
	struct memory_device_info info = dimm_info(slot, base, size);
	struct memory_device *device = NULL;
	struct refusal why = {0};

	dimm_fill(base, size);
	if (memory_device_add(&info, &device, &why) != 0)
		fail_msg("add: %s: %s", why.step, why.text);
	return device;
}

static inline void dimm_online(const struct memory_device *device, enum online_type type)
{
	struct block_range range = {device->start, device->npages, false};
	struct block_result result;
	struct refusal why = {0};

	if (blocks_online(&range, type, 0, &result, &why) != 0)
		fail_msg("online: %s: %s", why.step, why.text);
}

static inline int range_offline(pfn_t start, uint64_t npages, struct refusal *why)
{
	struct block_range range = {start, npages, false};
	struct block_result result;

	return blocks_offline(&range, 0, 0, &result, why);
}

static inline void dimm_offline(const struct memory_device *device)
{
	struct refusal why = {0};

	if (range_offline(device->start, device->npages, &why) != 0)
		fail_msg("offline: %s: %s", why.step, why.text);
}

static inline bool all_zero(const uint8_t *p, size_t size)
{
	return size == 0 || (p[0] == 0 && memcmp(p, p + 1, size - 1) == 0);
}

/* Nothing but zeroes in [from, to); looks only where the file has data at all. */
static inline void assert_wiped(paddr_t from, paddr_t to)
{
	while (from < to) {
		off_t data = lseek(kit_file, (off_t)from, SEEK_DATA), hole;

		if (data < 0 || (paddr_t)data >= to)
			return;
		hole = lseek(kit_file, data, SEEK_HOLE);
		from = MIN((paddr_t)hole, to);
		if (!all_zero(kit_memory + data, from - (paddr_t)data))
			fail_msg("something is left between 0x%lx and 0x%lx", data, from);
	}
}

/* Takes it away, and what it left behind: nothing of ours may be in it. */
static inline void dimm_remove(struct memory_device *device)
{
	const struct memory_device gone = *device;
	const struct head_layout *head = &gone.head;
	struct refusal why = {0};

	if (memory_device_remove(device, &why) != 0)
		fail_msg("remove: %s: %s", why.step, why.text);
	assert_true(all_zero(kit_memory + pfn_to_paddr(head->tables),
			     (head->tables_pages + head->descriptors_pages) * PAGE_SIZE));
	kit_zero(pfn_to_paddr(gone.start), gone.npages * PAGE_SIZE);
}

/* --- the world --- */

struct world {
	struct zone_counts zone[3][ZONE_TYPES];
	uint64_t pool, tables, leaves;
	unsigned ndevices;
	uint64_t devices; /* a hash of the table, with all blocks */
};

static inline uint64_t hash(uint64_t h, uint64_t value)
{
	h = (h ^ value) * 0x9e3779b97f4a7c15UL;
	return h ^ h >> 29;
}

/* Every leaf that is mapped; which page plays which table may change. */
static inline void hash_tables(struct world *w, paddr_t table, unsigned level, vaddr_t va)
{
	const pte_t *t = (const pte_t *)(kit_memory + table);

	w->tables++;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++, va += level_size(level)) {
		if (!pte_present(t[i]))
			continue;
		if (pte_is_leaf(t[i], level))
			w->leaves = hash(hash(w->leaves, va), t[i]);
		else
			hash_tables(w, pte_table(t[i]), level - 1, va);
	}
}

static inline void hash_devices(struct world *w)
{
	struct memory_device *device;

	for (; (device = memory_device_at(w->ndevices)) != NULL; w->ndevices++) {
		uint64_t h = hash(hash(w->devices, (uint64_t)device), device->start);

		h = hash(hash(h, device->npages), (uint64_t)device->slot);
		h = hash(h, device->blocks_online);
		if (!memory_device_is_boot(device))
			h = hash(h, (uint64_t)device->memmap_zone);
		for (unsigned i = 0; i < device->nblocks; i++) {
			const struct memory_block *b = &device->blocks[i];

			h = hash(hash(h, b->state), (uint64_t)b->zone);
			h = hash(hash(h, b->start), b->usable);
		}
		w->devices = h;
	}
}

static inline uint64_t pool_free(void)
{
	struct hotplug_pool counts;

	hotplug_pool_counts(&counts);
	return counts.free;
}

static inline struct world world_now(void)
{
	struct world w;
	unsigned n;

	memset(&w, 0, sizeof(w));
	pages_settle();
	for_each_node (n)
		for (unsigned type = 0; type < ZONE_TYPES; type++) {
			buddy_counts(&nodes[n].zone[type], &w.zone[n][type]);
			w.zone[n][type].allocs = w.zone[n][type].frees = 0;
		}
	w.pool = pool_free();
	hash_tables(&w, mmu_root(), 4, 0);
	hash_devices(&w);
	return w;
}

#define assert_world(before)                                                       \
	do {                                                                       \
		struct world now_ = world_now();                                   \
		assert_int_equal(now_.pool, (before)->pool);                       \
		assert_int_equal(now_.tables, (before)->tables);                   \
		assert_true(now_.leaves == (before)->leaves);                      \
		assert_int_equal(now_.ndevices, (before)->ndevices);               \
		assert_true(now_.devices == (before)->devices);                    \
		assert_memory_equal(now_.zone, (before)->zone, sizeof(now_.zone)); \
	} while (0)

static void report_violation(const char *violation)
{
	fprintf(stderr, "violation: %s\n", violation);
}

static inline void assert_sound(void)
{
	assert_true(hotplug_verify(report_violation));
	assert_int_equal(host_locks_held, 0);
	assert_null(hotplug_lock.owner);
}

/* Tests begin and end in the same world: no device but boot memory. */
static struct world kit_start;

static int world_begin(void **state)
{
	(void)state;
	kit_start = world_now();
	kit_eject_error = 0;
	kit_interrupt = false;
	host_fault_in = 0;
	return 0;
}

static int world_end(void **state)
{
	(void)state;
	assert_world(&kit_start);
	assert_sound();
	return 0;
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, world_begin, world_end)

#endif
