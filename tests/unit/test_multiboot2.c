/*
 * tests/unit/test_multiboot2.c - multiboot2 tags into struct bootinfo: overlaps resolve
 * towards not using memory, and damage never makes RAM out of what is none.
 */
/* sources: boot/multiboot2.c boot/ranges.c */
#include "tests/unit/table_kit.h"

#include "boot/bootinfo.h"
#include "kernel/lib/errno.h"

#define TAGS_PADDR 0x9000

static struct blob tags;
static struct bootinfo info;
static const char *error;

static void begin(void)
{
	tags.n = 0;
	put(&tags, 0, 4);
	put(&tags, 0, 4);
}

static size_t tag_begin(uint32_t type)
{
	while (tags.n % 8)
		put(&tags, 0xee, 1); /* padding is not zero by right */
	put(&tags, type, 4);
	put(&tags, 0, 4);
	return tags.n - 8;
}

static void tag_end(size_t at)
{
	uint32_t size = (uint32_t)(tags.n - at);

	memcpy(tags.bytes + at + 4, &size, 4);
}

static void text_tag(uint32_t type, const char *text, size_t n)
{
	size_t at = tag_begin(type);

	put_text(&tags, text, n);
	tag_end(at);
}

static size_t mmap_begin(uint32_t entry_size)
{
	size_t at = tag_begin(6);

	put(&tags, entry_size, 4);
	put(&tags, 0, 4);
	return at;
}

static void entry(uint64_t base, uint64_t size, uint32_t type)
{
	put(&tags, base, 8);
	put(&tags, size, 8);
	put(&tags, type, 4);
	put(&tags, 0, 4);
}

static void efi_entry(uint32_t type, uint64_t base, uint64_t pages)
{
	put(&tags, type, 4);
	put(&tags, 0, 4);
	put(&tags, base, 8);
	put(&tags, 0, 8);
	put(&tags, pages, 8);
	put(&tags, 0xf, 8);
}

static void finish(void)
{
	uint32_t size;

	tag_end(tag_begin(0));
	size = (uint32_t)tags.n;
	memcpy(tags.bytes, &size, 4);
}

static int parse(void)
{
	uint8_t *copy = malloc(tags.n);
	int err;

	memcpy(copy, tags.bytes, tags.n);
	err = multiboot2_parse(copy, tags.n, TAGS_PADDR, &info, &error);
	free(copy);
	return err;
}

/* As GRUB makes it under SeaBIOS, q35, 512M. */
static void sample(void)
{
	size_t at;

	begin();
	text_tag(1, "maxcpus=2 numa=off", 19);
	text_tag(2, "GRUB 2.06-13+deb12u1", 21);
	at = mmap_begin(24);
	entry(0, 0x9fc00, 1);
	entry(0x9fc00, 0x400, 2);
	entry(0xf0000, 0x10000, 2);
	entry(0x100000, 0x1fedf000, 1);
	entry(0x1ffdf000, 0x21000, 2);
	entry(0xb0000000, 0x10000000, 2);
	entry(0xfed1c000, 0x4000, 2);
	entry(0xfffc0000, 0x40000, 2);
	tag_end(at);
	at = tag_begin(14);
	put_text(&tags, "RSD PTR \0BOCHS \0\1\2\3\4", 20);
	tag_end(at);
	finish();
}

static void check_info(int err)
{
	assert_true(err == 0 || err == -EINVAL);
	assert_int_equal(err == 0, error == NULL);
	assert_in_range(info.nranges, 0, BOOT_RANGES_MAX);
	for (unsigned i = 0; i < info.nranges; i++) {
		const struct boot_range *r = &info.range[i];

		assert_true(r->size > 0 && r->base + r->size > r->base);
		assert_in_range(r->type, BOOT_RAM, BOOT_BAD);
		if (i == 0)
			continue;
		assert_true(r[-1].base + r[-1].size <= r->base);
		assert_false(r[-1].type == r->type && r[-1].base + r[-1].size == r->base);
	}
	assert_true(memchr(info.cmdline, 0, sizeof(info.cmdline)) != NULL);
	assert_int_equal(strlen(info.cmdline), info.cmdline_length);
	assert_true(memchr(info.loader, 0, sizeof(info.loader)) != NULL);
	assert_true(info.rsdp_length == 0 || info.rsdp_length == 20 || info.rsdp_length == 36);
	assert_int_equal(info.rsdp != 0, info.rsdp_length != 0);
}

static void probe(const uint8_t *bytes, size_t n)
{
	check_info(multiboot2_parse(bytes, n, TAGS_PADDR, &info, &error));
}

static void assert_range(unsigned i, paddr_t base, uint64_t size, enum boot_range_type type)
{
	assert_true(i < info.nranges);
	assert_int_equal(info.range[i].base, base);
	assert_int_equal(info.range[i].size, size);
	assert_int_equal(info.range[i].type, type);
}

static void test_sample(void **state)
{
	(void)state;
	sample();
	assert_int_equal(parse(), 0);
	check_info(0);
	assert_string_equal(info.cmdline, "maxcpus=2 numa=off");
	assert_string_equal(info.loader, "GRUB 2.06-13+deb12u1");
	assert_int_equal(info.nranges, 8);
	assert_range(3, 0x100000, 0x1fedf000, BOOT_RAM);
	assert_int_equal(info.rsdp_length, 20);
	assert_memory_equal(info.rsdp_copy, "RSD PTR ", 8);
	assert_false(info.efi);
	assert_false(info.cmdline_cut);
	assert_int_equal(info.dropped, 0);
}

