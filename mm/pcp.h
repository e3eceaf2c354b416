/*
 * mm/pcp.h - per-CPU page lists: single pages and 2 MiB chunks that a CPU takes and gives back
 * without the zone's lock.
 *
 * Every CPU has, of every zone, one list for order 0 and one for order 9.  An empty list is
 * refilled with a batch, one that is longer than `high` gives a batch back, each under one hold
 * of the zone's lock.  A page on a list is PAGE_PCP: free for everybody who counts, by
 * zone_free_pages(), but no buddy may merge with it.  It keeps its order, limit and zone, so walks
 * pass over it.
 *
 * The owner of a list is its CPU; others come only to drain it.  So there is a lock a CPU and
 * zone, which nearly always is free, and no need of an interrupt to the other CPU: one that is
 * halted or holds off interrupts cannot delay an offline, and a list can be drained from any
 * context.
 *
 * What makes an offline find every page: a list's lock is held from the look at zone->isolating
 * until the page is on the list, and from taking pages off until the buddy allocator has them.
 * pcp_drain() takes each lock once after zone->isolating was raised.  Whoever had the lock before
 * has left its pages where the drain finds them; whoever gets it later sees zone->isolating and
 * gives pages to the buddy allocator, which holds those of the block back.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after pcp_attach()
 *	p	pcp->lock, interrupts off; taken before the zone's lock, never two at a time
 */
#ifndef MM_PCP_H
#define MM_PCP_H

#include "arch/cpu.h"
#include "kernel/cpulock.h"
#include "mm/buddy.h"

#define PCP_LISTS 2 /* order 0, ORDER_2M */

static inline unsigned pcp_order(unsigned index)
{
	return index == 0 ? 0 : ORDER_2M;
}

struct pcp_list {
	struct page *first; /* [p] the page put there last; linked by page->private */
	uint32_t count;	    /* [p] chunks */
	uint32_t high;	    /* [p] one more, and a batch goes back */
	uint64_t allocs;    /* [p] chunks that went out through this list, since boot */
	uint64_t refills;   /* [p] of them: found it empty */
	uint64_t frees;	    /* [p] chunks that came in */
	uint64_t spills;    /* [p] of them: found it full */
};

struct pcp {
	struct cpulock lock; /* rank PCP */
	struct zone *zone;   /* [I] */
	struct pcp_list list[PCP_LISTS];
} __aligned(CACHE_LINE);

/* Gives a zone lists for CPUs 0 .. ncpus - 1, in the caller's memory, zeroed: ncpus entries. */
void pcp_attach(struct zone *zone, struct pcp *pcp, unsigned ncpus);

/* Empties the lists of all CPUs into the zone.  From any context that may take the zone's lock. */
void pcp_drain(struct zone *zone);
/* The same where it looks as if there were something on them; true: there was. */
bool pcp_drain_any(struct zone *zone);

/* What the lists of all CPUs hold and did, without locks. */
struct pcp_sums {
	uint64_t pages; /* on the lists */
	uint64_t allocs, refills, frees, spills;
	uint64_t locked, waits; /* times that a CPU's lock was taken, and was found taken */
};
static inline struct pcp_sums pcp_sums(const struct zone *zone)
{
	struct pcp_sums sums = {0};

	for (unsigned cpu = 0; cpu < zone->npcp; cpu++) {
		sums.locked += zone->pcp[cpu].lock.takes;
		sums.waits += zone->pcp[cpu].lock.waits;
		for (unsigned i = 0; i < PCP_LISTS; i++) {
			const struct pcp_list *list = &zone->pcp[cpu].list[i];

			sums.pages += (uint64_t)__atomic_load_n(&list->count, __ATOMIC_RELAXED)
				      << pcp_order(i);
			sums.allocs += list->allocs;
			sums.refills += list->refills;
			sums.frees += list->frees;
			sums.spills += list->spills;
		}
	}
	/* Each that came or went took the lock without waiting, and who took it to do more counts
	 * in lock.takes. */
	sums.locked += sums.allocs + sums.frees;
	return sums;
}
static inline uint64_t zone_free_pages(const struct zone *zone)
{
	return zone->free + pcp_sums(zone).pages;
}

