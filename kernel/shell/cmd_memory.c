/*
 * kernel/shell/cmd_memory.c - how much memory there is: free, meminfo, slabinfo.
 *
 * Owns nothing.  Slabs without objects are given back first, so that what is free again shows as
 * free.  Sums of several zones are read one after the other while others allocate, so
 * they may be wrong by a moment; what devices hold is read under hotplug_lock.
 */
#include "kernel/lib/format.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "kernel/shell/target.h"
#include "mm/alloc.h"
#include "mm/buddy.h"
#include "mm/hotplug/hotplug.h"
#include "mm/slab.h"

/* All in bytes.  Heads and reserved frames are part of total and of used. */
struct memory_sums {
	uint64_t total, used, free;
	uint64_t metadata;     /* of total: memmaps and page tables */
	uint64_t hotpluggable; /* plugged, but offline; not in total */
	struct zone_counts zone[ZONE_TYPES];
};

static void add_zone(struct memory_sums *sums, struct zone *zone)
{
	struct zone_counts *all = &sums->zone[zone->type];
	struct zone_counts counts;

	buddy_counts(zone, &counts);
	all->present += counts.present;
	all->managed += counts.managed;
	all->free += counts.free;
	all->isolated += counts.isolated;
}

/* False: the wait for hotplug_lock was interrupted, which was printed. */
static bool sum_memory(const char *command, struct memory_sums *sums)
{
	struct zone *zone;

	*sums = (struct memory_sums){0};
	if (!lock_to_look(command))
		return false;
	slab_shrink();
	for_each_zone (zone)
		add_zone(sums, zone);
	for (unsigned type = 0; type < ZONE_TYPES; type++) {
		sums->total += sums->zone[type].present * PAGE_SIZE;
		sums->free += sums->zone[type].free * PAGE_SIZE;
	}
	sums->used = sums->total - sums->free;
	sums->metadata = mm_boot_metadata() + hotplug_metadata_online();
	sums->hotpluggable = hotplug_offline_bytes();
	mutex_unlock(&hotplug_lock);
	return true;
}

static void free_json(const struct memory_sums *sums)
{
	struct json j = {0};

	json_begin(&j);
	json_object(&j, "memory");
	json_number(&j, "total", sums->total);
	json_number(&j, "used", sums->used);
	json_number(&j, "free", sums->free);
	json_number(&j, "metadata", sums->metadata);
	json_number(&j, "hotpluggable", sums->hotpluggable);
	json_object_end(&j);
	json_end(&j);
}

/* As free -h has it: "1.5Gi", "15Mi", "0B": two digits or more, and at most five characters. */
static const char *format_human(uint64_t bytes, char *buf, size_t size)
{
	uint64_t whole = bytes, tenths;
	unsigned unit = 0;

	while (whole >= 1000 && unit < 5)
		whole = bytes >> (10 * ++unit);
	tenths = unit == 0 ? 0 : ((bytes >> (10 * unit - 10)) * 10 + 512) / 1024;
	if (unit == 0)
		snprintf(buf, size, "%luB", bytes);
	else if (tenths < 100)
		snprintf(buf, size, "%lu.%lu%ci", tenths / 10, tenths % 10, "BKMGTP"[unit]);
	else
		snprintf(buf, size, "%lu%ci", whole, "BKMGTP"[unit]);
	return buf;
}

/* procps's layout: a label of 8, columns of 12; KiB unless told otherwise. */
static void free_text(const struct memory_sums *sums, char unit)
{
	const uint64_t values[] = {sums->total, sums->used, sums->free, sums->metadata,
				   sums->hotpluggable};
	unsigned shift = unit == 'b' ? 0 : unit == 'm' ? 20 : unit == 'g' ? 30 : 10;
	char text[24];

	shell_printf("%-8s%12s%12s%12s%12s%14s\n", "", "total", "used", "free", "metadata",
		     "hotpluggable");
	shell_printf("%-8s", "Mem:");
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		shell_printf("%*s", i == ARRAY_SIZE(values) - 1 ? 14 : 12,
			     unit == 'h'
				     ? format_human(values[i], text, sizeof(text))
				     : format_size(values[i] >> shift, true, text, sizeof(text)));
	shell_printf("\n");
}

SHELL_COMMAND(free, "[-b|-k|-m|-g|-h] [-J]",
	      "how much memory is in use and how much is free (in KiB)", "free -h", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("free", "bkmghJ", argc, argv);
	struct memory_sums sums;
	char unit = 'k';
	bool json = false;
	int opt;

	while ((opt = shell_option(&a)) > 0) {
		if (opt == 'J')
			json = true;
		else
			unit = (char)opt;
	}
	if (opt < 0)
		return SHELL_USAGE;
	if (a.noperands != 0)
		return shell_usage("free", "no such operand: %s", a.operands[0]);
	if (!sum_memory("free", &sums))
		return SHELL_FAIL;
	if (json)
		free_json(&sums);
	else
		free_text(&sums, unit);
	return SHELL_OK;
}

/* --- meminfo --- */

#define MEMINFO_LINES 12

struct meminfo_line {
	const char *name;
	uint64_t bytes;
};

