/*
 * tests/kernel/test_listener.c - listeners of real operations: a veto at every phase stops the
 * operation, and abort reaches exactly those that prepared, in reverse.
 *
 * A DIMM that is plugged and offline is used, and comes back so.
 */
#include "kernel/fault.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/thread.h"
#include "mm/hotplug/listener.h"
#include "tests/kernel/census.h"
#include "tests/kernel/dimm.h"
#include "tests/kernel/selftest.h"

#define LISTENERS 3

/* What was heard: p prepared, v vetoed, c committed, a aborted; and by whom. */
static char trace[64];
static int vetoer;		     /* -1: nobody */
static struct listener_change heard; /* the latest, as prepared */
static enum block_state seen_state;  /* of the first usable block, at prepare */
static struct dimm dimm;
static struct thread *tester;

static bool on_tester(void)
{
	return thread_current() == tester;
}

static void note(char what, int who)
{
	size_t n = strlen(trace);

	if (n + 3 <= sizeof(trace))
		snprintf(trace + n, sizeof(trace) - n, "%c%d", what, who);
}

static enum block_state state_of_last_block(void)
{
	const struct memory_block *block = block_by_pfn(dimm.all.start + dimm.all.npages - 1);

	return block != NULL ? block->state : BLOCK_STATES;
}

static int prepare(int who, const struct listener_change *change, struct refusal *why)
{
	heard = *change;
	seen_state = state_of_last_block();
	if (who != vetoer) {
		note('p', who);
		return 0;
	}
	note('v', who);
	return refuse_at(why, -EBUSY, "test", change->start + 1, "number %d says no", who);
}

#define LISTENER(n)                                                                       \
	static int prepare_##n(const struct listener_change *change, struct refusal *why) \
	{                                                                                 \
		return prepare(n, change, why);                                           \
	}                                                                                 \
	static void commit_##n(const struct listener_change *change __unused)             \
	{                                                                                 \
		note('c', n);                                                             \
	}                                                                                 \
	static void abort_##n(const struct listener_change *change __unused)              \
	{                                                                                 \
		note('a', n);                                                             \
	}
LISTENER(0)
LISTENER(1)
LISTENER(2)

static struct listener listeners[LISTENERS] = {
	{.name = "test-0", .prepare = prepare_0, .commit = commit_0, .abort = abort_0},
	{.name = "test-1", .prepare = prepare_1, .commit = commit_1, .abort = abort_1},
	{.name = "test-2", .prepare = prepare_2, .commit = commit_2, .abort = abort_2},
};

/* --- the operations, each undone by the one after it --- */

static int do_online(struct refusal *why)
{
	return dimm_online(&dimm.all, why);
}

static int do_offline(struct refusal *why)
{
	return dimm_offline(&dimm.all, NULL, why);
}

static int do_remove(struct refusal *why)
{
	return dimm_remove(&dimm, why);
}

static int do_add(struct refusal *why)
{
	return dimm_add(&dimm, why);
}

static const struct {
	enum listener_event event;
	int (*run)(struct refusal *why);
	enum block_state at_prepare; /* BLOCK_STATES: the block is not there */
} phases[] = {
	{LISTENER_ONLINE, do_online, BLOCK_GOING_ONLINE},
	{LISTENER_OFFLINE, do_offline, BLOCK_ONLINE},
	{LISTENER_REMOVE, do_remove, BLOCK_OFFLINE},
	{LISTENER_ADD, do_add, BLOCK_STATES},
};

static bool begin(struct test *t)
{
	if (!dimm_find_offline(0, &dimm)) {
		test_skip(t, "no DIMM is plugged and offline");
		return false;
	}
	for (unsigned i = 0; i < LISTENERS; i++)
		listener_register(&listeners[i]);
	vetoer = -1;
	return true;
}

static void end(void)
{
	for (unsigned i = 0; i < LISTENERS; i++)
		listener_unregister(&listeners[i]);
}

static void expect_trace(struct test *t, unsigned phase, const char *wanted)
{
	if (strcmp(trace, wanted) != 0)
		test_fail(t, listener_event_name(phases[phase].event), vetoer,
			  "heard %s, wanted %s", trace, wanted);
	trace[0] = '\0';
}

static void check_heard(struct test *t, unsigned phase)
{
	EXPECT_EQ(heard.event, phases[phase].event);
	EXPECT_EQ(heard.start, dimm.all.start);
	EXPECT_EQ(heard.npages, dimm.all.npages);
	EXPECT(heard.device != NULL);
	EXPECT_EQ(seen_state, phases[phase].at_prepare);
}

