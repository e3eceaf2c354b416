/*
 * tests/kernel/test_fault.c - every step of every operation is made to fail, and must unwind.
 *
 * An operation is first run with all sites counting.  Then, for each site that it passes, its
 * first, second ... pass fails, once and from then on, until the operation gets by without
 * passing there so often.  Each time a census before and after a refusal must be the same, the
 * same operation must then succeed, and once it is undone the world must be as it was at first.
 *
 * The DIMMs that are plugged and offline are used, two at most; they come back offline.
 * An operation takes a few seconds of guest time.
 */
#include "kernel/fault.h"
#include "kernel/hog.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/thread.h"
#include "tests/kernel/census.h"
#include "tests/kernel/dimm.h"
#include "tests/kernel/selftest.h"

#define PASSES_MAX 1000U /* an operation that passes a site more often is not swept whole */
#define HOG	   "faulty"
#define HOG_ORDER  4U
#define HOG_SIZE   (3 * (PAGE_SIZE << HOG_ORDER))

struct sweep {
	struct test *t;
	const struct operation *operation;
	struct dimm dimm;
	uint64_t moved; /* pages that the last offline migrated */
	unsigned faults;
	bool lost; /* the world can't be put right any more */
};

struct operation {
	const char *name;
	int (*prepare)(struct sweep *s, struct refusal *why); /* may be NULL */
	int (*run)(struct sweep *s, struct refusal *why);
	int (*undo)(struct sweep *s, struct refusal *why); /* back to before prepare */
};

/* A bit a site, by operation: what was seen in the latest run of each. */
enum { ADD, EJECT, OFFLINE, OFFLINE_BLOCK, ONLINE, REMOVE, USE, OPERATIONS };
static uint64_t reached[OPERATIONS], broken[OPERATIONS];
static unsigned completed; /* a bit an operation */

static struct census base, before, after;

/* --- faults of this thread only --- */

static struct thread *sweeper;

static bool on_sweeper(void)
{
	return thread_current() == sweeper;
}

static void begin_filter(void)
{
	sweeper = thread_current();
	fault_disarm_all();
	fault_set_filter(on_sweeper);
}

static void end_filter(void)
{
	fault_count(false);
	fault_disarm_all();
	fault_set_filter(NULL);
}

/* --- the operations --- */

static int start_hog(struct sweep *s, unsigned order, struct refusal *why)
{
	struct hog_request request = {
		.name = HOG,
		.size = HOG_SIZE,
		.movable = true,
		.node = s->dimm.node,
		.order = order,
		.seed = 5,
	};

	return hog_start(&request, why);
}

static int verify_and_stop_hog(struct refusal *why)
{
	int err = hog_verify(HOG, why), stopped = hog_stop(HOG, why);

	return err != 0 ? err : stopped;
}

/* Chunks of the hog that were migrated so far: an eject does not say. */
static uint64_t hog_moves(void)
{
	struct hog_info info;

	for (unsigned i = 0; hog_info(i, &info); i++)
		if (strcmp(info.name, HOG) == 0)
			return info.moves;
	return 0;
}

static int run_add(struct sweep *s, struct refusal *why)
{
	return dimm_add(&s->dimm, why);
}

static int run_remove(struct sweep *s, struct refusal *why)
{
	return dimm_remove(&s->dimm, why);
}

static int run_online(struct sweep *s, struct refusal *why)
{
	return dimm_online(&s->dimm.all, why);
}

static int undo_online(struct sweep *s, struct refusal *why)
{
	return dimm_offline(&s->dimm.all, NULL, why);
}

static int prepare_offline(struct sweep *s, struct refusal *why)
{
	int err = dimm_online(&s->dimm.all, why);

	return err != 0 ? err : start_hog(s, HOG_ORDER, why);
}

static int run_offline(struct sweep *s, struct refusal *why)
{
	return dimm_offline(&s->dimm.all, &s->moved, why);
}

static int undo_offline(struct sweep *s __unused, struct refusal *why)
{
	return verify_and_stop_hog(why);
}

static int run_offline_block(struct sweep *s, struct refusal *why)
{
	return dimm_offline(&s->dimm.middle, &s->moved, why);
}

static int undo_offline_block(struct sweep *s, struct refusal *why)
{
	int err = verify_and_stop_hog(why);

	/* Of a DIMM with one block nothing is left to take offline. */
	return err == 0 && s->dimm.nblocks > 1 ? dimm_offline(&s->dimm.all, NULL, why) : err;
}

/* The hardware's part is played here: the DIMM stays. */
static int let_go(struct memory_device *device __unused, void *firmware, struct refusal *why)
{
	const struct sweep *s = firmware;

	return s->lost ? refuse(why, -EIO, "firmware", "nothing goes on here any more") : 0;
}

