/*
 * tests/kernel/selftest.h - how an in-kernel test is made.
 *
 *	KERNEL_TEST(mutex, unlock_hands_over)
 *	{
 *		REQUIRE(mutex_trylock(&m));
 *		EXPECT_EQ(count, 3);
 *	}
 *
 * The body gets `struct test *t`.  EXPECT notes a failure and goes on, REQUIRE returns.  Both may
 * be used in any thread that was given `t`, as long as the test joins it.  A test leaves the
 * world as it found it, bounds its own waiting, and ends within a second of guest time or says
 * so; `selftest [PATTERN]` runs it and prints KTAP.
 */
#ifndef TESTS_KERNEL_SELFTEST_H
#define TESTS_KERNEL_SELFTEST_H

#include "kernel/lib/types.h"

struct test;

struct kernel_test {
	const char *suite, *name;
	void (*run)(struct test *t);
} __aligned(8);

/* Sections are sorted by name at the link: the tests of a suite stand together. */
#define KERNEL_TEST(test_suite, test_name)                                                       \
	static void selftest_##test_suite##_##test_name(struct test *t);                         \
	static const struct kernel_test kernel_test_##test_suite##_##test_name __used __section( \
		".selftests." #test_suite "." #test_name)                                        \
		__aligned(8) = {#test_suite, #test_name, selftest_##test_suite##_##test_name};   \
	static void selftest_##test_suite##_##test_name(struct test *t __unused)

/* Notes a failure; printed with the test's result. */
void test_fail(struct test *t, const char *file, int line, const char *fmt, ...) __printf(4, 5);
/* The test can't run here, for this reason; counts neither as passed nor as failed. */
void test_skip(struct test *t, const char *fmt, ...) __printf(2, 3);
/* A line of the test's own, printed before its result. */
void test_note(struct test *t, const char *fmt, ...) __printf(2, 3);
/* The very last line of the run. */
void test_summary(struct test *t, const char *fmt, ...) __printf(2, 3);

#define EXPECT(expr)                                                   \
	do {                                                           \
		if (!(expr))                                           \
			test_fail(t, __FILE__, __LINE__, "%s", #expr); \
	} while (0)

#define EXPECT_EQ(got, wanted)                                                                    \
	do {                                                                                      \
		long test_got = (long)(got), test_wanted = (long)(wanted);                        \
		if (test_got != test_wanted)                                                      \
			test_fail(t, __FILE__, __LINE__, "%s is %ld, wanted %ld", #got, test_got, \
				  test_wanted);                                                   \
	} while (0)

#define REQUIRE(expr)                                                  \
	do {                                                           \
		if (!(expr)) {                                         \
			test_fail(t, __FILE__, __LINE__, "%s", #expr); \
			return;                                        \
		}                                                      \
	} while (0)

#endif
