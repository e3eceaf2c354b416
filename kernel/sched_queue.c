/*
 * kernel/sched_queue.c - which CPU a ready thread waits at: run queues, placing, stealing.
 *
 * Owns the queues and the set of idle CPUs, under sched_lock.  A CPU has two lists: woken threads
 * that slept before their slice was over, and the rest.  A thread that becomes ready goes to an
 * idle CPU where it may run, its last one if that is among them, else to the shortest queue.
 *
 * A CPU that runs out of threads takes one from the longest queue; one that is told that a slice
 * is over takes one from a queue longer by two, so that threads share all CPUs evenly.  What is
 * in a queue is wholly saved (sched_lock is held across a switch), so any CPU may take it.
 */
#include "kernel/sched_priv.h"

#include "arch/smp.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"

struct sched_cpu sched_cpus[MAX_CPUS];
static uint64_t scheduling GUARDED_BY(&sched_lock); /* [s] CPUs that run threads */
static uint64_t
	idle_cpus GUARDED_BY(&sched_lock); /* [s] that run their idle thread and were not kicked */
static unsigned frozen_for GUARDED_BY(&sched_lock) =
	MAX_CPUS; /* [s] the only CPU that may run threads, if below */

static unsigned first_cpu(uint64_t set)
{
	return (unsigned)__builtin_ctzl(set);
}

static bool may_run_on(const struct thread *t, unsigned cpu)
{
	return (t->affinity >> cpu & 1) != 0;
}

void sched_queue_add_cpu(unsigned cpu)
{
	ASSERT(spin_is_held(&sched_lock));
	list_init(&sched_cpus[cpu].queue);
	list_init(&sched_cpus[cpu].woken);
	scheduling |= BIT(cpu);
}

void sched_kick(unsigned cpu)
{
	struct percpu *there = sched_cpus[cpu].here;

	idle_cpus &= ~BIT(cpu);
	if (there->need_resched)
		return; /* it was told, and has not looked yet */
	there->need_resched = true;
	if (cpu != cpu_id())
		ipi_send(cpu, IPI_RESCHEDULE);
}

/* The allowed CPU with the shortest queue; of equal ones the last one it ran on. */
static unsigned shortest(uint64_t allowed, unsigned last)
{
	unsigned best = (allowed >> last & 1) != 0 ? last : first_cpu(allowed);

	for (uint64_t left = allowed; left != 0; left &= left - 1)
		if (sched_cpus[first_cpu(left)].nready < sched_cpus[best].nready)
			best = first_cpu(left);
	return best;
}

static unsigned choose_cpu(const struct thread *t) REQUIRES(&sched_lock)
{
	uint64_t allowed = t->affinity & scheduling;
	uint64_t idle = idle_cpus & allowed;

	ASSERT(allowed != 0);
	if (idle == 0)
		return shortest(allowed, t->cpu);
	return (idle >> t->cpu & 1) != 0 ? t->cpu : first_cpu(idle);
}

static void enqueue(struct thread *t, unsigned cpu, bool first) REQUIRES(&sched_lock)
{
	struct sched_cpu *c = &sched_cpus[cpu];

	t->state = THREAD_READY;
	t->cpu = cpu;
	list_add_tail(&t->run, first ? &c->woken : &c->queue);
	c->nready++;
}

static void dequeue(struct thread *t) REQUIRES(&sched_lock)
{
	list_del(&t->run);
	sched_cpus[t->cpu].nready--;
}

void sched_make_ready(struct thread *t)
{
	bool first = t->slice > 0;
	unsigned cpu;

	ASSERT(spin_is_held(&sched_lock));
	cpu = choose_cpu(t);
	if (!first)
		t->slice = SLICE_TICKS;
	enqueue(t, cpu, first);
	if (first || (idle_cpus >> cpu & 1) != 0)
		sched_kick(cpu);
}

