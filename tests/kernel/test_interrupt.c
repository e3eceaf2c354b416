/*
 * tests/kernel/test_interrupt.c - a long offline can be stopped: by Ctrl-C and by its time limit,
 * within 100 ms of guest time, and then everything is as it was.
 *
 * A DIMM that is plugged and offline is used, and comes back so.  About a second.
 */
#include "kernel/clock.h"
#include "kernel/hog.h"
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "tests/kernel/census.h"
#include "tests/kernel/dimm.h"
#include "tests/kernel/selftest.h"

#define HOG	   "stopped"
#define HOG_SIZE   (32 * MiB)
#define AFTER_US   20000 /* the offline has begun to move pages by then */
#define LATENCY_US 100000

static struct dimm dimm;
static struct thread *tester;
static uint64_t interrupted_us;

static void press_ctrl_c(void *arg __unused)
{
	interrupted_us = clock_us();
	thread_interrupt(tester);
}

/* The DIMM is online and holds pages that take a while to move. */
static bool begin(struct test *t)
{
	struct hog_request request = {
		.name = HOG, .size = HOG_SIZE, .movable = true, .seed = 3, .stride = PAGE_SIZE};

	if (!dimm_find_offline(0, &dimm)) {
		test_skip(t, "no DIMM is plugged and offline");
		return false;
	}
	request.node = dimm.node;
	if (dimm.info.size < 2 * HOG_SIZE || dimm_online(&dimm.all, NULL) != 0) {
		test_skip(t, "the first DIMM that is offline is too small");
		return false;
	}
	if (hog_start(&request, NULL) != 0) {
		test_fail(t, __FILE__, __LINE__, "no hog can be started in the DIMM");
		dimm_offline(&dimm.all, NULL, NULL);
		return false;
	}
	return true;
}

static void end(struct test *t)
{
	struct refusal why = {0};

	EXPECT_EQ(hog_verify(HOG, &why), 0);
	EXPECT_EQ(hog_stop(HOG, &why), 0);
	EXPECT_EQ(dimm_offline(&dimm.all, NULL, &why), 0);
}

/*
 * Offlines the DIMM, which must be refused with `wanted`, and nothing changed but where pages
 * are.  A machine so fast that it was done before is left as it was.  Returns the time at the end.
 */
static uint64_t stopped_offline(struct test *t, int wanted, uint64_t timeout_us, bool ctrl_c)
{
	static struct census before, after;
	static struct timer timer;
	struct block_result result;
	struct refusal why = {0};
	char text[120];
	uint64_t ended;
	int err;

	census_take(&before, dimm.all.start, dimm.all.npages);
	if (ctrl_c)
		timer_start(&timer, AFTER_US, press_ctrl_c, NULL);
	err = blocks_offline(&dimm.all, 0, timeout_us, &result, &why);
	ended = clock_us();
	timer_cancel(&timer);
	thread_clear_interrupt();
	if (err == 0) {
		test_note(t, "too fast to be stopped");
		EXPECT_EQ(dimm_online(&dimm.all, NULL), 0);
		return 0;
	}
	EXPECT_EQ(err, wanted);
	test_note(t, "stopped in step %s, %lu pages were moved", why.step != NULL ? why.step : "?",
		  result.moved_pages);
	census_take(&after, dimm.all.start, dimm.all.npages);
	if (!census_same(&before, &after, true, text, sizeof(text)))
		test_fail(t, __FILE__, __LINE__, "%s", text);
	return ended;
}

KERNEL_TEST(interrupt, ctrl_c_ends_an_offline_within_100_ms)
{
	uint64_t ended;

	if (!begin(t))
		return;
	tester = thread_current();
	interrupted_us = 0;
	ended = stopped_offline(t, -EINTR, 0, true);
	if (ended != 0) {
		EXPECT(interrupted_us != 0);
		EXPECT(ended - interrupted_us <= LATENCY_US);
		test_note(t, "%lu us after Ctrl-C", ended - interrupted_us);
	}
	end(t);
}

KERNEL_TEST(interrupt, a_time_limit_ends_an_offline)
{
	uint64_t began, ended;

	if (!begin(t))
		return;
	began = clock_us();
	ended = stopped_offline(t, -ETIMEDOUT, AFTER_US, false);
	EXPECT(ended == 0 || (ended - began >= AFTER_US));
	end(t);
}
