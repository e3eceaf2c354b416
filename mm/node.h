/*
 * mm/node.h - NUMA nodes: dense numbers for sparse proximity domains, distances, zones.
 *
 * The table is static: a node's own memory cannot hold what describes it, since all of it may
 * leave.  Domains come from the SRAT, of which a DIMM's _PXM names one; without an SRAT there is
 * node 0.
 * A node "has memory" while any of its zones has present pages.
 *
 * Lock: fallback orders are immutable after node_init() (every node that the SRAT names is
 * in them, with memory or without; empty zones are skipped by the allocator).
 */
#ifndef MM_NODE_H
#define MM_NODE_H

#include "drivers/acpi/tables/tables.h"
#include "mm/zone.h"

#define MAX_NODES	64
#define NODE_ANY	(-1)
#define DISTANCE_LOCAL	10 /* [ACPI 6.5 5.2.17] */
#define DISTANCE_REMOTE 20

struct node {
	uint32_t pxm;
	struct zone zone[ZONE_TYPES];
	uint8_t distance[MAX_NODES];
	uint8_t fallback[MAX_NODES]; /* all possible nodes, nearest first, itself first */
	unsigned nfallback;
};

extern struct node nodes[MAX_NODES];
extern unsigned nr_nodes; /* possible nodes are 0 .. nr_nodes - 1 */

/* Either may be NULL (absent or rejected).  `hooks` go to every zone. */
void node_init(const struct srat_info *srat, const struct slit_info *slit,
	       const struct zone_hooks *hooks);

/* The node of a proximity domain, or -ENOENT if the firmware never announced it; always 0
 * where there is no SRAT or with numa=off. */
int node_of_pxm(uint32_t pxm);
/* The node of a processor: 0 where the SRAT does not name it, -ENOENT where its domain is none. */
int node_of_apic_id(const struct srat_info *srat, uint32_t apic_id);
/* The node that the SRAT gives `pfn` (boot memory), 0 where it says nothing; and, returned, the
 * first frame up to `end` that may be on another. */
pfn_t node_boot_run(const struct srat_info *srat, pfn_t pfn, pfn_t end, uint8_t *node);
bool node_has_memory(unsigned node);

static inline struct zone *zone_by_id(unsigned id)
{
	return &nodes[id / ZONE_TYPES].zone[id % ZONE_TYPES];
}

static inline struct zone *page_zone(const struct page *page)
{
	return zone_by_id(page->zone);
}

/* The first zone, and the one after `zone`, by number; NULL at the end. */
static inline struct zone *zone_next(const struct zone *zone)
{
	unsigned id = zone == NULL ? 0 : zone->id + 1U;

	return id < nr_nodes * ZONE_TYPES ? zone_by_id(id) : NULL;
}

#define for_each_node(n) for ((n) = 0; (n) < nr_nodes; (n)++)
/* Empty zones, too. */
#define for_each_zone(zone) for ((zone) = zone_next(NULL); (zone) != NULL; (zone) = zone_next(zone))

#endif
