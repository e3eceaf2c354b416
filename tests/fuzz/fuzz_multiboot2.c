/*
 * tests/fuzz/fuzz_multiboot2.c - any bytes as multiboot2 information: ranges are sorted and
 * disjoint, and no byte that a reservation names comes out as RAM.
 */
/* sources: boot/multiboot2.c boot/ranges.c */
#include "boot/bootinfo.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

static struct bootinfo info;

static void check_ranges(void)
{
	MUST(info.nranges <= BOOT_RANGES_MAX);
	for (unsigned i = 0; i < info.nranges; i++) {
		const struct boot_range *r = &info.range[i];

		MUST(r->size > 0 && r->base + r->size > r->base);
		MUST(r->type <= BOOT_BAD);
		MUST(r->type != BOOT_RAM || r->base + r->size <= 1ULL << 52);
		MUST(i == 0 || r[-1].base + r[-1].size <= r->base);
	}
}

/* The first memory map tag, found by a walk of our own; NULL if there is none. */
static const uint8_t *find_map(const uint8_t *data, size_t size, uint32_t *tag_size)
{
	uint32_t total, type;
	size_t at = 8;

	memcpy(&total, data, 4);
	if (total < size)
		size = total;
	while (at < size && size - at >= 8) {
		memcpy(&type, data + at, 4);
		memcpy(tag_size, data + at + 4, 4);
		if (*tag_size < 8 || *tag_size > size - at || type == 0)
			return NULL;
		if (type == 6)
			return data + at;
		at += ((size_t)*tag_size + 7) & ~(size_t)7;
	}
	return NULL;
}

static void check_not_ram(uint64_t base, uint64_t size)
{
	if (size == 0 || base + size < base)
		return;
	for (unsigned i = 0; i < info.nranges; i++)
		MUST(info.range[i].type != BOOT_RAM ||
		     base >= info.range[i].base + info.range[i].size ||
		     info.range[i].base >= base + size);
}

static void check_reservations(const uint8_t *data, size_t size)
{
	uint32_t tag_size, entry_size, type;
	const uint8_t *map = find_map(data, size, &tag_size);

	if (!map || tag_size < 16)
		return;
	memcpy(&entry_size, map + 8, 4);
	if (entry_size < 24)
		return;
	for (size_t at = 16; tag_size - at >= entry_size; at += entry_size) {
		uint64_t base, length;

		memcpy(&base, map + at, 8);
		memcpy(&length, map + at + 8, 8);
		memcpy(&type, map + at + 16, 4);
		if (type != 1)
			check_not_ram(base, length);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *error;
	int err = multiboot2_parse(data, size, 0x9000, &info, &error);

	MUST(err == 0 || err == -EINVAL);
	MUST((err == 0) == (error == NULL));
	check_ranges();
	if (size >= 8)
		check_reservations(data, size);
	MUST(info.cmdline_length < sizeof(info.cmdline));
	MUST(strnlen(info.cmdline, sizeof(info.cmdline)) == info.cmdline_length);
	MUST(strnlen(info.loader, sizeof(info.loader)) < sizeof(info.loader));
	MUST(info.rsdp_length == 0 || info.rsdp_length == 20 || info.rsdp_length == 36);
	MUST(info.rsdp_length == 0 || info.rsdp + info.rsdp_length <= 0x9000 + size);
	ACCEPTED(err == 0 && bootinfo_has_ram(&info) && info.rsdp_length != 0 &&
		 strstr(info.loader, "GRUB"));
	return 0;
}