void sched_put_last(struct thread *t)
{
	unsigned cpu = may_run_on(t, cpu_id()) ? cpu_id() : choose_cpu(t);

	t->slice = SLICE_TICKS;
	enqueue(t, cpu, false);
	if (cpu != cpu_id())
		sched_kick(cpu);
}

void sched_requeue(struct thread *t)
{
	if (may_run_on(t, t->cpu))
		return;
	dequeue(t);
	sched_make_ready(t);
}

/* The first thread in the list that may run on `cpu`; NULL: none. */
static struct thread *find_for(const struct list_head *list, unsigned cpu) REQUIRES(&sched_lock)
{
	struct thread *t;

	list_for_each_entry (t, list, run)
		if (may_run_on(t, cpu))
			return t;
	return NULL;
}

/* What this CPU may take of another's; NULL: nothing. */
static struct thread *stealable(const struct sched_cpu *victim) REQUIRES(&sched_lock)
{
	struct thread *t = find_for(&victim->queue, cpu_id());

	return t != NULL ? t : find_for(&victim->woken, cpu_id());
}

/* Takes a thread off the longest queue of others with at least `least` ready threads. */
static struct thread *steal(unsigned least) REQUIRES(&sched_lock)
{
	struct sched_cpu *me = this_cpu();
	struct thread *found = NULL;

	for (uint64_t left = scheduling; left != 0; left &= left - 1) {
		const struct sched_cpu *other = &sched_cpus[first_cpu(left)];
		struct thread *t;

		if (other == me || other->nready < least)
			continue;
		t = stealable(other);
		if (t == NULL)
			continue;
		found = t;
		least = other->nready + 1;
	}
	if (found != NULL) {
		dequeue(found);
		me->steals++;
	}
	return found;
}

bool sched_pull(void)
{
	struct thread *t = steal(this_cpu()->nready + 2);

	if (t != NULL)
		enqueue(t, cpu_id(), false);
	return t != NULL;
}

/* Somebody waits here: wakes an idle CPU that may take it. */
static void offer(const struct list_head *list) REQUIRES(&sched_lock)
{
	const struct thread *t;

	if (idle_cpus == 0)
		return;
	list_for_each_entry (t, list, run) {
		if ((idle_cpus & t->affinity) != 0) {
			sched_kick(first_cpu(idle_cpus & t->affinity));
			return;
		}
	}
}

static struct thread *take_own(struct sched_cpu *cpu) REQUIRES(&sched_lock)
{
	struct list_head *list = list_empty(&cpu->woken) ? &cpu->queue : &cpu->woken;
	struct thread *t;

	if (list_empty(list))
		return NULL;
	t = list_first_entry(list, struct thread, run);
	dequeue(t);
	return t;
}

struct thread *sched_pick(void)
{
	struct sched_cpu *cpu = this_cpu();
	struct thread *next = NULL;

	if (frozen_for == MAX_CPUS || frozen_for == cpu_id()) {
		next = take_own(cpu);
		if (next == NULL)
			next = steal(1);
		if (cpu->nready > 0)
			offer(&cpu->queue);
	}
	if (next != NULL) {
		idle_cpus &= ~BIT(cpu_id());
		return next;
	}
	if (frozen_for == MAX_CPUS)
		idle_cpus |= BIT(cpu_id());
	return cpu->idle;
}

bool sched_somebody_waits(void)
{
	for (uint64_t left = __atomic_load_n(&scheduling, __ATOMIC_RELAXED); left != 0;
	     left &= left - 1)
		if (__atomic_load_n(&sched_cpus[first_cpu(left)].nready, __ATOMIC_RELAXED) != 0)
			return true;
	return false;
}

void sched_queue_freeze(unsigned except)
{
	ASSERT(spin_is_held(&sched_lock));
	frozen_for = except;
	idle_cpus = 0; /* who idles finds out by the kick */
	for (uint64_t left = scheduling & ~BIT(cpu_id()); left != 0; left &= left - 1)
		sched_kick(first_cpu(left));
}
