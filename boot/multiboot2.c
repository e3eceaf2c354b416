/*
 * boot/multiboot2.c - reads what a multiboot2 loader hands over [MB2 3.6] into struct bootinfo.
 *
 * Owns `bootinfo`, written once before there is a second thread: no lock.  The parser is pure
 * (no globals, nothing read outside the bytes given), since it runs under a fuzzer as well.
 *
 * A broken tag does not end the walk: a machine that lost its command line can still say so.
 * The first thing found wrong is what *error names.
 */
#include "boot/bootinfo.h"
#include "boot/ranges_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printable.h"
#include "kernel/lib/string.h"
#include "kernel/lib/unaligned.h"

struct bootinfo bootinfo;

#define MB2_HEADER 8 /* total_size, reserved; a tag's type and size take as much */
#define MB2_ALIGN  8

enum mb2_tag {
	MB2_END = 0,
	MB2_CMDLINE = 1,
	MB2_LOADER = 2,
	MB2_MMAP = 6,
	MB2_EFI32 = 11,
	MB2_EFI64 = 12,
	MB2_RSDP_V1 = 14,
	MB2_RSDP_V2 = 15,
	MB2_EFI_MMAP = 17,
	MB2_EFI32_IMAGE = 19,
	MB2_EFI64_IMAGE = 20,
};

#define RSDP_V1_LENGTH 20
#define RSDP_V2_LENGTH 36

struct tag {
	const uint8_t *data; /* whole tag, its header included */
	uint32_t type, size;
	paddr_t paddr;
};

struct parser {
	const uint8_t *bytes;
	size_t size, offset;
	paddr_t paddr;
	struct bootinfo *info;
	const char *error; /* the first one */
	bool has_cmdline, has_loader;
	struct tag mmap, efi_mmap; /* data NULL: absent */
};

static void complain(struct parser *p, const char *literal)
{
	if (!p->error)
		p->error = literal;
}

/* The next tag, whole inside the bytes; false at the end tag or where no tag can follow. */
static bool next_tag(struct parser *p, struct tag *tag)
{
	size_t left = p->size - p->offset;

	if (p->offset >= p->size || left < MB2_HEADER) {
		complain(p, "the tags end without an end tag");
		return false;
	}
	tag->data = p->bytes + p->offset;
	tag->type = read32(tag->data);
	tag->size = read32(tag->data + 4);
	tag->paddr = p->paddr + p->offset;
	if (tag->size < MB2_HEADER) {
		complain(p, "a tag's size is below 8");
		return false;
	}
	if (tag->size > left) {
		complain(p, "a tag reaches past the end");
		return false;
	}
	p->offset += ALIGN_UP((size_t)tag->size, MB2_ALIGN);
	return tag->type != MB2_END;
}

/* Copies a tag's string; true where it did not fit.  The terminating 0 may be missing. */
static bool copy_string(const struct tag *tag, char *out, size_t size, size_t *length)
{
	size_t n = strnlen((const char *)tag->data + MB2_HEADER, tag->size - MB2_HEADER);
	bool cut = n >= size;

	if (cut)
		n = size - 1;
	memcpy(out, tag->data + MB2_HEADER, n);
	out[n] = '\0';
	*length = n;
	return cut;
}

static void cmdline_tag(struct parser *p, const struct tag *tag)
{
	struct bootinfo *info = p->info;

	if (p->has_cmdline)
		return;
	p->has_cmdline = true;
	info->cmdline_cut =
		copy_string(tag, info->cmdline, sizeof(info->cmdline), &info->cmdline_length);
}

/* The name is for the log, whatever bytes it has. */
static void loader_tag(struct parser *p, const struct tag *tag)
{
	char name[sizeof(p->info->loader)];
	size_t length;

	if (p->has_loader)
		return;
	p->has_loader = true;
	copy_string(tag, name, sizeof(name), &length);
	copy_printable(p->info->loader, name, length);
}

/* Of each kind the first counts; the newer kind replaces the older, in whichever order. */
static void rsdp_tag(struct parser *p, const struct tag *tag, unsigned need)
{
	struct bootinfo *info = p->info;

	if (tag->size < MB2_HEADER + need) {
		complain(p, "an RSDP tag is too short");
		return;
	}
	if (info->rsdp_length >= need)
		return;
	memset(info->rsdp_copy, 0, sizeof(info->rsdp_copy));
	memcpy(info->rsdp_copy, tag->data + MB2_HEADER, need);
	info->rsdp = tag->paddr + MB2_HEADER;
	info->rsdp_length = need;
}

