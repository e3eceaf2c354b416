/*
 * tests/bench/bench_parallel.c - a benchmark on several CPUs at once: throughput, not cost.
 *
 * One thread bound to each CPU; all begin together and repeat the body for WINDOW_MS of the TSC.
 * What one CPU does while another is not running yet, or not any more, is little beside that.
 * Under instruction counting QEMU runs one CPU at a time, so there the result means nothing.
 *
 * No locks: a racer is its thread's; `ready` is a word.  One run at a time: that of the shell.
 */
#include "arch/cpu.h"
#include "kernel/bench.h"
#include "kernel/clock.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/thread.h"

#define WINDOW_MS 300U

struct racer {
	const struct kernel_bench *kb;
	struct thread *thread;
	unsigned ncpus;
	struct bench done;
};

static struct racer racers[MAX_CPUS];
static unsigned ready; /* threads that wait for the others to come */

static void race(void *arg)
{
	struct racer *racer = arg;
	uint64_t began, window = clock_cycles_per_us() * 1000 * WINDOW_MS;
	struct bench warm_up = {0};

	racer->kb->run(&warm_up);
	__atomic_add_fetch(&ready, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < racer->ncpus)
		cpu_wait();
	began = cpu_cycles();
	while (racer->done.cycles < window) {
		struct bench b = {0};

		racer->kb->run(&b);
		if (b.failure[0] != '\0') {
			memcpy(racer->done.failure, b.failure, sizeof(b.failure));
			return;
		}
		racer->done.units += b.units;
		racer->done.cycles = cpu_cycles() - began;
	}
}

/* A thread that could not be made still counts as one that came. */
static void start(struct racer *racer, unsigned cpu)
{
	racer->thread = thread_create_on(cpu, "bench", race, racer);
	if (racer->thread != NULL)
		return;
	bench_fail(&racer->done, "no memory for a thread");
	__atomic_add_fetch(&ready, 1, __ATOMIC_ACQ_REL);
}

static void add(struct bench *sum, const struct bench *done, unsigned ncpus)
{
	sum->units += done->units;
	sum->cycles += done->cycles / ncpus;
	if (done->failure[0] != '\0')
		memcpy(sum->failure, done->failure, sizeof(sum->failure));
}

void bench_run_parallel(const struct kernel_bench *kb, unsigned ncpus, struct bench *sum)
{
	*sum = (struct bench){0};
	ready = 0;
	for (unsigned cpu = 0; cpu < ncpus; cpu++) {
		racers[cpu] = (struct racer){.kb = kb, .ncpus = ncpus};
		start(&racers[cpu], cpu);
	}
	for (unsigned cpu = 0; cpu < ncpus; cpu++) {
		if (racers[cpu].thread != NULL)
			thread_join(racers[cpu].thread);
		add(sum, &racers[cpu].done, ncpus);
	}
}
