/*
 * tests/unit/test_timer.c - timers against a model that keeps them unsorted.
 */
/* sources: kernel/timer.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/clock.h"

#define TIMERS 12U
#define STEPS  200000U

struct entry {
	struct timer timer;
	bool started;
	uint64_t expires;
	uint64_t order; /* of the starts, decides between equal times */
	uint64_t fired_at, fired;
	struct entry *then_start; /* what the function does besides */
	struct entry *then_cancel;
};

static struct entry entries[TIMERS];
static uint64_t now_us, starts;

uint64_t clock_us(void)
{
	return now_us;
}

void assert_failed(const char *expr, const char *file, int line)
{
	print_error("assertion %s at %s:%d\n", expr, file, line);
	abort();
}

static void fired(void *arg);

static void start(struct entry *e, uint64_t delay)
{
	e->started = true;
	e->expires = delay > UINT64_MAX - now_us ? UINT64_MAX : now_us + delay;
	e->order = starts++;
	timer_start(&e->timer, delay, fired, e);
}

static void cancel(struct entry *e)
{
	assert_int_equal(timer_cancel(&e->timer), e->started);
	e->started = false;
}

/* Nothing that is still started may have been due before the one that fires. */
static void assert_first(const struct entry *e)
{
	for (unsigned i = 0; i < TIMERS; i++) {
		const struct entry *other = &entries[i];

		if (other == e || !other->started)
			continue;
		assert_true(other->expires >= e->expires);
		if (other->expires == e->expires)
			assert_true(other->order > e->order);
	}
}

static void fired(void *arg)
{
	struct entry *e = arg;

	assert_true(e->started);
	assert_true(e->expires <= now_us);
	assert_first(e);
	e->started = false;
	e->fired_at = now_us;
	e->fired++;
	if (e->then_cancel != NULL)
		cancel(e->then_cancel);
	if (e->then_start != NULL)
		start(e->then_start, 5);
}

static void assert_none_due(void)
{
	for (unsigned i = 0; i < TIMERS; i++)
		assert_true(!entries[i].started || entries[i].expires > now_us);
}

static int reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TIMERS; i++) {
		(void)timer_cancel(&entries[i].timer);
		entries[i] = (struct entry){.started = false};
	}
	now_us = 1000;
	return 0;
}

static void test_random(void **state)
{
	uint64_t total = 0;

	(void)state;
	srand(4711);
	for (unsigned step = 0; step < STEPS; step++) {
		struct entry *e = &entries[(unsigned)rand() % TIMERS];

		switch (rand() % 4) {
		case 0:
		case 1:
			start(e, (uint64_t)rand() % 20); /* many equal times */
			break;
		case 2:
			cancel(e);
			break;
		default:
			now_us += (uint64_t)rand() % 8;
			timers_run(now_us);
			assert_none_due();
		}
	}
	for (unsigned i = 0; i < TIMERS; i++)
		total += entries[i].fired;
	assert_true(total > STEPS / 10);
}

static void test_functions_may_start_and_cancel(void **state)
{
	(void)state;
	start(&entries[0], 10);
	start(&entries[1], 20);
	start(&entries[2], 30);
	entries[0].then_start = &entries[0]; /* itself, again and again */
	entries[1].then_cancel = &entries[2];
	entries[1].then_start = &entries[3];
	now_us += 100;
	timers_run(now_us);
	assert_int_equal(entries[0].fired, 1); /* its second start is not due yet */
	assert_int_equal(entries[1].fired, 1);
	assert_int_equal(entries[2].fired, 0);
	assert_true(entries[3].started);
	now_us += 5;
	timers_run(now_us);
	assert_int_equal(entries[0].fired, 2);
	assert_int_equal(entries[3].fired, 1);
}

static void test_restart_moves(void **state)
{
	(void)state;
	start(&entries[0], 10);
	start(&entries[0], 50);
	now_us += 20;
	timers_run(now_us);
	assert_int_equal(entries[0].fired, 0);
	now_us += 30;
	timers_run(now_us);
	assert_int_equal(entries[0].fired, 1);
	assert_false(timer_cancel(&entries[0].timer));
}

/* A delay that does not fit is for ever, not in the past. */
static void test_for_ever(void **state)
{
	(void)state;
	start(&entries[0], UINT64_MAX);
	start(&entries[1], UINT64_MAX - 500);
	now_us = UINT64_MAX - 1;
	timers_run(now_us);
	assert_int_equal(entries[0].fired + entries[1].fired, 0);
	cancel(&entries[0]);
	cancel(&entries[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_random, reset),
		cmocka_unit_test_setup(test_functions_may_start_and_cancel, reset),
		cmocka_unit_test_setup(test_restart_moves, reset),
		cmocka_unit_test_setup(test_for_ever, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
