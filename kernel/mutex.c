/*
 * kernel/mutex.c - sleeping locks.
 *
 * Owns nothing: a mutex is its user's.  Its owner changes from none to somebody by a compare-and-
 * swap, and from somebody on under wait.lock, which also guards the waiters.  An
 * unlock hands the mutex to the longest waiter directly, so that a thread that locks in a loop
 * can't keep the others out.
 */
#include "kernel/mutex.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/panic.h"
#include "kernel/thread_priv.h"

struct mutex_waiter {
	struct list_head link; /* [m->wait.lock] NULL links: was handed the mutex */
	struct thread *thread;
};

void mutex_init(struct mutex *m, const char *name)
{
	wait_queue_init(&m->wait, name);
	m->owner = NULL;
	m->name = name;
}

static void note_waiting(struct thread *self, const struct mutex *m)
{
	self->waits_for = m != NULL ? m->name : NULL;
	self->waits_mutex = m;
}

/* => m->wait.lock held; 0 when the mutex is the caller's, -EINTR when it was interrupted */
static int wait_for_handover(struct mutex *m, struct thread *self, bool interruptible)
	REQUIRES(&m->wait.lock)
{
	struct mutex_waiter waiter = {.thread = self};

	list_add_tail(&waiter.link, &m->wait.waiters);
	note_waiting(self, m);
	while (m->owner != self && !(interruptible && thread_interrupted())) {
		thread_block(&m->wait.lock, interruptible);
		(void)spin_lock(&m->wait.lock); /* interrupts stayed off */
	}
	note_waiting(self, NULL);
	if (m->owner == self)
		return 0;
	list_del(&waiter.link);
	return -EINTR;
}

/* An owner comes to a free mutex by this alone, so a trylock needs no lock. */
static bool take_if_free(struct mutex *m, struct thread *self)
{
	struct thread *nobody = NULL;

	return __atomic_compare_exchange_n(&m->owner, &nobody, self, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static int lock(struct mutex *m, bool interruptible) NO_TSA
{
	struct thread *self = thread_current();
	uint64_t flags;
	int err = 0;

	thread_assert_may_sleep();
	flags = spin_lock(&m->wait.lock);
	if (m->owner == self)
		panic("mutex %s taken twice by %s", m->name, thread_name(self));
	if (!take_if_free(m, self))
		err = wait_for_handover(m, self, interruptible);
	spin_unlock(&m->wait.lock, flags);
	return err;
}

void mutex_lock(struct mutex *m) NO_TSA
{
	(void)lock(m, false); /* without interruption it can't fail */
}

int mutex_lock_interruptible(struct mutex *m) NO_TSA
{
	return lock(m, true);
}

bool mutex_trylock(struct mutex *m) NO_TSA
{
	return take_if_free(m, thread_current());
}

void mutex_unlock(struct mutex *m) NO_TSA
{
	uint64_t flags = spin_lock(&m->wait.lock);

	ASSERT(m->owner == thread_current());
	if (list_empty(&m->wait.waiters)) {
		__atomic_store_n(&m->owner, NULL, __ATOMIC_RELEASE);
	} else {
		struct mutex_waiter *first =
			list_first_entry(&m->wait.waiters, struct mutex_waiter, link);

		list_del(&first->link);
		m->owner = first->thread;
		thread_wake(first->thread);
	}
	spin_unlock(&m->wait.lock, flags);
}

bool mutex_is_held(const struct mutex *m)
{
	return __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == thread_current();
}
