/*
 * tests/kernel/test_locks.c - spin locks, mutexes, conditions.
 */
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"
#include "tests/kernel/selftest.h"

KERNEL_TEST(spinlock, interrupts_come_back_as_they_were)
{
	struct spinlock outer, inner;
	uint64_t f1, f2;

	spin_init(&outer, "outer", RANK_TIMER);
	spin_init(&inner, "inner", RANK_IRQ);
	EXPECT(cpu_irqs_enabled());
	f1 = spin_lock(&outer);
	f2 = spin_lock(&inner);
	EXPECT(!cpu_irqs_enabled());
	EXPECT(spin_is_held(&outer) && spin_is_held(&inner));
	EXPECT_EQ(spin_held_count(), 2);
	EXPECT(outer.acquirer != 0 && outer.acquirer != inner.acquirer);
	spin_unlock(&inner, f2);
	EXPECT(!cpu_irqs_enabled());
	EXPECT(!spin_is_held(&inner));
	spin_unlock(&outer, f1);
	EXPECT(cpu_irqs_enabled());
	EXPECT_EQ(spin_held_count(), 0);
}

KERNEL_TEST(spinlock, may_be_released_in_any_order)
{
	struct spinlock a, b, c;
	uint64_t flags;

	spin_init(&a, "a", RANK_TIMER);
	spin_init(&b, "b", RANK_IRQ);
	spin_init(&c, "c", RANK_ACPI);
	flags = spin_lock(&a);
	(void)spin_lock(&b);
	(void)spin_lock(&c);
	spin_unlock(&b, 0);
	EXPECT(spin_is_held(&a) && !spin_is_held(&b) && spin_is_held(&c));
	spin_unlock(&a, 0);
	EXPECT_EQ(spin_held_count(), 1);
	spin_unlock(&c, flags);
	EXPECT(cpu_irqs_enabled());
}

#define LOCKERS 4U
#define ROUNDS	200U

struct contended {
	struct mutex mutex;
	struct test *t;
	unsigned total, inside;
};

static void lock_and_add(void *arg)
{
	struct contended *c = arg;
	struct test *t = c->t;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned seen;

		mutex_lock(&c->mutex);
		EXPECT(mutex_is_held(&c->mutex));
		EXPECT_EQ(c->inside++, 0);
		seen = c->total;
		if (i % 8 == 0)
			thread_yield(); /* without the mutex the others would now be in */
		c->total = seen + 1;
		c->inside--;
		mutex_unlock(&c->mutex);
	}
}

KERNEL_TEST(mutex, contention_loses_no_update)
{
	struct contended c = {.t = t};
	struct thread *threads[LOCKERS];

	mutex_init(&c.mutex, "contended");
	for (unsigned i = 0; i < LOCKERS; i++)
		threads[i] = thread_create("locker", lock_and_add, &c);
	for (unsigned i = 0; i < LOCKERS; i++) {
		EXPECT(threads[i] != NULL);
		if (threads[i] != NULL)
			thread_join(threads[i]);
	}
	EXPECT_EQ(c.total, LOCKERS * ROUNDS);
}

struct turn {
	struct mutex *mutex;
	char *text;
	unsigned *n;
	char c;
	int result;
};

/* The analysis does not follow the result through memory. */
static void take_turn(void *arg) NO_TSA
{
	struct turn *turn = arg;

	turn->result = mutex_lock_interruptible(turn->mutex);
	if (turn->result == 0) {
		turn->text[(*turn->n)++] = turn->c;
		mutex_unlock(turn->mutex);
	}
}

