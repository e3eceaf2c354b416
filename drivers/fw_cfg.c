/*
 * drivers/fw_cfg.c - files from QEMU's command line [QEMU docs/specs/fw_cfg].
 *
 * A 16-bit selector at 0x510 chooses an item, whose bytes then come one by one out of 0x511.
 * Integers in the directory are big-endian.  What the device says is bounded here: it is as
 * much input from outside as any table.
 *
 * The selector is state of the device: callers come one at a time (boot, then the shell's
 * thread before its first prompt); no lock.
 */
#include "drivers/fw_cfg.h"

#include "arch/io.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define PORT_SELECT 0x510
#define PORT_DATA   0x511

#define ITEM_SIGNATURE 0x0000
#define ITEM_DIRECTORY 0x0019
#define FILES_MAX      1024U /* QEMU itself has room for far fewer */

struct fw_cfg_file {
	uint32_t size;	 /* big-endian */
	uint16_t select; /* big-endian */
	uint16_t reserved;
	char name[56];
};
_Static_assert(sizeof(struct fw_cfg_file) == 64, "as the device has it");

static void read_bytes(void *buf, size_t n)
{
	uint8_t *p = buf;

	for (size_t i = 0; i < n; i++)
		p[i] = io_in8(PORT_DATA);
}

static bool present(void)
{
	char signature[4];

	io_out16(PORT_SELECT, ITEM_SIGNATURE);
	read_bytes(signature, sizeof(signature));
	return memcmp(signature, "QEMU", sizeof(signature)) == 0;
}

static bool find(const char *name, struct fw_cfg_file *file)
{
	uint32_t count;

	io_out16(PORT_SELECT, ITEM_DIRECTORY);
	read_bytes(&count, sizeof(count));
	count = MIN(__builtin_bswap32(count), FILES_MAX);
	for (uint32_t i = 0; i < count; i++) {
		read_bytes(file, sizeof(*file));
		file->name[sizeof(file->name) - 1] = '\0';
		if (strcmp(file->name, name) == 0)
			return true;
	}
	return false;
}

long fw_cfg_read(const char *name, void *buf, size_t max)
{
	struct fw_cfg_file file;
	size_t size;

	if (!present())
		return -ENODEV;
	if (!find(name, &file))
		return -ENOENT;
	size = __builtin_bswap32(file.size);
	io_out16(PORT_SELECT, __builtin_bswap16(file.select));
	read_bytes(buf, MIN(size, max));
	return (long)size;
}
