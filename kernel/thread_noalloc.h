/*
 * kernel/thread_noalloc.h - sections of a thread that must do without the allocators.
 *
 * What serves a system that has no page left may not ask for one: hearing a DIMM, adding it and
 * putting it online.  Such code enters a section; page_alloc() and slab_alloc() still serve it,
 * but each call is counted with its caller, so that a test can demand that there was none.
 */
#ifndef KERNEL_THREAD_NOALLOC_H
#define KERNEL_THREAD_NOALLOC_H

#include "kernel/lib/types.h"

struct noalloc {
	const char *name;
	uint64_t entered; /* [a] */
	uint64_t calls;	  /* [a] of the allocators, from within: "foreign allocations" */
	vaddr_t caller;	  /* [a] of the last one; 0: there was none */
};

/*
 * The current thread is in section `s` until noalloc_leave(), which gets what this returned.
 * Sections nest, the innermost counts.  From interrupts too.
 */
struct noalloc *noalloc_enter(struct noalloc *s);
void noalloc_leave(struct noalloc *outer);

#endif
