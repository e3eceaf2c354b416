/*
 * kernel/shell/cmd_lsdimm.c - lsdimm: what is plugged, and what its metadata cost.
 */
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "kernel/shell/target.h"
#include "mm/hotplug/hotplug.h"

/* Blocks that lie wholly in the head. */
static unsigned head_blocks(const struct memory_device *device)
{
	unsigned n = 0;

	while (n < device->nblocks && device->blocks[n].state == BLOCK_MEMMAP)
		n++;
	return n;
}

/* The head's blocks are in use with the first block that is. */
static unsigned online_blocks(const struct memory_device *device)
{
	return device->blocks_online == 0 ? 0 : device->blocks_online + head_blocks(device);
}

static const char *device_state(const struct memory_device *device)
{
	if (device->blocks_online == 0)
		return "offline";
	return online_blocks(device) == device->nblocks ? "online" : "partial";
}

static uint64_t memmap_pages(const struct head_layout *head)
{
	return head->memmap_large_slots * (SIZE_2M / PAGE_SIZE) + head->memmap_front_pages +
	       head->memmap_rear_pages;
}

static void put_tax(struct table *t, const struct memory_device *device)
{
	uint64_t hundredths = (device->head.pages * 10000 + device->npages / 2) / device->npages;

	table_cell(t, "%lu.%02lu%%", hundredths / 100, hundredths % 100);
}

static void put_device(struct table *t, const struct memory_device *device, bool bytes)
{
	char text[24];

	table_cell(t, "%s", device->name);
	table_cell(t, "%d", device->slot);
	table_cell(t, "%u", device->node);
	table_cell(t, "0x%016lx", pfn_to_paddr(device->start));
	table_cell(t, "%s", format_size(device->npages * PAGE_SIZE, bytes, text, sizeof(text)));
	table_cell(t, "%s", device_state(device));
	table_cell(t, "%u/%u", online_blocks(device), device->nblocks);
	table_cell(t, "%s", format_size(device->head.pages * PAGE_SIZE, bytes, text, sizeof(text)));
	put_tax(t, device);
}

static void put_devices(struct table *t, void *bytes)
{
	const struct memory_device *device;

	for_each_device (device)
		if (!memory_device_is_boot(device))
			put_device(t, device, *(bool *)bytes);
}

static void put_json_device(struct json *j, const struct memory_device *device)
{
	json_object(j, NULL);
	json_string(j, "name", device->name);
	json_number(j, "slot", (uint64_t)device->slot);
	json_number(j, "node", device->node);
	json_number(j, "base", pfn_to_paddr(device->start));
	json_number(j, "size", device->npages * PAGE_SIZE);
	json_string(j, "state", device_state(device));
	json_number(j, "blocks", device->nblocks);
	json_number(j, "blocks_online", online_blocks(device));
	json_number(j, "head", device->head.pages * PAGE_SIZE);
	json_number(j, "memmap", memmap_pages(&device->head) * PAGE_SIZE);
	json_number(j, "pagetables", device->head.tables_pages * PAGE_SIZE);
	json_number(j, "descriptors", device->head.descriptors_pages * PAGE_SIZE);
	json_object_end(j);
}

static void print_json(void)
{
	const struct memory_device *device;
	struct json j;

	json_begin(&j);
	json_array(&j, "dimms");
	for_each_device (device)
		if (!memory_device_is_boot(device))
			put_json_device(&j, device);
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(lsdimm, "[-b] [-J]", "plugged memory devices, and what their metadata cost", "lsdimm",
	      SHELL_NORMAL)
{
	static const struct table_column columns[] = {
		{"NAME", false}, {"SLOT", true},   {"NODE", true}, {"BASE", false}, {"SIZE", true},
		{"STATE", true}, {"ONLINE", true}, {"HEAD", true}, {"TAX", true},
	};
	struct shell_args a = SHELL_ARGS("lsdimm", "bJ", argc, argv);
	bool bytes = false, json = false;
	int opt;

	while ((opt = shell_option(&a)) > 0) {
		bytes |= opt == 'b';
		json |= opt == 'J';
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands != 0)
		return shell_usage("lsdimm", "no such operand: %s", a.operands[0]);
	if (!lock_to_look("lsdimm"))
		return SHELL_FAIL;
	if (json)
		print_json();
	else
		table_print(columns, ARRAY_SIZE(columns), put_devices, &bytes);
	mutex_unlock(&hotplug_lock);
	return SHELL_OK;
}
