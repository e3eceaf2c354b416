/*
 * tests/unit/test_refusal.c - a refusal in words: whole, cut to a line, its place alone; the first
 * one said stays.
 */
/* sources: kernel/lib/refusal.c kernel/lib/errno.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/errno.h"
#include "kernel/lib/refusal.h"

static struct refusal why;
static char buf[REFUSAL_TEXT + 96];

static const char *fit(size_t columns)
{
	return refusal_fit(&why, columns, buf, sizeof(buf));
}

static void a_long_one_is_cut_before_its_code(void **unused)
{
	(void)unused;
	why = (struct refusal){0};
	refuse_at(&why, -EBUSY, "check", 0x48003, "is held");
	assert_string_equal(fit(SIZE_MAX), "check: pfn 0x48003 is held [EBUSY]");
	assert_string_equal(fit(34), "check: pfn 0x48003 is held [EBUSY]");
	assert_string_equal(fit(33), "check: pfn 0x48003 is ... [EBUSY]");
	assert_string_equal(fit(12), "c... [EBUSY]");
	assert_string_equal(fit(11), "[EBUSY]");
	assert_string_equal(fit(7), "[EBUSY]");
	assert_string_equal(fit(6), "check:");
	assert_string_equal(fit(0), "");
}

/* No width writes beyond itself, whatever the words. */
static void every_width_holds(void **unused)
{
	static const char *const words[] = {"", "x", "[", "has [brackets] and is long enough"};

	(void)unused;
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		why = (struct refusal){0};
		refuse(&why, -ETIMEDOUT, "migrate", "%s", words[i]);
		for (size_t columns = 0; columns < 80; columns++) {
			assert_true(strlen(fit(columns)) <= columns);
			if (columns >= strlen("[ETIMEDOUT]"))
				assert_non_null(strstr(buf, "[ETIMEDOUT]"));
		}
	}
}

static void places(void **unused)
{
	(void)unused;
	why = (struct refusal){0};
	assert_string_equal(refusal_place(&why, buf, sizeof(buf)), "?");
	refuse(&why, -ENOSPC, "capacity", "no room");
	assert_string_equal(refusal_place(&why, buf, sizeof(buf)), "capacity");
	why = (struct refusal){0};
	refuse_at(&why, -EBUSY, "check", 0, "is held");
	assert_string_equal(refusal_place(&why, buf, sizeof(buf)), "check at pfn 0x0");
}

static void the_first_stays(void **unused)
{
	struct refusal own = {0}, none = {0};

	(void)unused;
	why = (struct refusal){0};
	refusal_pass(&none, &why);
	assert_int_equal(why.err, 0);
	refuse_at(&own, -EBUSY, "check", 5, "is held");
	refusal_pass(&own, NULL);
	refusal_pass(&own, &why);
	assert_memory_equal(&own, &why, sizeof(own));
	own = (struct refusal){0};
	refuse(&own, -EIO, "state", "later");
	refusal_pass(&own, &why);
	assert_string_equal(why.text, "is held");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_one_is_cut_before_its_code),
		cmocka_unit_test(every_width_holds),
		cmocka_unit_test(places),
		cmocka_unit_test(the_first_stays),
	};

	return cmocka_run_group_tests_name("refusal", tests, NULL, NULL);
}
