/*
 * tests/unit/test_spinlock.c - spin locks on several CPUs, which are host threads here, and what
 * panics: the wrong order, the same lock twice, a release of what is not held.
 *
 * The other tests replace spin locks by a simple check; this one includes the real ones, and a
 * CPU of its own that has a number a thread.
 */
/* sources: kernel/lib/errno.c */
#define TESTS_UNIT_SPINLOCK_H
#define TESTS_UNIT_CPU_H

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernel/spinlock.h"
#include "kernel/lib/types.h"

#define MAX_CPUS   8
#define CACHE_LINE 64

static _Thread_local unsigned this_cpu;
static _Thread_local bool irqs_on = true;

static unsigned cpu_id(void)
{
	return this_cpu;
}

static uint64_t cpu_irq_save(void)
{
	uint64_t flags = irqs_on;

	irqs_on = false;
	return flags;
}

static void cpu_irq_restore(uint64_t flags)
{
	if (flags)
		irqs_on = true;
}

static void cpu_wait(void)
{
	sched_yield(); /* more CPUs than the host has */
}

static uint64_t cpu_cycles(void)
{
	return __builtin_ia32_rdtsc();
}

#include "kernel/spinlock.c"

static jmp_buf panic_jump;
static bool panic_expected;
static char panic_text[256];

__noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_text, sizeof(panic_text), fmt, ap);
	va_end(ap);
	if (!panic_expected)
		abort();
	longjmp(panic_jump, 1);
}

bool panic_in_progress(void)
{
	return false;
}

void panic_printf(const char *fmt, ...)
{
	size_t used = strlen(panic_text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(panic_text + used, sizeof(panic_text) - used, fmt, ap);
	va_end(ap);
}

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	panic("%s:%d: %s", file, line, expr);
}

const char *symbol_name(vaddr_t addr)
{
	return addr != 0 ? "someone" : "nobody";
}

#define expect_panic(statement, words)                                            \
	do {                                                                      \
		panic_expected = true;                                            \
		if (setjmp(panic_jump) == 0) {                                    \
			statement;                                                \
			fail_msg("no panic in %s", #statement);                   \
		}                                                                 \
		panic_expected = false;                                           \
		irqs_on = true;                                                   \
		if (strstr(panic_text, words) == NULL)                            \
			fail_msg("panic says '%s', not '%s'", panic_text, words); \
	} while (0)

#define THREADS 4U
#define ROUNDS	20000U

static struct spinlock shared = SPINLOCK_INIT("shared", RANK_ZONE);
static struct spinlock inner = SPINLOCK_INIT("inner", RANK_SCHED);
static unsigned counter, inside;

static void *add_many(void *arg)
{
	this_cpu = (unsigned)(uintptr_t)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t outer_flags = spin_lock(&shared), inner_flags;
		unsigned seen = counter;

		if (inside++ != 0 || irqs_on || !spin_is_held(&shared))
			abort();
		inner_flags = spin_lock(&inner);
		if (i % 64 == 0)
			sched_yield(); /* the others run while the lock is held */
		spin_unlock(&inner, inner_flags);
		counter = seen + 1;
		inside--;
		spin_unlock(&shared, outer_flags);
		if (!irqs_on || spin_is_held(&shared) || spin_held_count() != 0)
			abort();
	}
	return NULL;
}

static void run_many_cpus(unsigned runs)
{
	pthread_t threads[THREADS];
	struct spin_stats stats;

	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, add_many, (void *)(uintptr_t)(i + 1)), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(counter, runs * THREADS * ROUNDS);
	spin_stats(RANK_ZONE, &stats);
	assert_int_equal(stats.taken, runs * THREADS * ROUNDS);
	assert_in_range(stats.contended, 1, runs * THREADS * ROUNDS);
	assert_string_equal(stats.longest_lock, "shared");
	spin_stats(RANK_SCHED, &stats);
	assert_int_equal(stats.contended, 0); /* only whoever holds the outer one takes it */
}

/* By tickets, and as in a virtual machine. */
static void test_many_cpus(void **state)
{
	(void)state;
	run_many_cpus(1);
	spin_set_barging(true);
	run_many_cpus(2);
	spin_set_barging(false);
}

static void test_wrong_order(void **state)
{
	struct spinlock low = SPINLOCK_INIT("low", RANK_KMAP);
	struct spinlock same = SPINLOCK_INIT("same", RANK_SCHED);
	struct spinlock high = SPINLOCK_INIT("high", RANK_SCHED);
	uint64_t flags;

	(void)state;
	flags = spin_lock(&high);
	expect_panic(spin_lock(&low), "low (rank 1) taken by someone while high");
	expect_panic(spin_lock(&same), "lock order: same");
	panic_text[0] = '\0';
	spin_dump_held();
	assert_non_null(strstr(panic_text, "cpu 0 holds high, taken by someone"));
	spin_unlock(&high, flags);
	spin_unlock(&low, spin_lock(&low)); /* the refused ones are still free */
	spin_unlock(&same, spin_lock(&same));
	assert_int_equal(spin_held_count(), 0);
}

/* The order holds for every lock held, not only for the one taken last. */
static void test_order_after_release_out_of_turn(void **state)
{
	struct spinlock a = SPINLOCK_INIT("a", RANK_ZONE);
	struct spinlock b = SPINLOCK_INIT("b", RANK_SCHED);
	struct spinlock c = SPINLOCK_INIT("c", RANK_LOG);
	uint64_t flags = spin_lock(&a);

	(void)state;
	(void)spin_lock(&b);
	(void)spin_lock(&c);
	spin_unlock(&c, 0);
	spin_unlock(&a, 0);
	expect_panic(spin_lock(&a), "while b");
	spin_unlock(&b, flags);
	assert_true(irqs_on);
	spin_unlock(&a, spin_lock(&a));
}

static void test_twice(void **state)
{
	struct spinlock lock = SPINLOCK_INIT("mine", RANK_ZONE);
	uint64_t flags = spin_lock(&lock);

	(void)state;
	expect_panic(spin_lock(&lock), "mine taken twice");
	spin_unlock(&lock, flags);
	expect_panic(spin_unlock(&lock, flags), "spin_is_held");
}

static void test_every_rank_has_a_name(void **state)
{
	(void)state;
	for (enum lock_rank rank = RANK_NONE; rank < RANKS; rank++)
		assert_string_not_equal(spin_rank_name(rank), "?");
	assert_string_equal(spin_rank_name(RANKS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_cpus),
		cmocka_unit_test(test_wrong_order),
		cmocka_unit_test(test_order_after_release_out_of_turn),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_every_rank_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
