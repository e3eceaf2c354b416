/*
 * tests/unit/test_arena.c - ACPICA's allocator: a model remembers what lies where, and every
 * byte handed out keeps what was written to it.
 */
/* sources: drivers/acpi/arena.c */
#include "drivers/acpi/arena.h"
#include "kernel/lib/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_SIZE (256 * KiB)
#define LIVE_MAX   2000

static char memory[ARENA_SIZE] __aligned(64);
static struct arena arena;

void assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, expr);
	abort();
}

static struct {
	unsigned char *p;
	size_t size;
	unsigned char fill;
} live[LIVE_MAX];
static unsigned nlive;

static uint64_t rng_state;

static uint32_t rng(void)
{
	rng_state = rng_state * 6364136223846793005UL + 1442695040888963407UL;
	return (uint32_t)(rng_state >> 33);
}

/* Sizes as ACPICA asks for: mostly small, seldom large. */
static size_t random_size(void)
{
	unsigned kind = rng() % 100;

	if (kind < 80)
		return 1 + rng() % 128;
	return kind < 98 ? 1 + rng() % 2048 : 1 + rng() % 20000;
}

static void model_free(unsigned i)
{
	for (size_t k = 0; k < live[i].size; k++)
		assert_int_equal(live[i].p[k], live[i].fill);
	arena_free(&arena, live[i].p);
	live[i] = live[--nlive];
}

static void model_alloc(void)
{
	size_t size = random_size();
	unsigned char *p = arena_alloc(&arena, size);

	if (p == NULL)
		return;
	assert_true(IS_ALIGNED((uintptr_t)p, ARENA_ALIGN));
	assert_true((char *)p >= memory && (char *)p + size <= memory + ARENA_SIZE);
	live[nlive].p = p;
	live[nlive].size = size;
	live[nlive].fill = (unsigned char)rng();
	memset(p, live[nlive].fill, size);
	nlive++;
}

static void random_use_keeps_contents_and_gives_all_back(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		rng_state = seed;
		arena_init(&arena, memory, ARENA_SIZE);
		for (unsigned step = 0; step < 20000; step++) {
			/* The balance tips now and then, so that the arena fills and empties. */
			bool grow = rng() % 100 < (step / 2000 % 2 ? 35 : 65);

			if (grow && nlive < LIVE_MAX)
				model_alloc();
			else if (nlive > 0)
				model_free(rng() % nlive);
			if (step % 100 == 0)
				assert_true(arena_verify(&arena));
		}
		assert_true(arena.peak > ARENA_SIZE / 4 && arena.peak <= ARENA_SIZE);
		while (nlive > 0)
			model_free(rng() % nlive);
		assert_true(arena_verify(&arena));
		assert_int_equal(arena.used, 0);
		assert_int_equal(arena.live, 0);
		/* Everything has merged: the whole is one block again. */
		assert_non_null(arena_alloc(&arena, ARENA_SIZE - ARENA_ALIGN));
	}
}

static void a_full_arena_refuses_and_counts(void **state)
{
	void *p;

	(void)state;
	arena_init(&arena, memory, ARENA_SIZE);
	p = arena_alloc(&arena, ARENA_SIZE - ARENA_ALIGN);
	assert_non_null(p);
	assert_int_equal(arena.used, ARENA_SIZE);
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_alloc(&arena, 0));
	assert_int_equal(arena.refused, 2);
	arena_free(&arena, p);
	assert_non_null(arena_alloc(&arena, 1));
	assert_true(arena_verify(&arena));
}

static void absurd_sizes_are_refused(void **state)
{
	(void)state;
	arena_init(&arena, memory, ARENA_SIZE);
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - ARENA_ALIGN + 1));
	assert_null(arena_alloc(&arena, ARENA_SIZE));
	assert_null(arena_alloc(&arena, 1UL << 32));
	assert_int_equal(arena.used, 0);
	assert_true(arena_verify(&arena));
	arena_free(&arena, NULL);
}

static void verify_sees_damage(void **state)
{
	uint32_t *p, *q;

	(void)state;
	arena_init(&arena, memory, ARENA_SIZE);
	p = arena_alloc(&arena, 100);
	q = arena_alloc(&arena, 100);
	assert_true(arena_verify(&arena));
	p[28] ^= 1; /* past its 112 bytes: the next block's tag */
	assert_false(arena_verify(&arena));
	p[28] ^= 1;
	assert_true(arena_verify(&arena));
	arena.used += 16;
	assert_false(arena_verify(&arena));
	arena.used -= 16;
	arena_free(&arena, q);
	arena_free(&arena, p);
	assert_true(arena_verify(&arena));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_keeps_contents_and_gives_all_back),
		cmocka_unit_test(a_full_arena_refuses_and_counts),
		cmocka_unit_test(absurd_sizes_are_refused),
		cmocka_unit_test(verify_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
