/*
 * tests/fuzz/fuzz_multiboot2.c - any bytes as multiboot2 information: ranges are sorted and
 * disjoint, and of each place in memory they say what the map says, of a contradiction the most
 * reserved.
 */
/* sources: boot/multiboot2.c boot/ranges.c */
#include "boot/bootinfo.h"
#include "tests/fuzz/wide.h"

#define ENTRIES_MAX 1400 /* of 24 bytes, in 32 KiB */
#define PLACES	    64	 /* of a long map not every border is looked at */

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

/* --- the memory map a second time: the most reserved that any entry says of a place --- */

struct entry {
	wide_t base, end;
	enum boot_range_type type;
};

static struct entry entries[ENTRIES_MAX]; /* sound ones */
static unsigned nentries, nunsound;

/* The first tag of a type; NULL if there is none, or the tags end before it. */
static const uint8_t *find_tag(const uint8_t *data, size_t size, uint32_t type, uint32_t *tag_size)
{
	size_t at = 8;

	size = MIN(size, (size_t)field(data, 4));
	while (at < size && size - at >= 8) {
		uint32_t found = (uint32_t)field(data + at, 4);

		*tag_size = (uint32_t)field(data + at + 4, 4);
		if (*tag_size < 8 || *tag_size > size - at || found == 0)
			return NULL;
		if (found == type)
			return data + at;
		at += ((size_t)*tag_size + 7) & ~(size_t)7;
	}
	return NULL;
}

/* [MB2 3.6.8], [UEFI 2.10 7.2.3 table 7.10] */
static enum boot_range_type type_of(uint64_t type, bool efi)
{
	if (efi)
		return type == 8      ? BOOT_BAD
		       : type == 9    ? BOOT_ACPI_RECLAIM
		       : type == 10   ? BOOT_ACPI_NVS
		       : type - 1 < 4 ? BOOT_RAM
		       : type == 7    ? BOOT_RAM
				      : BOOT_RESERVED;
	return type == 1   ? BOOT_RAM
	       : type == 3 ? BOOT_ACPI_RECLAIM
	       : type == 4 ? BOOT_ACPI_NVS
	       : type == 5 ? BOOT_BAD
			   : BOOT_RESERVED;
}

static void read_entry(const uint8_t *raw, bool efi)
{
	struct entry e = {.type = type_of(field(raw + (efi ? 0 : 16), 4), efi)};

	e.base = field(raw + (efi ? 8 : 0), 8);
	e.end = e.base + (efi ? (wide_t)field(raw + 24, 8) * PAGE_SIZE : field(raw + 8, 8));
	if (e.end == e.base || e.end > UINT64_MAX || (e.type == BOOT_RAM && e.end > 1ULL << 52))
		nunsound++;
	else if (nentries < ENTRIES_MAX)
		entries[nentries++] = e;
}

static void read_map(const uint8_t *data, size_t size)
{
	uint32_t tag_size, entry_size;
	const uint8_t *map = find_tag(data, size, 6, &tag_size);
	bool efi = map == NULL;

	nentries = nunsound = 0;
	if (efi)
		map = find_tag(data, size, 17, &tag_size);
	if (!map || tag_size < 16)
		return;
	entry_size = (uint32_t)field(map + 8, 4);
	if (entry_size < (efi ? 40 : 24))
		return;
	for (size_t at = 16; tag_size - at >= entry_size; at += entry_size)
		read_entry(map + at, efi);
}

#define NOTHING -1

static int said_of(wide_t place)
{
	int type = NOTHING;

	for (unsigned i = 0; i < nentries; i++)
		if (place >= entries[i].base && place < entries[i].end)
			type = MAX(type, (int)entries[i].type);
	return type;
}

static int found_at(wide_t place)
{
	for (unsigned i = 0; i < info.nranges; i++)
		if (place >= info.range[i].base && place - info.range[i].base < info.range[i].size)
			return (int)info.range[i].type;
	return NOTHING;
}

/* What a full array has no room for is lost, but no reservation becomes RAM by that. */
static void check_place(wide_t place)
{
	int said = said_of(place), found = found_at(place);

	if (info.dropped == nunsound)
		MUST(found == said);
	else
		MUST(found == said || found == NOTHING);
}

static void check_map(void)
{
	MUST(info.dropped >= nunsound);
	for (unsigned i = 0; i < nentries; i += 1 + nentries / PLACES) {
		check_place(entries[i].base);
		check_place(entries[i].base - 1);
		check_place(entries[i].end);
		check_place(entries[i].end - 1);
	}
	for (unsigned i = 0; i < info.nranges; i += 1 + info.nranges / PLACES)
		check_place(info.range[i].base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *error;
	int err = multiboot2_parse(data, size, 0x9000, &info, &error);

	MUST(err == 0 || err == -EINVAL);
	MUST((err == 0) == (error == NULL));
	check_ranges();
	if (size >= 8) {
		read_map(data, size);
		check_map();
	}
	MUST(info.cmdline_length < sizeof(info.cmdline));
	MUST(strnlen(info.cmdline, sizeof(info.cmdline)) == info.cmdline_length);
	MUST(strnlen(info.loader, sizeof(info.loader)) < sizeof(info.loader));
	MUST(info.rsdp_length == 0 || info.rsdp_length == 20 || info.rsdp_length == 36);
	MUST(info.rsdp_length == 0 || info.rsdp + info.rsdp_length <= 0x9000 + size);
	ACCEPTED(err == 0 && bootinfo_has_ram(&info) && info.rsdp_length != 0 &&
		 strstr(info.loader, "GRUB"));
	return 0;
}
