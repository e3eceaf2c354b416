/*
 * tests/kernel/test_smp.c - several CPUs: where threads run, calls, flushes, standing still.
 *
 * On one CPU they hold as well, and prove less.
 */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "kernel/watchdog.h"
#include "mm/kmap.h"
#include "mm/page.h"
#include "tests/kernel/selftest.h"

#define GIVE_UP_US 20000000U /* a thread that computes ends by itself after this */

struct spinner {
	volatile uint64_t turns;
	volatile bool *stop;
};

static void spin_until_stop(void *arg)
{
	struct spinner *s = arg;
	uint64_t start = clock_us();

	while (!*s->stop && clock_us() - start < GIVE_UP_US)
		s->turns++;
}

struct place {
	uint64_t allowed;
	uint64_t seen; /* CPUs it ran on */
	volatile bool *stop;
	uint64_t turns;
};

static void note_places(void *arg)
{
	struct place *p = arg;

	while (!*p->stop) {
		preempt_disable();
		p->seen |= 1UL << cpu_id();
		preempt_enable();
		if (++p->turns % 64 == 0)
			thread_yield();
	}
}

/* One thread bound to each CPU, and it stays there. */
KERNEL_TEST(smp, a_bound_thread_stays_on_its_cpu)
{
	static struct place places[MAX_CPUS];
	static struct thread *threads[MAX_CPUS];
	volatile bool stop = false;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		places[cpu] = (struct place){.allowed = 1UL << cpu, .stop = &stop};
		threads[cpu] = thread_create_on(cpu, "bound", note_places, &places[cpu]);
	}
	for_each_online_cpu (cpu) {
		uint64_t start = clock_us();

		while (threads[cpu] != NULL && places[cpu].turns == 0 &&
		       clock_us() - start < GIVE_UP_US)
			EXPECT_EQ(thread_sleep_us(10000), 0);
	}
	stop = true;
	for_each_online_cpu (cpu) {
		EXPECT(threads[cpu] != NULL);
		if (threads[cpu] != NULL)
			thread_join(threads[cpu]);
		EXPECT_EQ(places[cpu].seen, places[cpu].allowed);
	}
}

/* The running thread goes to each CPU in turn, and is there when it was told so. */
KERNEL_TEST(smp, a_thread_goes_where_it_is_sent)
{
	unsigned cpu;

	for_each_online_cpu (cpu) {
		EXPECT_EQ(thread_set_affinity(thread_current(), 1UL << cpu), 0);
		EXPECT_EQ(cpu_id(), cpu);
	}
	EXPECT_EQ(thread_set_affinity(thread_current(), 0), -EINVAL);
	EXPECT_EQ(thread_set_affinity(thread_current(), UINT64_MAX), 0);
}

/* As many computing threads as CPUs: each CPU gets one. */
KERNEL_TEST(smp, computing_threads_use_every_cpu)
{
	static struct spinner spinners[MAX_CPUS];
	static struct thread *threads[MAX_CPUS];
	volatile bool stop = false;
	unsigned n = smp_count(), running = 0;
	uint64_t start = clock_us();

	for (unsigned i = 0; i < n; i++) {
		spinners[i] = (struct spinner){.stop = &stop};
		threads[i] = thread_create("spin", spin_until_stop, &spinners[i]);
	}
	while (running < n && clock_us() - start < GIVE_UP_US / 2) {
		EXPECT_EQ(thread_sleep_us(20000), 0);
		running = 0;
		for (unsigned i = 0; i < n; i++)
			running += spinners[i].turns > 0;
	}
	EXPECT_EQ(running, n);
	stop = true;
	for (unsigned i = 0; i < n; i++)
		if (threads[i] != NULL)
			thread_join(threads[i]);
}

static void count_cpu(void *arg)
{
	__atomic_fetch_or((uint64_t *)arg, 1UL << cpu_id(), __ATOMIC_RELAXED);
}

KERNEL_TEST(smp, a_call_reaches_every_cpu_once)
{
	uint64_t reached;

	for (unsigned i = 0; i < 20; i++) {
		reached = 0;
		smp_call_all(count_cpu, &reached);
		EXPECT_EQ(reached, smp_online());
	}
}

static void call_again_and_again(void *arg)
{
	struct test *t = arg;

	for (unsigned i = 0; i < 20; i++) {
		uint64_t reached = 0;

		smp_call_all(count_cpu, &reached);
		EXPECT_EQ(reached, smp_online());
	}
}

