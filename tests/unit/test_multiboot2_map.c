/*
 * tests/unit/test_multiboot2_map.c - the memory map among the tags: overlaps resolve towards
 * not using memory.
 */
/* sources: boot/multiboot2.c boot/ranges.c */
#include "tests/unit/mb2_kit.h"

static void test_map_is_sorted_and_resolved(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	entry(0x8000, 0x1000, 5);
	entry(0x5000, 0x8000, 2); /* 5000..d000, the bad page in it stays bad */
	entry(0x1000, 0xf000, 1);
	entry(0xe000, 0x1000, 3);
	entry(0xe800, 0x1000, 4);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	check_info(0);
	assert_int_equal(info.nranges, 8);
	assert_range(0, 0x1000, 0x4000, BOOT_RAM);
	assert_range(1, 0x5000, 0x3000, BOOT_RESERVED);
	assert_range(2, 0x8000, 0x1000, BOOT_BAD);
	assert_range(3, 0x9000, 0x4000, BOOT_RESERVED);
	assert_range(4, 0xd000, 0x1000, BOOT_RAM);
	assert_range(5, 0xe000, 0x800, BOOT_ACPI_RECLAIM);
	assert_range(6, 0xe800, 0x1000, BOOT_ACPI_NVS);
	assert_range(7, 0xf800, 0x800, BOOT_RAM);
}

/* Against a slow model: one type a unit, the most reserved of those that name it. */
static void test_map_against_a_model(void **state)
{
	static const uint32_t types[] = {1, 2, 3, 4, 5, 20};
	static const enum boot_range_type as[] = {BOOT_RAM,	 BOOT_RESERVED, BOOT_ACPI_RECLAIM,
						  BOOT_ACPI_NVS, BOOT_BAD,	BOOT_RESERVED};
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		int model[64];
		size_t at;

		memset(model, -1, sizeof(model));
		begin();
		at = mmap_begin(24);
		for (unsigned i = 0; i < round % 20 + 1; i++) {
			unsigned base, size, type;

			seed = seed * 6364136223846793005 + 1442695040888963407;
			base = seed >> 33 & 63;
			size = seed >> 40 & 31;
			type = (seed >> 50) % ARRAY_SIZE(types);
			size = MIN(size, 64 - base);
			entry(base, size, types[type]);
			for (unsigned u = base; u < base + size; u++)
				model[u] = MAX(model[u], (int)as[type]);
		}
		tag_end(at);
		finish();
		parse();
		check_info(error ? -EINVAL : 0);
		for (unsigned u = 0; u < 64; u++) {
			int found = -1;

			for (unsigned i = 0; i < info.nranges; i++)
				if (info.range[i].base <= u &&
				    u < info.range[i].base + info.range[i].size)
					found = (int)info.range[i].type;
			assert_int_equal(found, model[u]);
		}
	}
}

static void test_empty_and_wrapping_are_dropped(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	entry(0x1000, 0, 1);
	entry(UINT64_MAX - 0xfff, 0x2000, 1);
	entry(0x1000, UINT64_MAX, 2);
	entry(0x1000, 1ULL << 53, 1);
	entry(0x1000, 0x1000, 1);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.dropped, 4);
	assert_int_equal(info.nranges, 1);
	assert_range(0, 0x1000, 0x1000, BOOT_RAM);
}

static void test_unknown_types_are_reserved(void **state)
{
	static const uint32_t types[] = {0, 2, 6, 7, 12, 20, 0x80000001, UINT32_MAX};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		size_t at;

		begin();
		at = mmap_begin(24);
		entry(0, 0x10000, 1);
		entry(0x4000, 0x1000, types[i]);
		tag_end(at);
		finish();
		assert_int_equal(parse(), 0);
		assert_int_equal(info.nranges, 3);
		assert_range(1, 0x4000, 0x1000, BOOT_RESERVED);
	}
}

/* RAM that finds no room stays unused; a reservation still cuts the RAM that was taken. */
static void test_more_ranges_than_room(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	for (unsigned i = 0; i < 400; i++)
		entry(i * 0x10000ULL, 0x8000, 1);
	for (unsigned i = 0; i < 400; i++)
		entry(i * 0x10000ULL + 0x1000, 0x1000, 2);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	check_info(0);
	assert_true(info.dropped >= 400 - BOOT_RANGES_MAX);
	assert_int_equal(info.nranges, BOOT_RANGES_MAX);
	for (unsigned i = 0; i < info.nranges; i++)
		if (info.range[i].type == BOOT_RAM)
			for (unsigned j = 0; j < 400; j++) {
				uint64_t bad = j * 0x10000ULL + 0x1000;

				assert_true(info.range[i].base + info.range[i].size <= bad ||
					    info.range[i].base >= bad + 0x1000);
			}
}

