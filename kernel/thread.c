/*
 * kernel/thread.c - the life of a thread: creation, end, join, and what `threads` shows.
 *
 * Owns the cache "thread" and the stacks.  A stack is a kernel mapping with guard pages on both
 * sides whose pages belong to "stack:NAME"; the owner record stands in struct thread, which is
 * therefore freed after the stack.  A new stack is filled with a pattern, so that the deepest
 * use ever shows.  A thread can't free the stack it runs on: thread_join() does.
 */
#include "kernel/thread.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/thread_priv.h"
#include "mm/alloc.h"
#include "mm/kmap.h"
#include "mm/slab.h"

FAULT_SITE(alloc_thread, "a thread is to be made")

#define STACK_FILL 0x57acf111d57acf11UL

static struct slab_cache thread_cache;
static unsigned last_id GUARDED_BY(&sched_lock) = 1; /* [s] */

/* Comes with the sched_lock that the thread before it took. */
static void thread_begin(void *arg) NO_TSA
{
	struct thread *t = arg;

	sched_first_run();
	t->entry(t->arg);
	thread_exit();
}

static bool stack_alloc(struct thread *t)
{
	uint64_t *word;

	snprintf(t->stack_name, sizeof(t->stack_name), "stack:%s", t->name);
	t->stack_owner.name = t->stack_name;
	t->stack = kmap_alloc(THREAD_STACK_SIZE, &t->stack_owner, t->stack_name);
	if (t->stack == NULL)
		return false;
	word = t->stack;
	for (size_t i = 0; i < THREAD_STACK_SIZE / sizeof(*word); i++)
		word[i] = STACK_FILL;
	return true;
}

/* Reads redzones of functions that run, too. */
static __no_kasan size_t stack_used(const struct thread *t)
{
	const uint64_t *word = t->stack;
	size_t n = THREAD_STACK_SIZE / sizeof(*word), i = 0;

	if (word == NULL)
		return 0;
	while (i < n && word[i] == STACK_FILL)
		i++;
	return (n - i) * sizeof(*word);
}

/* Frees a thread that is in no list: its stack's pages name an owner that lies in it. */
static void thread_unmake(struct thread *t)
{
	if (t->stack != NULL)
		kmap_free(t->stack);
	page_owner_retire();
	slab_free(&thread_cache, t);
}

/* A thread that is in no list yet. */
static struct thread *thread_make(const char *name, void (*entry)(void *), void *arg)
{
	struct thread *t = FAULT_HIT(alloc_thread) ? NULL : slab_alloc(&thread_cache);

	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->affinity = UINT64_MAX;
	t->cpu = cpu_id(); /* wherever that is by then */
	t->entry = entry;
	t->arg = arg;
	if (!stack_alloc(t)) {
		thread_unmake(t);
		return NULL;
	}
	t->sp = context_prepare((vaddr_t)t->stack + THREAD_STACK_SIZE, thread_begin, t);
	return t;
}

static void thread_list(struct thread *t) REQUIRES(&sched_lock)
{
	ASSERT(spin_is_held(&sched_lock));
	t->id = ++last_id;
	list_add_tail(&t->all, &sched_all);
}

static struct thread *create(const char *name, uint64_t cpus, void (*entry)(void *), void *arg)
{
	struct thread *t;
	uint64_t flags;

	ASSERT(name != NULL && entry != NULL);
	t = thread_make(name, entry, arg);
	if (t == NULL)
		return NULL;
	t->affinity = cpus;
	flags = spin_lock(&sched_lock);
	thread_list(t);
	sched_make_ready(t);
	spin_unlock(&sched_lock, flags);
	return t;
}

struct thread *thread_create(const char *name, void (*entry)(void *), void *arg)
{
	return create(name, UINT64_MAX, entry, arg);
}

struct thread *thread_create_on(unsigned cpu, const char *name, void (*entry)(void *), void *arg)
{
	ASSERT(smp_is_online(cpu));
	return create(name, BIT(cpu), entry, arg);
}

void thread_run_idle(void *arg __unused)
{
	for (;;) {
		cpu_idle(); /* an interrupt that made a thread ready switched to it already */
		thread_yield();
	}
}

