/*
 * tests/unit/test_device.c - devices come, go online and offline and leave, in every size and
 * alignment; what is refused, at whatever step, leaves the world as it was.
 */
#include "tests/unit/hotplug_dimms.h"

/* --- the whole life, over sizes and alignments --- */

static void assert_blocks(const struct memory_device *device)
{
	pfn_t pfn = device->start, usable = device->start + device->head.pages;

	for (unsigned i = 0; i < device->nblocks; i++) {
		const struct memory_block *b = &device->blocks[i];

		assert_ptr_equal(b->device, device);
		assert_int_equal(b->start, pfn);
		assert_true(b->npages > 0 && b->npages <= BLOCK_PAGES);
		assert_int_equal(b->start >> BLOCK_ORDER, (block_end(b) - 1) >> BLOCK_ORDER);
		assert_int_equal(b->usable, MIN(MAX(pfn, usable), block_end(b)));
		assert_int_equal(b->state,
				 b->usable == block_end(b) ? BLOCK_MEMMAP : BLOCK_OFFLINE);
		assert_null(b->zone);
		pfn += b->npages;
	}
	assert_int_equal(pfn, device->start + device->npages);
	assert_int_equal(device->blocks_online, 0);
}

/* Every frame of the device is in the direct map, every descriptor in the vmemmap, in its head. */
static void assert_mapped(const struct memory_device *device)
{
	paddr_t base = pfn_to_paddr(device->start), size = device->npages * PAGE_SIZE, pa;
	vaddr_t memmap = VMEMMAP_BASE + device->start * sizeof(struct page);
	uint64_t memmap_size = device->npages * sizeof(struct page);

	for (uint64_t at = 0; at < size; at += SIZE_2M) {
		assert_true(mmu_translate(DIRECT_MAP_BASE + base + at, &pa));
		assert_int_equal(pa, base + at);
	}
	for (uint64_t at = 0; at < memmap_size; at += PAGE_SIZE) {
		assert_true(mmu_translate(memmap + at, &pa));
		assert_in_range(paddr_to_pfn(pa), device->start,
				device->start + device->head.pages - 1);
	}
	assert_false(mmu_translate(MMU_WINDOW_BASE, &pa));
}

static void assert_unmapped(pfn_t start, uint64_t npages)
{
	paddr_t pa;

	for (pfn_t pfn = start; pfn < start + npages; pfn += PAGES_2M) {
		assert_false(mmu_translate(DIRECT_MAP_BASE + pfn_to_paddr(pfn), &pa));
		assert_false(mmu_translate(VMEMMAP_BASE + pfn * sizeof(struct page), &pa));
	}
}

static uint64_t zone_free(enum zone_type type)
{
	return nodes[2].zone[type].free;
}

static void live_through(int slot, paddr_t base, uint64_t size)
{
	struct memory_device *device = dimm_plug(slot, base, size);
	enum zone_type type = kit_below(2) ? ZONE_MOVABLE : ZONE_NORMAL;
	pfn_t start = device->start;
	uint64_t npages = device->npages;
	uint64_t before = zone_free(type);
	struct world added = world_now();

	assert_blocks(device);
	assert_mapped(device);
	dimm_online(device, type == ZONE_MOVABLE ? ONLINE_MOVABLE : ONLINE_KERNEL);
	assert_int_equal(zone_free(type) - before, device->head.usable);
	assert_sound();
	dimm_offline(device);
	assert_world(&added);
	dimm_remove(device);
	assert_unmapped(start, npages);
}

static void sizes_and_alignments(void **unused)
{
	static const uint64_t sizes[] = {3,   4,   5,	63,  64,  65,  127,  128,
					 129, 192, 511, 512, 513, 640, 1100, 2048};
	struct world before = world_now();

	(void)unused;
	for (unsigned gib = 0; gib < 2; gib++) {
		cpu_features.gib_pages = gib != 0;
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			static const uint64_t offsets[] = {0, 1, 63, 64, 127, 448, 511};
			uint64_t at = offsets[kit_below(ARRAY_SIZE(offsets))];

			live_through(0, KIT_WINDOW, sizes[i] * SIZE_2M);
			live_through(1, KIT_WINDOW + at * SIZE_2M, sizes[i] * SIZE_2M);
			live_through(2, KIT_FAR - sizes[i] * SIZE_2M, sizes[i] * SIZE_2M);
			assert_world(&before);
		}
	}
	cpu_features.gib_pages = false;
}

