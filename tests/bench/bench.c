/*
 * tests/bench/bench.c - the command `bench`: runs the benchmarks of the section table.
 *
 * Owns nothing that lasts: each measure stands on the stack of the shell's thread.
 */
#include "kernel/bench.h"

#include "arch/cpu.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/thread.h"

#define BENCH_RUNS 3U

extern const struct kernel_bench __start_benchmarks[], __stop_benchmarks[];

void bench_begin_preemptible(struct bench *b)
{
	b->preemptible = true;
	b->began = cpu_cycles();
}

void bench_begin(struct bench *b)
{
	preempt_disable();
	b->preemptible = false;
	b->began = cpu_cycles();
}

void bench_end(struct bench *b, uint64_t units)
{
	b->cycles = cpu_cycles() - b->began;
	b->units = units;
	if (!b->preemptible)
		preempt_enable();
}

void bench_fail(struct bench *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->failure, sizeof(b->failure), fmt, ap);
	va_end(ap);
}

static bool measured(const struct bench *b)
{
	return b->failure[0] == '\0' && b->units != 0;
}

/* Warms up, measures, keeps the least: what an interrupt adds is not the work's. */
static void run(const struct kernel_bench *kb, struct bench *best)
{
	for (unsigned i = 0; i <= BENCH_RUNS; i++) {
		struct bench b = {0};

		kb->run(&b);
		if (!measured(&b)) {
			*best = b;
			return;
		}
		if (i <= 1 || b.cycles < best->cycles)
			*best = b;
	}
}

static void print_json(struct json *j, const struct kernel_bench *kb, const struct bench *b)
{
	json_object(j, NULL);
	json_string(j, "name", kb->name);
	json_string(j, "unit", kb->unit);
	if (measured(b)) {
		json_number(j, "count", b->units);
		json_number(j, "instructions", b->cycles);
		json_number(j, "per_unit", b->cycles / b->units);
	} else {
		json_string(j, "error", b->failure);
	}
	json_object_end(j);
}

static void print_line(const struct kernel_bench *kb, const struct bench *b)
{
	if (measured(b))
		shell_printf("%-24s %8lu %-10s %12lu\n", kb->name, b->units, kb->unit,
			     b->cycles / b->units);
	else
		shell_printf("%-24s failed: %s\n", kb->name, b->failure);
}

/* Runs what matches; SHELL_FAIL if one failed, with *matched saying whether there was any. */
static int run_matching(const char *pattern, struct json *j, bool *matched)
{
	int status = SHELL_OK;

	for (const struct kernel_bench *kb = __start_benchmarks; kb < __stop_benchmarks; kb++) {
		struct bench b;

		if (pattern != NULL && strstr(kb->name, pattern) == NULL)
			continue;
		*matched = true;
		if (thread_interrupted())
			return SHELL_FAIL;
		run(kb, &b);
		if (j != NULL)
			print_json(j, kb, &b);
		else
			print_line(kb, &b);
		if (!measured(&b))
			status = SHELL_FAIL;
	}
	return status;
}

SHELL_COMMAND(bench, "[PATTERN] [-J]", "benchmarks: TSC counts a unit of work (least of 3 runs)",
	      "bench page", SHELL_NORMAL)
{
	const char *pattern = NULL;
	bool json = false, matched = false;
	struct json j = {0};
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-J") == 0)
			json = true;
		else if (argv[i][0] == '-' || pattern != NULL)
			return shell_usage("bench", "what is '%s'?", argv[i]);
		else
			pattern = argv[i];
	}
	if (json) {
		json_begin(&j);
		json_array(&j, "benchmarks");
	} else {
		shell_printf("%-24s %8s %-10s %12s\n", "NAME", "COUNT", "UNIT", "COUNTS/UNIT");
	}
	status = run_matching(pattern, json ? &j : NULL, &matched);
	if (json) {
		json_array_end(&j);
		json_end(&j);
	}
	if (!matched)
		return shell_error("bench", -ENOENT, "no benchmark matches '%s'", pattern);
	return status;
}
