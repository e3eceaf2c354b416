/*
 * tests/unit/test_policy.c - policies by name and value, from the command line and the shell.
 */
/* sources: mm/hotplug/policy.c */
#include "tests/unit/mm_kit.h"

#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "mm/hotplug/policy.h"

static const char *state_option, *eject_option;
static unsigned complaints;

const char *option_string(const char *name)
{
	if (strcmp(name, "memhp_default_state") == 0)
		return state_option;
	assert_string_equal(name, "memhp_eject");
	return eject_option;
}

void klog(enum log_level level, const char *fmt, ...)
{
	(void)fmt;
	complaints += level <= LOG_WARN;
}

static int setup(void **unused)
{
	(void)unused;
	state_option = eject_option = NULL;
	complaints = 0;
	assert_int_equal(policy_set("online", "offline"), 0);
	assert_int_equal(policy_set("eject", "auto"), 0);
	assert_int_equal(policy_set("online_policy", "kernel"), 0);
	assert_int_equal(policy_set("auto_movable_ratio", "301"), 0);
	return 0;
}

/* The value of a policy as it is shown. */
static const char *shown(const char *policy)
{
	static char value[32];
	const char *name, *values;

	for (unsigned i = 0; policy_info(i, &name, value, sizeof(value), &values); i++)
		if (strcmp(name, policy) == 0)
			return value;
	return "(none)";
}

/* Runs first: nothing has been set. */
static void defaults(void **unused)
{
	(void)unused;
	assert_int_equal(policy_online(), POLICY_OFFLINE);
	assert_int_equal(policy_eject(), POLICY_EJECT_AUTO);
	assert_int_equal(policy_zone(), POLICY_ZONE_KERNEL);
	assert_int_equal(policy_movable_ratio(), 301); /* Linux's */
	policy_init();
	assert_int_equal(policy_online(), POLICY_OFFLINE);
	assert_int_equal(complaints, 0);
}

static void options_set_them(void **unused)
{
	(void)unused;
	state_option = "online_movable";
	eject_option = "manual";
	policy_init();
	assert_int_equal(policy_online(), POLICY_ONLINE_MOVABLE);
	assert_int_equal(policy_eject(), POLICY_EJECT_MANUAL);
	assert_int_equal(complaints, 0);
	state_option = "sometimes";
	eject_option = "";
	policy_init();
	assert_int_equal(complaints, 2);
	assert_int_equal(policy_online(), POLICY_ONLINE_MOVABLE);
	assert_int_equal(policy_eject(), POLICY_EJECT_MANUAL);
}

/* Sets each of the words between the bars, and sees it. */
static void every_value_listed_is_one(void **unused)
{
	const char *name, *values;
	char value[32], list[128];
	unsigned n = 0;

	(void)unused;
	for (unsigned i = 0; policy_info(i, &name, value, sizeof(value), &values); i++) {
		if (strchr(values, '|') == NULL)
			continue;
		snprintf(list, sizeof(list), "%s", values);
		for (char *word = strtok(list, "|"); word != NULL; word = strtok(NULL, "|"), n++) {
			assert_int_equal(policy_set(name, word), 0);
			assert_string_equal(shown(name), word);
		}
	}
	assert_int_equal(n, 4 + 2 + 2);
	assert_int_equal(policy_online(), POLICY_ONLINE_MOVABLE);
	assert_int_equal(policy_set("online", "online_kernel"), 0);
	assert_int_equal(policy_online(), POLICY_ONLINE_KERNEL);
	assert_int_equal(policy_set("online", "online"), 0);
	assert_int_equal(policy_online(), POLICY_ONLINE);
	assert_int_equal(policy_zone(), POLICY_ZONE_AUTO_MOVABLE);
}

static void what_is_wrong_changes_nothing(void **unused)
{
	static const char *const bad[] = {"",	      "Offline",  "off", "offlinex",
					  " offline", "offline ", "0",	 "online|offline"};
	char value[8];
	const char *name, *values;

	(void)unused;
	assert_int_equal(policy_set("online", "online_kernel"), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(policy_set("online", bad[i]), -EINVAL);
	assert_int_equal(policy_online(), POLICY_ONLINE_KERNEL);
	assert_int_equal(policy_set("eject", "online"), -EINVAL);
	assert_int_equal(policy_set("Online", "online"), -ENOENT);
	assert_int_equal(policy_set("", "auto"), -ENOENT);
	assert_int_equal(policy_set("memhp_eject", "auto"), -ENOENT);
	assert_false(policy_info(4, &name, value, sizeof(value), &values));
	assert_false(policy_info(~0U, &name, value, sizeof(value), &values));
}

static void numbers(void **unused)
{
	static const char *const bad[] = {"",
					  "0",
					  "00",
					  "10001",
					  "-1",
					  "+1",
					  "1 ",
					  " 1",
					  "0x10",
					  "1e3",
					  "one",
					  "4294967297",
					  "99999999999999999999",
					  "18446744073709551617"};

	(void)unused;
	assert_int_equal(policy_set("auto_movable_ratio", "1"), 0);
	assert_int_equal(policy_movable_ratio(), 1);
	assert_int_equal(policy_set("auto_movable_ratio", "10000"), 0);
	assert_int_equal(policy_movable_ratio(), 10000);
	assert_int_equal(policy_set("auto_movable_ratio", "0007"), 0);
	assert_string_equal(shown("auto_movable_ratio"), "7");
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(policy_set("auto_movable_ratio", bad[i]), -EINVAL);
	assert_int_equal(policy_movable_ratio(), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test_setup(options_set_them, setup),
		cmocka_unit_test_setup(every_value_listed_is_one, setup),
		cmocka_unit_test_setup(what_is_wrong_changes_nothing, setup),
		cmocka_unit_test_setup(numbers, setup),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