/* Three wait in turn; the second is interrupted and must not get it. */
KERNEL_TEST(mutex, waiters_are_served_in_order)
{
	struct mutex m;
	char text[4] = "";
	unsigned n = 0;
	struct turn turns[3];
	struct thread *threads[3];

	mutex_init(&m, "turns");
	mutex_lock(&m);
	for (unsigned i = 0; i < 3; i++) {
		turns[i] = (struct turn){&m, text, &n, (char)('a' + i), 1};
		threads[i] = thread_create("turn", take_turn, &turns[i]);
		EXPECT_EQ(thread_sleep_us(1000), 0); /* long enough to queue up */
	}
	if (threads[1] != NULL) {
		thread_interrupt(threads[1]);
		thread_join(threads[1]);
	}
	EXPECT_EQ(turns[1].result, -EINTR);
	EXPECT_EQ(n, 0);
	mutex_unlock(&m);
	for (unsigned i = 0; i < 3; i += 2)
		if (threads[i] != NULL)
			thread_join(threads[i]);
	EXPECT(strcmp(text, "ac") == 0);
	EXPECT(!mutex_is_held(&m));
}

static void try_once(void *arg)
{
	struct turn *turn = arg;

	bool taken = mutex_trylock(turn->mutex);

	turn->result = taken;
	if (taken)
		mutex_unlock(turn->mutex);
}

KERNEL_TEST(mutex, trylock_does_not_wait)
{
	struct mutex m;
	struct turn turn = {.mutex = &m, .result = -1};
	struct thread *other;

	mutex_init(&m, "try");
	REQUIRE(mutex_trylock(&m));
	other = thread_create("try", try_once, &turn);
	if (other != NULL)
		thread_join(other);
	EXPECT_EQ(turn.result, false);
	mutex_unlock(&m);
	other = thread_create("try", try_once, &turn);
	if (other != NULL)
		thread_join(other);
	EXPECT_EQ(turn.result, true);
}

struct gate {
	struct wait_queue wq;
	bool open;
	uint64_t timeout_us;
	int result;
};

static bool gate_open(void *arg)
{
	return ((struct gate *)arg)->open;
}

static void wait_at_gate(void *arg)
{
	struct gate *g = arg;
	int err = wait_event(&g->wq, gate_open, g, g->timeout_us, true);

	if (err != 0)
		g->result = err;
	else
		__atomic_fetch_add(&g->result, 1, __ATOMIC_RELAXED);
}

KERNEL_TEST(wait, a_wake_up_reaches_every_waiter)
{
	struct gate g = {.open = false};
	struct thread *threads[5];

	wait_queue_init(&g.wq, "gate");
	for (unsigned i = 0; i < 5; i++)
		threads[i] = thread_create("waiter", wait_at_gate, &g);
	EXPECT_EQ(thread_sleep_us(20000), 0);
	wait_queue_wake(&g.wq); /* the condition does not hold: nobody may pass */
	EXPECT_EQ(thread_sleep_us(20000), 0);
	EXPECT_EQ(g.result, 0);
	g.open = true;
	wait_queue_wake(&g.wq);
	for (unsigned i = 0; i < 5; i++)
		if (threads[i] != NULL)
			thread_join(threads[i]);
	EXPECT_EQ(g.result, 5);
	EXPECT(list_empty(&g.wq.waiters));
}

KERNEL_TEST(wait, times_out)
{
	struct gate g = {.open = false};
	uint64_t start = clock_us();

	wait_queue_init(&g.wq, "gate");
	EXPECT_EQ(wait_event(&g.wq, gate_open, &g, 30000, false), -ETIMEDOUT);
	EXPECT(clock_us() - start >= 30000);
	EXPECT(list_empty(&g.wq.waiters));
	g.open = true;
	EXPECT_EQ(wait_event(&g.wq, gate_open, &g, 30000, false), 0);
}

KERNEL_TEST(wait, an_interrupt_ends_it)
{
	struct gate g = {.open = false};
	struct thread *waiter;

	wait_queue_init(&g.wq, "gate");
	waiter = thread_create("waiter", wait_at_gate, &g);
	REQUIRE(waiter != NULL);
	EXPECT_EQ(thread_sleep_us(10000), 0);
	thread_interrupt(waiter);
	thread_join(waiter);
	EXPECT_EQ(g.result, -EINTR);
	EXPECT(list_empty(&g.wq.waiters));
}
