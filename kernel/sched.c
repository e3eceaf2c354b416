/*
 * kernel/sched.c - who runs: the run queue, the switch, preemption, sleep and wake-up.
 *
 * Owns the run queue and the state of every thread, under sched_lock.  The lock is held across
 * context_switch() and released by the thread that was switched to, so whoever holds it sees
 * every thread either running or wholly saved; a thread that is DEAD is off its stack.
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
#include "kernel/panic.h"
#include "kernel/symbols.h"
#include "kernel/thread_priv.h"

#define SLICE_TICKS 2

struct spinlock sched_lock = SPINLOCK_INIT("sched", RANK_SCHED);
struct list_head sched_all = LIST_HEAD_INIT(sched_all); /* [s] */

struct thread sched_main = {.state = THREAD_RUNNING, .id = 1, .name = "main", .slice = SLICE_TICKS};

struct sched_cpu {
	struct percpu *here;  /* its current thread, and whether a switch was put off */
	struct thread *idle;  /* NULL: this CPU does not schedule yet */
	uint64_t switched_at; /* [s] cycle count when the current thread began to run */
} __aligned(CACHE_LINE);

static struct sched_cpu cpus[MAX_CPUS];
static struct list_head run_queue = LIST_HEAD_INIT(run_queue); /* [s] */
static struct list_head run_woken = LIST_HEAD_INIT(run_woken); /* [s] served first */

/* One run queue a CPU means that a thread stays on its CPU, so the answer does not go stale. */
static struct sched_cpu *this_cpu(void)
{
	return &cpus[cpu_id()];
}

struct thread *thread_current(void)
{
	return percpu_current();
}

void sched_boot(void)
{
	cpus[0].here = &percpu[0];
	percpu[0].current = &sched_main;
}

static void queue_last(struct thread *t)
{
	t->state = THREAD_READY;
	t->slice = SLICE_TICKS;
	list_add_tail(&t->run, &run_queue);
}

void sched_make_ready(struct thread *t)
{
	struct sched_cpu *cpu = this_cpu();

	ASSERT(spin_is_held(&sched_lock));
	if (t->slice > 0) {
		t->state = THREAD_READY;
		list_add_tail(&t->run, &run_woken);
		cpu->here->need_resched = true;
	} else {
		queue_last(t);
	}
	if (cpu->here->current == cpu->idle)
		cpu->here->need_resched = true;
}

static struct thread *pick_next(const struct sched_cpu *cpu)
{
	struct list_head *queue = list_empty(&run_woken) ? &run_queue : &run_woken;
	struct thread *next;

	if (list_empty(queue))
		return cpu->idle;
	next = list_first_entry(queue, struct thread, run);
	list_del(&next->run);
	return next;
}

static void account(struct sched_cpu *cpu, struct thread *prev, struct thread *next)
{
	uint64_t now = cpu_cycles();

	prev->cycles += now - cpu->switched_at;
	cpu->switched_at = now;
	next->switches++;
}

uint64_t sched_cycles(const struct thread *t)
{
	const struct sched_cpu *cpu = this_cpu();

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
		queue_last(prev);
	next = pick_next(cpu);
	next->state = THREAD_RUNNING;
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

	if (this_cpu()->idle == NULL)
		return; /* there is nobody else yet */
	flags = spin_lock(&sched_lock);
	sched_switch();
	spin_unlock(&sched_lock, flags);
}

/* The end of an interrupt. */
static void preempt_at_irq_exit(void)
{
	struct sched_cpu *cpu = this_cpu();

	if (percpu_need_resched() && cpu->here->current->preempt_off == 0 && spin_held_count() == 0)
		thread_yield();
}

static void sched_tick(void)
{
	struct sched_cpu *cpu = this_cpu();
	struct thread *t = cpu->here->current;
	uint64_t flags = spin_lock(&sched_lock);

	if (t->slice > 0)
		t->slice--;
	if (t->slice == 0 && !(list_empty(&run_queue) && list_empty(&run_woken)))
		cpu->here->need_resched = true;
	spin_unlock(&sched_lock, flags);
}

void sched_start(struct thread *idle)
{
	struct sched_cpu *cpu = this_cpu();
	uint64_t flags = spin_lock(&sched_lock);

	idle->state = THREAD_READY; /* and on no queue: it runs when that is empty */
	cpu->switched_at = cpu_cycles();
	cpu->idle = idle;
	spin_unlock(&sched_lock, flags);
	clock_set_tick_hook(sched_tick);
	irq_set_exit_hook(preempt_at_irq_exit);
}

void sched_add_cpu(unsigned cpu, struct thread *idle)
{
	uint64_t flags = spin_lock(&sched_lock);

	idle->state = THREAD_RUNNING;
	cpus[cpu].here = &percpu[cpu];
	cpus[cpu].idle = idle;
	percpu[cpu].current = idle;
	spin_unlock(&sched_lock, flags);
}

void sched_run_idle(void)
{
	for (;;)
		cpu_idle();
}

void thread_assert_may_sleep(void)
{
	const struct thread *t = thread_current();

	if (unlikely(irq_in_handler() || t->preempt_off != 0 || t == this_cpu()->idle))
		panic("%s would sleep in %s", symbol_name((vaddr_t)__builtin_return_address(0)),
		      irq_in_handler() ? "an interrupt handler" : "a section without preemption");
}

void thread_block(struct spinlock *release, bool interruptible)
{
	struct thread *t = thread_current();
	uint64_t flags = spin_lock(&sched_lock);

	ASSERT((flags & BIT(9)) == 0); /* the caller came with interrupts off */
	if (release != NULL)
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

bool thread_interrupted(void)
{
	return __atomic_load_n(&thread_current()->interrupted, __ATOMIC_RELAXED);
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
	struct sched_cpu *cpu = this_cpu();
	struct thread *t = cpu->here->current;

	__asm__ volatile("" : : : "memory");
	ASSERT(t->preempt_off > 0);
	t->preempt_off--;
	/* Catch up on the switch that was put off, where one is allowed. */
	if (t->preempt_off == 0 && percpu_need_resched() && cpu_irqs_enabled() && !irq_in_handler())
		thread_yield();
}
