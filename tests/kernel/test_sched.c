/*
 * tests/kernel/test_sched.c - threads: switching, preemption, end, interruption.
 */
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"
#include "tests/kernel/selftest.h"

#define GIVE_UP_US 20000000U /* a spinning thread ends by itself after this */

struct spinner {
	volatile uint64_t turns;
	volatile bool *stop;
	bool gave_up;
};

/* Never yields: only preemption takes the CPU from it. */
static void spin_until_stop(void *arg)
{
	struct spinner *s = arg;
	uint64_t start = clock_us();

	while (!*s->stop && !s->gave_up) {
		s->turns++;
		s->gave_up = clock_us() - start > GIVE_UP_US;
	}
}

KERNEL_TEST(sched, a_spinning_thread_starves_nobody)
{
	volatile bool stop = false;
	struct spinner a = {.stop = &stop}, b = {.stop = &stop};
	struct thread *ta = thread_create_on(0, "spin-a", spin_until_stop, &a);
	struct thread *tb = thread_create_on(0, "spin-b", spin_until_stop, &b);
	uint64_t start = clock_us();

	EXPECT(ta != NULL && tb != NULL);
	while ((a.turns == 0 || b.turns == 0) && clock_us() - start < GIVE_UP_US / 2)
		EXPECT_EQ(thread_sleep_us(20000), 0);
	stop = true;
	if (ta != NULL)
		thread_join(ta);
	if (tb != NULL)
		thread_join(tb);
	EXPECT(a.turns > 0 && b.turns > 0);
	EXPECT(!a.gave_up && !b.gave_up);
}

#define SPINNERS 4U
#define SLEEPS	 10U

/* Round robin alone would keep every wake-up waiting for a slice of each spinner: 80 ms. */
KERNEL_TEST(sched, a_sleeper_comes_before_spinning_threads)
{
	volatile bool stop = false;
	struct spinner spinners[SPINNERS];
	struct thread *threads[SPINNERS];
	unsigned prompt = 0;

	for (unsigned i = 0; i < SPINNERS; i++) {
		spinners[i] = (struct spinner){.stop = &stop};
		threads[i] = thread_create("spin", spin_until_stop, &spinners[i]);
	}
	for (unsigned i = 0; i < SLEEPS; i++) {
		uint64_t start = clock_ticks(); /* not wall time: a busy host stretches that */

		EXPECT_EQ(thread_sleep_us(1000), 0);
		prompt += clock_ticks() - start <= 3;
	}
	for (unsigned i = 0; i < SPINNERS; i++) /* it may be on a CPU that the host lets wait */
		while (threads[i] != NULL && spinners[i].turns == 0 && !spinners[i].gave_up)
			EXPECT_EQ(thread_sleep_us(20000), 0);
	stop = true;
	for (unsigned i = 0; i < SPINNERS; i++) {
		EXPECT(threads[i] != NULL && spinners[i].turns > 0);
		if (threads[i] != NULL)
			thread_join(threads[i]);
	}
	test_note(t, "%u of %u wake-ups were prompt", prompt, SLEEPS);
	EXPECT(prompt >= SLEEPS / 2); /* a busy host delays some */
}

/* Two threads that wake each other for ever leave a third its share. */
struct pair {
	struct wait_queue wq;
	volatile bool *stop;
	volatile unsigned turn;
};
struct player {
	struct pair *pair;
	unsigned me;
};

static bool my_turn(void *arg)
{
	const struct player *p = arg;

	return p->pair->turn % 2 == p->me || *p->pair->stop;
}

static void play(void *arg)
{
	struct player *p = arg;
	uint64_t start = clock_us();

	while (!*p->pair->stop && clock_us() - start < GIVE_UP_US) {
		(void)wait_event(&p->pair->wq, my_turn, p, 100000, false);
		p->pair->turn++;
		wait_queue_wake(&p->pair->wq);
	}
}

KERNEL_TEST(sched, a_chatting_pair_starves_nobody)
{
	volatile bool stop = false;
	struct pair pair = {.stop = &stop};
	struct player players[2] = {{&pair, 0}, {&pair, 1}};
	struct spinner s = {.stop = &stop};
	struct thread *threads[3];
	uint64_t start = clock_us();

	wait_queue_init(&pair.wq, "pair");
	threads[0] = thread_create_on(0, "ping", play, &players[0]);
	threads[1] = thread_create_on(0, "pong", play, &players[1]);
	threads[2] = thread_create_on(0, "spin", spin_until_stop, &s);
	while ((s.turns == 0 || pair.turn <= 2) && clock_us() - start < GIVE_UP_US / 2)
		EXPECT_EQ(thread_sleep_us(20000), 0);
	stop = true;
	wait_queue_wake(&pair.wq);
	for (unsigned i = 0; i < 3; i++)
		if (threads[i] != NULL)
			thread_join(threads[i]);
	EXPECT(s.turns > 0);
	EXPECT(pair.turn > 2);
}

