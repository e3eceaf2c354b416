/*
 * tests/bench/bench_core.c - what the rest of the kernel calls most often.
 */
#include "kernel/bench.h"
#include "kernel/clock.h"
#include "kernel/mutex.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/slab.h"

#define TURNS 1000U

static const struct page_owner bench_owner = {.name = "bench"};

static void run_alloc_free(struct bench *b, unsigned order)
{
	unsigned failed = 0;

	bench_begin(b);
	for (unsigned i = 0; i < TURNS; i++) {
		struct page *page = page_alloc(order, 0, NODE_ANY, &bench_owner);

		if (page != NULL)
			page_free(page);
		else
			failed++;
	}
	bench_end(b, TURNS);
	if (failed != 0)
		bench_fail(b, "no free chunk of order %u", order);
}

KERNEL_BENCH_PARALLEL(page_alloc_free, "pair")
{
	run_alloc_free(b, 0);
}

KERNEL_BENCH_PARALLEL(page_alloc_free_order3, "pair")
{
	run_alloc_free(b, 3);
}

KERNEL_BENCH_PARALLEL(page_alloc_free_order9, "pair")
{
	run_alloc_free(b, 9);
}

/* Many pages at a time: what an allocation that a batch can't serve from the last free costs. */
KERNEL_BENCH_PARALLEL(page_alloc_free_256, "pair")
{
	struct page *pages[256];
	unsigned n = 0;

	bench_begin(b);
	while (n < 256 && (pages[n] = page_alloc(0, 0, NODE_ANY, &bench_owner)) != NULL)
		n++;
	for (unsigned i = 0; i < n; i++)
		page_free(pages[i]);
	bench_end(b, n);
	if (n != 256)
		bench_fail(b, "%u free pages of 256", n);
}

KERNEL_BENCH_PARALLEL(kmalloc_free_64, "pair")
{
	unsigned failed = 0;

	bench_begin(b);
	for (unsigned i = 0; i < TURNS; i++) {
		void *p = kmalloc(64);

		failed += p == NULL;
		kfree(p);
	}
	bench_end(b, TURNS);
	if (failed != 0)
		bench_fail(b, "no memory");
}

KERNEL_BENCH(clock_read, "call")
{
	bench_begin(b);
	for (unsigned i = 0; i < TURNS; i++)
		(void)clock_us();
	bench_end(b, TURNS);
}

KERNEL_BENCH(spin_lock_unlock, "pair")
{
	struct spinlock lock;

	spin_init(&lock, "bench", RANK_WAITQUEUE);
	bench_begin(b);
	for (unsigned i = 0; i < TURNS; i++)
		spin_unlock(&lock, spin_lock(&lock));
	bench_end(b, TURNS);
}

KERNEL_BENCH(mutex_lock_unlock, "pair")
{
	struct mutex m;

	mutex_init(&m, "bench");
	bench_begin_preemptible(b);
	for (unsigned i = 0; i < TURNS; i++) {
		mutex_lock(&m);
		mutex_unlock(&m);
	}
	bench_end(b, TURNS);
}

static void yield_turns(void *arg __unused)
{
	for (unsigned i = 0; i < TURNS; i++)
		thread_yield();
}

/* Two threads that give the CPU to each other. */
KERNEL_BENCH(context_switch, "switch")
{
	struct thread *other = thread_create("bench", yield_turns, NULL);

	if (other == NULL) {
		bench_fail(b, "no memory for a thread");
		return;
	}
	thread_yield(); /* it starts */
	bench_begin_preemptible(b);
	for (unsigned i = 0; i < TURNS - 1; i++)
		thread_yield();
	bench_end(b, 2 * (TURNS - 1)); /* away and back */
	thread_join(other);
}

static void nothing(void *arg __unused)
{
}

KERNEL_BENCH(thread_create_join, "thread")
{
	unsigned made = 0;

	bench_begin_preemptible(b);
	for (unsigned i = 0; i < 20; i++) {
		struct thread *t = thread_create("bench", nothing, NULL);

		if (t == NULL)
			break;
		thread_join(t);
		made++;
	}
	bench_end(b, made);
	if (made != 20)
		bench_fail(b, "no memory for a thread");
}
