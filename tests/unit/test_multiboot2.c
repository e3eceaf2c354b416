/*
 * tests/unit/test_multiboot2.c - multiboot2 tags into struct bootinfo, sound and damaged.
 */
/* sources: boot/multiboot2.c boot/ranges.c */
#include "tests/unit/mb2_kit.h"

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
		assert_true(bootinfo_has_ram(&info));
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

/* It goes to the log, and so to a terminal and into JSON. */
static void test_the_loaders_name_is_printable(void **state)
{
	size_t at;

	(void)state;
	begin();
	text_tag(2, "GR\x1b[2J\xc3UB\n", 10);
	at = mmap_begin(24);
	entry(0, 0x1000, 1);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	assert_string_equal(info.loader, "GR?[2J?UB?");
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
	assert_false(bootinfo_has_ram(&info));
	assert_int_equal(multiboot2_parse(tags.bytes, tags.n - 1, 0, &info, &error), -EINVAL);
	assert_string_equal(error, "the information is longer than the bytes given");
	assert_int_equal(info.nranges, 8);
	assert_true(bootinfo_has_ram(&info));
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
	assert_true(bootinfo_has_ram(&info));
}

/* Tags that are cut anywhere: with the whole map there is RAM to go on with, else there is none. */
static void test_cut_tags(void **state)
{
	size_t map_end;

	(void)state;
	sample();
	map_end = 8 + ALIGN_UP(8 + 19, 8) + ALIGN_UP(8 + 21, 8) + 16 + 8 * 24;
	for (size_t n = 0; n <= tags.n; n++) {
		uint8_t *copy = malloc(MAX(n, 1UL));

		memcpy(copy, tags.bytes, n);
		assert_int_equal(multiboot2_parse(copy, n, TAGS_PADDR, &info, &error) == 0,
				 n == tags.n);
		assert_int_equal(bootinfo_has_ram(&info), n >= map_end);
		assert_true(n < map_end || info.nranges == 8);
		free(copy);
	}
}

static void test_map_without_ram(void **state)
{
	size_t at;

	(void)state;
	begin();
	at = mmap_begin(24);
	entry(0, 0x1000, 2);
	entry(0x100000, 0x1000, 3);
	tag_end(at);
	finish();
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nranges, 2);
	assert_false(bootinfo_has_ram(&info));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_rsdp_address),
		cmocka_unit_test(test_newer_rsdp_wins_when_second),
		cmocka_unit_test(test_short_rsdp),
		cmocka_unit_test(test_efi),
		cmocka_unit_test(test_long_cmdline_is_cut),
		cmocka_unit_test(test_the_loaders_name_is_printable),
		cmocka_unit_test(test_broken_walks),
		cmocka_unit_test(test_cut_tags),
		cmocka_unit_test(test_map_without_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