static void take_tag(struct parser *p, const struct tag *tag)
{
	switch (tag->type) {
	case MB2_CMDLINE:
		cmdline_tag(p, tag);
		break;
	case MB2_LOADER:
		loader_tag(p, tag);
		break;
	case MB2_MMAP:
		if (!p->mmap.data)
			p->mmap = *tag;
		break;
	case MB2_RSDP_V1:
		rsdp_tag(p, tag, RSDP_V1_LENGTH);
		break;
	case MB2_RSDP_V2:
		rsdp_tag(p, tag, RSDP_V2_LENGTH);
		break;
	case MB2_EFI_MMAP:
		if (!p->efi_mmap.data)
			p->efi_mmap = *tag;
		p->info->efi = true;
		break;
	case MB2_EFI32:
	case MB2_EFI64:
	case MB2_EFI32_IMAGE:
	case MB2_EFI64_IMAGE:
		p->info->efi = true;
		break;
	default: /* modules, frame buffers, networks: not used */
		break;
	}
}

/* [MB2 3.6.8] */
static enum boot_range_type mmap_type(uint32_t type)
{
	static const enum boot_range_type known[] = {
		[0] = BOOT_RESERVED,	 [1] = BOOT_RAM,      [2] = BOOT_RESERVED,
		[3] = BOOT_ACPI_RECLAIM, [4] = BOOT_ACPI_NVS, [5] = BOOT_BAD,
	};

	return type < ARRAY_SIZE(known) ? known[type] : BOOT_RESERVED;
}

/* Memory types once boot services have ended [UEFI 2.10 7.2.3 table 7.10]. */
static enum boot_range_type efi_type(uint32_t type)
{
	static const enum boot_range_type known[] = {
		[0] = BOOT_RESERVED, [1] = BOOT_RAM,	      [2] = BOOT_RAM,	    [3] = BOOT_RAM,
		[4] = BOOT_RAM,	     [5] = BOOT_RESERVED,     [6] = BOOT_RESERVED,  [7] = BOOT_RAM,
		[8] = BOOT_BAD,	     [9] = BOOT_ACPI_RECLAIM, [10] = BOOT_ACPI_NVS,
	};

	return type < ARRAY_SIZE(known) ? known[type] : BOOT_RESERVED;
}

/* One memory map entry in our words. */
static struct boot_range mmap_entry(const uint8_t *entry)
{
	return (struct boot_range){read64(entry), read64(entry + 8), mmap_type(read32(entry + 16))};
}

static struct boot_range efi_entry(const uint8_t *entry)
{
	uint64_t pages = read64(entry + 24);
	/* A size that does not fit becomes none, and is dropped as such. */
	uint64_t size = pages > UINT64_MAX >> PAGE_SHIFT ? 0 : pages << PAGE_SHIFT;

	return (struct boot_range){read64(entry + 8), size, efi_type(read32(entry))};
}

/*
 * Takes the entries of a map, behind a 16-byte tag header, in order of their types: a more
 * reserved one is laid over the others last, so it wins, and what finds no room can only
 * have been RAM that stays unused or a reservation of what is not RAM anyway.
 */
static void take_entries(struct parser *p, const struct tag *tag, size_t entry_size,
			 struct boot_range (*decode)(const uint8_t *entry))
{
	for (int type = BOOT_RAM; type <= BOOT_BAD; type++) {
		size_t offset = 16;

		for (; tag->size - offset >= entry_size; offset += entry_size) {
			struct boot_range range = decode(tag->data + offset);

			if ((int)range.type == type)
				ranges_lay_over(p->info, &range);
		}
	}
}

static void take_map(struct parser *p)
{
	bool efi = !p->mmap.data;
	const struct tag *tag = efi ? &p->efi_mmap : &p->mmap;
	uint32_t entry_size, smallest = efi ? 40 : 24;

	if (!tag->data) {
		complain(p, "there is no memory map");
		return;
	}
	if (tag->size < 16) {
		complain(p, "the memory map's tag is too short");
		return;
	}
	entry_size = read32(tag->data + 8);
	if (entry_size < smallest) {
		complain(p, "the memory map's entry size is too small");
		return;
	}
	take_entries(p, tag, entry_size, efi ? efi_entry : mmap_entry);
	if (p->info->nranges == 0)
		complain(p, "the memory map is empty");
}

bool bootinfo_has_ram(const struct bootinfo *info)
{
	for (unsigned i = 0; i < info->nranges; i++)
		if (info->range[i].type == BOOT_RAM)
			return true;
	return false;
}

int multiboot2_parse(const void *tags, size_t size, paddr_t paddr, struct bootinfo *info,
		     const char **error)
{
	struct parser p = {.bytes = tags, .offset = MB2_HEADER, .paddr = paddr, .info = info};
	struct tag tag;

	memset(info, 0, sizeof(*info));
	*error = "the information is shorter than its header";
	if (size < MB2_HEADER)
		return -EINVAL;
	p.size = read32(p.bytes);
	if (p.size > size) {
		p.size = size;
		complain(&p, "the information is longer than the bytes given");
	}
	while (next_tag(&p, &tag))
		take_tag(&p, &tag);
	take_map(&p);
	*error = p.error;
	return p.error ? -EINVAL : 0;
}
