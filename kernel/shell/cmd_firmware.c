/*
 * kernel/shell/cmd_firmware.c - the commands `acpi`, `srat`, `slit` and `madt`: what firmware
 * said, as far as it was believed.
 *
 * Owns nothing.  The static tables never change after boot, so `srat`, `slit` and `madt` need
 * no lock and work in a panic; what `acpi` shows beyond them comes as snapshots.
 */
#include "drivers/acpi/acpi.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"

#define ROWS(columns) columns, ARRAY_SIZE(columns)

struct flags {
	bool json, all, bytes;
};

/* Options out of `letters`; 0, or SHELL_USAGE with the error printed. */
static int parse_flags(const char *command, const char *letters, int argc, char **argv,
		       struct flags *flags)
{
	struct shell_args args = SHELL_ARGS(command, letters, argc, argv);
	int option;

	*flags = (struct flags){0};
	while ((option = shell_option(&args)) > 0) {
		if (option == 'J')
			flags->json = true;
		else if (option == 'a')
			flags->all = true;
		else
			flags->bytes = true;
	}
	if (option < 0)
		return SHELL_USAGE;
	if (args.noperands > 0)
		return shell_usage(command, "no operand is known, not '%s'", args.operands[0]);
	return SHELL_OK;
}

/* The error for a table that is not in use: never given, or given and refused. */
static int no_table(const char *command, const char *signature)
{
	for (unsigned i = 0; i < acpi_static.ntables; i++)
		if (strcmp(acpi_static.table[i].signature, signature) == 0)
			return shell_error(command, -EINVAL,
					   "the table was refused at boot: "
					   "dmesg | grep acpi");
	return shell_error(command, -ENODEV, "the firmware gave no such table");
}

static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

/* --- acpi --- */

static void table_rows(struct table *t, void *ctx __unused)
{
	for (unsigned i = 0; i < acpi_static.ntables; i++) {
		table_cell(t, "%s", acpi_static.table[i].signature);
		table_cell(t, "0x%lx", acpi_static.table[i].address);
		table_cell(t, "%u", acpi_static.table[i].length);
		table_cell(t, "%u", acpi_static.table[i].revision);
		table_cell(t, "%s", acpi_static.table[i].oem_id);
		table_cell(t, "%s", acpi_static.table[i].oem_table_id);
		table_cell(t, "%s", yes(acpi_static.table[i].intact));
	}
}

static void slot_rows(struct table *t, void *ctx)
{
	const struct flags *flags = ctx;
	struct acpi_slot_info slot;

	for (unsigned i = 0; acpi_slot_info(i, &slot); i++) {
		if (!slot.present && !flags->all)
			continue;
		table_cell(t, "%d", slot.slot);
		table_cell(t, "%s", slot.path);
		table_cell(t, "0x%02x", slot.sta);
		table_cell(t, "%s", slot.present ? "occupied" : "empty");
	}
}

static unsigned occupied_slots(void)
{
	struct acpi_slot_info slot;
	unsigned n = 0;

	for (unsigned i = 0; acpi_slot_info(i, &slot); i++)
		n += slot.present;
	return n;
}

static void acpi_text(struct flags *flags)
{
	static const struct table_column tables[] = {
		{"TABLE", false}, {"ADDRESS", true}, {"LENGTH", true},	{"REV", true},
		{"OEM", false},	  {"ID", false},     {"INTACT", false},
	};
	static const struct table_column slots[] = {
		{"SLOT", true}, {"PATH", false}, {"STA", true}, {"STATE", false}};
	struct acpi_status status;

	acpi_get_status(&status);
	table_print(ROWS(tables), table_rows, NULL);
	if (!status.up) {
		shell_printf("ACPICA: not running: there is no hot-plug\n");
		return;
	}
	shell_printf("ACPICA: %s, %zu KiB of %zu KiB used, %zu KiB at most\n",
		     status.acpica_version, status.arena_used / KiB, status.arena_size / KiB,
		     status.arena_peak / KiB);
	shell_printf("events: %lu interrupts at SCI %u, %lu notifications, %lu dropped\n",
		     status.sci_count, status.sci, status.notify_count, status.events_dropped);
	shell_printf("slots: %u, %u occupied\n", status.slots, occupied_slots());
	if (status.slots && (flags->all || occupied_slots()))
		table_print(ROWS(slots), slot_rows, flags);
}