static const struct memory_device_ops let_go_ops = {.eject = let_go};

static int prepare_eject(struct sweep *s, struct refusal *why)
{
	struct dimm fake = s->dimm;
	int err = dimm_remove(&s->dimm, why);

	fake.info.ops = &let_go_ops;
	fake.info.firmware = s;
	if (err == 0)
		err = dimm_add(&fake, why);
	return err != 0 ? err : prepare_offline(s, why);
}

static int run_eject(struct sweep *s, struct refusal *why)
{
	uint64_t moves = hog_moves();
	int err = memory_device_eject(s->dimm.name, why);

	s->moved = hog_moves() - moves;
	return err;
}

static int undo_eject(struct sweep *s, struct refusal *why)
{
	int err = verify_and_stop_hog(why);

	return err != 0 ? err : dimm_add(&s->dimm, why);
}

/* Page by page: the most allocations, page tables, address space and a thread. */
static int run_use(struct sweep *s, struct refusal *why)
{
	int err = start_hog(s, 0, why);

	if (err != 0)
		return err;
	err = hog_share(HOG, why);
	if (err == 0)
		err = hog_churn(HOG, why);
	if (err != 0)
		hog_stop(HOG, NULL);
	return err;
}

static const struct operation operations[OPERATIONS] = {
	[ADD] = {"add", run_remove, run_add, NULL},
	[EJECT] = {"eject", prepare_eject, run_eject, undo_eject},
	[OFFLINE] = {"offline", prepare_offline, run_offline, undo_offline},
	[OFFLINE_BLOCK] = {"offline of a block", prepare_offline, run_offline_block,
			   undo_offline_block},
	[ONLINE] = {"online", NULL, run_online, undo_online},
	[REMOVE] = {"remove", NULL, run_remove, run_add},
	[USE] = {"use", NULL, run_use, undo_offline},
};

/* --- one attempt --- */

struct fault {
	struct fault_site *site;
	uint64_t nth;
	bool always;
	unsigned bit;
};

static void __printf(3, 4)
	survived_not(struct sweep *s, const struct fault *f, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	broken[s->operation - operations] |= 1UL << f->bit;
	test_fail(s->t, s->operation->name, (int)f->nth, "%s%s: %s", f->site->name,
		  f->always ? " always" : "", text);
}

static void take(struct sweep *s, struct census *census)
{
	census_take(census, s->dimm.all.start, s->dimm.all.npages);
}

static void compare(struct sweep *s, const struct fault *f, const char *when,
		    const struct census *wanted, bool moved)
{
	char text[120];

	take(s, &after);
	if (!census_same(wanted, &after, moved, text, sizeof(text)))
		survived_not(s, f, "%s: %s", when, text);
}

/* hotplug_verify() reports without an argument. */
static struct sweep *verifying;
static const struct fault *verifying_fault;

static void report_violation(const char *violation)
{
	survived_not(verifying, verifying_fault, "check: %s", violation);
}

static void verify(struct sweep *s, const struct fault *f)
{
	verifying = s;
	verifying_fault = f;
	hotplug_verify(report_violation);
}

/* A part that must succeed; else nothing that follows means anything. */
static bool must(struct sweep *s, const struct fault *f, const char *what,
		 int (*part)(struct sweep *s, struct refusal *why))
{
	struct refusal why = {0};

	if (part == NULL || part(s, &why) == 0)
		return true;
	survived_not(s, f, "%s is refused: %s: %s", what, why.step != NULL ? why.step : "?",
		     why.text);
	s->lost = true;
	return false;
}

/* The operation was refused: nothing may have changed, and now it must succeed. */
static bool check_refusal(struct sweep *s, const struct fault *f, const struct refusal *why)
{
	if (why->err == 0 || why->step == NULL || why->text[0] == '\0')
		survived_not(s, f, "the refusal names nothing");
	compare(s, f, "after the refusal", &before, s->moved != 0);
	verify(s, f);
	return must(s, f, "the same operation", s->operation->run);
}

/* True where the fault was reached. */
static bool attempt(struct sweep *s, const struct fault *f)
{
	struct refusal why = {0};
	bool hit;
	int err;

	s->moved = 0;
	take(s, &base);
	if (!must(s, f, "preparation", s->operation->prepare))
		return false;
	take(s, &before);
	fault_arm(f->site, f->nth, f->always);
	err = s->operation->run(s, &why);
	hit = f->site->failed != 0;
	fault_disarm_all();
	if (err != 0 && !hit)
		survived_not(s, f, "refused without a fault: %s", why.text);
	if (err != 0 && !check_refusal(s, f, &why))
		return false;
	if (!must(s, f, "undoing", s->operation->undo))
		return false;
	compare(s, f, "after it was undone", &base, false);
	verify(s, f);
	s->faults += hit;
	return hit;
}