static void one_of_32_gib(void **unused)
{
	(void)unused;
	live_through(7, KIT_WINDOW + 5 * SIZE_2M, 32 * GiB);
}

/* Sixteen devices with no gap between them: they share windows, vmemmap slots, and PDs. */
static void neighbours(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 12; round++) {
		struct memory_device *d[KIT_SLOTS] = {NULL};
		paddr_t base = KIT_WINDOW + kit_below(600) * SIZE_2M;
		uint64_t left = pool_free();

		for (unsigned i = 0; i < KIT_SLOTS; i++) {
			uint64_t size = (5 + kit_below(i % 4 == 3 ? 700 : 60)) * SIZE_2M;

			d[i] = dimm_plug((int)i, base, size);
			base += size;
			dimm_online(d[i], kit_below(2) ? ONLINE_MOVABLE : ONLINE_KERNEL);
		}
		assert_true(pool_free() < left);
		assert_sound();
		for (unsigned n = 0; n < KIT_SLOTS;) {
			unsigned i = (unsigned)kit_below(KIT_SLOTS);

			if (d[i] == NULL)
				continue;
			dimm_offline(d[i]);
			dimm_remove(d[i]);
			d[i] = NULL;
			n++;
			for (unsigned j = 0; j < KIT_SLOTS; j++)
				if (d[j] != NULL)
					assert_mapped(d[j]);
			assert_sound();
		}
		assert_int_equal(pool_free(), left);
	}
}

/* --- refusals --- */

static void refused(struct memory_device_info info, int err, const char *step, const char *words)
{
	struct world before = world_now();
	struct memory_device *device = NULL;
	struct refusal why = {0};

	assert_int_equal(memory_device_add(&info, &device, &why), err);
	assert_null(device);
	assert_int_equal(why.err, err);
	assert_string_equal(why.step, step);
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, words);
	assert_int_equal(memory_device_add(&info, &device, NULL), err);
	assert_world(&before);
}

static void ranges_that_are_none(void **unused)
{
	const paddr_t base = KIT_WINDOW;

	(void)unused;
	refused(dimm_info(0, base, 0), -EINVAL, "range", "empty");
	refused(dimm_info(0, base, -base), -EOVERFLOW, "range", "wrap"); /* ends at 2^64 */
	refused(dimm_info(0, base, -1UL), -EOVERFLOW, "range", "wrap");
	refused(dimm_info(0, -SIZE_2M, 2 * SIZE_2M), -EOVERFLOW, "range", "wrap");
	refused(dimm_info(0, base, 128 * GiB), -ERANGE, "range", "37 physical address bits");
	refused(dimm_info(0, 128 * GiB, GiB), -ERANGE, "range", "37 physical address bits");
	refused(dimm_info(0, 127 * GiB, GiB), -ERANGE, "range", "window");
	refused(dimm_info(0, base - SIZE_2M, GiB), -ERANGE, "range", "window");
	refused(dimm_info(0, KIT_FAR - GiB, GiB + SIZE_2M), -ERANGE, "range", "window");
	refused(dimm_info(0, 0, GiB), -ERANGE, "range", "window");
	refused(dimm_info(0, 4 * GiB, SIZE_2M), -ERANGE, "range", "window");
	refused(dimm_info(0, base, MiB), -EINVAL, "head", "2 MiB");
	refused(dimm_info(0, base + MiB, GiB), -EINVAL, "head", "2 MiB");
	refused(dimm_info(0, base, GiB + PAGE_SIZE), -EINVAL, "head", "2 MiB");
	refused(dimm_info(0, base + 512, GiB), -EINVAL, "head", "page aligned");
	refused(dimm_info(0, base, GiB + 1), -EINVAL, "head", "page aligned");
	refused(dimm_info(0, base, 1), -EINVAL, "head", "page aligned");
}