/* Are the lists what their counts say, and are their pages PAGE_PCP chunks of this zone?  False
 * with `text` filled. */
bool pcp_verify(struct zone *zone, char *text, size_t size);

/* How many chunks move at once. */
static inline unsigned pcp_batch(const struct pcp_list *list)
{
	return MAX(list->high / 3, 1U);
}

/* --- for mm/alloc.c --- */

/* A chunk of the running CPU's list `index`, refilled first if it is empty; NULL: out of memory. */
struct page *pcp_refill(struct zone *zone, unsigned index, const struct page_owner *owner);
/* Gives back what is too much on a list, this CPU's or (after a switch) another's. */
void pcp_spill(struct pcp *pcp, unsigned index);
__noreturn void pcp_bad_free(const struct page *page);

/* Which list serves an order: PCP_LISTS for none. */
static inline unsigned pcp_index(unsigned order)
{
	return order == 0 ? 0 : order == ORDER_2M ? 1 : PCP_LISTS;
}

/*
 * A page leaves its list.  Who walks under the zone's lock may look at it now: it must never
 * see PAGE_USED without an owner.
 */
static inline void pcp_give_out(struct pcp_list *list, struct page *page,
				const struct page_owner *owner)
{
	list->first = (struct page *)page->private;
	list->count--;
	list->allocs++;
	page->private = 0;
	page->owner = owner;
	__atomic_store_n(&page->state, PAGE_USED, __ATOMIC_RELEASE);
}

/*
 * A chunk from the running CPU's list `index`, PAGE_USED and owned; NULL: call pcp_refill(), since
 * the list is empty or somebody is draining it.  Neither this nor pcp_put() waits, so that who
 * calls them needs no stack.
 */
static __always_inline struct page *pcp_take(struct pcp *cpus, unsigned index,
					     const struct page_owner *owner)
{
	uint64_t flags = cpu_irq_save();
	struct pcp *pcp = &cpus[cpu_id()];
	struct pcp_list *list = &pcp->list[index];
	struct page *page = NULL;

	if (likely(cpulock_try(&pcp->lock))) {
		page = list->first;
		if (likely(page != NULL))
			pcp_give_out(list, page, owner);
		cpulock_drop(&pcp->lock);
	}
	cpu_irq_restore(flags);
	return page;
}

enum pcp_put { PCP_DONE, PCP_FULL, PCP_NOT };

static inline void pcp_push(struct pcp_list *list, struct page *page)
{
#ifdef CONFIG_DEBUG
	/* Of two CPUs that free one page at once, one finds out. */
	if (__atomic_exchange_n(&page->state, PAGE_PCP, __ATOMIC_RELAXED) != PAGE_USED)
		pcp_bad_free(page);
#else
	page->state = PAGE_PCP;
#endif
	page->private = (uint64_t)list->first;
	list->first = page;
	list->count++;
	list->frees++;
}

/*
 * Puts a PAGE_USED chunk on the running CPU's list `index`.  PCP_FULL: call pcp_spill(*full).
 * PCP_NOT: it has to go to the zone, since blocks of it go offline or somebody drains the list.
 */
static __always_inline enum pcp_put pcp_put(struct pcp *cpus, unsigned index, struct page *page,
					    struct pcp **full)
{
	uint64_t flags = cpu_irq_save();
	struct pcp *pcp = &cpus[cpu_id()];
	struct pcp_list *list = &pcp->list[index];
	enum pcp_put put = PCP_NOT;

	if (likely(cpulock_try(&pcp->lock))) {
		if (likely(__atomic_load_n(&pcp->zone->isolating, __ATOMIC_RELAXED) == 0)) {
			pcp_push(list, page);
			put = likely(list->count <= list->high) ? PCP_DONE : PCP_FULL;
		}
		cpulock_drop(&pcp->lock);
	}
	cpu_irq_restore(flags);
	*full = pcp;
	return put;
}

#endif
