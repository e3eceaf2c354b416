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
#include "kernel/smp.h"
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

struct options {
	const char *pattern; /* NULL: all */
	unsigned cpus;	     /* at once; 0: on this one, alone */
	bool json;
};

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

/* Under the rules of `options`; false: this one is not wanted. */
static bool run_as_wanted(const struct options *options, const struct kernel_bench *kb,
			  struct bench *b)
{
	if (options->pattern != NULL && strstr(kb->name, options->pattern) == NULL)
		return false;
	if (options->cpus != 0 && !kb->parallel)
		return false;
	if (options->cpus != 0)
		bench_run_parallel(kb, options->cpus, b);
	else
		run(kb, b);
	return true;
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
static int run_matching(const struct options *options, struct json *j, bool *matched)
{
	int status = SHELL_OK;

	for (const struct kernel_bench *kb = __start_benchmarks; kb < __stop_benchmarks; kb++) {
		struct bench b;

		if (thread_interrupted())
			return SHELL_FAIL;
		if (!run_as_wanted(options, kb, &b))
			continue;
		*matched = true;
		if (options->json)
			print_json(j, kb, &b);
		else
			print_line(kb, &b);
		if (!measured(&b))
			status = SHELL_FAIL;
	}
	return status;
}

/* 0, or SHELL_USAGE with the reason printed. */
static int read_options(struct options *options, int argc, char **argv)
{
	struct shell_args args = SHELL_ARGS("bench", "Jc:", argc, argv);
	uint64_t cpus;
	int option;

	while ((option = shell_option(&args)) > 0) {
		if (option == 'J')
			options->json = true;
		else if (parse_number(args.value, &cpus) != 0 || cpus == 0 || cpus > MAX_CPUS)
			return shell_usage("bench", "'%s' is not a number of CPUs", args.value);
		else
			options->cpus = (unsigned)cpus;
	}
	if (option < 0)
		return SHELL_USAGE;
	if (args.noperands > 1)
		return shell_usage("bench", "what is '%s'?", args.operands[1]);
	options->pattern = args.noperands == 1 ? args.operands[0] : NULL;
	return 0;
}

SHELL_COMMAND(bench, "[PATTERN] [-c CPUS] [-J]",
	      "benchmarks: TSC counts a unit of work (least of 3 runs); -c: on CPUs at once",
	      "bench page", SHELL_NORMAL)
{
	struct options options = {0};
	bool matched = false;
	struct json j = {0};
	int status = read_options(&options, argc, argv);

	if (status != 0)
		return status;
	if (options.cpus > smp_count())
		return shell_error("bench", -ENODEV, "%u CPUs are wanted, %u run", options.cpus,
				   smp_count());
	if (options.json) {
		json_begin(&j);
		json_array(&j, "benchmarks");
	} else {
		shell_printf("%-24s %8s %-10s %12s\n", "NAME", "COUNT", "UNIT", "COUNTS/UNIT");
	}
	status = run_matching(&options, &j, &matched);
	if (options.json) {
		json_array_end(&j);
		json_end(&j);
	}
	if (thread_interrupted())
		return shell_error("bench", EINTR, "interrupted");
	if (!matched)
		return shell_error("bench", -ENOENT, "no benchmark matches '%s'",
				   options.pattern != NULL ? options.pattern : "");
	return status;
}