static void test_damage(void **state)
{
	(void)state;
	sample();
	probe_truncations(&tags, probe);
	probe_corruptions(&tags, probe);
	probe_noise(&tags, 8, 20000, probe);
}

static void test_rsdp_address(void **state)
{
	size_t at;

	(void)state;
	begin();
	mmap_begin(24);
	entry(0, 0x1000, 1);
	tag_end(8);
	at = tag_begin(15);
	put_text(&tags, "new", 3);
	put_zeroes(&tags, 33);
	tag_end(at);
	text_tag(14, "old-----------------", 20);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.rsdp, TAGS_PADDR + at + 8);
	assert_int_equal(info.rsdp_length, 36);
	assert_memory_equal(info.rsdp_copy, "new", 3);
}

static void test_newer_rsdp_wins_when_second(void **state)
{
	char v2[36] = "new";
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	entry(0, 0x1000, 1);
	tag_end(at);
	text_tag(14, "old-----------------", 20);
	text_tag(15, v2, 36);
	v2[0] = 'x';
	text_tag(15, v2, 36);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.rsdp_length, 36);
	assert_memory_equal(info.rsdp_copy, "new", 3);
}

static void test_short_rsdp(void **state)
{
	(void)state;
	for (unsigned type = 14; type <= 15; type++) {
		sample();
		tags.n -= 8 + 4 + 28; /* the end tag, padding and the RSDP */
		text_tag(type, "RSD PTR RSD PTR RSD PTR RSD PTR RSD PTR", type == 14 ? 19 : 35);
		finish();
		assert_int_equal(parse(), -EINVAL);
		assert_string_equal(error, "an RSDP tag is too short");
		assert_int_equal(info.rsdp, 0);
		assert_int_equal(info.nranges, 8); /* the rest was understood */
	}
}

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

static void test_efi(void **state)
{
	static const uint32_t types[] = {11, 12, 17, 19, 20};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		sample();
		tags.n -= 8;
		text_tag(types[i], "12345678", 8);
		finish();
		assert_int_equal(parse(), 0);
		assert_true(info.efi);
		assert_int_equal(info.nranges, 8); /* tag 17 does not count beside tag 6 */
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
	assert_int_equal(info.dropped, 1);
}

static void test_long_cmdline_is_cut(void **state)
{
	char line[BOOT_CMDLINE_MAX + 1];
	size_t at;

	(void)state;
	memset(line, 'x', sizeof(line));
	for (size_t n = BOOT_CMDLINE_MAX - 2; n <= BOOT_CMDLINE_MAX + 1; n++) {
		begin();
		text_tag(1, line, n); /* without a 0 */
		text_tag(1, "second", 7);
		text_tag(2, line, 200);
		at = mmap_begin(24);
		entry(0, 0x1000, 1);
		tag_end(at);
		finish();
		assert_int_equal(parse(), 0);
		check_info(0);
		assert_int_equal(info.cmdline_cut, n >= BOOT_CMDLINE_MAX);
		assert_int_equal(info.cmdline_length, MIN(n, (size_t)BOOT_CMDLINE_MAX - 1));
		assert_int_equal(strlen(info.loader), 63);
	}
}

static void test_broken_walks(void **state)
{
	uint32_t size;
	size_t end;

	(void)state;
	sample();
	end = tags.n - 8;
	assert_int_equal(multiboot2_parse(tags.bytes, 7, 0, &info, &error), -EINVAL);
	assert_string_equal(error, "the information is shorter than its header");
	assert_int_equal(multiboot2_parse(tags.bytes, tags.n - 1, 0, &info, &error), -EINVAL);
	assert_string_equal(error, "the information is longer than the bytes given");
	assert_int_equal(info.nranges, 8);
	for (size = 0; size < 8; size++) {
		memcpy(tags.bytes + end + 4, &size, 4);
		assert_int_equal(parse(), -EINVAL);
		assert_string_equal(error, "a tag's size is below 8");
		assert_int_equal(info.nranges, 8);
	}
	size = UINT32_MAX;
	memcpy(tags.bytes + end + 4, &size, 4);
	assert_int_equal(parse(), -EINVAL);
	assert_string_equal(error, "a tag reaches past the end");
	size = (uint32_t)end;
	memcpy(tags.bytes, &size, 4);
	assert_int_equal(parse(), -EINVAL);
	assert_string_equal(error, "the tags end without an end tag");
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
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_rsdp_address),
		cmocka_unit_test(test_newer_rsdp_wins_when_second),
		cmocka_unit_test(test_short_rsdp),
		cmocka_unit_test(test_map_is_sorted_and_resolved),
		cmocka_unit_test(test_map_against_a_model),
		cmocka_unit_test(test_empty_and_wrapping_are_dropped),
		cmocka_unit_test(test_unknown_types_are_reserved),
		cmocka_unit_test(test_more_ranges_than_room),
		cmocka_unit_test(test_entry_size),
		cmocka_unit_test(test_efi),
		cmocka_unit_test(test_efi_map_alone),
		cmocka_unit_test(test_long_cmdline_is_cut),
		cmocka_unit_test(test_broken_walks),
		cmocka_unit_test(test_no_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
