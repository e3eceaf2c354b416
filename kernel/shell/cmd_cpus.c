/*
 * kernel/shell/cmd_cpus.c - the command `cpus`: the processors that the firmware announced.
 *
 * Owns nothing.
 */
#include "arch/cpu.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/cpus.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "mm/node.h"

struct cpu_row {
	unsigned index;
	uint32_t apic_id;
	int node; /* negative: unknown */
	const char *state;
};

/* The node of a processor by the SRAT; 0 where it says nothing. */
static int node_of_cpu(uint32_t apic_id)
{
	const struct srat_info *srat = &acpi_static.srat;

	for (unsigned i = 0; acpi_static.has_srat && i < srat->ncpus; i++)
		if (srat->cpu[i].apic_id == apic_id)
			return node_of_pxm(srat->cpu[i].pxm);
	return 0;
}

/* The i-th processor; false past the end.  Without a MADT there is the running one. */
static bool cpu_row(unsigned index, struct cpu_row *row)
{
	const struct madt_info *madt = &acpi_static.madt;
	bool listed = acpi_static.has_madt && madt->ncpus > 0;

	if (index >= (listed ? madt->ncpus : 1))
		return false;
	row->index = index;
	row->apic_id = listed ? madt->cpu[index].apic_id : cpu_apic_id();
	row->node = node_of_cpu(row->apic_id);
	if (!listed)
		row->state = "running";
	else if (madt->cpu[index].enabled)
		row->state = cpus_state(row->apic_id);
	else
		row->state = madt->cpu[index].online_capable ? "not plugged" : "disabled";
	return true;
}

static void rows(struct table *t, void *ctx __unused)
{
	struct cpu_row row;

	for (unsigned i = 0; cpu_row(i, &row); i++) {
		table_cell(t, "%u", row.index);
		table_cell(t, "%u", row.apic_id);
		if (row.node >= 0)
			table_cell(t, "%d", row.node);
		else
			table_cell(t, "?");
		table_cell(t, "%s", row.state);
	}
}

static void print_model(void)
{
	const struct cpu_features *f = &cpu_features;

	shell_printf("%s, %u physical address bits\n", f->brand, f->phys_bits);
	shell_printf("protections: NX %s, SMEP %s, SMAP %s, UMIP %s; 1 GiB pages: %s\n",
		     f->nx ? "on" : "absent", f->smep ? "on" : "absent", f->smap ? "on" : "absent",
		     f->umip ? "on" : "absent", f->gib_pages ? "yes" : "no");
}

static void print_json(void)
{
	struct json j = {0};
	struct cpu_row row;

	json_begin(&j);
	json_string(&j, "model", cpu_features.brand);
	json_number(&j, "phys_bits", cpu_features.phys_bits);
	json_array(&j, "cpus");
	for (unsigned i = 0; cpu_row(i, &row); i++) {
		json_object(&j, NULL);
		json_number(&j, "cpu", row.index);
		json_number(&j, "apic_id", row.apic_id);
		if (row.node >= 0)
			json_number(&j, "node", (uint64_t)row.node);
		json_string(&j, "state", row.state);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(cpus, "[-J]", "processors: what they can do, and which runs", "cpus", SHELL_PANIC)
{
	static const struct table_column columns[] = {
		{"CPU", true}, {"APIC", true}, {"NODE", true}, {"STATE", false}};

	if (argc == 2 && strcmp(argv[1], "-J") == 0) {
		print_json();
		return SHELL_OK;
	}
	if (argc > 1)
		return shell_usage("cpus", "no such operand: %s", argv[1]);
	print_model();
	table_print(columns, ARRAY_SIZE(columns), rows, NULL);
	return SHELL_OK;
}