/* Not even one table of the upper levels: no window, and no panic. */
static void no_memory_for_a_window(void **unused)
{
	static const struct page_owner owner = {.name = "test"};
	struct page *page, *taken = NULL;
	struct refusal why = {0};

	(void)unused;
	while (pages_free() > 8 && (page = page_alloc(0, 0, NODE_ANY, &owner)) != NULL) {
		page->private = (uint64_t)taken;
		taken = page;
	}
	assert_int_equal(hotplug_init_slots(KIT_SLOTS, KIT_WINDOW, KIT_WINDOW_SIZE, &why), -ENOMEM);
	assert_string_equal(why.step, "window");
	while ((page = taken) != NULL) {
		taken = (struct page *)page->private;
		page_free(page);
	}
}

static void nodes_and_slots(void **unused)
{
	struct memory_device_info info = dimm_info(0, KIT_WINDOW, GiB);
	struct memory_device *device;

	(void)unused;
	info.pxm = 7;
	refused(info, -ENODEV, "node", "proximity domain 7");
	info.pxm = ~0U;
	refused(info, -ENODEV, "node", "proximity domain");
	refused(dimm_info(-1, KIT_WINDOW, GiB), -EINVAL, "slot", "-1");
	refused(dimm_info(MEMORY_SLOTS_MAX, KIT_WINDOW, GiB), -EINVAL, "slot", "256");
	refused(dimm_info(INT32_MAX, KIT_WINDOW, GiB), -EINVAL, "slot", "2147483647");
	device = dimm_plug(5, KIT_WINDOW, GiB);
	refused(dimm_info(5, KIT_WINDOW + GiB, GiB), -EEXIST, "slot", "slot 5");
	refused(dimm_info(5, KIT_WINDOW, GiB), -EEXIST, "slot", "slot 5");
	dimm_remove(device);
	info.has_pxm = false;
	info.slot = MEMORY_SLOTS_MAX - 1;
	assert_int_equal(memory_device_add(&info, &device, NULL), 0);
	assert_int_equal(device->node, 0); /* without a _PXM */
	assert_string_equal(device->name, "dimm255");
	dimm_remove(device);
}

static void overlaps(void **unused)
{
	const paddr_t base = KIT_WINDOW + 4 * GiB;
	struct memory_device *device = dimm_plug(1, base, GiB);
	struct boot_range *range = &bootinfo.range[bootinfo.nranges++];

	(void)unused;
	refused(dimm_info(0, base, GiB), -EEXIST, "range", "dimm1");
	refused(dimm_info(0, base - GiB, GiB + SIZE_2M), -EEXIST, "range", "dimm1");
	refused(dimm_info(0, base + GiB - SIZE_2M, GiB), -EEXIST, "range", "dimm1");
	refused(dimm_info(0, base + SIZE_2M, SIZE_2M), -EEXIST, "range", "dimm1");
	refused(dimm_info(0, base - GiB, 4 * GiB), -EEXIST, "range", "dimm1");
	live_through(0, base - GiB, GiB);
	live_through(0, base + GiB, GiB);
	*range = (struct boot_range){base + 2 * GiB + 100, 1, BOOT_RESERVED};
	refused(dimm_info(0, base + 2 * GiB, GiB), -EEXIST, "range", "memory map");
	refused(dimm_info(0, base + GiB, GiB + SIZE_2M), -EEXIST, "range", "memory map");
	live_through(0, base + GiB, GiB);
	bootinfo.nranges--;
	dimm_remove(device);
}

/* What has something online, and what was there at boot, stays. */
static void removals(void **unused)
{
	struct memory_device *device = dimm_plug(2, KIT_WINDOW + SIZE_2M, GiB);
	struct memory_block *last = &device->blocks[device->nblocks - 1];
	struct block_range range = {last->start, last->npages, true};
	struct refusal why = {0}, boot = {0};
	struct block_result result;
	char name[24];

	(void)unused;
	assert_int_equal(blocks_online(&range, ONLINE_MOVABLE, 0, &result, NULL), 0);
	assert_int_equal(memory_device_remove(device, &why), -EBUSY);
	assert_string_equal(why.step, "remove");
	assert_non_null(strstr(why.text, block_name(last, name, sizeof(name))));
	assert_int_equal(memory_device_remove(memory_device_at(0), &boot), -EPERM);
	assert_int_equal(memory_device_eject("boot", NULL), -ENOENT);
	assert_int_equal(memory_device_eject("dimm3", NULL), -ENOENT);
	assert_int_equal(blocks_offline(&range, 0, 0, &result, NULL), 0);
	dimm_remove(device);
}

