/*
 * tests/unit/test_node.c - nodes from SRAT and SLIT, and boot memory cut into spans.
 *
 * The zones are counters here: what the spans feed them must tile each span without a gap,
 * never cross a 128 MiB window, and give out exactly the free RAM.
 */
/* sources: mm/node.c mm/boot_spans.c mm/early.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "mm/buddy.h"
#include "mm/early.h"
#include "mm/init_priv.h"

struct page *vmemmap;
uint8_t *host_direct_map;

static bool numa;
static unsigned complaints;
static struct srat_info srat;
static struct slit_info slit;

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	mock_assert(0, expr, file, line);
	abort();
}

void klog(enum log_level level, const char *fmt, ...)
{
	(void)fmt;
	complaints += level <= LOG_WARN;
}

bool option_bool(const char *name, bool otherwise)
{
	(void)otherwise;
	assert_string_equal(name, "numa");
	return numa;
}

void zone_init(struct zone *zone, unsigned node, enum zone_type type,
	       const struct zone_hooks *hooks)
{
	memset(zone, 0, sizeof(*zone));
	zone->id = (uint8_t)(node * ZONE_TYPES + type);
	zone->hooks = hooks;
}

/* --- what the zones were given --- */

struct tile {
	struct zone *zone;
	pfn_t start;
	uint64_t npages;
	const struct page_owner *owner; /* NULL: free */
};
static struct tile tiles[4096];
static unsigned ntiles;

static void tile_add(struct zone *zone, pfn_t start, uint64_t npages,
		     const struct page_owner *owner)
{
	assert_true(npages > 0);
	assert_int_equal(start >> BLOCK_ORDER, (start + npages - 1) >> BLOCK_ORDER);
	tiles[ntiles++] = (struct tile){zone, start, npages, owner};
}

void buddy_add_range(struct zone *zone, pfn_t start, uint64_t npages)
{
	tile_add(zone, start, npages, NULL);
}

void buddy_add_used_range(struct zone *zone, pfn_t start, uint64_t npages,
			  const struct page_owner *owner)
{
	assert_non_null(owner);
	tile_add(zone, start, npages, owner);
}

static int setup(void **state)
{
	(void)state;
	memset(&early, 0, sizeof(early));
	memset(&srat, 0, sizeof(srat));
	memset(&slit, 0, sizeof(slit));
	memset(nodes, 0, sizeof(nodes));
	memset(boot_spans, 0, sizeof(boot_spans));
	early.limit = 64 * TiB;
	numa = true;
	complaints = ntiles = 0;
	return 0;
}

static void range(paddr_t base, uint64_t size, uint32_t pxm)
{
	srat.range[srat.nranges++] = (struct srat_range){.base = base, .size = size, .pxm = pxm};
}

static int boot_node(const struct srat_info *of, pfn_t pfn)
{
	uint8_t node;

	assert_int_equal(node_boot_run(of, pfn, pfn + 1, &node), pfn + 1);
	return node;
}

static void test_no_srat(void **state)
{
	(void)state;
	node_init(NULL, NULL, NULL);
	assert_int_equal(nr_nodes, 1);
	assert_int_equal(node_of_pxm(0), 0);
	assert_int_equal(node_of_pxm(77), 0);
	assert_int_equal(boot_node(NULL, 5), 0);
	assert_int_equal(nodes[0].nfallback, 1);
	assert_int_equal(nodes[0].distance[0], DISTANCE_LOCAL);
	assert_false(node_has_memory(0));
}

static void test_sparse_domains_become_dense_in_order(void **state)
{
	(void)state;
	range(0, GiB, 4000000000U);
	range(GiB, GiB, 7);
	srat.cpu[srat.ncpus++].pxm = 3; /* a node with CPUs only */
	srat.cpu[0].apic_id = 17;
	node_init(&srat, NULL, NULL);
	assert_int_equal(node_of_apic_id(&srat, 17), node_of_pxm(3));
	assert_int_equal(node_of_apic_id(&srat, 16), 0);
	assert_int_equal(node_of_apic_id(NULL, 17), 0);
	assert_int_equal(nr_nodes, 3);
	assert_int_equal(node_of_pxm(3), 0);
	assert_int_equal(node_of_pxm(7), 1);
	assert_int_equal(node_of_pxm(4000000000U), 2);
	assert_int_equal(node_of_pxm(8), -ENOENT);
	assert_int_equal(boot_node(&srat, 0), 2);
	assert_int_equal(boot_node(&srat, GiB / PAGE_SIZE), 1);
	assert_int_equal(boot_node(&srat, 2 * GiB / PAGE_SIZE), 0);
	assert_int_equal(nodes[2].zone[ZONE_MOVABLE].id, 2 * ZONE_TYPES + ZONE_MOVABLE);
}

