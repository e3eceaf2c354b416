/*
 * mm/hotplug/table_pool.c - page tables that devices may share with a neighbour.
 *
 * How many there are is computed from the number of DIMM slots (head_pool_tables() has the proof);
 * they are taken from boot memory once, so that no hot-add waits for a page.
 *
 * Lock: hotplug_lock guards the pool.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug_priv.h"

static const struct page_owner pool_owner = {.name = "pagetable:hotplug-pool"};

/* Free tables are chained through their first word. */
static paddr_t first_free GUARDED_BY(&hotplug_lock);
static struct hotplug_pool pool GUARDED_BY(&hotplug_lock);

void pool_put(paddr_t table)
{
	*(paddr_t *)phys_to_virt(table) = first_free;
	first_free = table;
	pool.free++;
}

paddr_t pool_get(void)
{
	paddr_t table = first_free;

	if (table != 0) {
		first_free = *(paddr_t *)phys_to_virt(table);
		pool.free--;
		pool.low = MIN(pool.low, pool.free);
	}
	return table;
}

int pool_fill(uint64_t wanted, struct refusal *why)
{
	while (pool.total < wanted) {
		struct page *page = page_alloc(0, 0, NODE_ANY, &pool_owner);

		if (page == NULL)
			return refuse(why, -ENOMEM, "table-pool",
				      "%lu of %lu page tables reserved, then memory was out",
				      pool.total, wanted);
		pool_put(page_to_paddr(page));
		pool.total++;
		pool.low = pool.free;
	}
	return 0;
}

struct hotplug_pool pool_counts(void)
{
	return pool;
}

void hotplug_pool_counts(struct hotplug_pool *counts)
{
	mutex_lock(&hotplug_lock);
	*counts = pool;
	mutex_unlock(&hotplug_lock);
}

bool pool_verify(char *text, size_t size)
{
	uint64_t counted = 0;

	for (paddr_t table = first_free; table != 0 && counted <= pool.total; counted++)
		table = *(paddr_t *)phys_to_virt(table);
	if (counted == pool.free && pool.free <= pool.total)
		return true;
	snprintf(text, size, "table pool: %lu chained, %lu counted free, %lu in all", counted,
		 pool.free, pool.total);
	return false;
}
