/*
 * tests/unit/test_pool.c - the table pool at its limits, with 256 devices and the kernel's own
 * page-table code: it is used up to the last table, and never too small.
 */
#define KIT_MEMORY	(544 * GiB)
#define KIT_WINDOW	(6 * GiB)
#define KIT_WINDOW_SIZE (514 * GiB)
#define KIT_SLOTS	256U
#include "tests/unit/hotplug_dimms.h"

/* 256 devices, or those whose sizes the window has room for, from `base` on. */
static unsigned plug_all(paddr_t base, uint64_t step, uint64_t (*size)(unsigned i))
{
	unsigned n = 0;

	for (; n < KIT_SLOTS && base + size(n) <= KIT_FAR; n++) {
		dimm_plug((int)n, base, size(n));
		base += step != 0 ? step : size(n);
	}
	return n;
}

static void unplug_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		dimm_remove(memory_device_by_slot((int)i));
}

static uint64_t four_mib(unsigned i)
{
	(void)i;
	return 4 * MiB;
}

/* Each lies over a border of gigabytes, two gigabytes from the next: four tables of its own. */
static void the_worst_case_takes_all(void **unused)
{
	struct world before = world_now();
	struct hotplug_pool pool;
	unsigned n;

	(void)unused;
	hotplug_pool_counts(&pool);
	assert_int_equal(pool.total, 4 * KIT_SLOTS);
	assert_int_equal(pool.low, pool.total);
	n = plug_all(KIT_WINDOW + GiB - SIZE_2M, 2 * GiB, four_mib);
	assert_int_equal(n, KIT_SLOTS);
	hotplug_pool_counts(&pool);
	assert_int_equal(pool.free, 0);
	assert_int_equal(pool.low, 0);
	unplug_all(n);
	assert_world(&before);
}

static uint64_t sizes[KIT_SLOTS];

static uint64_t drawn(unsigned i)
{
	return sizes[i];
}

/* Packed as QEMU packs them, at every distance from a border of gigabytes; the tables that are
 * gone are counted by the places that the devices leave partly filled. */
static void packed(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 6; round++) {
		struct world before = world_now();
		paddr_t base = KIT_WINDOW + kit_below(512) * SIZE_2M;
		unsigned n, large = 1U << (2 * round);

		for (unsigned i = 0; i < KIT_SLOTS; i++)
			sizes[i] = (1 + kit_below(large)) * SIZE_2M;
		n = plug_all(base, 0, drawn);
		assert_true(pool_free() < before.pool);
		if (round == 0) /* 256 of 2 MiB: half a gigabyte */
			assert_true(before.pool - pool_free() <= 2 + 3);
		assert_sound();
		unplug_all(n);
		assert_world(&before);
	}
}

/* One device at every multiple of 2 MiB around a border of gigabytes, of sizes around every
 * border of any level: never more than four tables, and all of them come back. */
static void every_alignment(void **unused)
{
	static const uint64_t around[] = {1, 128, 256, 384, 512, 1024};
	struct world before = world_now();

	(void)unused;
	for (uint64_t at = 0; at <= 512; at += at % 128 < 2 || at % 128 > 125 ? 1 : 31) {
		for (unsigned i = 0; i < 3 * ARRAY_SIZE(around); i++) {
			uint64_t size = around[i / 3] + i % 3 - (i < 3 ? 0 : 1);
			struct memory_device *device =
				dimm_plug(3, KIT_WINDOW + at * SIZE_2M, size * SIZE_2M);

			assert_in_range(before.pool - pool_free(), 0, 4);
			dimm_remove(device);
			assert_int_equal(before.pool, pool_free());
		}
	}
	assert_world(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_worst_case_takes_all),
		world_test(packed),
		world_test(every_alignment),
	};

	return cmocka_run_group_tests_name("pool", tests, kit_boot, NULL);
}
