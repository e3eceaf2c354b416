/*
 * drivers/acpi/slots.c - the table of memory device slots, as the namespace has them.
 *
 * Every PNP0C80 object counts, empty ones too: their number bounds what can ever be plugged,
 * which is what the hot-plug core reserves page tables for.  (acpi_get_devices() skips those
 * whose _STA says absent, so the namespace is walked here.)
 */
#include "drivers/acpi/slots.h"

#include "drivers/acpi/acpi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"

#define MEMORY_DEVICE_HID "PNP0C80"

struct slot slots[MEMORY_SLOTS_MAX];
unsigned nr_slots;

static unsigned slots_beyond; /* devices that the table has no room for */

struct slot *slot_by_handle(acpi_handle handle)
{
	for (unsigned i = 0; i < nr_slots; i++) {
		if (slots[i].handle == handle)
			return &slots[i];
	}
	return NULL;
}

static bool is_memory_device(const struct acpi_device_info *info)
{
	const struct acpi_pnp_device_id_list *compatible = &info->compatible_id_list;

	if ((info->valid & ACPI_VALID_HID) &&
	    strcmp(info->hardware_id.string, MEMORY_DEVICE_HID) == 0)
		return true;
	for (unsigned i = 0; (info->valid & ACPI_VALID_CID) && i < compatible->count; i++) {
		if (strcmp(compatible->ids[i].string, MEMORY_DEVICE_HID) == 0)
			return true;
	}
	return false;
}

static int digit_value(char c, int base)
{
	int value = c >= '0' && c <= '9'   ? c - '0'
		    : c >= 'A' && c <= 'F' ? c - 'A' + 10
		    : c >= 'a' && c <= 'f' ? c - 'a' + 10
					   : base;

	return value < base ? value : -1;
}

/* All of `text` as a number below MEMORY_SLOTS_MAX, or -1. */
static int slot_number(const char *text, int base)
{
	int number = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		int digit = digit_value(*text, base);

		if (digit < 0)
			return -1;
		number = number * base + digit;
		if (number >= MEMORY_SLOTS_MAX)
			return -1;
	}
	return number;
}

/* _UID is "0x14" or an integer, which ACPICA turns into decimal; else the hex digits that end
 * the object's name (MP14). */
static int firmware_number(const struct acpi_device_info *info, const char *path)
{
	const char *uid = (info->valid & ACPI_VALID_UID) ? info->unique_id.string : "";
	size_t length = strlen(path);
	int number;

	if (uid[0] == '0' && (uid[1] == 'x' || uid[1] == 'X'))
		number = slot_number(uid + 2, 16);
	else
		number = slot_number(uid, 10);
	if (number < 0 && length >= 2)
		number = slot_number(path + length - 2, 16);
	return number;
}

static bool number_taken(int number)
{
	for (unsigned i = 0; i < nr_slots; i++) {
		if (slots[i].number == number)
			return true;
	}
	return false;
}

/* The firmware's number where it has a unique one, else the lowest free one. */
static int choose_number(const struct acpi_device_info *info, const char *path)
{
	int number = firmware_number(info, path);

	if (number >= 0 && !number_taken(number))
		return number;
	klog(LOG_WARN, "acpi: %s has no number of its own (%d)", path, number);
	for (number = 0; number_taken(number); number++)
		;
	return number; /* below MEMORY_SLOTS_MAX: the table has room */
}

static void add_slot(acpi_handle handle, const struct acpi_device_info *info)
{
	struct slot *slot = &slots[nr_slots];
	char path[128] = "?";
	struct acpi_buffer buffer = {sizeof(path), path};

	if (nr_slots == MEMORY_SLOTS_MAX) {
		slots_beyond++;
		return;
	}
	acpi_get_name(handle, ACPI_FULL_PATHNAME_NO_TRAILING, &buffer);
	slot->handle = handle;
	snprintf(slot->path, sizeof(slot->path), "%s", path);
	slot->number = choose_number(info, path);
	snprintf(slot->name, sizeof(slot->name), "dimm%d", slot->number);
	for (unsigned i = 0; i < REQUEST_KINDS; i++)
		slot->request[i].slot = slot;
	nr_slots++;
}

static acpi_status visit_device(acpi_handle handle, u32 level __unused, void *context __unused,
				void **result __unused)
{
	struct acpi_device_info *info;
	acpi_status status = acpi_get_object_info(handle, &info);

	if (ACPI_FAILURE(status)) {
		klog(LOG_WARN, "acpi: a device object cannot be read: %s",
		     acpi_format_exception(status));
		return AE_OK; /* the others may be fine */
	}
	if (is_memory_device(info))
		add_slot(handle, info);
	ACPI_FREE(info);
	return AE_OK;
}

int slots_find(void)
{
	acpi_status status = acpi_walk_namespace(ACPI_TYPE_DEVICE, ACPI_ROOT_OBJECT,
						 ACPI_UINT32_MAX, visit_device, NULL, NULL, NULL);

	if (slots_beyond != 0)
		klog(LOG_WARN, "acpi: %u memory slots beyond the first %d are ignored",
		     slots_beyond, MEMORY_SLOTS_MAX);
	return ACPI_SUCCESS(status) ? 0 : -EIO;
}

bool acpi_slot_info(unsigned index, struct acpi_slot_info *info)
{
	const struct slot *slot = &slots[index];

	if (index >= nr_slots)
		return false;
	memcpy(info->path, slot->path, sizeof(info->path));
	info->slot = slot->number;
	info->sta = __atomic_load_n(&slot->sta, __ATOMIC_RELAXED);
	info->present = (info->sta & ACPI_STA_DEVICE_PRESENT) != 0;
	return true;
}
