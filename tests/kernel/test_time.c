/*
 * tests/kernel/test_time.c - clock, timers, work queues, interrupt lines.
 */
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/x86_64/pit.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/thread.h"
#include "kernel/workqueue.h"
#include "tests/kernel/selftest.h"

KERNEL_TEST(clock, never_goes_back)
{
	uint64_t last = clock_us();

	for (unsigned i = 0; i < 10000; i++) {
		uint64_t now = clock_us();

		EXPECT(now >= last);
		last = now;
	}
}

#define PATIENCE_US 20000000UL /* a bound for what a starved virtual machine may take */

/* Two clocks of different origin: the TSC and the local timer.  A busy host may swallow ticks
 * but does not add any. */
KERNEL_TEST(clock, ticks_and_microseconds_agree)
{
	uint64_t first = clock_ticks(), start = clock_us(), ticks, elapsed;

	do {
		cpu_relax();
		ticks = clock_ticks() - first;
		elapsed = clock_us() - start;
	} while (ticks < 20 && elapsed < PATIENCE_US);
	test_note(t, "%lu ticks in %lu us", ticks, elapsed);
	EXPECT_EQ(ticks, 20);
	EXPECT(elapsed >= 18 * (1000000 / CLOCK_HZ));
}

struct record {
	char text[8];
	unsigned n;
};
struct mark {
	struct timer timer;
	struct record *record;
	uint64_t fired_us;
	char c;
};

static void mark_fired(void *arg)
{
	struct mark *m = arg;

	m->fired_us = clock_us();
	m->record->text[m->record->n++] = m->c;
}

KERNEL_TEST(timer, fire_in_the_order_of_their_times)
{
	static const uint64_t delays[5] = {40000, 15000, 55000, 15000, 1};
	struct record record = {.n = 0};
	struct mark marks[5];
	uint64_t start = clock_us();

	memset(marks, 0, sizeof(marks));
	for (unsigned i = 0; i < 5; i++) {
		marks[i].record = &record;
		marks[i].c = (char)('a' + i);
		timer_start(&marks[i].timer, delays[i], mark_fired, &marks[i]);
	}
	EXPECT_EQ(thread_sleep_us(100000), 0);
	EXPECT(strcmp(record.text, "ebdac") == 0);
	for (unsigned i = 0; i < 5; i++) {
		EXPECT(marks[i].fired_us >= start + delays[i]);
		EXPECT(!timer_cancel(&marks[i].timer));
	}
}

KERNEL_TEST(timer, cancel_and_restart)
{
	struct record record = {.n = 0};
	struct mark a = {.record = &record, .c = 'a'}, b = {.record = &record, .c = 'b'};

	EXPECT(!timer_cancel(&a.timer));
	timer_start(&a.timer, 10000, mark_fired, &a);
	timer_start(&b.timer, 10000000, mark_fired, &b);
	EXPECT(timer_cancel(&a.timer));
	EXPECT(!timer_cancel(&a.timer));
	timer_start(&b.timer, 20000, mark_fired, &b); /* sooner than it was */
	EXPECT_EQ(thread_sleep_us(60000), 0);
	EXPECT(strcmp(record.text, "b") == 0);
	EXPECT(!timer_cancel(&b.timer));
}

struct job {
	struct work work;
	struct record *record;
	struct workqueue *again; /* queue itself here once more */
	char c;
};

static void job_run(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	job->record->text[job->record->n++] = job->c;
	if (job->again != NULL) {
		struct workqueue *wq = job->again;

		job->again = NULL;
		(void)work_queue(wq, work); /* not queued now: it was taken to run */
	}
}

/* The queue's thread never ends, so there is one for all runs. */
static struct workqueue *test_queue(void)
{
	static struct workqueue wq;

	if (wq.thread == NULL && workqueue_init(&wq, "selftest-wq") != 0)
		return NULL;
	return &wq;
}

KERNEL_TEST(workqueue, runs_in_order_and_once)
{
	struct workqueue *wq = test_queue();
	struct record record = {.n = 0};
	struct job jobs[3];

	REQUIRE(wq != NULL);
	memset(jobs, 0, sizeof(jobs));
	threads_freeze(); /* so that none runs before all are queued */
	for (unsigned i = 0; i < 3; i++) {
		jobs[i].work.fn = job_run;
		jobs[i].record = &record;
		jobs[i].c = (char)('a' + i);
		EXPECT(work_queue(wq, &jobs[i].work));
		EXPECT(!work_queue(wq, &jobs[i].work));
	}
	EXPECT_EQ(record.n, 0);
	threads_thaw();
	workqueue_flush(wq);
	EXPECT(strcmp(record.text, "abc") == 0);
}

