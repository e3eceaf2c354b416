/*
 * kernel/shell/cmd_address.c - the commands `vmemmap` and `pte`: which page stands behind an
 * address, and whose memory the tables on the way lie in.
 *
 * Owns nothing.  `vmemmap` holds hotplug_lock, so that no device leaves under it; `pte` takes
 * no lock, and works after a panic.
 */
#include "arch/mmu.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"
#include "mm/kmap.h"

static const char *device_label(const struct memory_device *device)
{
	if (device == NULL)
		return "-";
	return memory_device_is_boot(device) ? "boot" : device->name;
}

/* "boot", "dimm0", "dimm0 head", or "-" for what is no memory. */
static const char *place_of(paddr_t pa, char *buf, size_t size)
{
	const struct memory_device *device = device_with(paddr_to_pfn(pa));
	bool head = device != NULL && paddr_to_pfn(pa) < device->start + device->head.pages;

	snprintf(buf, size, "%s%s", device_label(device), head ? " head" : "");
	return buf;
}

static const char *page_size_name(size_t size)
{
	switch (size) {
	case PAGE_SIZE:
		return "4K";
	case SIZE_2M:
		return "2M";
	case SIZE_1G:
		return "1G";
	default:
		return "-";
	}
}

/* --- vmemmap --- */

/* Descriptors of one device behind pages of one size that follow each other in memory too. */
struct vmemmap_run {
	const struct memory_device *device;
	vaddr_t start;
	size_t size, page;
	paddr_t pa;
	const struct memory_device *backing, *tables; /* whose memory; NULL: absent */
};

struct vmemmap_walk {
	void (*emit)(struct vmemmap_walk *walk, const struct vmemmap_run *run);
	const char *only; /* a device's name, or NULL */
	struct table *table;
	struct json json;
};

/* The page behind `va` as a run of its own, cut to `end`. */
static struct vmemmap_run run_at(const struct memory_device *device, vaddr_t va, vaddr_t end)
{
	struct mmu_step steps[4];
	const struct mmu_step *last = &steps[mmu_walk(va, steps) - 1];
	struct vmemmap_run run = {.device = device, .start = va, .page = last->page_size};

	if (!last->leaf) {
		run.size = PAGE_SIZE;
		return run;
	}
	run.size = MIN(end, ALIGN_DOWN(va, last->page_size) + last->page_size) - va;
	run.pa = last->target + (va & (last->page_size - 1));
	run.backing = device_with(paddr_to_pfn(run.pa));
	run.tables = device_with(paddr_to_pfn(last->table));
	return run;
}

static bool run_continues(const struct vmemmap_run *run, const struct vmemmap_run *next)
{
	return run->page == next->page && run->backing == next->backing &&
	       run->tables == next->tables && (run->page == 0 || run->pa + run->size == next->pa);
}