static void tables_json(struct json *j)
{
	json_array(j, "tables");
	for (unsigned i = 0; i < acpi_static.ntables; i++) {
		json_object(j, NULL);
		json_string(j, "signature", acpi_static.table[i].signature);
		json_number(j, "address", acpi_static.table[i].address);
		json_number(j, "length", acpi_static.table[i].length);
		json_number(j, "revision", acpi_static.table[i].revision);
		json_string(j, "oem", acpi_static.table[i].oem_id);
		json_string(j, "id", acpi_static.table[i].oem_table_id);
		json_bool(j, "intact", acpi_static.table[i].intact);
		json_object_end(j);
	}
	json_array_end(j);
}

static void slots_json(struct json *j)
{
	struct acpi_slot_info slot;

	json_array(j, "slots");
	for (unsigned i = 0; acpi_slot_info(i, &slot); i++) {
		json_object(j, NULL);
		json_number(j, "slot", (uint64_t)slot.slot);
		json_string(j, "path", slot.path);
		json_number(j, "sta", slot.sta);
		json_bool(j, "occupied", slot.present);
		json_object_end(j);
	}
	json_array_end(j);
}

static void acpi_json(void)
{
	struct acpi_status status;
	struct json j;

	acpi_get_status(&status);
	json_begin(&j);
	tables_json(&j);
	json_bool(&j, "up", status.up);
	if (status.up) {
		json_string(&j, "acpica", status.acpica_version);
		json_number(&j, "arena_size", status.arena_size);
		json_number(&j, "arena_used", status.arena_used);
		json_number(&j, "arena_peak", status.arena_peak);
		json_number(&j, "sci", status.sci);
		json_number(&j, "sci_count", status.sci_count);
		json_number(&j, "notify_count", status.notify_count);
		json_number(&j, "events_dropped", status.events_dropped);
		json_number(&j, "scans", status.scans);
		slots_json(&j);
	}
	json_end(&j);
}

static int rescan(void)
{
	struct acpi_status status;

	acpi_get_status(&status);
	if (!status.up)
		return shell_error("acpi", -ENODEV, "ACPICA is not running: there is no slot");
	acpi_rescan();
	return SHELL_OK;
}

SHELL_COMMAND(acpi, "[-a] [-J] | rescan",
	      "ACPI tables, events, occupied slots (-a: all); rescan looks at all slots anew",
	      "acpi -a", SHELL_NORMAL)
{
	struct flags flags;

	if (argc == 2 && strcmp(argv[1], "rescan") == 0)
		return rescan();
	if (parse_flags("acpi", "aJ", argc, argv, &flags))
		return SHELL_USAGE;
	if (flags.json)
		acpi_json();
	else
		acpi_text(&flags);
	return SHELL_OK;
}

/* --- srat --- */

static void srat_memory_rows(struct table *t, void *ctx)
{
	const struct flags *flags = ctx;
	char size[24];

	for (unsigned i = 0; i < acpi_static.srat.nranges; i++) {
		const struct srat_range *r = &acpi_static.srat.range[i];

		table_cell(t, "0x%016lx-0x%016lx", r->base, r->base + r->size - 1);
		table_cell(t, "%s", format_size(r->size, flags->bytes, size, sizeof(size)));
		table_cell(t, "%u", r->pxm);
		table_cell(t, "%s", yes(r->hotplug));
		table_cell(t, "%s", yes(r->nonvolatile));
	}
}

