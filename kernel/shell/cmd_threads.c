/*
 * kernel/shell/cmd_threads.c - the commands `threads`, `taskset` and `irqs`.
 *
 * Owns nothing: they print snapshots that the scheduler and the interrupt code hand out.
 */
#include "arch/irq.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/smp.h"
#include "kernel/thread.h"

static const char *state_name(enum thread_state state)
{
	static const char *const names[] = {
		[THREAD_READY] = "ready",
		[THREAD_RUNNING] = "running",
		[THREAD_SLEEPING] = "sleeping",
		[THREAD_DEAD] = "dead",
	};

	return names[state];
}

static void threads_json(void)
{
	struct thread_info info;
	struct json j = {0};
	unsigned id = 0;

	json_begin(&j);
	json_array(&j, "threads");
	while (thread_info(&id, &info)) {
		json_object(&j, NULL);
		json_number(&j, "id", info.id);
		json_string(&j, "name", info.name);
		json_string(&j, "state", state_name(info.state));
		json_number(&j, "cpu", info.cpu);
		json_number(&j, "affinity", info.affinity);
		json_number(&j, "runtime_us", info.runtime_us);
		json_number(&j, "switches", info.switches);
		json_string(&j, "waits_for", info.waits_for);
		json_number(&j, "holder", info.holder);
		json_number(&j, "stack_used", info.stack_used);
		json_number(&j, "stack_size", THREAD_STACK_SIZE);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

static bool is_bound(const struct thread_info *info)
{
	return smp_count() > 1 && (info->affinity & (info->affinity - 1)) == 0;
}

static void print_thread(const struct thread_info *info)
{
	char stack[32] = "-", waits[48] = "-";

	if (info->stack_used != 0)
		snprintf(stack, sizeof(stack), "%zu/%lu", info->stack_used, THREAD_STACK_SIZE);
	if (info->holder != 0)
		snprintf(waits, sizeof(waits), "%s, held by %u", info->waits_for, info->holder);
	else if (info->waits_for[0] != '\0')
		snprintf(waits, sizeof(waits), "%s", info->waits_for);
	/* A thread that may run on one CPU only is marked. */
	shell_printf("%4u %-23s %-8s %2u%c %12lu %9lu %12s %s\n", info->id, info->name,
		     state_name(info->state), info->cpu, is_bound(info) ? '!' : ' ',
		     info->runtime_us, info->switches, stack, waits);
}

SHELL_COMMAND(threads, "[-J]", "threads: state, time run, switches, deepest use of the stack",
	      "threads", SHELL_NORMAL)
{
	struct thread_info info;
	unsigned id = 0;
	bool json;
	int status = shell_only_json("threads", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json) {
		threads_json();
		return SHELL_OK;
	}
	shell_printf("%4s %-23s %-8s %3s %12s %9s %12s %s\n", "ID", "NAME", "STATE", "CPU",
		     "RUNTIME-US", "SWITCHES", "STACK", "WAITS-FOR");
	while (thread_info(&id, &info))
		print_thread(&info);
	return SHELL_OK;
}

/* "0,2-3" as a bit a CPU; 0: not understood. */
static uint64_t parse_cpus(const char *text)
{
	uint64_t cpus = 0, first, last;
	char piece[16], *dash;

	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (len == 0 || len >= sizeof(piece))
			return 0;
		memcpy(piece, text, len);
		piece[len] = '\0';
		text += len + (text[len] == ',');
		dash = strchr(piece, '-');
		if (dash != NULL)
			*dash = '\0';
		if (parse_number(piece, &first) != 0 ||
		    parse_number(dash != NULL ? dash + 1 : piece, &last) != 0 || first > last ||
		    last >= MAX_CPUS)
			return 0;
		while (first <= last)
			cpus |= BIT(first++);
	}
	return cpus;
}

SHELL_COMMAND(taskset, "-c CPUS COMMAND...", "run a command on some CPUs only",
	      "taskset -c 0,2-3 offline dimm0", SHELL_NORMAL)
{
	uint64_t before = thread_affinity(thread_current()), cpus;
	int status;

	if (argc < 4 || strcmp(argv[1], "-c") != 0)
		return shell_usage("taskset", "-c, CPUs and a command are needed");
	cpus = parse_cpus(argv[2]);
	if (cpus == 0)
		return shell_usage("taskset", "'%s' is not a list of CPUs", argv[2]);
	if (thread_set_affinity(thread_current(), cpus) != 0)
		return shell_error("taskset", ENODEV, "no CPU of %s runs", argv[2]);
	status = argc == 4 ? shell_run_line(argv[3]) : shell_run_words(argc - 3, argv + 3);
	thread_set_affinity(thread_current(), before);
	return status;
}

static void irqs_json(void)
{
	struct irq_info info;
	struct json j = {0};
	unsigned cpu;

	json_begin(&j);
	json_string(&j, "controller", irq_controller());
	json_array(&j, "irqs");
	for (unsigned i = 0; irq_info(i, &info); i++) {
		json_object(&j, NULL);
		json_string(&j, "name", info.name);
		json_number(&j, "vector", info.vector);
		if (info.gsi != IRQ_LOCAL) {
			json_number(&j, "gsi", info.gsi);
			json_string(&j, "trigger", info.level ? "level" : "edge");
			json_string(&j, "polarity", info.active_low ? "low" : "high");
		}
		json_number(&j, "count", info.count);
		json_number(&j, "unclaimed", info.unclaimed);
		json_array(&j, "cpus");
		for_each_online_cpu (cpu)
			json_number(&j, NULL, irq_info_count(&info, cpu));
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

static void print_irq(const struct irq_info *info)
{
	char gsi[12] = "-";
	unsigned cpu;
	const char *trigger = "-", *polarity = "-";

	if (info->gsi != IRQ_LOCAL) {
		snprintf(gsi, sizeof(gsi), "%u", info->gsi);
		trigger = info->level ? "level" : "edge";
		polarity = info->active_low ? "low" : "high";
	}
	shell_printf("%4s %6u %-7s %-8s %10lu %9lu ", gsi, info->vector, trigger, polarity,
		     info->count, info->unclaimed);
	for_each_online_cpu (cpu)
		shell_printf("%7lu ", irq_info_count(info, cpu));
	shell_printf("%s\n", info->name);
}

SHELL_COMMAND(irqs, "[-J]", "interrupts: line, vector, trigger, how many came, and to which CPU",
	      "irqs", SHELL_NORMAL)
{
	struct irq_info info;
	unsigned cpu;
	bool json;
	int status = shell_only_json("irqs", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json) {
		irqs_json();
		return SHELL_OK;
	}
	shell_printf("controller: %s\n", irq_controller());
	shell_printf("%4s %6s %-7s %-8s %10s %9s ", "GSI", "VECTOR", "TRIGGER", "POLARITY", "COUNT",
		     "UNCLAIMED");
	for_each_online_cpu (cpu)
		shell_printf("%*s%u ", cpu < 10 ? 6 : 5, "CPU", cpu);
	shell_printf("NAME\n");
	for (unsigned i = 0; irq_info(i, &info); i++)
		print_irq(&info);
	return SHELL_OK;
}