static void walk_device(struct vmemmap_walk *walk, const struct memory_device *device)
{
	vaddr_t va = VMEMMAP_BASE + device->start * sizeof(struct page);
	vaddr_t end = va + device->npages * sizeof(struct page);
	struct vmemmap_run run, next;

	va = ALIGN_DOWN(va, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	run = run_at(device, va, end);
	while ((va = run.start + run.size) < end && !thread_interrupted()) {
		next = run_at(device, va, end);
		if (run_continues(&run, &next)) {
			run.size += next.size;
			continue;
		}
		walk->emit(walk, &run);
		run = next;
	}
	walk->emit(walk, &run);
}

static void walk_devices(struct vmemmap_walk *walk)
{
	const struct memory_device *device;

	for_each_device (device) {
		if (walk->only != NULL && strcmp(walk->only, device_label(device)) != 0)
			continue;
		walk_device(walk, device);
	}
}

static void emit_row(struct vmemmap_walk *walk, const struct vmemmap_run *run)
{
	struct table *t = walk->table;
	char size[24];

	table_cell(t, "%s", device_label(run->device));
	table_cell(t, "0x%lx-0x%lx", run->start, run->start + run->size - 1);
	table_cell(t, "%s", format_size(run->size, false, size, sizeof(size)));
	table_cell(t, "%s", page_size_name(run->page));
	if (run->page != 0)
		table_cell(t, "0x%lx", run->pa);
	else
		table_cell(t, "not mapped");
	table_cell(t, "%s", device_label(run->backing));
	table_cell(t, "%s", device_label(run->tables));
}

static void vmemmap_rows(struct table *t, void *ctx)
{
	struct vmemmap_walk *walk = ctx;

	walk->table = t;
	walk_devices(walk);
}

static void emit_json(struct vmemmap_walk *walk, const struct vmemmap_run *run)
{
	struct json *j = &walk->json;
	char range[48];

	snprintf(range, sizeof(range), "0x%lx-0x%lx", run->start, run->start + run->size - 1);
	json_object(j, NULL);
	json_string(j, "device", device_label(run->device));
	json_string(j, "range", range);
	json_number(j, "size", run->size);
	json_number(j, "page_size", run->page);
	json_number(j, "physical", run->pa);
	json_string(j, "backing", device_label(run->backing));
	json_string(j, "tables", device_label(run->tables));
	json_object_end(j);
}

static void vmemmap_json(struct vmemmap_walk *walk)
{
	struct json *j = &walk->json;

	walk->emit = emit_json;
	json_begin(j);
	json_array(j, "vmemmap");
	walk_devices(walk);
	json_array_end(j);
	json_end(j);
}

static void vmemmap_text(struct vmemmap_walk *walk)
{
	static const struct table_column columns[] = {
		{"DEVICE", false},  {"VIRTUAL", false}, {"SIZE", true},	      {"PAGES", true},
		{"PHYSICAL", true}, {"IN", false},	{"TABLES IN", false},
	};

	walk->emit = emit_row;
	table_print(columns, ARRAY_SIZE(columns), vmemmap_rows, walk);
}

static bool device_is_known(const char *name)
{
	const struct memory_device *device;

	for_each_device (device)
		if (strcmp(device_label(device), name) == 0)
			return true;
	return false;
}

SHELL_COMMAND(vmemmap, "[DEVICE] [-J]", "the virtual array of page descriptors, and what backs it",
	      "vmemmap dimm0", SHELL_NORMAL)
{
	struct shell_args args = SHELL_ARGS("vmemmap", "J", argc, argv);
	struct vmemmap_walk walk = {0};
	bool json = false, known;

	if (!shell_json_option(&args, &json))
		return SHELL_USAGE;
	if (args.noperands > 1)
		return shell_usage("vmemmap", "one device at most, not %d", args.noperands);
	if (args.noperands == 1)
		walk.only = args.operands[0];

	if (!lock_to_look("vmemmap"))
		return SHELL_FAIL;
	known = walk.only == NULL || device_is_known(walk.only);
	if (known && json)
		vmemmap_json(&walk);
	else if (known)
		vmemmap_text(&walk);
	mutex_unlock(&hotplug_lock);
	if (!known)
		return shell_error("vmemmap", -ENOENT, "no device %s", walk.only);
	return SHELL_OK;
}

/* --- pte --- */

struct pte_walk {
	struct mmu_step steps[4];
	unsigned n;
};

static const char *entry_flags(const struct mmu_step *s, char *buf, size_t size)
{
	/* [SDM 3A 4.5, tables 4-15 to 4-20]; A and D as the CPU's own names for its marks. */
	static const struct {
		unsigned bit;
		const char *name;
	} bits[] = {{3, " PWT"}, {4, " PCD"}, {5, " A"}, {6, " D"}, {7, " PS"}, {8, " G"}};
	size_t used;

	if (!s->present) {
		snprintf(buf, size, "absent");
		return buf;
	}
	used = snprintf(buf, size, "P %s %s", s->writable ? "RW" : "R", s->executable ? "X" : "NX");
	for (unsigned i = 0; i < ARRAY_SIZE(bits) && used < size; i++) {
		/* PS is no flag in a PT (there it selects a PAT entry), nor D and G in a table. */
		bool leaf_only = bits[i].bit == 6 || bits[i].bit == 8;

		if ((s->entry >> bits[i].bit & 1) && (s->leaf || !leaf_only) &&
		    (bits[i].bit != 7 || s->level > 1))
			used += snprintf(buf + used, size - used, "%s", bits[i].name);
	}
	return buf;
}

static void pte_rows(struct table *t, void *ctx)
{
	const struct pte_walk *walk = ctx;

	for (unsigned i = 0; i < walk->n; i++) {
		const struct mmu_step *s = &walk->steps[i];
		char text[64];

		table_cell(t, "%u", s->level);
		table_cell(t, "%s", mmu_level_name(s->level));
		table_cell(t, "0x%lx", s->table);
		table_cell(t, "%s", place_of(s->table, text, sizeof(text)));
		table_cell(t, "%u", s->index);
		table_cell(t, "0x%016lx", s->entry);
		table_cell(t, "%s", entry_flags(s, text, sizeof(text)));
		table_cell(t, "%s", s->leaf ? page_size_name(s->page_size) : "-");
		if (s->present)
			table_cell(t, "0x%lx", s->target);
		else
			table_cell(t, "-");
		table_cell(t, "%s", s->present ? place_of(s->target, text, sizeof(text)) : "-");
	}
}

static void pte_text(const struct pte_walk *walk, vaddr_t va)
{
	static const struct table_column columns[] = {
		{"LEVEL", true},  {"NAME", false},	{"TABLE", true},  {"IN", false},
		{"INDEX", true},  {"ENTRY", true},	{"FLAGS", false}, {"PAGE", true},
		{"TARGET", true}, {"TARGET IN", false},
	};
	const struct mmu_step *last = &walk->steps[walk->n - 1];
	char text[96];

	table_print(columns, ARRAY_SIZE(columns), pte_rows, (void *)walk);
	if (last->leaf)
		shell_printf("0x%lx is physical 0x%lx", va,
			     last->target + (va & (last->page_size - 1)));
	else
		shell_printf("0x%lx is not mapped: absent in the %s", va,
			     mmu_level_name(last->level));
	if (kmap_describe(va, text, sizeof(text)) != NULL)
		shell_printf(" (%s)", text);
	shell_printf("\n");
}

static void pte_json(const struct pte_walk *walk, vaddr_t va)
{
	const struct mmu_step *last = &walk->steps[walk->n - 1];
	struct json j;
	char text[64];

	json_begin(&j);
	json_number(&j, "address", va);
	json_bool(&j, "mapped", last->leaf);
	if (last->leaf)
		json_number(&j, "physical", last->target + (va & (last->page_size - 1)));
	json_array(&j, "walk");
	for (unsigned i = 0; i < walk->n; i++) {
		const struct mmu_step *s = &walk->steps[i];

		json_object(&j, NULL);
		json_number(&j, "level", s->level);
		json_string(&j, "name", mmu_level_name(s->level));
		json_number(&j, "table", s->table);
		json_string(&j, "table_in", place_of(s->table, text, sizeof(text)));
		json_number(&j, "index", s->index);
		json_number(&j, "entry", s->entry);
		json_string(&j, "flags", entry_flags(s, text, sizeof(text)));
		if (s->leaf)
			json_number(&j, "page_size", s->page_size);
		if (s->present) {
			json_number(&j, "target", s->target);
			json_string(&j, "target_in", place_of(s->target, text, sizeof(text)));
		}
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(pte, "ADDRESS [-J]", "walks the page tables to an address, level by level",
	      "pte 0xffffea0008000000", SHELL_PANIC)
{
	struct shell_args args = SHELL_ARGS("pte", "J", argc, argv);
	struct pte_walk walk;
	bool json = false;
	uint64_t va;

	if (!shell_json_option(&args, &json))
		return SHELL_USAGE;
	if (args.noperands != 1)
		return shell_usage("pte", "one address, not %d", args.noperands);
	if (parse_number(args.operands[0], &va) != 0)
		return shell_usage("pte", "'%s' is no address", args.operands[0]);
	if (!mmu_canonical(va))
		return shell_error("pte", -EINVAL, "0x%lx is not canonical: no table covers it",
				   va);

	walk.n = mmu_walk(va, walk.steps);
	if (json)
		pte_json(&walk, va);
	else
		pte_text(&walk, va);
	return SHELL_OK;
}
