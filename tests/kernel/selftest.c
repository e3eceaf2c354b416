/*
 * tests/kernel/selftest.c - runs the in-kernel tests and prints KTAP.
 *
 * Owns the command `selftest`.  What a test notes is kept in its struct test, under report_lock
 * since any of its threads may fail, and is printed by the shell's thread afterwards.
 */
#include "tests/kernel/selftest.h"

#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/shell/shell.h"
#include "kernel/smp.h"
#include "kernel/stress.h"
#include "kernel/thread.h"

#define NOTES_MAX 8U
#define NOTE_TEXT 160
#define LOAD_SEED 5

struct test {
	unsigned failures, skips;
	unsigned notes; /* kept; more are counted in `failures` only */
	char note[NOTES_MAX][NOTE_TEXT];
	char skip[NOTE_TEXT];
};

struct run {
	const char *pattern; /* NULL: all */
	bool pattern_is_suite;
	unsigned number, passed, failed, skipped;
};

extern const struct kernel_test __start_selftests[], __stop_selftests[];

static struct spinlock report_lock = SPINLOCK_INIT("selftest", RANK_CONSOLE);
static struct mutex running = MUTEX_INIT(running, "selftest"); /* guards what follows */
static struct test current_test;
static char summary[NOTE_TEXT];

static void add_note(struct test *t, const char *text)
{
	if (t->notes < NOTES_MAX)
		snprintf(t->note[t->notes++], NOTE_TEXT, "%s", text);
}

void test_fail(struct test *t, const char *file, int line, const char *fmt, ...)
{
	char what[NOTE_TEXT], text[NOTE_TEXT];
	uint64_t flags;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%s:%d: %s", file, line, what);
	flags = spin_lock(&report_lock);
	t->failures++;
	add_note(t, text);
	spin_unlock(&report_lock, flags);
}

void test_note(struct test *t, const char *fmt, ...)
{
	char text[NOTE_TEXT];
	uint64_t flags;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	flags = spin_lock(&report_lock);
	add_note(t, text);
	spin_unlock(&report_lock, flags);
}

void test_skip(struct test *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->skip, sizeof(t->skip), fmt, ap);
	va_end(ap);
	t->skips++;
}

void test_summary(struct test *t __unused, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(summary, sizeof(summary), fmt, ap);
	va_end(ap);
}

static bool is_suite(const char *name)
{
	for (const struct kernel_test *kt = __start_selftests; kt < __stop_selftests; kt++)
		if (strcmp(kt->suite, name) == 0)
			return true;
	return false;
}

/* A suite's name means that suite; anything else is looked for in SUITE.NAME. */
static bool selected(const struct run *run, const struct kernel_test *kt)
{
	char full[64];

	if (run->pattern == NULL)
		return true;
	if (run->pattern_is_suite)
		return strcmp(kt->suite, run->pattern) == 0;
	snprintf(full, sizeof(full), "%s.%s", kt->suite, kt->name);
	return strstr(full, run->pattern) != NULL;
}

static unsigned count_selected(const struct run *run)
{
	unsigned n = 0;

	for (const struct kernel_test *kt = __start_selftests; kt < __stop_selftests; kt++)
		n += selected(run, kt);
	return n;
}

static void run_one(struct run *run, const struct kernel_test *kt)
{
	struct test *t = &current_test;
	uint64_t start = clock_us();

	memset(t, 0, sizeof(*t));
	kt->run(t);
	for (unsigned i = 0; i < t->notes; i++)
		shell_printf("# %s\n", t->note[i]);
	run->number++;
	shell_printf("%sok %u %s.%s", t->failures ? "not " : "", run->number, kt->suite, kt->name);
	if (t->failures) {
		run->failed++;
		shell_printf(" # %u failures\n", t->failures);
	} else if (t->skips) {
		run->skipped++;
		shell_printf(" # SKIP %s\n", t->skip);
	} else {
		run->passed++;
		shell_printf(" # %lu us\n", clock_us() - start);
	}
}

static int run_selected(struct run *run)
{
	unsigned planned = count_selected(run);

	if (planned == 0)
		return shell_error("selftest", -ENOENT, "no test matches '%s'", run->pattern);
	shell_printf("KTAP version 1\n1..%u\n", planned);
	summary[0] = '\0';
	for (const struct kernel_test *kt = __start_selftests; kt < __stop_selftests; kt++) {
		if (!selected(run, kt))
			continue;
		if (thread_interrupted()) {
			shell_printf("Bail out! interrupted\n");
			return shell_error("selftest", EINTR, "interrupted");
		}
		run_one(run, kt);
	}
	shell_printf("# %u passed, %u failed, %u skipped\n", run->passed, run->failed,
		     run->skipped);
	if (summary[0] != '\0')
		shell_printf("%s\n", summary);
	return run->failed == 0 ? SHELL_OK : SHELL_FAIL;
}

/* Beside a load on all CPUs (kernel/stress.h). */
static int run_beside_load(struct run *run)
{
	struct stress_totals totals;
	struct refusal why = {0};
	int status;

	if (stress_start(LOAD_SEED, true, &why) != 0)
		return shell_refused("selftest", &why);
	status = run_selected(run);
	if (stress_stop(&totals, &why) != 0)
		return shell_refused("selftest", &why);
	shell_printf("# beside %u threads on %u CPUs, %lu operations\n", totals.threads,
		     smp_count(), totals.operations);
	return status;
}

static int list_selected(const struct run *run)
{
	for (const struct kernel_test *kt = __start_selftests; kt < __stop_selftests; kt++)
		if (selected(run, kt))
			shell_printf("%s.%s\n", kt->suite, kt->name);
	return SHELL_OK;
}

SHELL_COMMAND(selftest, "[-l] [-b] [PATTERN]",
	      "run the in-kernel tests (KTAP); -l lists them, -b: beside a load on all CPUs",
	      "selftest mutex", SHELL_NORMAL)
{
	struct run run = {0};
	bool list = false, busy = false;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-l") == 0)
			list = true;
		else if (strcmp(argv[i], "-b") == 0)
			busy = true;
		else if (argv[i][0] == '-' || run.pattern != NULL)
			return shell_usage("selftest", "what is '%s'?", argv[i]);
		else
			run.pattern = argv[i];
	}
	run.pattern_is_suite = run.pattern != NULL && is_suite(run.pattern);
	if (list)
		return list_selected(&run);
	if (mutex_lock_interruptible(&running) != 0)
		return shell_error("selftest", -EINTR, "interrupted");
	status = busy ? run_beside_load(&run) : run_selected(&run);
	mutex_unlock(&running);
	return status;
}
