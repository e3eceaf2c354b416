/*
 * mm/pcp.c - per-CPU page lists: refilling, spilling, draining.
 *
 * Owns every PAGE_PCP descriptor.  Lock: each list set's own (mm/pcp.h), and inside it the
 * zone's for a batch.
 */
#include "mm/pcp.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/format.h"
#include "kernel/panic.h"

#define HIGH_PAGES  96U /* 384 KiB a CPU and zone */
#define HIGH_CHUNKS 4U	/* 8 MiB */
#define PAGES_SHARE 256 /* all CPUs' lists of pages hold no more than this part of their zone */
#define CHUNK_SHARE 64	/* the same of 2 MiB chunks */

void pcp_bad_free(const struct page *page)
{
	panic("pcp: freeing pfn 0x%lx of zone %u, which another CPU frees (order %u): double free",
	      page_to_pfn(page), page->zone, page->order);
}

/* --- how long a list may be --- */

/* So that the lists of all CPUs together hold a small part of the zone. */
static void set_high(const struct zone *zone, struct pcp_list *list, unsigned index)
{
	uint64_t share = zone->managed >> pcp_order(index);

	share /= (index == 0 ? PAGES_SHARE : CHUNK_SHARE) * (uint64_t)zone->npcp;
	list->high = (uint32_t)MIN(share, (uint64_t)(index == 0 ? HIGH_PAGES : HIGH_CHUNKS));
}

/* --- batches --- */

struct page *pcp_refill(struct zone *zone, unsigned index, const struct page_owner *owner)
{
	uint64_t flags = cpu_irq_save();
	struct pcp *pcp = &zone->pcp[cpu_id()];
	struct pcp_list *list = &pcp->list[index];
	struct page *page;

	ASSERT(cpu_id() < zone->npcp);
	cpulock_take(&pcp->lock);
	if (list->first == NULL) { /* else an interrupt has freed one */
		set_high(zone, list, index);
		list->refills++;
		list->count =
			buddy_take_batch(zone, pcp_order(index), pcp_batch(list), &list->first);
	}
	page = list->first;
	if (page != NULL)
		pcp_give_out(list, page, owner);
	cpulock_drop(&pcp->lock);
	cpu_irq_restore(flags);
	return page;
}

static void give_back(struct zone *zone, struct pcp_list *list, unsigned n)
{
	list->first = buddy_give_batch(zone, list->first, n);
	list->count -= n;
}

/* The list may have been drained, or grown, since whoever saw it full let go of the lock. */
void pcp_spill(struct pcp *pcp, unsigned index)
{
	struct pcp_list *list = &pcp->list[index];
	uint64_t flags = cpu_irq_save();

	cpulock_take(&pcp->lock);
	set_high(pcp->zone, list, index); /* a list that was never used has none yet */
	if (list->count > list->high) {
		list->spills++;
		give_back(pcp->zone, list,
			  MIN(list->count - list->high + pcp_batch(list) - 1, list->count));
	}
	cpulock_drop(&pcp->lock);
	cpu_irq_restore(flags);
}

static void drain_cpu(struct zone *zone, struct pcp *pcp)
{
	uint64_t flags = cpu_irq_save();

	cpulock_take(&pcp->lock);
	for (unsigned i = 0; i < PCP_LISTS; i++)
		if (pcp->list[i].count != 0)
			give_back(zone, &pcp->list[i], pcp->list[i].count);
	cpulock_drop(&pcp->lock);
	cpu_irq_restore(flags);
}

/* Each lock is taken, whether or not there seems to be anything: see mm/pcp.h. */
void pcp_drain(struct zone *zone)
{
	for (unsigned cpu = 0; cpu < zone->npcp; cpu++)
		drain_cpu(zone, &zone->pcp[cpu]);
}

static bool looks_empty(const struct pcp *pcp)
{
	for (unsigned i = 0; i < PCP_LISTS; i++)
		if (__atomic_load_n(&pcp->list[i].count, __ATOMIC_RELAXED) != 0)
			return false;
	return true;
}

bool pcp_drain_any(struct zone *zone)
{
	bool any = false;

	for (unsigned cpu = 0; cpu < zone->npcp; cpu++) {
		if (looks_empty(&zone->pcp[cpu]))
			continue;
		drain_cpu(zone, &zone->pcp[cpu]);
		any = true;
	}
	return any;
}

/* --- checking --- */

static bool verify_list(const struct zone *zone, const struct pcp_list *list, unsigned order,
			struct page **wrong)
{
	struct page *page = list->first;
	uint32_t n = 0;

	for (; page != NULL && n < list->count; n++, page = (struct page *)page->private) {
		*wrong = page;
		if (page->state != PAGE_PCP || page->order != order || page->limit < order ||
		    page->limit > MAX_ORDER || page->zone != zone->id)
			return false;
	}
	*wrong = page;
	return page == NULL && n == list->count;
}

static bool verify_cpu(const struct zone *zone, struct pcp *pcp, struct page **wrong)
{
	uint64_t flags = cpu_irq_save();
	bool ok = true;

	cpulock_take(&pcp->lock);
	for (unsigned i = 0; ok && i < PCP_LISTS; i++)
		ok = verify_list(zone, &pcp->list[i], pcp_order(i), wrong);
	cpulock_drop(&pcp->lock);
	cpu_irq_restore(flags);
	return ok;
}

bool pcp_verify(struct zone *zone, char *text, size_t size)
{
	struct page *wrong = NULL;

	for (unsigned cpu = 0; cpu < zone->npcp; cpu++) {
		if (verify_cpu(zone, &zone->pcp[cpu], &wrong))
			continue;
		snprintf(text, size, "CPU %u: a per-CPU list is not what it counts, at pfn 0x%lx",
			 cpu, wrong == NULL ? 0UL : page_to_pfn(wrong));
		return false;
	}
	return true;
}

/* --- start --- */

void pcp_attach(struct zone *zone, struct pcp *pcp, unsigned ncpus)
{
	ASSERT(ncpus <= MAX_CPUS && zone->npcp == 0);
	for (unsigned cpu = 0; cpu < ncpus; cpu++) {
		cpulock_init(&pcp[cpu].lock, "pcp", RANK_PCP);
		pcp[cpu].zone = zone;
	}
	zone->npcp = ncpus;
	zone->pcp = pcp;
}