KERNEL_TEST(workqueue, a_work_may_queue_itself)
{
	struct workqueue *wq = test_queue();
	struct record record = {.n = 0};
	struct job job = {.work.fn = job_run, .record = &record, .again = wq, .c = 'x'};

	REQUIRE(wq != NULL);
	EXPECT(work_queue(wq, &job.work));
	workqueue_flush(wq); /* the first run, which queued the second */
	workqueue_flush(wq);
	EXPECT(strcmp(record.text, "xx") == 0);
}

static void queue_from_interrupt(void *arg)
{
	(void)work_queue(test_queue(), arg);
}

KERNEL_TEST(workqueue, takes_work_from_interrupts)
{
	struct record record = {.n = 0};
	struct job job = {.work.fn = job_run, .record = &record, .c = 'i'};
	struct timer timer = {0};

	REQUIRE(test_queue() != NULL);
	timer_start(&timer, 10000, queue_from_interrupt, &job.work);
	EXPECT_EQ(thread_sleep_us(50000), 0);
	EXPECT(!timer_cancel(&timer));
	workqueue_flush(test_queue());
	EXPECT(strcmp(record.text, "i") == 0);
}

static bool claim(void *arg __unused)
{
	return true;
}

KERNEL_TEST(irq, bad_lines_are_refused)
{
	EXPECT_EQ(irq_register_isa(16, "test", claim, NULL), -EINVAL);
	EXPECT_EQ(irq_register_isa(2, "test", claim, NULL), -EINVAL); /* the cascade */
	EXPECT_EQ(irq_register_isa(5, NULL, claim, NULL), -EINVAL);
	EXPECT_EQ(irq_register_isa(5, "test", NULL, NULL), -EINVAL);
	EXPECT(irq_register_sci(100000, "test", claim, NULL) < 0);
}

static bool line_listed(const char *name)
{
	struct irq_info info;

	for (unsigned i = 0; irq_info(i, &info); i++)
		if (strcmp(info.name, name) == 0)
			return true;
	return false;
}

KERNEL_TEST(irq, a_line_has_one_handler)
{
	REQUIRE(irq_register_isa(5, "selftest-irq", claim, NULL) == 0);
	EXPECT(line_listed("selftest-irq"));
	EXPECT_EQ(irq_register_isa(5, "selftest-irq", claim, NULL), -EBUSY);
	irq_unregister_isa(5, claim);
	EXPECT(!line_listed("selftest-irq"));
}

static bool count_interrupt(void *arg)
{
	(*(unsigned *)arg)++;
	return true;
}

/* A device interrupt all the way: 8254, override, IOAPIC, LAPIC, handler; and none when it is
 * unregistered. */
KERNEL_TEST(irq, a_line_delivers_until_unregistered)
{
	static unsigned count; /* outlives a late interrupt */
	uint64_t start;
	unsigned after;
	int err = irq_register_isa(0, "selftest-pit", count_interrupt, &count);

	if (err == -EBUSY) {
		test_skip(t, "the PIT is the kernel's tick here");
		return;
	}
	REQUIRE(err == 0);
	count = 0;
	pit_start_periodic(500);
	start = clock_us();
	while (__atomic_load_n(&count, __ATOMIC_RELAXED) < 5 && clock_us() - start < PATIENCE_US)
		EXPECT_EQ(thread_sleep_us(20000), 0);
	EXPECT(count >= 5);
	irq_unregister_isa(0, count_interrupt);
	after = count;
	EXPECT_EQ(thread_sleep_us(20000), 0);
	EXPECT_EQ(count, after);
	pit_stop();
}

KERNEL_TEST(irq, the_timer_counts)
{
	struct irq_info before, after;
	uint64_t start = clock_us();
	unsigned i = 0;

	while (irq_info(i, &before) && strcmp(before.name, "timer") != 0)
		i++;
	REQUIRE(irq_info(i, &before));
	do {
		EXPECT_EQ(thread_sleep_us(20000), 0);
		REQUIRE(irq_info(i, &after));
	} while (after.count == before.count && clock_us() - start < PATIENCE_US);
	EXPECT(after.count > before.count);
}
