/*
 * kernel/sched.c - who runs: the switch, preemption, sleep and wake-up.
 *
 * Owns the state of every thread, under sched_lock, which also guards the run queues
 * (sched_queue.c).  The lock is held across context_switch() and released by the thread that was
 * switched to, so whoever holds it sees every thread either running on one CPU or wholly saved;
 * a thread that is DEAD is off its stack.  One lock for all CPUs: it is held for some hundred
 * instructions at a switch, a wake-up and a tick, and `locks` shows what is lost at it.
 *
 * Round robin: a thread runs for SLICE_TICKS and goes to the end of the queue with a new slice.
 * One that slept with a part of its slice left comes back before those who used theirs up, and
 * takes the CPU: whoever waits for a key is not kept waiting by threads that compute.  It can't
 * abuse that, since sleeping does not renew its slice.  Preemption happens at the end of an
 * interrupt, never within a spin lock, since interrupts are off there.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/percpu.h"
#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/sched_priv.h"
#include "kernel/smp.h"
#include "kernel/symbols.h"
#include "kernel/watchdog.h"

struct spinlock sched_lock = SPINLOCK_INIT("sched", RANK_SCHED);
struct list_head sched_all = LIST_HEAD_INIT(sched_all); /* [s] */

struct thread sched_main = {.state = THREAD_RUNNING,
			    .id = 1,
			    .name = "main",
			    .slice = SLICE_TICKS,
			    .affinity = UINT64_MAX};

struct thread *thread_current(void)
{
	return percpu_read(current);
}

void sched_boot(void)
{
	sched_cpus[0].here = &percpu[0];
	percpu[0].current = &sched_main;
}

static void account(struct sched_cpu *cpu, struct thread *prev, struct thread *next)
{
	uint64_t now = cpu_cycles();
	uint64_t ran = now - cpu->switched_at;

	prev->cycles += ran;
	if (prev == cpu->idle)
		cpu->idle_cycles += ran;
	cpu->switched_at = now;
	cpu->switches++;
	next->switches++;
}

uint64_t sched_cycles(const struct thread *t)
{
	const struct sched_cpu *cpu = &sched_cpus[t->cpu];

	ASSERT(spin_is_held(&sched_lock));
	return t == cpu->here->current ? t->cycles + (cpu_cycles() - cpu->switched_at) : t->cycles;
}

void sched_switch(void)
{
	struct sched_cpu *cpu = this_cpu();
	struct thread *prev = cpu->here->current, *next;

	ASSERT(spin_is_held(&sched_lock));
	ASSERT(spin_held_count() == 1);
	ASSERT(prev->preempt_off == 0);
	ASSERT(cpu->idle != NULL);

	cpu->here->need_resched = false;
	if (prev == cpu->idle)
		prev->state = THREAD_READY;
	else if (prev->state == THREAD_RUNNING)
		sched_put_last(prev);
	next = sched_pick();
	next->state = THREAD_RUNNING;
	next->cpu = cpu_id();
	if (next == prev)
		return;
	account(cpu, prev, next);
	cpu->here->current = next;
	context_switch(&prev->sp, next->sp);
}

void sched_first_run(void)
{
	spin_unlock(&sched_lock, 0);
	cpu_irq_enable();
}

void thread_yield(void)
{
	uint64_t flags;

	if (sched_cpus[0].idle == NULL)
		return; /* there is nobody else yet */
	flags = spin_lock(&sched_lock);
	sched_switch();
	spin_unlock(&sched_lock, flags);
}

/* The end of an interrupt. */
static void preempt_at_irq_exit(void)
{
	if (percpu_read(need_resched) && thread_current()->preempt_off == 0 &&
	    spin_held_count() == 0)
		thread_yield();
}

static void sched_tick(void)
{
	struct sched_cpu *cpu = this_cpu();
	struct thread *t = cpu->here->current;
	uint64_t flags;

	watchdog_tick();
	if (t == cpu->idle) {
		if (sched_somebody_waits())
			cpu->here->need_resched = true;
		return;
	}
	flags = spin_lock(&sched_lock);
	if (t->slice > 0)
		t->slice--;
	if (t->slice == 0 && (sched_pull() || cpu->nready > 0))
		cpu->here->need_resched = true;
	spin_unlock(&sched_lock, flags);
}

void sched_add_cpu(unsigned cpu, struct thread *idle)
{
	uint64_t flags = spin_lock(&sched_lock);

	idle->state = THREAD_RUNNING;
	idle->cpu = cpu;
	idle->affinity = BIT(cpu);
	sched_cpus[cpu].here = &percpu[cpu];
	sched_cpus[cpu].idle = idle;
	percpu[cpu].current = idle;
	spin_unlock(&sched_lock, flags);
}

void sched_join(void)
{
	uint64_t flags = spin_lock(&sched_lock);

	this_cpu()->switched_at = cpu_cycles();
	sched_queue_add_cpu(cpu_id());
	spin_unlock(&sched_lock, flags);
}

void sched_start(struct thread *idle)
{
	uint64_t flags = spin_lock(&sched_lock);

	idle->state = THREAD_READY; /* and on no queue: it runs when that is empty */
	idle->affinity = BIT(0);
	sched_queue_add_cpu(0);
	sched_cpus[0].switched_at = cpu_cycles();
	sched_cpus[0].idle = idle;
	spin_unlock(&sched_lock, flags);
	clock_set_tick_hook(sched_tick);
	irq_set_exit_hook(preempt_at_irq_exit);
}