static void expect_veto(struct test *t, unsigned phase)
{
	static const char *const traces[LISTENERS] = {"v0", "p0v1a0", "p0p1v2a1a0"};
	static struct census before, after;
	struct refusal why = {0};
	char text[120], said[32];

	snprintf(said, sizeof(said), "test-%d: number %d says no", vetoer, vetoer);
	census_take(&before, dimm.all.start, dimm.all.npages);
	trace[0] = '\0';
	EXPECT_EQ(phases[phase].run(&why), -EBUSY);
	EXPECT(why.step != NULL && strcmp(why.step, "listener") == 0);
	EXPECT(strstr(why.text, said) != NULL);
	EXPECT(why.has_pfn && why.pfn == dimm.all.start + 1);
	expect_trace(t, phase, traces[vetoer]);
	check_heard(t, phase);
	census_take(&after, dimm.all.start, dimm.all.npages);
	if (!census_same(&before, &after, false, text, sizeof(text)))
		test_fail(t, listener_event_name(phases[phase].event), vetoer, "%s", text);
}

KERNEL_TEST(listener, vetoes_at_every_phase)
{
	if (!begin(t))
		return;
	for (unsigned phase = 0; phase < ARRAY_SIZE(phases); phase++) {
		struct refusal why = {0};

		for (vetoer = 0; vetoer < LISTENERS; vetoer++)
			expect_veto(t, phase);
		vetoer = -1;
		EXPECT_EQ(phases[phase].run(&why), 0);
		expect_trace(t, phase, "p0p1p2c0c1c2");
		check_heard(t, phase);
	}
	end();
}

/* Fails `site` once in the phase: all three had prepared by then. */
static void expect_abort(struct test *t, unsigned phase, const char *site)
{
	struct refusal why = {0};

	trace[0] = '\0';
	fault_arm(fault_site_by_name(site), 1, false);
	EXPECT(phases[phase].run(&why) != 0);
	fault_disarm_all();
	expect_trace(t, phase, "p0p1p2a2a1a0");
}

KERNEL_TEST(listener, abort_reaches_all_when_a_later_step_fails)
{
	struct refusal why = {0};

	if (!begin(t))
		return;
	tester = thread_current();
	fault_set_filter(on_tester);
	for (unsigned phase = 0; phase < ARRAY_SIZE(phases); phase++) {
		if (phases[phase].event == LISTENER_OFFLINE) {
			expect_abort(t, phase, "offline_isolate");
			expect_abort(t, phase, "offline_scrub");
		} else if (phases[phase].event == LISTENER_ADD) {
			expect_abort(t, phase, "add_direct_map");
			expect_abort(t, phase, "add_vmemmap");
		}
		EXPECT_EQ(phases[phase].run(&why), 0);
	}
	fault_set_filter(NULL);
	end();
}

KERNEL_TEST(listener, nobody_is_asked_when_there_is_nothing_to_do)
{
	struct refusal why = {0};

	if (!begin(t))
		return;
	trace[0] = '\0';
	EXPECT_EQ(do_offline(&why), -EALREADY);
	EXPECT_EQ(do_add(&why), -EEXIST);
	EXPECT_EQ(do_online(&why), 0);
	trace[0] = '\0';
	EXPECT_EQ(do_online(&why), -EALREADY);
	EXPECT_EQ(do_remove(&why), -EBUSY);
	EXPECT_EQ(trace[0], 0);
	EXPECT_EQ(do_offline(&why), 0);
	end();
}

/* --- an eject, with the firmware played here --- */

static int keep(struct memory_device *device __unused, void *firmware __unused, struct refusal *why)
{
	return refuse(why, -EIO, "firmware", "it stays");
}

static const struct memory_device_ops keep_ops = {.eject = keep};

/* What the firmware would not take comes back without anybody being asked. */
KERNEL_TEST(listener, what_comes_back_is_told_not_asked)
{
	struct dimm fake;
	struct refusal why = {0};

	if (!begin(t))
		return;
	fake = dimm;
	fake.info.ops = &keep_ops;
	EXPECT_EQ(do_remove(&why), 0);
	EXPECT_EQ(dimm_add(&fake, &why), 0);
	EXPECT_EQ(do_online(&why), 0);
	trace[0] = '\0';
	EXPECT_EQ(memory_device_eject(dimm.name, &why), -EIO);
	/* Offline and remove, then the add; the blocks go online one by one. */
	EXPECT(strncmp(trace, "p0p1p2c0c1c2p0p1p2c0c1c2c0c1c2c0c1c2", 36) == 0);
	EXPECT(strchr(trace + 24, 'p') == NULL);
	EXPECT(strcmp(why.step, "firmware") == 0);
	EXPECT_EQ(state_of_last_block(), BLOCK_ONLINE);
	EXPECT_EQ(do_offline(NULL), 0);
	EXPECT_EQ(do_remove(NULL), 0);
	EXPECT_EQ(do_add(NULL), 0);
	end();
}