/* What is lost to a full array is the smallest RAM, wherever it stands in the map. */
static void test_largest_ram_is_kept(void **state)
{
	size_t at;

	(void)state;
	for (unsigned big = 0; big < 400; big += 57) {
		uint64_t ram = 0;

		begin();
		at = mmap_begin(24);
		for (unsigned i = 0; i < 400; i++)
			entry(i * 0x100000ULL, i == big ? 0x90000 : 0x1000 + i * 0x10, 1);
		entry(big * 0x100000ULL + 0x1000, 0x1000, 2); /* cuts it when all is full */
		tag_end(at);
		finish();
		assert_int_equal(parse(), 0);
		check_info(0);
		assert_int_equal(info.nranges, BOOT_RANGES_MAX);
		for (unsigned i = 0; i < info.nranges; i++) {
			ram += info.range[i].size;
			if (info.range[i].base == big * 0x100000ULL + 0x2000)
				assert_int_equal(info.range[i].size, 0x8e000);
		}
		assert_true(ram > 0x8e000 + 250ULL * 0x1900);
	}
}

/* A full array loses nothing to what only repeats a part of it. */
static void test_repetition_takes_no_room(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	for (unsigned i = 0; i < BOOT_RANGES_MAX; i++)
		entry(i * 0x10000ULL, 0x8000, 1);
	entry(0x50000, 0x8000, 1);
	entry(0x51000, 0x1000, 1);
	entry(0x50000, 0x1000, 1);
	entry(0x57000, 0x1000, 1);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, BOOT_RANGES_MAX);
	assert_int_equal(info.dropped, 0);
	assert_range(5, 0x50000, 0x8000, BOOT_RAM);
}

/* A map longer than the array, of pieces that touch, is one range. */
static void test_pieces_that_touch_take_no_room(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	for (unsigned i = 0; i < 1000; i++)
		entry((i * 7 % 1000) * 0x1000ULL, 0x1000, 1);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 1);
	assert_int_equal(info.dropped, 0);
}

static void test_entry_size(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(40);
	for (unsigned i = 0; i < 3; i++) {
		entry(i * 0x100000ULL, 0x1000, 1);
		put_text(&tags, "sixteen-bytes---", 16);
	}
	put_zeroes(&tags, 39); /* not an entry */
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 3);
	assert_int_equal(info.dropped, 0);
	for (uint32_t size = 0; size < 24; size++) {
		memcpy(tags.bytes + at + 8, &size, 4);
		assert_int_equal(parse(), -EINVAL);
		assert_string_equal(error, "the memory map's entry size is too small");
		assert_int_equal(info.nranges, 0);
	}
}

static void test_efi_map_alone(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = tag_begin(17);
	put(&tags, 48, 4);
	put(&tags, 1, 4);
	efi_entry(7, 0x100000, 0x100);
	put(&tags, 0, 8);
	efi_entry(4, 0x200000, 0x100); /* boot services' */
	put(&tags, 0, 8);
	efi_entry(9, 0x300000, 1);
	put(&tags, 0, 8);
	efi_entry(10, 0x301000, 1);
	put(&tags, 0, 8);
	efi_entry(6, 0x302000, 1); /* runtime services' */
	put(&tags, 0, 8);
	efi_entry(8, 0x303000, 1);
	put(&tags, 0, 8);
	efi_entry(7, 0x400000, UINT64_MAX);
	put(&tags, 0, 8);
	efi_entry(0, 0, 1ULL << 52); /* would be all memory; found by fuzz_multiboot2.c */
	put(&tags, 0, 8);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	check_info(0);
	assert_true(info.efi);
	assert_int_equal(info.nranges, 5);
	assert_range(0, 0x100000, 0x200000, BOOT_RAM);
	assert_range(1, 0x300000, 0x1000, BOOT_ACPI_RECLAIM);
	assert_range(2, 0x301000, 0x1000, BOOT_ACPI_NVS);
	assert_range(3, 0x302000, 0x1000, BOOT_RESERVED);
	assert_range(4, 0x303000, 0x1000, BOOT_BAD);
	assert_int_equal(info.dropped, 2);
}

static void test_no_map(void **state)
{
	size_t at;

	(void)state;
	begin();
	text_tag(1, "x", 2);
	finish();
	assert_int_equal(parse(), -EINVAL);
	assert_string_equal(error, "there is no memory map");
	assert_string_equal(info.cmdline, "x");
	begin();
	at = mmap_begin(24);
	tag_end(at);
	finish();
	assert_int_equal(parse(), -EINVAL);
	assert_string_equal(error, "the memory map is empty");
	begin();
	text_tag(6, "\30\0\0\0", 4);
	finish();
	assert_int_equal(parse(), -EINVAL);
	assert_string_equal(error, "the memory map's tag is too short");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_is_sorted_and_resolved),
		cmocka_unit_test(test_map_against_a_model),
		cmocka_unit_test(test_empty_and_wrapping_are_dropped),
		cmocka_unit_test(test_unknown_types_are_reserved),
		cmocka_unit_test(test_more_ranges_than_room),
		cmocka_unit_test(test_largest_ram_is_kept),
		cmocka_unit_test(test_repetition_takes_no_room),
		cmocka_unit_test(test_pieces_that_touch_take_no_room),
		cmocka_unit_test(test_entry_size),
		cmocka_unit_test(test_efi_map_alone),
		cmocka_unit_test(test_no_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
