/*
 * kernel/wait_memory.c - who waits for memory sleeps here.
 *
 * A count of arrivals and one queue for all: what came may fit anybody, and a try is cheap.
 * page_free() and whoever puts blocks online raise the count, while somebody waits; not so a
 * single page that stays on a CPU's list (mm/pcp.h).
 *
 * A waiter's own frees are not arrivals, or a try that takes one page, fails to get a second
 * and gives the first back would wake itself for ever; two such waiters would wake each
 * other.  Since what one waiter gives back, or what lies on a list, may be what another lacks,
 * each also looks again after RETRY_US.
 *
 * Lock: memory_queue.lock guards `arrivals`.
 */
#include "kernel/wait_memory.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/wait_priv.h"
#include "mm/alloc_watch.h"

#define RETRY_US 100000U

static struct wait_queue memory_queue = WAIT_QUEUE_INIT(memory_queue, "memory");
static uint64_t arrivals;

static void memory_came(void)
{
	uint64_t flags;

	if (thread_current()->waits_memory)
		return;
	flags = spin_lock(&memory_queue.lock);
	arrivals++;
	wait_queue_wake_locked(&memory_queue);
	spin_unlock(&memory_queue.lock, flags);
}

static bool has_arrived(void *arg)
{
	return ((const struct memory_wait *)arg)->seen != arrivals;
}

void memory_wait_begin(struct memory_wait *w)
{
	uint64_t flags;

	ASSERT(!thread_current()->waits_memory);
	thread_current()->waits_memory = true;
	alloc_watch.came = memory_came;
	__atomic_fetch_add(&alloc_watch.waiters, 1, __ATOMIC_SEQ_CST);
	flags = spin_lock(&memory_queue.lock);
	w->seen = arrivals;
	spin_unlock(&memory_queue.lock, flags);
}

int memory_wait(struct memory_wait *w)
{
	int err = wait_event(&memory_queue, has_arrived, w, RETRY_US, true);
	uint64_t flags = spin_lock(&memory_queue.lock);

	w->seen = arrivals;
	spin_unlock(&memory_queue.lock, flags);
	return err == -EINTR ? err : 0;
}

void memory_wait_end(struct memory_wait *w __unused)
{
	ASSERT(thread_current()->waits_memory);
	__atomic_fetch_sub(&alloc_watch.waiters, 1, __ATOMIC_RELAXED);
	thread_current()->waits_memory = false;
}
