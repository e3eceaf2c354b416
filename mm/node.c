/*
 * mm/node.c - the table of nodes.
 *
 * Written by node_init() on one CPU, immutable afterwards (the zones in it have their own
 * locks).  Nodes are numbered in the order of their proximity domains, so that the numbers of
 * an ordinary machine are the firmware's own.
 */
#include "mm/node.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/options.h"

struct node nodes[MAX_NODES];
unsigned nr_nodes;

static bool single; /* numa=off, or no SRAT: every domain is node 0 */

/* Inserts a domain into the sorted table; false where there is no room for it. */
static bool domain_add(uint32_t pxm)
{
	unsigned i = nr_nodes;

	for (unsigned n = 0; n < nr_nodes; n++)
		if (nodes[n].pxm == pxm)
			return true;
	if (nr_nodes == MAX_NODES)
		return false;
	for (; i > 0 && nodes[i - 1].pxm > pxm; i--)
		nodes[i].pxm = nodes[i - 1].pxm;
	nodes[i].pxm = pxm;
	nr_nodes++;
	return true;
}

static void domains_collect(const struct srat_info *srat)
{
	unsigned left = 0;

	for (unsigned i = 0; i < srat->nranges; i++)
		left += !domain_add(srat->range[i].pxm);
	for (unsigned i = 0; i < srat->ncpus; i++)
		left += !domain_add(srat->cpu[i].pxm);
	if (left > 0)
		klog(LOG_WARN, "node: %u SRAT entries name domains beyond the first %u: node 0",
		     left, MAX_NODES);
}

static uint8_t distance_between(unsigned a, unsigned b, const struct slit_info *slit)
{
	if (slit != NULL && nodes[a].pxm < slit->localities && nodes[b].pxm < slit->localities)
		return slit->distance[nodes[a].pxm][nodes[b].pxm];
	return a == b ? DISTANCE_LOCAL : DISTANCE_REMOTE;
}

/* Is `a` to be tried before `b` for node n?  Equal distances go round from n on, so that not
 * every node spills to the same one. */
static bool nearer(unsigned n, unsigned a, unsigned b)
{
	uint8_t da = nodes[n].distance[a], db = nodes[n].distance[b];

	if (a == n || b == n)
		return a == n;
	if (da != db)
		return da < db;
	return (a + nr_nodes - n) % nr_nodes < (b + nr_nodes - n) % nr_nodes;
}

static void fallback_sort(unsigned n)
{
	struct node *node = &nodes[n];

	node->nfallback = 0;
	for (unsigned m = 0; m < nr_nodes; m++) {
		unsigned i = node->nfallback++;

		for (; i > 0 && nearer(n, m, node->fallback[i - 1]); i--)
			node->fallback[i] = node->fallback[i - 1];
		node->fallback[i] = (uint8_t)m;
	}
}

void node_init(const struct srat_info *srat, const struct slit_info *slit,
	       const struct zone_hooks *hooks)
{
	unsigned n, m, type;

	nr_nodes = 0;
	single = srat == NULL || !option_bool("numa", true);
	if (!single)
		domains_collect(srat);
	if (nr_nodes == 0) {
		single = true;
		nr_nodes = 1;
		nodes[0].pxm = 0;
	}
	for_each_node (n) {
		for_each_node (m)
			nodes[n].distance[m] = distance_between(n, m, single ? NULL : slit);
		for (type = 0; type < ZONE_TYPES; type++)
			zone_init(&nodes[n].zone[type], n, (enum zone_type)type, hooks);
	}
	for_each_node (n)
		fallback_sort(n);
}

int node_of_pxm(uint32_t pxm)
{
	unsigned n;

	if (single)
		return 0;
	for_each_node (n)
		if (nodes[n].pxm == pxm)
			return (int)n;
	return -ENOENT;
}

int node_of_apic_id(const struct srat_info *srat, uint32_t apic_id)
{
	for (unsigned i = 0; srat != NULL && i < srat->ncpus; i++)
		if (srat->cpu[i].apic_id == apic_id)
			return node_of_pxm(srat->cpu[i].pxm);
	return 0;
}

pfn_t node_boot_run(const struct srat_info *srat, pfn_t pfn, pfn_t end, uint8_t *node)
{
	ASSERT(pfn < end);
	*node = 0;
	if (single || srat == NULL)
		return end;
	for (unsigned i = 0; i < srat->nranges; i++) {
		const struct srat_range *r = &srat->range[i];
		/* A page that a border cuts belongs to the range it starts in. */
		pfn_t from = paddr_to_pfn(ALIGN_UP(r->base, PAGE_SIZE));
		pfn_t to = DIV_ROUND_UP(r->base + r->size, PAGE_SIZE);
		int n;

		if (to <= pfn)
			continue;
		if (from > pfn)
			return MIN(end, from);
		n = node_of_pxm(r->pxm);
		*node = n < 0 ? 0 : (uint8_t)n;
		return MIN(end, to);
	}
	return end;
}

bool node_has_memory(unsigned node)
{
	return nodes[node].zone[ZONE_NORMAL].present + nodes[node].zone[ZONE_MOVABLE].present > 0;
}