static void test_numa_off(void **state)
{
	(void)state;
	numa = false;
	range(0, GiB, 0);
	range(GiB, GiB, 1);
	node_init(&srat, NULL, NULL);
	assert_int_equal(nr_nodes, 1);
	assert_int_equal(node_of_pxm(1), 0);
	assert_int_equal(boot_node(&srat, GiB / PAGE_SIZE), 0);
}

static void test_too_many_domains(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MAX_NODES + 5; i++)
		range(i * GiB, GiB, i * 3);
	node_init(&srat, NULL, NULL);
	assert_int_equal(nr_nodes, MAX_NODES);
	assert_int_equal(complaints, 1);
	assert_int_equal(node_of_pxm(MAX_NODES * 3), -ENOENT);
	assert_int_equal(boot_node(&srat, MAX_NODES * GiB / PAGE_SIZE), 0);
}

static void test_fallback_by_distance(void **state)
{
	static const uint8_t d[4][4] = {
		{10, 40, 20, 20}, {40, 10, 30, 20}, {20, 30, 10, 30}, {20, 20, 30, 10}};
	static const uint8_t want[4][4] = {{0, 2, 3, 1}, {1, 3, 2, 0}, {2, 0, 3, 1}, {3, 0, 1, 2}};

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		range(i * GiB, GiB, i);
	slit.localities = 4;
	for (unsigned i = 0; i < 4; i++)
		memcpy(slit.distance[i], d[i], 4);
	node_init(&srat, &slit, NULL);
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(nodes[n].nfallback, 4);
		assert_memory_equal(nodes[n].fallback, want[n], 4);
	}
	/* Without a SLIT: itself, then round. */
	node_init(&srat, NULL, NULL);
	assert_memory_equal(nodes[2].fallback, ((uint8_t[]){2, 3, 0, 1}), 4);
}

/* A SLIT knows fewer domains than the SRAT names. */
static void test_short_slit(void **state)
{
	(void)state;
	range(0, GiB, 0);
	range(GiB, GiB, 200);
	slit.localities = 1;
	slit.distance[0][0] = 10;
	node_init(&srat, &slit, NULL);
	assert_int_equal(nodes[0].distance[1], DISTANCE_REMOTE);
	assert_int_equal(nodes[1].distance[1], DISTANCE_LOCAL);
}

/* --- spans --- */

static uint64_t free_pages_of(const struct boot_span *s)
{
	paddr_t base, start = s->start * PAGE_SIZE, end = start + s->npages * PAGE_SIZE;
	uint64_t size, bytes = 0;

	for (unsigned i = 0; early_free_range(&early, i, &base, &size); i++) {
		paddr_t lo = MAX(base, start), hi = MIN(base + size, end);

		bytes += lo < hi ? hi - lo : 0;
	}
	return bytes / PAGE_SIZE;
}

static void check_span(struct boot_span *s)
{
	pfn_t pfn = s->start;
	uint64_t managed = 0, real = 0;

	ntiles = 0;
	boot_span_feed(s);
	for (unsigned i = 0; i < ntiles; i++) {
		assert_int_equal(tiles[i].start, pfn);
		assert_ptr_equal(tiles[i].zone, &nodes[s->node].zone[ZONE_NORMAL]);
		pfn += tiles[i].npages;
		if (tiles[i].owner == NULL)
			managed += tiles[i].npages;
		if (tiles[i].owner == NULL || strncmp(tiles[i].owner->name, "early:", 6) == 0)
			real += tiles[i].npages;
	}
	assert_int_equal(pfn, s->start + s->npages);
	assert_int_equal(managed, s->managed);
	assert_int_equal(managed, free_pages_of(s));
	assert_int_equal(real, s->present);
}

static void make_and_check(void)
{
	uint64_t present = 0, ram = 0;

	boot_spans_make(&srat);
	early.closed = true;
	for (unsigned i = 0; i < nr_boot_spans; i++) {
		check_span(&boot_spans[i]);
		present += boot_spans[i].present;
		if (i > 0)
			assert_true(boot_spans[i - 1].start + boot_spans[i - 1].npages <=
				    boot_spans[i].start);
	}
	for (unsigned i = 0; i < early.nram; i++)
		ram += early.ram[i].size / PAGE_SIZE;
	assert_int_equal(present, ram);
}

