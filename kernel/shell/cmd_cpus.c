/*
 * kernel/shell/cmd_cpus.c - the command `cpus`: the processors that the firmware announced, what
 * became of each, and what those that run are doing.
 *
 * Owns the snapshot that it prints; one shell runs at a time.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/clock.h"
#include "kernel/cpus.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/table.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "mm/node.h"

struct cpu_row {
	uint32_t apic_id;
	int node;  /* negative: unknown */
	int index; /* negative: it does not run */
	const char *state;
};

/* Of a CPU that runs; taken at once, since a table is produced twice. */
static struct cpu_facts {
	struct sched_cpu_info sched;
	uint64_t ticks, ipis[IPI_KINDS];
	unsigned idle; /* percent of the time since boot */
} facts[MAX_CPUS];

static void take_snapshot(void)
{
	uint64_t now = MAX(clock_us(), 1UL);
	unsigned cpu;

	for_each_online_cpu (cpu) {
		struct cpu_facts *f = &facts[cpu];

		sched_cpu_info(cpu, &f->sched);
		f->ticks = irq_timer_count(cpu);
		f->idle = (unsigned)MIN(f->sched.idle_us * 100 / now, 100UL);
		for (unsigned ipi = 0; ipi < IPI_KINDS; ipi++)
			f->ipis[ipi] = ipi_count(cpu, (enum ipi)ipi);
	}
}

static bool boot_cpu_is_listed(void)
{
	const struct madt_info *madt = &acpi_static.madt;

	for (unsigned i = 0; acpi_static.has_madt && i < madt->ncpus; i++)
		if (madt->cpu[i].apic_id == percpu[0].apic_id)
			return true;
	return false;
}

/* The i-th processor; false past the end.  The boot CPU, which the MADT may not list, runs whatever
 * it says. */
static bool cpu_row(unsigned i, struct cpu_row *row)
{
	const struct madt_info *madt = &acpi_static.madt;
	unsigned unlisted = boot_cpu_is_listed() ? 0 : 1;

	if (i >= unlisted + (acpi_static.has_madt ? madt->ncpus : 0))
		return false;
	row->apic_id = i < unlisted ? percpu[0].apic_id : madt->cpu[i - unlisted].apic_id;
	row->node = node_of_apic_id(acpi_static.has_srat ? &acpi_static.srat : NULL, row->apic_id);
	row->index = row->apic_id == percpu[0].apic_id ? 0 : cpus_index(row->apic_id);
	if (row->index == 0)
		row->state = "running";
	else if (madt->cpu[i - unlisted].enabled)
		row->state = cpus_state(row->apic_id);
	else
		row->state = madt->cpu[i - unlisted].online_capable ? "not plugged" : "disabled";
	return true;
}

static void put_facts(struct table *t, const struct cpu_facts *f)
{
	table_cell(t, "%s", f->sched.name);
	table_cell(t, "%u", f->sched.ready);
	table_cell(t, "%lu", f->sched.switches);
	table_cell(t, "%lu", f->sched.steals);
	table_cell(t, "%lu", f->ticks);
	for (unsigned ipi = 0; ipi < IPI_KINDS; ipi++)
		table_cell(t, "%lu", f->ipis[ipi]);
	table_cell(t, "%u%%", f->idle);
}

static const struct table_column columns[] = {
	{"CPU", true},	 {"APIC", true},     {"NODE", true},   {"STATE", false}, {"THREAD", false},
	{"READY", true}, {"SWITCHES", true}, {"STEALS", true}, {"TICKS", true},	 {"RESCHED", true},
	{"CALLS", true}, {"FLUSHES", true},  {"IDLE", true},
};

enum { FIRST_FACT = 4 };

static void rows(struct table *t, void *ctx __unused)
{
	struct cpu_row row;

	for (unsigned i = 0; cpu_row(i, &row); i++) {
		if (row.index >= 0)
			table_cell(t, "%d", row.index);
		else
			table_cell(t, "-");
		table_cell(t, "%u", row.apic_id);
		if (row.node >= 0)
			table_cell(t, "%d", row.node);
		else
			table_cell(t, "?");
		table_cell(t, "%s", row.state);
		if (row.index >= 0)
			put_facts(t, &facts[row.index]);
		for (unsigned c = FIRST_FACT; row.index < 0 && c < ARRAY_SIZE(columns); c++)
			table_cell(t, "-");
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

static void json_facts(struct json *j, const struct cpu_facts *f)
{
	json_string(j, "thread", f->sched.name);
	json_number(j, "thread_id", f->sched.thread);
	json_number(j, "ready", f->sched.ready);
	json_number(j, "switches", f->sched.switches);
	json_number(j, "steals", f->sched.steals);
	json_number(j, "ticks", f->ticks);
	json_number(j, "reschedules", f->ipis[IPI_RESCHEDULE]);
	json_number(j, "calls", f->ipis[IPI_CALL]);
	json_number(j, "flushes", f->ipis[IPI_FLUSH]);
	json_number(j, "idle_us", f->sched.idle_us);
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
		if (row.index >= 0)
			json_number(&j, "cpu", (uint64_t)row.index);
		json_number(&j, "apic_id", row.apic_id);
		if (row.node >= 0)
			json_number(&j, "node", (uint64_t)row.node);
		json_string(&j, "state", row.state);
		if (row.index >= 0)
			json_facts(&j, &facts[row.index]);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(cpus, "[-J]", "processors: what they can do, which run, and what they are doing",
	      "cpus", SHELL_PANIC)
{
	bool json;
	int status = shell_only_json("cpus", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	take_snapshot();
	if (json) {
		print_json();
		return SHELL_OK;
	}
	print_model();
	table_print(columns, ARRAY_SIZE(columns), rows, NULL);
	return SHELL_OK;
}
