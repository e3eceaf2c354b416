/*
 * mm/alloc_watch.h - what the allocators tell upwards, when somebody wants to know.
 *
 * Two things: that a thread asked for memory which must do without (kernel/thread_noalloc.h),
 * and that pages came free for which threads sleep (kernel/wait_memory.h).  Threads belong to a
 * higher level, so they leave a function here; while nobody wants to know, that costs one look.
 *
 * The counts are atomic; a function is set before its count is raised for the first time.
 */
#ifndef MM_ALLOC_WATCH_H
#define MM_ALLOC_WATCH_H

#include "arch/mmu.h"

struct alloc_watch {
	uint32_t sections; /* threads in a section without allocations */
	uint32_t waiters;  /* threads that sleep, or soon will, until memory comes */
	void (*asked)(vaddr_t caller);
	void (*came)(void);
};
extern struct alloc_watch alloc_watch;

/* Does anybody want to know who asks? */
static inline bool alloc_watch_active(void)
{
	return unlikely(__atomic_load_n(&alloc_watch.sections, __ATOMIC_RELAXED) != 0);
}

/* `caller` (the low half is enough: a function of the kernel) asked page_alloc() or slab_alloc()
 * for memory. */
static inline void alloc_watch_asked(uint32_t caller)
{
	if (alloc_watch_active())
		alloc_watch.asked(KERNEL_BASE | caller);
}

/*
 * Pages came free.  No barrier is needed between that and the look at `waiters`: a waiter counts
 * itself before it takes the zone's lock for its last try, so whoever frees after that try,
 * under the same lock, sees it counted.
 */
static inline void alloc_watch_came(void)
{
	if (unlikely(__atomic_load_n(&alloc_watch.waiters, __ATOMIC_RELAXED) != 0))
		alloc_watch.came();
}

#endif
