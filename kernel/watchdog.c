/*
 * kernel/watchdog.c - every CPU counts its ticks and looks at the count of the next one.
 *
 * A count that stands still means that its CPU has interrupts off: it holds a spin lock, waits
 * for one, or loops.  A non-maskable interrupt asks it where it is.
 *
 * A CPU writes its own entry, but for `asked`, which its watcher sets; the watcher alone reads
 * rip and thread, once `asked` is clear again.
 */
#include "kernel/watchdog.h"

#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "kernel/clock.h"
#include "kernel/log.h"
#include "kernel/smp.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"

#define ANSWER_TICKS 10U

static struct beat {
	uint64_t count; /* ticks since boot */
	/* of the CPU that this one watches */
	uint64_t seen; /* its count, and for how many ticks it has not changed */
	uint64_t still;
	bool reported;
	/* asked by the watcher */
	bool asked;
	vaddr_t rip, caller;
	const char *thread;
} __aligned(CACHE_LINE) beats[MAX_CPUS];

static uint64_t limit = WATCHDOG_SECONDS * CLOCK_HZ;
static uint64_t reports;

void watchdog_set_limit(uint64_t ticks)
{
	__atomic_store_n(&limit, ticks, __ATOMIC_RELAXED);
}

uint64_t watchdog_limit(void)
{
	return __atomic_load_n(&limit, __ATOMIC_RELAXED);
}

uint64_t watchdog_reports(void)
{
	return __atomic_load_n(&reports, __ATOMIC_RELAXED);
}

/* The next CPU that runs, in a ring. */
static unsigned watched_by(unsigned cpu)
{
	do
		cpu = (cpu + 1) % MAX_CPUS;
	while (!smp_is_online(cpu));
	return cpu;
}

static void ask(unsigned cpu)
{
	__atomic_store_n(&beats[cpu].asked, true, __ATOMIC_RELEASE);
	ipi_send_nmi(cpu);
}

bool watchdog_nmi(const struct trap_frame *frame)
{
	struct beat *mine = &beats[cpu_id()];
	vaddr_t caller = 0;

	if (!__atomic_load_n(&mine->asked, __ATOMIC_ACQUIRE))
		return false;
	(void)backtrace(frame->rbp, &caller, 1);
	mine->rip = frame->rip;
	mine->caller = caller;
	mine->thread = thread_name(thread_current());
	__atomic_store_n(&mine->asked, false, __ATOMIC_RELEASE);
	return true;
}

static void report(unsigned cpu, const struct beat *mine)
{
	const struct beat *other = &beats[cpu];
	uint64_t seconds = mine->still / CLOCK_HZ;

	__atomic_fetch_add(&reports, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&other->asked, __ATOMIC_ACQUIRE))
		klog(LOG_ERR, "watchdog: cpu %u had no tick for %lu s, and answers nothing", cpu,
		     seconds);
	else
		klog(LOG_ERR,
		     "watchdog: cpu %u had no tick for %lu s: thread %s in %s, called by %s", cpu,
		     seconds, other->thread, symbol_name(other->rip), symbol_name(other->caller));
}

static void look_at(unsigned cpu, struct beat *mine)
{
	uint64_t count = __atomic_load_n(&beats[cpu].count, __ATOMIC_RELAXED);
	uint64_t max = watchdog_limit();

	if (count != mine->seen) {
		if (mine->reported)
			klog(LOG_WARN, "watchdog: cpu %u goes on after %lu ticks", cpu,
			     mine->still);
		mine->seen = count;
		mine->still = 0;
		mine->reported = false;
		return;
	}
	mine->still++;
	if (max == 0 || mine->reported)
		return;
	if (mine->still == max)
		ask(cpu);
	if (mine->still < max + ANSWER_TICKS)
		return;
	mine->reported = true;
	report(cpu, mine);
}

void watchdog_tick(void)
{
	unsigned me = cpu_id(), other;
	struct beat *mine = &beats[me];

	__atomic_store_n(&mine->count, mine->count + 1, __ATOMIC_RELAXED);
	if (smp_online() == 1)
		return;
	other = watched_by(me);
	if (other != me)
		look_at(other, mine);
}