KERNEL_TEST(sched, preempt_disable_keeps_the_cpu)
{
	volatile bool stop = false;
	struct spinner s = {.stop = &stop};
	struct thread *spinner;
	uint64_t before, start;

	preempt_disable();
	spinner = thread_create_on(cpu_id(), "spin", spin_until_stop, &s);
	before = s.turns;
	start = clock_ticks();
	while (clock_ticks() - start < 5)
		cpu_relax();
	EXPECT_EQ(s.turns, before);
	preempt_enable();
	/* The switch that was put off happens at once or at the next tick. */
	start = clock_us();
	while (s.turns == 0 && clock_us() - start < GIVE_UP_US / 2)
		EXPECT_EQ(thread_sleep_us(20000), 0);
	EXPECT(s.turns > 0);
	stop = true;
	REQUIRE(spinner != NULL);
	thread_join(spinner);
}

struct order {
	char text[16];
	unsigned n;
};
struct letter {
	struct order *order;
	char c;
};

static void write_twice(void *arg)
{
	struct letter *l = arg;

	for (int i = 0; i < 2; i++) {
		l->order->text[l->order->n++] = l->c;
		thread_yield();
	}
}

KERNEL_TEST(sched, yield_goes_round)
{
	struct order order = {.n = 0};
	struct letter letters[3] = {{&order, 'a'}, {&order, 'b'}, {&order, 'c'}};
	struct thread *threads[3];

	preempt_disable();
	for (unsigned i = 0; i < 3; i++)
		threads[i] = thread_create_on(cpu_id(), "letter", write_twice, &letters[i]);
	preempt_enable();
	for (unsigned i = 0; i < 3; i++)
		if (threads[i] != NULL)
			thread_join(threads[i]);
	EXPECT_EQ(order.n, 6);
	EXPECT(strcmp(order.text, "abcabc") == 0);
}

static void add_one(void *arg)
{
	__atomic_fetch_add((unsigned *)arg, 1, __ATOMIC_RELAXED);
}

static unsigned count_threads(void)
{
	struct thread_info info;
	unsigned id = 0, n = 0;

	while (thread_info(&id, &info))
		n++;
	return n;
}

/* More threads in all than memory could hold stacks for, were they not given back. */
KERNEL_TEST(sched, ended_threads_leave_nothing)
{
	unsigned before = count_threads(), ran = 0;

	for (unsigned round = 0; round < 20; round++) {
		struct thread *threads[10];

		for (unsigned i = 0; i < 10; i++)
			threads[i] = thread_create("short", add_one, &ran);
		for (unsigned i = 0; i < 10; i++) {
			EXPECT(threads[i] != NULL);
			if (threads[i] != NULL)
				thread_join(threads[i]);
		}
	}
	EXPECT_EQ(ran, 200);
	EXPECT_EQ(count_threads(), before);
}

static void use_stack(void *arg)
{
	volatile char buf[6000];

	for (unsigned i = 0; i < sizeof(buf); i++)
		buf[i] = 1;
	*(volatile bool *)arg = true;
}

KERNEL_TEST(sched, the_stack_mark_shows_the_deepest_use)
{
	bool ran = false;
	struct thread *deep = thread_create("deep", use_stack, &ran);
	struct thread_info info = {0};
	unsigned id;

	REQUIRE(deep != NULL);
	id = thread_id(deep);
	while (!ran)
		thread_yield();
	EXPECT(thread_info(&id, &info));
	EXPECT(strcmp(info.name, "deep") == 0);
	EXPECT(info.stack_used >= 6000 && info.stack_used < 8000);
	thread_join(deep);
}

struct sleeper {
	int result;
	uint64_t slept_us;
};

static void sleep_long(void *arg)
{
	struct sleeper *s = arg;
	uint64_t start = clock_us();

	s->result = thread_sleep_us(60UL * 1000000);
	s->slept_us = clock_us() - start;
}

KERNEL_TEST(sched, interrupt_ends_a_sleep)
{
	struct sleeper s = {.result = 1};
	struct thread *sleeper = thread_create("sleeper", sleep_long, &s);

	REQUIRE(sleeper != NULL);
	EXPECT_EQ(thread_sleep_us(20000), 0);
	EXPECT_EQ(s.result, 1);
	thread_interrupt(sleeper);
	thread_join(sleeper);
	EXPECT_EQ(s.result, -EINTR);
	EXPECT(s.slept_us < 30UL * 1000000);
}

/* An interrupt that comes before the sleep is not lost. */
KERNEL_TEST(sched, interrupt_before_a_sleep_counts)
{
	struct sleeper s = {.result = 1};
	struct thread *sleeper;

	preempt_disable();
	sleeper = thread_create("sleeper", sleep_long, &s);
	if (sleeper != NULL)
		thread_interrupt(sleeper);
	preempt_enable();
	REQUIRE(sleeper != NULL);
	thread_join(sleeper);
	EXPECT_EQ(s.result, -EINTR);
}

KERNEL_TEST(sched, sleep_lasts_at_least_its_time)
{
	for (uint64_t us = 1; us <= 30000; us = us * 3 + 1) {
		uint64_t start = clock_us();

		EXPECT_EQ(thread_sleep_us(us), 0);
		EXPECT(clock_us() - start >= us);
	}
}