static void srat_cpu_rows(struct table *t, void *ctx __unused)
{
	for (unsigned i = 0; i < acpi_static.srat.ncpus; i++) {
		table_cell(t, "%u", acpi_static.srat.cpu[i].apic_id);
		table_cell(t, "%u", acpi_static.srat.cpu[i].pxm);
	}
}

static void srat_json(void)
{
	const struct srat_info *srat = &acpi_static.srat;
	struct json j;

	json_begin(&j);
	json_array(&j, "memory");
	for (unsigned i = 0; i < srat->nranges; i++) {
		json_object(&j, NULL);
		json_number(&j, "base", srat->range[i].base);
		json_number(&j, "size", srat->range[i].size);
		json_number(&j, "domain", srat->range[i].pxm);
		json_bool(&j, "hotplug", srat->range[i].hotplug);
		json_bool(&j, "nonvolatile", srat->range[i].nonvolatile);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "processors");
	for (unsigned i = 0; i < srat->ncpus; i++) {
		json_object(&j, NULL);
		json_number(&j, "apic", srat->cpu[i].apic_id);
		json_number(&j, "domain", srat->cpu[i].pxm);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_number(&j, "rejected", srat->rejected);
	json_end(&j);
}

SHELL_COMMAND(srat, "[-b] [-J]", "SRAT: the domains of memory and processors", "srat", SHELL_PANIC)
{
	static const struct table_column memory[] = {{"RANGE", false},
						     {"SIZE", true},
						     {"DOMAIN", true},
						     {"HOTPLUG", false},
						     {"NONVOLATILE", false}};
	static const struct table_column cpus[] = {{"APIC", true}, {"DOMAIN", true}};
	struct flags flags;

	if (parse_flags("srat", "bJ", argc, argv, &flags))
		return SHELL_USAGE;
	if (!acpi_static.has_srat)
		return no_table("srat", "SRAT");
	if (flags.json) {
		srat_json();
		return SHELL_OK;
	}
	table_print(ROWS(memory), srat_memory_rows, &flags);
	table_print(ROWS(cpus), srat_cpu_rows, NULL);
	if (acpi_static.srat.rejected)
		shell_printf("%u entries were refused at boot\n", acpi_static.srat.rejected);
	return SHELL_OK;
}

/* --- slit --- */

static void slit_json(void)
{
	const struct slit_info *slit = &acpi_static.slit;
	struct json j;

	json_begin(&j);
	json_array(&j, "distances");
	for (unsigned i = 0; i < slit->localities; i++) {
		json_array(&j, NULL);
		for (unsigned k = 0; k < slit->localities; k++)
			json_number(&j, NULL, slit->distance[i][k]);
		json_array_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(slit, "[-J]", "SLIT: distances between domains", "slit", SHELL_PANIC)
{
	const struct slit_info *slit = &acpi_static.slit;
	struct flags flags;

	if (parse_flags("slit", "J", argc, argv, &flags))
		return SHELL_USAGE;
	if (!acpi_static.has_slit)
		return no_table("slit", "SLIT");
	if (flags.json) {
		slit_json();
		return SHELL_OK;
	}
	shell_printf("DOMAIN");
	for (unsigned i = 0; i < slit->localities; i++)
		shell_printf(" %3u", i);
	for (unsigned i = 0; i < slit->localities; i++) {
		shell_printf("\n%6u", i);
		for (unsigned k = 0; k < slit->localities; k++)
			shell_printf(" %3u", slit->distance[i][k]);
	}
	shell_printf("\n");
	return SHELL_OK;
}

/* --- madt --- */

static const char *const polarities[] = {"bus", "high", "?", "low"};
static const char *const triggers[] = {"bus", "edge", "?", "level"};

static const char *cpu_state(unsigned i)
{
	if (acpi_static.madt.cpu[i].enabled)
		return "enabled";
	return acpi_static.madt.cpu[i].online_capable ? "capable" : "absent";
}

static void madt_cpu_rows(struct table *t, void *ctx __unused)
{
	for (unsigned i = 0; i < acpi_static.madt.ncpus; i++) {
		table_cell(t, "%u", acpi_static.madt.cpu[i].apic_id);
		table_cell(t, "%u", acpi_static.madt.cpu[i].acpi_uid);
		table_cell(t, "%s", cpu_state(i));
	}
}

static void madt_ioapic_rows(struct table *t, void *ctx __unused)
{
	for (unsigned i = 0; i < acpi_static.madt.nioapics; i++) {
		table_cell(t, "%u", acpi_static.madt.ioapic[i].id);
		table_cell(t, "0x%lx", acpi_static.madt.ioapic[i].address);
		table_cell(t, "%u", acpi_static.madt.ioapic[i].gsi_base);
	}
}

static void madt_override_rows(struct table *t, void *ctx __unused)
{
	for (unsigned i = 0; i < acpi_static.madt.noverrides; i++) {
		table_cell(t, "%u", acpi_static.madt.override[i].source);
		table_cell(t, "%u", acpi_static.madt.override[i].gsi);
		table_cell(t, "%s", polarities[acpi_static.madt.override[i].polarity]);
		table_cell(t, "%s", triggers[acpi_static.madt.override[i].trigger]);
	}
}

static void madt_lists_json(struct json *j)
{
	const struct madt_info *madt = &acpi_static.madt;

	json_array(j, "processors");
	for (unsigned i = 0; i < madt->ncpus; i++) {
		json_object(j, NULL);
		json_number(j, "apic", madt->cpu[i].apic_id);
		json_number(j, "uid", madt->cpu[i].acpi_uid);
		json_string(j, "state", cpu_state(i));
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "ioapics");
	for (unsigned i = 0; i < madt->nioapics; i++) {
		json_object(j, NULL);
		json_number(j, "id", madt->ioapic[i].id);
		json_number(j, "address", madt->ioapic[i].address);
		json_number(j, "gsi_base", madt->ioapic[i].gsi_base);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "overrides");
	for (unsigned i = 0; i < madt->noverrides; i++) {
		json_object(j, NULL);
		json_number(j, "isa", madt->override[i].source);
		json_number(j, "gsi", madt->override[i].gsi);
		json_string(j, "polarity", polarities[madt->override[i].polarity]);
		json_string(j, "trigger", triggers[madt->override[i].trigger]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void madt_json(void)
{
	struct json j;

	json_begin(&j);
	json_number(&j, "lapic", acpi_static.madt.lapic);
	json_bool(&j, "has_8259", acpi_static.madt.has_8259);
	madt_lists_json(&j);
	json_number(&j, "rejected", acpi_static.madt.rejected);
	json_end(&j);
}

SHELL_COMMAND(madt, "[-J]", "MADT: processors, I/O APICs, ISA interrupt overrides", "madt",
	      SHELL_PANIC)
{
	static const struct table_column cpus[] = {{"APIC", true}, {"UID", true}, {"STATE", false}};
	static const struct table_column ioapics[] = {
		{"IOAPIC", true}, {"ADDRESS", true}, {"GSI-BASE", true}};
	static const struct table_column overrides[] = {
		{"ISA", true}, {"GSI", true}, {"POLARITY", false}, {"TRIGGER", false}};
	struct flags flags;

	if (parse_flags("madt", "J", argc, argv, &flags))
		return SHELL_USAGE;
	if (!acpi_static.has_madt)
		return no_table("madt", "APIC");
	if (flags.json) {
		madt_json();
		return SHELL_OK;
	}
	shell_printf("local APIC: 0x%lx, 8259: %s\n", acpi_static.madt.lapic,
		     yes(acpi_static.madt.has_8259));
	table_print(ROWS(cpus), madt_cpu_rows, NULL);
	table_print(ROWS(ioapics), madt_ioapic_rows, NULL);
	table_print(ROWS(overrides), madt_override_rows, NULL);
	if (acpi_static.madt.rejected)
		shell_printf("%u entries were refused at boot\n", acpi_static.madt.rejected);
	return SHELL_OK;
}
