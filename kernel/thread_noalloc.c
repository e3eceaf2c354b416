/*
 * kernel/thread_noalloc.c - counts what a section without allocations asks for.
 *
 * Owns nothing: the sections are their users'.  A thread's section is its own; the counts are
 * atomic, since several threads may be in one section.
 */
#include "kernel/thread_noalloc.h"

#include "kernel/lib/assert.h"
#include "kernel/thread_priv.h"
#include "mm/alloc_watch.h"

static void asked(vaddr_t caller)
{
	struct noalloc *s = thread_current()->noalloc;

	if (s == NULL)
		return;
	__atomic_fetch_add(&s->calls, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&s->caller, caller, __ATOMIC_RELAXED);
}

struct noalloc *noalloc_enter(struct noalloc *s)
{
	struct thread *self = thread_current();
	struct noalloc *outer = self->noalloc;

	ASSERT(s != NULL);
	alloc_watch.asked = asked;
	self->noalloc = s;
	__atomic_fetch_add(&s->entered, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&alloc_watch.sections, 1, __ATOMIC_RELEASE);
	return outer;
}

void noalloc_leave(struct noalloc *outer)
{
	struct thread *self = thread_current();

	ASSERT(self->noalloc != NULL);
	self->noalloc = outer;
	__atomic_fetch_sub(&alloc_watch.sections, 1, __ATOMIC_RELAXED);
}