/* A small pool runs out: everything is refused in good order, and what is there works. */
static void the_table_pool_runs_out(void **unused)
{
	struct memory_device *d[MEMORY_SLOTS_MAX] = {NULL};
	struct memory_device_info info;
	struct refusal why = {0};
	struct world before;
	unsigned n = 0;

	(void)unused;
	for (;; n++) {
		struct memory_device *device = NULL;

		assert_true(n < 60);
		info = dimm_info((int)n, KIT_WINDOW + n * GiB + 5 * SIZE_2M, 20 * SIZE_2M);
		before = world_now();
		dimm_fill(info.base, info.size);
		if (memory_device_add(&info, &device, &why) != 0)
			break;
		d[n] = device;
	}
	assert_true(n > KIT_SLOTS);
	assert_int_equal(why.err, -ENOMEM);
	assert_non_null(strstr(why.text, "pool tables free"));
	assert_world(&before);
	assert_sound();
	while (n-- > 0)
		dimm_remove(d[n]);
}

/* --- the n-th step fails, for every n --- */

static int add_one(struct memory_device *device, struct refusal *why)
{
	struct memory_device_info info =
		dimm_info(9, KIT_WINDOW + GiB - 3 * SIZE_2M, 2 * GiB + 8 * SIZE_2M);
	struct memory_device *added = NULL;

	(void)device;
	return memory_device_add(&info, &added, why);
}

static int online_one(struct memory_device *device, struct refusal *why)
{
	struct block_range range = {device->start, device->npages, false};
	struct block_result result;

	return blocks_online(&range, ONLINE_MOVABLE, 0, &result, why);
}

static int offline_one(struct memory_device *device, struct refusal *why)
{
	return range_offline(device->start, device->npages, why);
}

static int remove_one(struct memory_device *device, struct refusal *why)
{
	return memory_device_remove(device, why);
}

static int eject_one(struct memory_device *device, struct refusal *why)
{
	return memory_device_eject(device->name, why);
}

/* Fails each pass of a fault site in turn until the operation succeeds; returns how many. */
static unsigned sweep(int (*operation)(struct memory_device *, struct refusal *))
{
	for (unsigned n = 1;; n++) {
		struct memory_device *device = memory_device_by_slot(9);
		struct world before = world_now();
		struct refusal why = {0};
		int err;

		assert_true(n < 1000);
		host_fault_in = n;
		err = operation(device, &why);
		if (err == 0 && host_fault_in != 0) {
			host_fault_in = 0;
			return n - 1;
		}
		assert_int_equal(host_fault_in, 0);
		if (err == 0) /* it got over it; not what this test is about */
			fail_msg("fault %u goes unnoticed", n);
		assert_int_equal(why.err, err);
		assert_true(why.step != NULL && why.text[0] != '\0');
		assert_world(&before);
		assert_sound();
	}
}

static void every_step_fails_once(void **unused)
{
	struct memory_device *device;

	(void)unused;
	for (unsigned gib = 0; gib < 2; gib++) {
		cpu_features.gib_pages = gib != 0;
		dimm_fill(KIT_WINDOW + GiB - 3 * SIZE_2M, 2 * GiB + 8 * SIZE_2M);
		/* range, node, head, 2 listeners, direct map, vmemmap, PDs and PTs */
		assert_true(sweep(add_one) >= 10);
		assert_true(sweep(online_one) >= 17 + 2);
		assert_true(sweep(offline_one) >= 17 * 5 + 3);
		assert_true(sweep(remove_one) >= 3);
		assert_true(sweep(add_one) >= 10);
		assert_true(sweep(online_one) >= 17 + 2);
		kit_ejects = 0;
		assert_true(sweep(eject_one) >= 17 * 5 + 6);
		assert_int_equal(kit_ejects, 1);
		device = memory_device_by_slot(9);
		assert_null(device);
	}
	cpu_features.gib_pages = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(sizes_and_alignments),
		world_test(one_of_32_gib),
		world_test(neighbours),
		world_test(ranges_that_are_none),
		world_test(no_memory_for_a_window),
		world_test(nodes_and_slots),
		world_test(overlaps),
		world_test(removals),
		world_test(the_table_pool_runs_out),
		world_test(every_step_fails_once),
	};

	return cmocka_run_group_tests_name("device", tests, kit_boot, NULL);
}