static void sweep_site(struct sweep *s, struct fault *f)
{
	for (unsigned always = 0; always < 2; always++) {
		f->always = always != 0;
		for (f->nth = 1; f->nth <= PASSES_MAX; f->nth++) {
			bool hit = attempt(s, f);

			if (s->lost)
				return;
			if (!hit)
				break;
			reached[s->operation - operations] |= 1UL << f->bit;
			if (thread_interrupted()) {
				survived_not(s, f, "interrupted");
				s->lost = true;
				return;
			}
		}
		if (f->nth > PASSES_MAX)
			survived_not(s, f, "more than %u passes", PASSES_MAX);
	}
}

/* Which sites does the operation pass at all?  A bit a site. */
static uint64_t passed_sites(struct sweep *s)
{
	struct fault nothing = {.site = fault_site_at(0)};
	struct fault_site *site;
	uint64_t passed = 0;

	if (!must(s, &nothing, "preparation without a fault", s->operation->prepare))
		return 0;
	fault_count(true);
	if (!must(s, &nothing, "without a fault", s->operation->run))
		return 0;
	for (unsigned i = 0; (site = fault_site_at(i)) != NULL && i < 64; i++)
		passed |= (uint64_t)(site->passes != 0) << i;
	fault_count(false);
	return must(s, &nothing, "undoing without a fault", s->operation->undo) ? passed : 0;
}

/* After a failure that left things half done: what can be put right is. */
static void clean_up(struct sweep *s)
{
	bool interrupted = thread_interrupted();

	thread_clear_interrupt();
	end_filter();
	hog_stop(HOG, NULL);
	dimm_offline(&s->dimm.all, NULL, NULL);
	dimm_remove(&s->dimm, NULL); /* it may be there with operations of our own */
	dimm_add(&s->dimm, NULL);
	if (interrupted)
		thread_interrupt(thread_current());
}

static void sweep_dimm(struct sweep *s)
{
	uint64_t passed;

	begin_filter();
	passed = passed_sites(s);
	for (unsigned i = 0; i < 64 && !s->lost; i++) {
		struct fault f = {.site = fault_site_at(i), .bit = i};

		if (passed >> i & 1)
			sweep_site(s, &f);
	}
	end_filter();
	if (s->lost)
		clean_up(s);
	test_note(s->t, "%s of %s: %u faults", s->operation->name, s->dimm.name, s->faults);
}

static unsigned count_bits(uint64_t bits)
{
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

/* Of the sites reached so far, or, when every operation was swept, of all there are. */
static void summarize(struct test *t)
{
	uint64_t all = 0, bad = 0;
	unsigned sites = 0;

	for (unsigned i = 0; i < OPERATIONS; i++) {
		all |= reached[i];
		bad |= broken[i];
	}
	while (fault_site_at(sites) != NULL)
		sites++;
	if (completed != (1U << OPERATIONS) - 1)
		sites = count_bits(all | bad);
	test_summary(t, "%u of %u sites survived", count_bits(all & ~bad), sites);
}

static void sweep(struct test *t, unsigned which)
{
	struct sweep s = {.t = t, .operation = &operations[which]};
	bool any = false;

	reached[which] = broken[which] = 0;
	for (unsigned i = 0; i < 2 && !s.lost && dimm_find_offline(i, &s.dimm); i++) {
		any = true;
		s.faults = 0;
		sweep_dimm(&s);
	}
	if (!any) {
		test_skip(t, "no DIMM is plugged and offline");
		return;
	}
	completed |= 1U << which;
	summarize(t);
}

KERNEL_TEST(fault, add)
{
	sweep(t, ADD);
}

KERNEL_TEST(fault, eject)
{
	sweep(t, EJECT);
}

KERNEL_TEST(fault, offline)
{
	sweep(t, OFFLINE);
}

KERNEL_TEST(fault, offline_block)
{
	sweep(t, OFFLINE_BLOCK);
}

KERNEL_TEST(fault, online)
{
	sweep(t, ONLINE);
}

KERNEL_TEST(fault, remove)
{
	sweep(t, REMOVE);
}

KERNEL_TEST(fault, use)
{
	sweep(t, USE);
}

/* The tests of a suite run in the order of their names: this is the last. */
KERNEL_TEST(fault, whole_sweep_reached_every_site)
{
	struct fault_site *site;
	uint64_t all = 0;

	if (completed != (1U << OPERATIONS) - 1) {
		test_skip(t, "not every operation was swept");
		return;
	}
	for (unsigned i = 0; i < OPERATIONS; i++)
		all |= reached[i];
	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++)
		if (i >= 64 || !(all >> i & 1))
			test_fail(t, "site", (int)i, "%s was never reached", site->name);
}