struct thread *thread_make_idle(unsigned cpu)
{
	char name[THREAD_NAME_MAX];

	snprintf(name, sizeof(name), "idle/%u", cpu);
	return thread_make(name, thread_run_idle, NULL);
}

void thread_add_idle(struct thread *idle)
{
	uint64_t flags = spin_lock(&sched_lock);

	thread_list(idle);
	spin_unlock(&sched_lock, flags);
}

void thread_free_idle(struct thread *idle)
{
	thread_unmake(idle);
}

void threads_init(void)
{
	struct thread *idle;
	uint64_t flags;

	slab_cache_init(&thread_cache, "thread", sizeof(struct thread), 0);
	idle = thread_make("idle", thread_run_idle, NULL);
	if (idle == NULL)
		panic("no memory for the idle thread");
	flags = spin_lock(&sched_lock);
	list_add_tail(&sched_main.all, &sched_all);
	thread_list(idle);
	spin_unlock(&sched_lock, flags);
	panic_register_dumper(spin_dump_held);
	sched_start(idle);
}

void thread_exit(void)
{
	struct thread *t = thread_current();

	thread_assert_may_sleep();
	(void)spin_lock(&sched_lock);
	t->state = THREAD_DEAD;
	if (t == &sched_main)
		list_del(&t->all); /* nobody joins it, and there is nothing to free */
	if (t->joiner != NULL && t->joiner->state == THREAD_SLEEPING)
		sched_make_ready(t->joiner);
	sched_switch();
	panic("the dead thread %s runs", t->name);
}

void thread_join(struct thread *t)
{
	struct thread *self = thread_current();
	uint64_t flags;

	ASSERT(t != self && t != &sched_main);
	thread_assert_may_sleep();
	flags = spin_lock(&sched_lock);
	ASSERT(t->joiner == NULL);
	t->joiner = self;
	while (t->state != THREAD_DEAD) {
		self->state = THREAD_SLEEPING;
		sched_switch();
	}
	list_del(&t->all);
	spin_unlock(&sched_lock, flags);

	thread_unmake(t);
}

const char *thread_name(const struct thread *t)
{
	return t->name;
}

unsigned thread_id(const struct thread *t)
{
	return t->id;
}

uint64_t thread_affinity(const struct thread *t)
{
	return t->affinity;
}

static bool never(void *arg __unused)
{
	return false;
}

int thread_sleep_us(uint64_t us)
{
	struct wait_queue wq;
	int err;

	if (us == 0) {
		thread_yield();
		return thread_interrupted() ? -EINTR : 0;
	}
	wait_queue_init(&wq, "sleep");
	err = wait_event(&wq, never, NULL, us, true);
	return err == -ETIMEDOUT ? 0 : err;
}

/* => sched_lock held, so that no owner of a mutex can end meanwhile */
static void fill_info(const struct thread *t, struct thread_info *info) REQUIRES(&sched_lock)
{
	/* While it sleeps the mutex stays, and without this lock it stays asleep. */
	const struct mutex *m = t->state == THREAD_SLEEPING ? t->waits_mutex : NULL;
	const struct thread *owner = m != NULL ? m->owner : NULL;
	const char *what = t->waits_for != NULL ? t->waits_for : "end of a thread";

	info->id = t->id;
	memcpy(info->name, t->name, sizeof(info->name));
	info->state = t->state;
	info->runtime_us = sched_cycles(t) / clock_cycles_per_us();
	info->switches = t->switches;
	snprintf(info->waits_for, sizeof(info->waits_for), "%s",
		 t->state == THREAD_SLEEPING ? what : "");
	info->holder = owner != NULL ? owner->id : 0;
	info->stack_used = stack_used(t);
	info->cpu = t->cpu;
	info->affinity = t->affinity & smp_online();
}

bool thread_info(unsigned *id, struct thread_info *info)
{
	uint64_t flags = spin_lock(&sched_lock);
	const struct thread *t;
	bool found = false;

	list_for_each_entry (t, &sched_all, all) {
		if (t->id < *id)
			continue;
		fill_info(t, info);
		*id = t->id + 1;
		found = true;
		break;
	}
	spin_unlock(&sched_lock, flags);
	return found;
}
