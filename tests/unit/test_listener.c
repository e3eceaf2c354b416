/*
 * tests/unit/test_listener.c - who is asked, told and called off, and in which order.
 */
/* sources: mm/hotplug/listener.c kernel/lib/refusal.c kernel/lib/errno.c */
#include "tests/unit/mm_kit.h"

#include "kernel/fault.h"
#include "kernel/lib/errno.h"
#include "mm/hotplug/device.h"
#include "mm/hotplug/listener.h"

struct mutex hotplug_lock;
static bool locked;

void mutex_lock(struct mutex *m)
{
	assert_ptr_equal(m, &hotplug_lock);
	assert_false(locked);
	locked = true;
}

void mutex_unlock(struct mutex *m)
{
	assert_ptr_equal(m, &hotplug_lock);
	assert_true(locked);
	locked = false;
}

bool mutex_is_held(const struct mutex *m)
{
	assert_ptr_equal(m, &hotplug_lock);
	return locked;
}

/* --- three listeners that write down what they hear: p, c, a and their letter --- */

#define LISTENERS 3

static char trace[64];
static int vetoer;  /* -1: nobody */
static bool silent; /* vetoes without a reason */
static const struct listener_change change = {LISTENER_OFFLINE, NULL, 0x100, 0x8000};

static void note(char what, char who)
{
	size_t n = strlen(trace);

	trace[n] = what;
	trace[n + 1] = who;
	trace[n + 2] = '\0';
}

static int prepare(int who, const struct listener_change *heard, struct refusal *why)
{
	assert_ptr_equal(heard, &change);
	assert_true(locked);
	if (who != vetoer) {
		note('p', (char)('0' + who));
		return 0;
	}
	note('v', (char)('0' + who));
	return silent ? -EBUSY : refuse_at(why, -EBUSY, "x", 0x123, "needs it");
}

#define LISTENER(n)                                                                      \
	static int prepare_##n(const struct listener_change *heard, struct refusal *why) \
	{                                                                                \
		return prepare(n, heard, why);                                           \
	}                                                                                \
	static void commit_##n(const struct listener_change *heard)                      \
	{                                                                                \
		assert_ptr_equal(heard, &change);                                        \
		note('c', '0' + (n));                                                    \
	}                                                                                \
	static void abort_##n(const struct listener_change *heard)                       \
	{                                                                                \
		assert_ptr_equal(heard, &change);                                        \
		note('a', '0' + (n));                                                    \
	}
LISTENER(0)
LISTENER(1)
LISTENER(2)

static struct listener all[LISTENERS] = {
	{{0}, "zero", prepare_0, commit_0, abort_0},
	{{0}, "one", prepare_1, commit_1, abort_1},
	{{0}, "two", prepare_2, commit_2, abort_2},
};

static int setup(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < LISTENERS; i++)
		listener_register(&all[i]);
	trace[0] = '\0';
	vetoer = -1;
	silent = false;
	host_fault_in = 0;
	mutex_lock(&hotplug_lock);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	mutex_unlock(&hotplug_lock);
	for (unsigned i = 0; i < LISTENERS; i++)
		listener_unregister(&all[i]);
	return 0;
}

static void commit_and_abort_orders(void **unused)
{
	(void)unused;
	assert_int_equal(listeners_prepare(&change, NULL), 0);
	listeners_commit(&change);
	assert_string_equal(trace, "p0p1p2c0c1c2");
	trace[0] = '\0';
	assert_int_equal(listeners_prepare(&change, NULL), 0);
	listeners_abort(&change);
	assert_string_equal(trace, "p0p1p2a2a1a0");
}

static void a_veto_calls_off_exactly_those_asked_before(void **unused)
{
	static const char *const traces[LISTENERS] = {"v0", "p0v1a0", "p0p1v2a1a0"};

	(void)unused;
	for (vetoer = 0; vetoer < LISTENERS; vetoer++) {
		struct refusal why = {0};

		trace[0] = '\0';
		assert_int_equal(listeners_prepare(&change, &why), -EBUSY);
		assert_string_equal(trace, traces[vetoer]);
		assert_int_equal(why.err, -EBUSY);
		assert_string_equal(why.step, "listener");
		assert_true(why.has_pfn && why.pfn == 0x123);
		assert_non_null(strstr(why.text, all[vetoer].name));
		assert_non_null(strstr(why.text, "needs it"));
		assert_non_null(strstr(why.text, "go offline"));
	}
}

static void a_veto_without_a_reason_is_named_too(void **unused)
{
	struct refusal why = {0};

	(void)unused;
	vetoer = 1;
	silent = true;
	assert_int_equal(listeners_prepare(&change, &why), -EBUSY);
	assert_non_null(strstr(why.text, "one: gives no reason"));
	assert_true(why.has_pfn && why.pfn == change.start);
	assert_int_equal(listeners_prepare(&change, NULL), -EBUSY);
}

static void an_injected_veto_is_one(void **unused)
{
	static const char *const traces[LISTENERS] = {"", "p0a0", "p0p1a1a0"};

	(void)unused;
	for (unsigned n = 0; n < LISTENERS; n++) {
		struct refusal why = {0};

		trace[0] = '\0';
		host_fault_in = n + 1;
		assert_int_equal(listeners_prepare(&change, &why), -EBUSY);
		assert_string_equal(trace, traces[n]);
		assert_non_null(strstr(why.text, all[n].name));
	}
	assert_int_equal(host_fault_in, 0);
}

static void what_a_listener_leaves_out_is_left_out(void **unused)
{
	static struct listener deaf = {.name = "deaf"};

	(void)unused;
	mutex_unlock(&hotplug_lock);
	listener_unregister(&all[1]);
	listener_register(&deaf);
	mutex_lock(&hotplug_lock);
	assert_int_equal(listeners_prepare(&change, NULL), 0);
	listeners_commit(&change);
	assert_int_equal(listeners_prepare(&change, NULL), 0);
	listeners_abort(&change);
	assert_string_equal(trace, "p0p2c0c2p0p2a2a0");
	mutex_unlock(&hotplug_lock);
	listener_unregister(&deaf);
	listener_register(&all[1]);
	mutex_lock(&hotplug_lock);
}

static void the_lock_must_be_held(void **unused)
{
	(void)unused;
	mutex_unlock(&hotplug_lock);
	expect_panic(listeners_prepare(&change, NULL), "mutex_is_held");
	expect_panic(listeners_commit(&change), "mutex_is_held");
	expect_panic(listeners_abort(&change), "mutex_is_held");
	mutex_lock(&hotplug_lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commit_and_abort_orders, setup, teardown),
		cmocka_unit_test_setup_teardown(a_veto_calls_off_exactly_those_asked_before, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_veto_without_a_reason_is_named_too, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_injected_veto_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(what_a_listener_leaves_out_is_left_out, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_lock_must_be_held, setup, teardown),
	};

	return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