static bool is_idle(const struct thread *t)
{
	return t == sched_cpus[t->cpu].idle;
}

/* An interrupt, a section without preemption, or the thread that must always run. */
static bool must_not_sleep(void)
{
	const struct thread *t = thread_current();

	return irq_in_handler() || t->preempt_off != 0 || is_idle(t);
}

bool thread_may_sleep(void)
{
	return sched_cpus[0].idle != NULL && !panic_in_progress() && cpu_irqs_enabled() &&
	       !must_not_sleep();
}

void thread_assert_may_sleep(void)
{
	if (unlikely(must_not_sleep()))
		panic("%s would sleep in %s", symbol_name((vaddr_t)__builtin_return_address(0)),
		      irq_in_handler() ? "an interrupt handler" : "a section without preemption");
}

void thread_block(struct spinlock *release, bool interruptible) NO_TSA
{
	struct thread *t = thread_current();
	uint64_t flags = spin_lock(&sched_lock);

	ASSERT((flags & BIT(9)) == 0); /* the caller came with interrupts off */
	spin_unlock(release, 0);
	if (!(interruptible && t->interrupted)) {
		t->interruptible = interruptible;
		t->state = THREAD_SLEEPING;
		sched_switch();
		t->interruptible = false;
	}
	spin_unlock(&sched_lock, flags);
}

void thread_wake(struct thread *t)
{
	uint64_t flags = spin_lock(&sched_lock);

	if (t->state == THREAD_SLEEPING)
		sched_make_ready(t);
	spin_unlock(&sched_lock, flags);
}

void thread_interrupt(struct thread *t)
{
	uint64_t flags = spin_lock(&sched_lock);

	t->interrupted = true;
	if (t->state == THREAD_SLEEPING && t->interruptible)
		sched_make_ready(t);
	spin_unlock(&sched_lock, flags);
}

/* In a panic nobody clears it any more, and the shell's commands would all end at once. */
bool thread_interrupted(void)
{
	return __atomic_load_n(&thread_current()->interrupted, __ATOMIC_RELAXED) &&
	       !panic_in_progress();
}

void thread_clear_interrupt(void)
{
	uint64_t flags = spin_lock(&sched_lock);

	thread_current()->interrupted = false;
	spin_unlock(&sched_lock, flags);
}

void preempt_disable(void)
{
	thread_current()->preempt_off++;
	__asm__ volatile("" : : : "memory");
}

void preempt_enable(void)
{
	struct thread *t = thread_current();

	__asm__ volatile("" : : : "memory");
	ASSERT(t->preempt_off > 0);
	t->preempt_off--;
	/* Catch up on the switch that was put off, where one is allowed. */
	if (t->preempt_off == 0 && percpu_read(need_resched) && cpu_irqs_enabled() &&
	    !irq_in_handler())
		thread_yield();
}

int thread_set_affinity(struct thread *t, uint64_t cpus)
{
	uint64_t flags;

	if ((cpus & smp_online()) == 0)
		return -EINVAL;
	flags = spin_lock(&sched_lock);
	t->affinity = cpus;
	if (t->state == THREAD_READY)
		sched_requeue(t);
	else if (t->state == THREAD_RUNNING && (cpus >> t->cpu & 1) == 0)
		sched_kick(t->cpu);
	spin_unlock(&sched_lock, flags);
	if (t == thread_current() && t->preempt_off == 0)
		thread_yield();
	return 0;
}

static struct mutex freeze_lock = MUTEX_INIT(freeze_lock, "freeze");

/* => sched_lock held; every other CPU runs its idle thread */
static bool others_idle(void) REQUIRES(&sched_lock)
{
	unsigned cpu;

	for_each_online_cpu (cpu)
		if (cpu != cpu_id() && sched_cpus[cpu].here->current != sched_cpus[cpu].idle)
			return false;
	return true;
}

void threads_freeze(void) NO_TSA
{
	bool still;

	if (panic_in_progress())
		return; /* the other CPUs stand still */
	mutex_lock(&freeze_lock);
	preempt_disable();
	uint64_t flags = spin_lock(&sched_lock);

	sched_queue_freeze(cpu_id());
	spin_unlock(&sched_lock, flags);
	do {
		cpu_wait();
		flags = spin_lock(&sched_lock);
		still = others_idle();
		spin_unlock(&sched_lock, flags);
	} while (!still);
}

void threads_thaw(void) NO_TSA
{
	uint64_t flags;

	if (panic_in_progress())
		return;
	flags = spin_lock(&sched_lock);
	sched_queue_freeze(MAX_CPUS);
	spin_unlock(&sched_lock, flags);
	preempt_enable();
	mutex_unlock(&freeze_lock);
}

void sched_cpu_info(unsigned cpu, struct sched_cpu_info *info) NO_TSA
{
	const struct sched_cpu *c = &sched_cpus[cpu];
	bool alone = panic_in_progress(); /* and whoever had the lock may never give it back */
	uint64_t flags = alone ? 0 : spin_lock(&sched_lock);
	const struct thread *t = c->here->current;

	*info = (struct sched_cpu_info){.thread = t->id,
					.ready = c->nready,
					.switches = c->switches,
					.steals = c->steals,
					.idle_us = c->idle_cycles};
	if (t == c->idle)
		info->idle_us += cpu_cycles() - c->switched_at;
	info->idle_us /= clock_cycles_per_us();
	memcpy(info->name, t->name, sizeof(info->name));
	if (!alone)
		spin_unlock(&sched_lock, flags);
}
