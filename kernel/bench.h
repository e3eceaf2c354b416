/*
 * kernel/bench.h - how a benchmark is made.
 *
 *	KERNEL_BENCH(page_alloc_free, "pair")
 *	{
 *		bench_begin(b);
 *		for (unsigned i = 0; i < 1000; i++)
 *			page_free(page_alloc(0, 0, NODE_ANY, &owner));
 *		bench_end(b, 1000);
 *	}
 *
 * The body gets `struct bench *b`, prepares, and measures the part between begin and end, in
 * counts of the TSC.  It is run once to warm up and BENCH_RUNS times; the least counts.  Under
 * `-icount shift=0` a count is an instruction, and the figures repeat exactly.
 *
 * A body that shares nothing with another run of itself is a KERNEL_BENCH_PARALLEL: `bench -c N`
 * runs it on N CPUs at once, again and again, and counts how much they get done together.
 */
#ifndef KERNEL_BENCH_H
#define KERNEL_BENCH_H

#include "kernel/lib/types.h"

struct bench {
	uint64_t units;	 /* done between begin and end */
	uint64_t cycles; /* that took */
	uint64_t began;
	bool preemptible;
	char failure[96]; /* empty: none */
};

struct kernel_bench {
	const char *name, *unit;
	void (*run)(struct bench *b);
	bool parallel;
} __aligned(8);

#define KERNEL_BENCH(bench_name, bench_unit)	      BENCH_ENTRY(bench_name, bench_unit, false)
#define KERNEL_BENCH_PARALLEL(bench_name, bench_unit) BENCH_ENTRY(bench_name, bench_unit, true)

#define BENCH_ENTRY(bench_name, bench_unit, is_parallel)                                           \
	static void bench_##bench_name(struct bench *b);                                           \
	static const struct kernel_bench kernel_bench_##bench_name __used __section(".benchmarks") \
		__aligned(8) = {#bench_name, bench_unit, bench_##bench_name, is_parallel};         \
	static void bench_##bench_name(struct bench *b)

/* Starts the measure; without preemption until bench_end(). */
void bench_begin(struct bench *b);
/* The same for work that sleeps or switches threads. */
void bench_begin_preemptible(struct bench *b);
/* Ends it: `units` units of work were done. */
void bench_end(struct bench *b, uint64_t units);
/* The work could not be done, for this reason. */
void bench_fail(struct bench *b, const char *fmt, ...) __printf(2, 3);

/* On CPUs 0 to ncpus - 1 at once: what they did together, and how long one took on average. */
void bench_run_parallel(const struct kernel_bench *kb, unsigned ncpus, struct bench *sum);

#endif