KERNEL_TEST(smp, callers_do_not_block_each_other)
{
	static struct thread *threads[MAX_CPUS];
	unsigned cpu;

	for_each_online_cpu (cpu)
		threads[cpu] = thread_create_on(cpu, "caller", call_again_and_again, t);
	for_each_online_cpu (cpu) {
		EXPECT(threads[cpu] != NULL);
		if (threads[cpu] != NULL)
			thread_join(threads[cpu]);
	}
}

/* While the others are frozen nothing moves, and afterwards everything goes on. */
KERNEL_TEST(smp, frozen_threads_stand_still)
{
	static struct spinner spinners[MAX_CPUS];
	static struct thread *threads[MAX_CPUS];
	volatile bool stop = false;
	unsigned n = 2 * MIN(smp_count(), (unsigned)MAX_CPUS / 2);
	uint64_t before = 0, after = 0, start;

	for (unsigned i = 0; i < n; i++) {
		spinners[i] = (struct spinner){.stop = &stop};
		threads[i] = thread_create("spin", spin_until_stop, &spinners[i]);
	}
	EXPECT_EQ(thread_sleep_us(20000), 0);
	threads_freeze();
	for (unsigned i = 0; i < n; i++)
		before += spinners[i].turns;
	start = clock_ticks();
	while (clock_ticks() - start < 3)
		cpu_relax();
	for (unsigned i = 0; i < n; i++)
		after += spinners[i].turns;
	threads_thaw();
	EXPECT_EQ(after, before);
	start = clock_us();
	while (after == before && clock_us() - start < GIVE_UP_US / 2) {
		EXPECT_EQ(thread_sleep_us(20000), 0);
		after = 0;
		for (unsigned i = 0; i < n; i++)
			after += spinners[i].turns;
	}
	EXPECT(after > before);
	stop = true;
	for (unsigned i = 0; i < n; i++)
		if (threads[i] != NULL)
			thread_join(threads[i]);
}

static const struct page_owner owner = {.name = "selftest:smp"};

struct look {
	vaddr_t va;
	uint64_t mapped; /* CPUs that could read there */
};

static void look(void *arg)
{
	struct look *l = arg;
	uint64_t value;

	if (probe_read64(l->va, &value))
		__atomic_fetch_or(&l->mapped, 1UL << cpu_id(), __ATOMIC_RELAXED);
}

/* What every CPU has in its TLB is gone from all when the mapping is. */
KERNEL_TEST(smp, an_unmapped_page_is_gone_from_every_cpu)
{
	for (unsigned size = 1; size <= 64; size *= 2) {
		void *page = kmap_alloc(size * PAGE_SIZE, &owner, "selftest");
		struct look l = {.va = (vaddr_t)page + (size - 1) * PAGE_SIZE};

		REQUIRE(page != NULL);
		smp_call_all(look, &l);
		EXPECT_EQ(l.mapped, smp_online());
		kmap_free(page);
		l.mapped = 0;
		smp_call_all(look, &l);
		EXPECT_EQ(l.mapped, 0);
	}
}

static void map_and_unmap(void *arg)
{
	struct test *t = arg;

	for (unsigned i = 0; i < 10; i++) {
		void *page = kmap_alloc(PAGE_SIZE, &owner, "selftest");

		EXPECT(page != NULL);
		if (page == NULL)
			return;
		*(uint64_t *)page = i;
		kmap_free(page);
	}
}

/* Every CPU flushes at the same time, with interrupts off and a lock held. */
KERNEL_TEST(smp, flushes_from_all_sides_end)
{
	static struct thread *threads[MAX_CPUS];
	unsigned cpu;

	for_each_online_cpu (cpu)
		threads[cpu] = thread_create_on(cpu, "mapper", map_and_unmap, t);
	for_each_online_cpu (cpu) {
		EXPECT(threads[cpu] != NULL);
		if (threads[cpu] != NULL)
			thread_join(threads[cpu]);
	}
}

static void hold_interrupts_off(void *arg)
{
	uint64_t flags = cpu_irq_save(), start = clock_ticks();

	(void)arg;
	while (clock_ticks() - start < 60)
		cpu_wait();
	cpu_irq_restore(flags);
}

/* Its neighbour reports it. */
KERNEL_TEST(smp, a_cpu_without_ticks_is_reported)
{
	uint64_t before = watchdog_reports(), limit = watchdog_limit();
	unsigned last = smp_count() - 1; /* not the one that keeps the time */
	struct thread *holder;

	if (last == 0) {
		test_skip(t, "one CPU has nobody to watch it");
		return;
	}
	watchdog_set_limit(20);
	holder = thread_create_on(last, "holder", hold_interrupts_off, NULL);
	if (holder != NULL)
		thread_join(holder);
	watchdog_set_limit(limit);
	EXPECT(holder != NULL);
	EXPECT(watchdog_reports() > before); /* a busy host may stop another one, too */
}
