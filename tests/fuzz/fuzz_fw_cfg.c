/*
 * tests/fuzz/fuzz_fw_cfg.c - any bytes as the device fw_cfg: a file is found where the directory
 * has its name first, read to the end or as far as there is room, and not a byte further.
 *
 * The input is three bytes and the directory as the device gives it; behind its end the device
 * has zeros.  To read a thousand files made of them takes a hundred times as long as an input does
 * otherwise, so only a long one (a seed) may announce many more than it has.
 */
/* sources: drivers/fw_cfg.c */
#include "arch/io.h"
#include "drivers/fw_cfg.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

#define CMDLINE	  "opt/org.headroom/cmdline"
#define DIRECTORY 0x19
#define ENTRY	  64
#define NAME	  56
#define FILES_MAX 1024U
#define LONG	  520 /* bytes: more than FUZZ_LEN_fw_cfg */

/* --- the device --- */

static struct {
	char signature[4];
	uint8_t directory[4 + FILES_MAX * ENTRY];
	unsigned selected;
	size_t offset, reads;
} device;

/* What the device has at a place of an item; files can be told apart by theirs. */
static uint8_t byte_of(unsigned item, size_t offset)
{
	if (item == 0)
		return offset < 4 ? (uint8_t)device.signature[offset] : 0;
	if (item == DIRECTORY)
		return offset < sizeof(device.directory) ? device.directory[offset] : 0;
	return (uint8_t)(item * 31 + offset * 7 + (offset >> 8));
}

void io_out16(uint16_t port, uint16_t v)
{
	MUST(port == 0x510);
	device.selected = v;
	device.offset = 0;
}

uint8_t io_in8(uint16_t port)
{
	MUST(port == 0x511);
	device.reads++;
	return byte_of(device.selected, device.offset++);
}

/* --- the second reading --- */

static uint32_t big_endian(const uint8_t *bytes, unsigned width)
{
	uint32_t value = 0;

	while (width-- > 0)
		value = value << 8 | *bytes++;
	return value;
}

static uint32_t count_files(void)
{
	uint32_t files = big_endian(device.directory, 4);

	return files < FILES_MAX ? files : FILES_MAX;
}

/* The last byte of a name is a 0, whatever the device says. */
static bool has_name(const uint8_t *entry, const char *name)
{
	size_t length = strnlen((const char *)entry + 8, NAME - 1);

	return length == strlen(name) && memcmp(entry + 8, name, length) == 0;
}

static const uint8_t *find(const char *name)
{
	const uint8_t *entry = device.directory + 4;

	for (uint32_t i = 0; i < count_files(); i++, entry += ENTRY)
		if (has_name(entry, name))
			return entry;
	return NULL;
}

/* Was the file found, with something in it? */
static bool check(const char *name, size_t room)
{
	bool present = memcmp(device.signature, "QEMU", 4) == 0;
	const uint8_t *entry = present ? find(name) : NULL;
	uint8_t *buf = malloc(room + 1);
	size_t length = 0;
	long got;

	memset(buf, 0xa5, room + 1);
	device.reads = 0;
	got = fw_cfg_read(name, buf, room);
	if (entry != NULL) {
		MUST(got == (long)big_endian(entry, 4));
		length = MIN((size_t)got, room);
	} else {
		MUST(got == (present ? -ENOENT : -ENODEV));
	}
	for (size_t i = 0; i <= room; i++)
		MUST(buf[i] == (i < length ? byte_of(big_endian(entry + 4, 2), i) : 0xa5));
	MUST(device.reads <= 4 + 4 + (size_t)count_files() * ENTRY + room);
	free(buf);
	return got > 0;
}

/* The name of one of the files; "" if there is none. */
static void name_one(unsigned which, char name[NAME])
{
	memset(name, 0, NAME);
	if (count_files() > 0)
		memcpy(name, device.directory + 4 + which % count_files() * ENTRY + 8, NAME - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[NAME];
	bool found;

	if (size < 3)
		return 0;
	memset(device.directory, 0, sizeof(device.directory));
	memcpy(device.signature, data[0] % 16 == 15 ? "QEMV" : "QEMU", 4);
	memcpy(device.directory, data + 3, MIN(size - 3, sizeof(device.directory)));
	if (size < LONG && count_files() > size / ENTRY + 1) {
		memset(device.directory, 0, 3);
		device.directory[3] = (uint8_t)(size / ENTRY + 1);
	}
	found = check(CMDLINE, data[2] + 1U);
	name_one(data[1], name);
	if (name[0] != '\0')
		found &= check(name, data[2]);
	ACCEPTED(found);
	return 0;
}