static void test_spans_of_a_pc(void **state)
{
	(void)state;
	early_add_ram(&early, 0, 0x9fc00);
	early_add_ram(&early, MiB, 2 * GiB - MiB - 0x21000);
	early_add_ram(&early, 4 * GiB, 3 * GiB);
	early_reserve(&early, 0, PAGE_SIZE, "first-page");
	early_reserve(&early, MiB, 3 * MiB + 5, "kernel");
	early_reserve(&early, 300 * MiB - 0x1000, 40 * MiB, "memmap");
	node_init(NULL, NULL, NULL);
	make_and_check();
	assert_int_equal(nr_boot_spans, 2);
	assert_int_equal(boot_spans[0].start, 0);
	assert_int_equal(boot_spans[0].npages, (2 * GiB - 0x21000) / PAGE_SIZE);
	assert_int_equal(boot_spans[1].npages, 3 * GiB / PAGE_SIZE);
	assert_int_equal(nodes[0].zone[ZONE_NORMAL].present,
			 boot_spans[0].present + boot_spans[1].present);
}

static void test_spans_end_at_nodes(void **state)
{
	(void)state;
	early_add_ram(&early, 0, 2 * GiB);
	range(0, 640 * KiB, 0);
	range(MiB, 300 * MiB, 0);
	range(301 * MiB + 0x123, GiB, 1); /* not at a page */
	node_init(&srat, NULL, NULL);
	make_and_check();
	/* 0: up to the border; 1; and what no range covers is node 0 again. */
	assert_int_equal(nr_boot_spans, 3);
	assert_int_equal(boot_spans[0].npages, 301 * MiB / PAGE_SIZE + 1);
	assert_int_equal(boot_spans[1].node, 1);
	assert_int_equal(boot_spans[1].start, boot_spans[0].npages);
	assert_int_equal(boot_spans[2].node, 0);
}

static void test_holes(void **state)
{
	(void)state;
	early_add_ram(&early, 0, 100 * MiB);
	/* A hole of over 128 MiB that holds no whole window: one span. */
	early_add_ram(&early, 250 * MiB, MiB);
	/* A hole that is exactly one window: two. */
	early_add_ram(&early, 251 * MiB, 5 * MiB);
	early_add_ram(&early, 384 * MiB, MiB);
	node_init(NULL, NULL, NULL);
	make_and_check();
	assert_int_equal(nr_boot_spans, 2);
	assert_int_equal(boot_spans[0].npages, 256 * MiB / PAGE_SIZE);
	assert_int_equal(boot_spans[0].present, 106 * MiB / PAGE_SIZE);
	assert_int_equal(boot_spans[1].start, 384 * MiB / PAGE_SIZE);
}

static void test_more_spans_than_room(void **state)
{
	(void)state;
	early_add_ram(&early, 0, 100 * GiB);
	for (uint32_t i = 0; i < 2 * BOOT_SPANS_MAX; i++)
		range(i * MiB, MiB, i % 2);
	node_init(&srat, NULL, NULL);
	boot_spans_make(&srat);
	assert_int_equal(nr_boot_spans, BOOT_SPANS_MAX);
	assert_int_equal(complaints, 1);
	early.closed = true;
	for (unsigned i = 0; i < nr_boot_spans; i++)
		check_span(&boot_spans[i]);
}

static void test_random_maps(void **state)
{
	for (unsigned seed = 1; seed <= 60; seed++) {
		paddr_t pa = 0;

		setup(state);
		srand(seed);
		for (unsigned i = 0; i < 20; i++) {
			uint64_t size = (1 + rand() % 80000) * PAGE_SIZE;

			early_add_ram(&early, pa, size);
			if (rand() % 2)
				early_reserve(&early, pa + rand() % size, 1 + rand() % size,
					      "kernel");
			if (rand() % 2)
				range(pa, size, rand() % 5);
			pa += size + rand() % 50000 * PAGE_SIZE;
		}
		node_init(&srat, NULL, NULL);
		make_and_check();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_no_srat, setup),
		cmocka_unit_test_setup(test_sparse_domains_become_dense_in_order, setup),
		cmocka_unit_test_setup(test_numa_off, setup),
		cmocka_unit_test_setup(test_too_many_domains, setup),
		cmocka_unit_test_setup(test_fallback_by_distance, setup),
		cmocka_unit_test_setup(test_short_slit, setup),
		cmocka_unit_test_setup(test_spans_of_a_pc, setup),
		cmocka_unit_test_setup(test_spans_end_at_nodes, setup),
		cmocka_unit_test_setup(test_holes, setup),
		cmocka_unit_test_setup(test_more_spans_than_room, setup),
		cmocka_unit_test_setup(test_random_maps, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
