/*
 * tests/unit/mb2_kit.h - builds multiboot2 information tag by tag, and checks what every parse
 * of it must keep.
 */
#ifndef TESTS_UNIT_MB2_KIT_H
#define TESTS_UNIT_MB2_KIT_H

#include "tests/unit/table_kit.h"

#include "boot/bootinfo.h"
#include "kernel/lib/errno.h"

#define TAGS_PADDR 0x9000

static struct blob tags;
static struct bootinfo info;
static const char *error;

static inline void begin(void)
{
	tags.n = 0;
	put(&tags, 0, 4);
	put(&tags, 0, 4);
}

static inline size_t tag_begin(uint32_t type)
{
	while (tags.n % 8)
		put(&tags, 0xee, 1); /* padding is not zero by right */
	put(&tags, type, 4);
	put(&tags, 0, 4);
	return tags.n - 8;
}

static inline void tag_end(size_t at)
{
	uint32_t size = (uint32_t)(tags.n - at);

	memcpy(tags.bytes + at + 4, &size, 4);
}

static inline void text_tag(uint32_t type, const char *text, size_t n)
{
	size_t at = tag_begin(type);

	put_text(&tags, text, n);
	tag_end(at);
}

static inline size_t mmap_begin(uint32_t entry_size)
{
	size_t at = tag_begin(6);

	put(&tags, entry_size, 4);
	put(&tags, 0, 4);
	return at;
}

static inline void entry(uint64_t base, uint64_t size, uint32_t type)
{
	put(&tags, base, 8);
	put(&tags, size, 8);
	put(&tags, type, 4);
	put(&tags, 0, 4);
}

static inline void efi_entry(uint32_t type, uint64_t base, uint64_t pages)
{
	put(&tags, type, 4);
	put(&tags, 0, 4);
	put(&tags, base, 8);
	put(&tags, 0, 8);
	put(&tags, pages, 8);
	put(&tags, 0xf, 8);
}

static inline void finish(void)
{
	uint32_t size;

	tag_end(tag_begin(0));
	size = (uint32_t)tags.n;
	memcpy(tags.bytes, &size, 4);
}

static inline int parse(void)
{
	uint8_t *copy = malloc(tags.n);
	int err;

	memcpy(copy, tags.bytes, tags.n);
	err = multiboot2_parse(copy, tags.n, TAGS_PADDR, &info, &error);
	free(copy);
	return err;
}

static inline void check_info(int err)
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

static inline void probe(const uint8_t *bytes, size_t n)
{
	check_info(multiboot2_parse(bytes, n, TAGS_PADDR, &info, &error));
}

static inline void assert_range(unsigned i, paddr_t base, uint64_t size, enum boot_range_type type)
{
	assert_true(i < info.nranges);
	assert_int_equal(info.range[i].base, base);
	assert_int_equal(info.range[i].size, size);
	assert_int_equal(info.range[i].type, type);
}

#endif