static uint64_t slab_bytes(void)
{
	struct slab_info info;
	uint64_t slabs = 0;

	for (unsigned i = 0; slab_cache_info(i, &info); i++)
		slabs += info.slabs;
	return slabs * PAGE_SIZE;
}

static unsigned meminfo_lines(const struct memory_sums *sums, struct meminfo_line *lines)
{
	const struct zone_counts *normal = &sums->zone[ZONE_NORMAL];
	const struct zone_counts *movable = &sums->zone[ZONE_MOVABLE];
	const struct meminfo_line all[] = {
		{"MemTotal", sums->total},
		{"MemFree", sums->free},
		{"MemUsed", sums->used},
		{"NormalTotal", normal->present * PAGE_SIZE},
		{"NormalFree", normal->free * PAGE_SIZE},
		{"MovableTotal", movable->present * PAGE_SIZE},
		{"MovableFree", movable->free * PAGE_SIZE},
		{"Managed", (normal->managed + movable->managed) * PAGE_SIZE},
		{"Isolated", (normal->isolated + movable->isolated) * PAGE_SIZE},
		{"Metadata", sums->metadata},
		{"Slab", slab_bytes()},
		{"Hotpluggable", sums->hotpluggable},
	};

	_Static_assert(ARRAY_SIZE(all) == MEMINFO_LINES, "all lines have a place");
	for (unsigned i = 0; i < MEMINFO_LINES; i++)
		lines[i] = all[i];
	return MEMINFO_LINES;
}

SHELL_COMMAND(meminfo, "[-J]", "what memory is used for, as /proc/meminfo (bytes with -J)",
	      "meminfo", SHELL_NORMAL)
{
	struct meminfo_line lines[MEMINFO_LINES];
	struct memory_sums sums;
	struct json j = {0};
	bool json = false;

	if (shell_only_json("meminfo", argc, argv, &json) != SHELL_OK)
		return SHELL_USAGE;
	if (!sum_memory("meminfo", &sums))
		return SHELL_FAIL;
	meminfo_lines(&sums, lines);
	if (json) {
		json_begin(&j);
		json_object(&j, "meminfo");
	}
	for (unsigned i = 0; i < MEMINFO_LINES; i++) {
		if (json)
			json_number(&j, lines[i].name, lines[i].bytes);
		else
			shell_printf("%s:%*lu kB\n", lines[i].name,
				     23 - (int)__builtin_strlen(lines[i].name),
				     lines[i].bytes / KiB);
	}
	if (json) {
		json_object_end(&j);
		json_end(&j);
	}
	return SHELL_OK;
}

/* --- slabinfo --- */

/* Parts of 1000 of the calls that the CPUs' magazines served. */
static unsigned slab_hits(const struct slab_info *info)
{
	uint64_t calls = info->allocs + info->frees;

	return calls == 0 ? 0 : (unsigned)((calls - MIN(info->misses, calls)) * 1000 / calls);
}

static void put_caches(struct table *t, void *ctx __unused)
{
	struct slab_info info;

	for (unsigned i = 0; slab_cache_info(i, &info); i++) {
		table_cell(t, "%s", info.name);
		table_cell(t, "%lu", info.objects);
		table_cell(t, "%lu", info.slabs * info.per_slab);
		table_cell(t, "%u", info.size);
		table_cell(t, "%u", info.per_slab);
		table_cell(t, "%lu", info.slabs);
		table_cell(t, "%lu", info.cached);
		table_cell(t, "%lu", info.allocs);
		if (info.allocs != 0)
			table_cell(t, "%u.%u%%", slab_hits(&info) / 10, slab_hits(&info) % 10);
		else
			table_cell(t, "-");
		table_cell(t, "%lu", info.failures);
	}
}

static void slabinfo_json(void)
{
	struct slab_info info;
	struct json j = {0};

	json_begin(&j);
	json_array(&j, "slabs");
	for (unsigned i = 0; slab_cache_info(i, &info); i++) {
		json_object(&j, NULL);
		json_string(&j, "name", info.name);
		json_number(&j, "active_objs", info.objects);
		json_number(&j, "num_objs", info.slabs * info.per_slab);
		json_number(&j, "objsize", info.size);
		json_number(&j, "objperslab", info.per_slab);
		json_number(&j, "slabs", info.slabs);
		json_number(&j, "cached_objs", info.cached);
		json_number(&j, "allocs", info.allocs);
		json_number(&j, "frees", info.frees);
		json_number(&j, "misses", info.misses);
		json_number(&j, "lock_waits", info.waits);
		json_number(&j, "failures", info.failures);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(slabinfo, "[-J]", "caches of kernel objects, as /proc/slabinfo", "slabinfo",
	      SHELL_NORMAL)
{
	static const struct table_column columns[] = {
		{"NAME", false},      {"ACTIVE_OBJS", true}, {"NUM_OBJS", true}, {"OBJSIZE", true},
		{"OBJPERSLAB", true}, {"SLABS", true},	     {"CACHED", true},	 {"ALLOCS", true},
		{"HITS", true},	      {"FAILURES", true},
	};
	bool json = false;

	if (shell_only_json("slabinfo", argc, argv, &json) != SHELL_OK)
		return SHELL_USAGE;
	if (json)
		slabinfo_json();
	else
		table_print(columns, ARRAY_SIZE(columns), put_caches, NULL);
	return SHELL_OK;
}
