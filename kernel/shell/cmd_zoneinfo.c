/*
 * kernel/shell/cmd_zoneinfo.c - memory by node and zone: numa, buddyinfo, zoneinfo.
 *
 * Owns nothing.  Slabs without objects are given back first, so that what is free again shows as
 * free; then each zone is looked at under its lock, one after the other.
 */
#include "arch/percpu.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/shell/shell.h"
#include "kernel/smp.h"
#include "mm/alloc.h"
#include "mm/pcp.h"
#include "mm/slab.h"

/* Starts a command that takes nothing but -J: 0, or an exit status. */
static int begin(const char *command, int argc, char **argv, bool *json)
{
	int status = shell_only_json(command, argc, argv, json);

	if (status == SHELL_OK)
		slab_shrink();
	return status;
}

/* The i-th zone with memory, in order of nodes; NULL past the end. */
static struct zone *populated_zone(unsigned *id)
{
	for (; *id < nr_nodes * ZONE_TYPES; ++*id)
		if (zone_by_id(*id)->present != 0)
			return zone_by_id((*id)++);
	return NULL;
}

/* --- numa --- */

/* The boot node where the SRAT does not say a known one. */
static unsigned node_of_cpu(unsigned cpu)
{
	int node = node_of_apic_id(acpi_static.has_srat ? &acpi_static.srat : NULL,
				   percpu[cpu].apic_id);

	return node < 0 ? 0 : (unsigned)node;
}

/* Calls put(ctx, cpu) for each CPU of a node that runs, by the numbers that `cpus` has. */
static void cpus_of_node(unsigned node, void (*put)(void *ctx, unsigned cpu), void *ctx)
{
	unsigned cpu;

	for_each_online_cpu (cpu)
		if (node_of_cpu(cpu) == node)
			put(ctx, cpu);
}

static uint64_t node_bytes(unsigned node, bool free_only)
{
	uint64_t pages = 0;

	for (unsigned type = 0; type < ZONE_TYPES; type++) {
		const struct zone *zone = &nodes[node].zone[type];

		pages += free_only ? zone_free_pages(zone) : zone->present;
	}
	return pages * PAGE_SIZE;
}

static void put_cpu_text(void *ctx __unused, unsigned cpu)
{
	shell_printf(" %u", cpu);
}

static void put_cpu_json(void *j, unsigned cpu)
{
	json_number(j, NULL, cpu);
}

static void numa_text(void)
{
	unsigned n, m;

	if (nr_nodes == 1)
		shell_printf("available: 1 nodes (0)\n");
	else
		shell_printf("available: %u nodes (0-%u)\n", nr_nodes, nr_nodes - 1);
	for_each_node (n) {
		shell_printf("node %u cpus:", n);
		cpus_of_node(n, put_cpu_text, NULL);
		shell_printf("\nnode %u size: %lu MB\n", n, node_bytes(n, false) / MiB);
		shell_printf("node %u free: %lu MB\n", n, node_bytes(n, true) / MiB);
	}
	shell_printf("node distances:\nnode ");
	for_each_node (m)
		shell_printf("%3u ", m);
	for_each_node (n) {
		shell_printf("\n%3u: ", n);
		for_each_node (m)
			shell_printf("%3u ", nodes[n].distance[m]);
	}
	shell_printf("\n");
}

static void numa_json(void)
{
	struct json j = {0};
	unsigned n, m;

	json_begin(&j);
	json_array(&j, "nodes");
	for_each_node (n) {
		json_object(&j, NULL);
		json_number(&j, "node", n);
		json_number(&j, "pxm", nodes[n].pxm);
		json_array(&j, "cpus");
		cpus_of_node(n, put_cpu_json, &j);
		json_array_end(&j);
		json_number(&j, "size", node_bytes(n, false));
		json_number(&j, "free", node_bytes(n, true));
		json_array(&j, "distances");
		for_each_node (m)
			json_number(&j, NULL, nodes[n].distance[m]);
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(numa, "[-J]", "nodes, their CPUs, memory and distances, as numactl -H", "numa",
	      SHELL_NORMAL)
{
	bool json;
	int status = begin("numa", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json)
		numa_json();
	else
		numa_text();
	return SHELL_OK;
}

/* --- buddyinfo --- */

static void buddyinfo_json(void)
{
	struct json j = {0};
	struct zone_counts counts;
	struct zone *zone;
	unsigned id = 0;

	json_begin(&j);
	json_array(&j, "zones");
	while ((zone = populated_zone(&id)) != NULL) {
		buddy_counts(zone, &counts);
		json_object(&j, NULL);
		json_number(&j, "node", zone->node);
		json_string(&j, "zone", zone_type_name((enum zone_type)zone->type));
		json_array(&j, "free_chunks");
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			json_number(&j, NULL, counts.area[order]);
		json_array_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

/* What lies on the CPUs' lists is free too, and merged before it is counted. */
SHELL_COMMAND(buddyinfo, "[-J]", "free chunks of each order (4 KiB to 1 GiB), zone by zone",
	      "buddyinfo", SHELL_NORMAL)
{
	struct zone_counts counts;
	struct zone *zone;
	unsigned id = 0;
	bool json;
	int status = begin("buddyinfo", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	pages_settle();
	if (json) {
		buddyinfo_json();
		return SHELL_OK;
	}
	while ((zone = populated_zone(&id)) != NULL) {
		buddy_counts(zone, &counts);
		shell_printf("Node %u, zone %8s ", zone->node,
			     zone_type_name((enum zone_type)zone->type));
		for (unsigned order = 0; order <= MAX_ORDER; order++)
			shell_printf("%6lu ", counts.area[order]);
		shell_printf("\n");
	}
	return SHELL_OK;
}

/* --- zoneinfo --- */

/* Parts of 1000 of the allocations and frees that took no zone's lock. */
static unsigned pcp_hits(const struct pcp_list *list)
{
	uint64_t all = list->allocs + list->frees;

	return all == 0 ? 0 : (unsigned)((all - list->refills - list->spills) * 1000 / all);
}

/* Calls put() for each list that was ever used, CPU by CPU. */
static void each_pcp_list(const struct zone *zone, void *ctx,
			  void (*put)(void *ctx, unsigned cpu, unsigned order,
				      const struct pcp *pcp, const struct pcp_list *list))
{
	for (unsigned cpu = 0; cpu < zone->npcp; cpu++)
		for (unsigned i = 0; i < PCP_LISTS; i++) {
			const struct pcp *pcp = &zone->pcp[cpu];
			const struct pcp_list *list = &pcp->list[i];

			if (list->allocs + list->frees + list->refills != 0)
				put(ctx, cpu, pcp_order(i), pcp, list);
		}
}

static void pcp_json(void *j, unsigned cpu, unsigned order, const struct pcp *pcp,
		     const struct pcp_list *list)
{
	json_object(j, NULL);
	json_number(j, "cpu", cpu);
	json_number(j, "order", order);
	json_number(j, "count", list->count);
	json_number(j, "high", list->high);
	json_number(j, "batch", pcp_batch(list));
	json_number(j, "allocs", list->allocs);
	json_number(j, "refills", list->refills);
	json_number(j, "frees", list->frees);
	json_number(j, "spills", list->spills);
	json_number(j, "lock_waits", pcp->lock.waits);
	json_object_end(j);
}

static void pcp_text(void *ctx __unused, unsigned cpu, unsigned order, const struct pcp *pcp,
		     const struct pcp_list *list)
{
	unsigned hits = pcp_hits(list);

	shell_printf("    cpu: %u  order: %u\n", cpu, order);
	shell_printf("              count: %u\n", list->count);
	shell_printf("              high:  %u\n", list->high);
	shell_printf("              batch: %u\n", pcp_batch(list));
	shell_printf("              hits:  %u.%u %% of %lu allocs, %lu frees\n", hits / 10,
		     hits % 10, list->allocs, list->frees);
	shell_printf("              waits: %u for the CPU's lock\n", pcp->lock.waits);
}

static void zone_json(struct json *j, const struct zone *zone, const struct zone_counts *counts)
{
	json_object(j, NULL);
	json_number(j, "node", zone->node);
	json_string(j, "zone", zone_type_name((enum zone_type)zone->type));
	json_number(j, "present", counts->present);
	json_number(j, "managed", counts->managed);
	json_number(j, "free", counts->free);
	json_number(j, "isolated", counts->isolated);
	json_number(j, "allocs", counts->allocs);
	json_number(j, "frees", counts->frees);
	json_array(j, "pcp");
	each_pcp_list(zone, j, pcp_json);
	json_array_end(j);
	json_object_end(j);
}

static void zone_text(const struct zone *zone, const struct zone_counts *counts)
{
	shell_printf("Node %u, zone %8s\n", zone->node, zone_type_name((enum zone_type)zone->type));
	shell_printf("  pages free     %lu\n", counts->free);
	shell_printf("        present  %lu\n", counts->present);
	shell_printf("        managed  %lu\n", counts->managed);
	shell_printf("        isolated %lu\n", counts->isolated);
	shell_printf("  chunks allocated %lu\n", counts->allocs);
	shell_printf("         freed     %lu\n", counts->frees);
	shell_printf("  pagesets, %lu pages\n", counts->pcp);
	each_pcp_list(zone, NULL, pcp_text);
}

SHELL_COMMAND(zoneinfo, "[-J]", "pages present, managed and free, zone by zone, as /proc/zoneinfo",
	      "zoneinfo", SHELL_NORMAL)
{
	struct zone_counts counts;
	struct json j = {0};
	struct zone *zone;
	unsigned id = 0;
	bool json;
	int status = begin("zoneinfo", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json) {
		json_begin(&j);
		json_array(&j, "zones");
	}
	while ((zone = populated_zone(&id)) != NULL) {
		buddy_counts(zone, &counts);
		if (json)
			zone_json(&j, zone, &counts);
		else
			zone_text(zone, &counts);
	}
	if (json) {
		json_array_end(&j);
		json_end(&j);
	}
	return SHELL_OK;
}
