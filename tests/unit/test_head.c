/*
 * tests/unit/test_head.c - the head region over every alignment that QEMU can produce.
 */
/* sources: mm/hotplug/head.c kernel/lib/refusal.c kernel/lib/errno.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/errno.h"
#include "mm/hotplug/block.h"
#include "mm/hotplug/head.h"

#define PAGES_2M 512UL
#define PAGES_1G (512 * PAGES_2M)

struct page *vmemmap;

/* The parts follow each other without gap or overlap, and hold what they must. */
static void assert_layout(pfn_t start, uint64_t npages, bool gib, const struct head_layout *h)
{
	uint64_t memmap = npages * 32 / PAGE_SIZE;
	uint64_t windows = ((start + npages - 1) >> BLOCK_ORDER) - (start >> BLOCK_ORDER) + 1;
	vaddr_t va = start * 32;

	assert_int_equal(h->memmap_large, start);
	assert_int_equal(h->memmap_front, start + h->memmap_large_slots * PAGES_2M);
	assert_int_equal(h->memmap_rear, h->memmap_front + h->memmap_front_pages);
	assert_int_equal(h->tables, h->memmap_rear + h->memmap_rear_pages);
	assert_int_equal(h->descriptors, h->tables + h->tables_pages);
	assert_int_equal(h->descriptors + h->descriptors_pages, start + h->pages);
	assert_int_equal(h->pages + h->usable, npages);
	assert_int_equal(h->memmap_large_slots * PAGES_2M + h->memmap_front_pages +
				 h->memmap_rear_pages,
			 memmap);
	/* 2 MiB pages need 2 MiB alignment on both sides; only whole slots get them. */
	assert_int_equal(h->memmap_large % PAGES_2M, 0);
	if (h->memmap_large_slots != 0) {
		assert_int_equal((va + h->memmap_front_pages * PAGE_SIZE) % SIZE_2M, 0);
		assert_true(h->memmap_front_pages < PAGES_2M);
		assert_true(h->memmap_rear_pages < PAGES_2M);
	}
	assert_true(h->descriptors_pages * PAGE_SIZE >=
		    sizeof(struct memory_device) + windows * sizeof(struct memory_block));
	if (gib)
		assert_int_equal(h->tables_pages, 0);
	assert_true(h->usable >= npages / 2);
}

/* Every base in two GiB of 2 MiB steps, with sizes around every boundary. */
static void test_every_alignment(void **state)
{
	static const uint64_t sizes_2m[] = {1,	 2,   3,   63,	64,  65,  127,	128,  129,
					    191, 192, 256, 511, 512, 513, 1023, 1024, 4096};

	(void)state;
	for (uint64_t base = 0; base < 1024; base++) {
		for (unsigned i = 0; i < ARRAY_SIZE(sizes_2m); i++) {
			pfn_t start = 4 * PAGES_1G + base * PAGES_2M;
			uint64_t npages = sizes_2m[i] * PAGES_2M;
			struct head_layout head;
			struct refusal why = {0};

			for (int gib = 0; gib < 2; gib++) {
				assert_int_equal(head_plan(start, npages, gib, &head, &why), 0);
				assert_layout(start, npages, gib, &head);
			}
		}
	}
}

/* The direct map's PDs that the device owns whole: counted by brute force. */
static void test_owned_tables(void **state)
{
	(void)state;
	for (uint64_t base = 0; base < 512; base += 7) {
		for (uint64_t size = 1; size < 2100; size += 37) {
			pfn_t start = 4 * PAGES_1G + base * PAGES_2M;
			pfn_t end = start + size * PAGES_2M;
			struct head_layout head;
			uint64_t owned = 0;

			for (pfn_t gib = 0; gib < end; gib += PAGES_1G)
				owned += gib >= start && gib + PAGES_1G <= end;
			assert_int_equal(head_plan(start, end - start, false, &head, NULL), 0);
			assert_int_equal(head.tables_pages, owned);
		}
	}
}

/*
 * The pool: brute force over alignments of how many tables a device needs that it does not own.
 * PDs of the direct map (1 GiB) and PTs of the vmemmap (256 MiB of frames) it touches, less the
 * PDs it owns and the slots it fills.
 */
static void test_pool_is_sufficient(void **state)
{
	uint64_t worst = 0;

	(void)state;
	for (uint64_t base = 0; base < 1024; base++) {
		for (uint64_t size = 1; size < 1400; size += size < 520 ? 1 : 61) {
			uint64_t end = base + size, shared = 0;

			for (uint64_t gib = base / 512 * 512; gib < end; gib += 512)
				shared += !(gib >= base && gib + 512 <= end);
			for (uint64_t slot = base / 128 * 128; slot < end; slot += 128)
				shared += !(slot >= base && slot + 128 <= end);
			worst = MAX(worst, shared);
		}
	}
	assert_int_equal(worst, 4); /* reached, so the bound is tight */
	assert_int_equal(head_pool_tables(1, 64 * TiB), worst);
	assert_int_equal(head_pool_tables(256, 64 * TiB), 256 * worst);
}

/*
 * Many devices: which places - gigabytes and vmemmap slots, in units of 2 MiB - need a table of
 * the pool, marked in a map.  Never more than head_pool_tables() says, for any placement.
 */
#define PLACES 2048U

static uint64_t marked(uint64_t base, uint64_t size, uint64_t unit, bool map[PLACES])
{
	uint64_t fresh = 0;

	for (uint64_t at = base / unit * unit; at < base + size; at += unit) {
		if (at >= base && at + unit <= base + size)
			continue;
		fresh += !map[at / unit];
		map[at / unit] = true;
	}
	return fresh;
}

static uint32_t draw(uint32_t below)
{
	static uint64_t state = 20261122;

	state = state * 6364136223846793005UL + 1442695040888963407UL;
	return (uint32_t)(state >> 33) % below;
}

/* `slots` devices of up to `large` units, packed with gaps of up to `gap`, from 0 on as long as
 * they fit into `gibs` gigabytes; how many tables they take. */
static uint64_t place_many(unsigned slots, unsigned gibs, unsigned large, unsigned gap)
{
	bool gib[PLACES] = {false}, slot[PLACES] = {false};
	uint64_t base = draw(gap + 1), tables = 0;

	for (unsigned i = 0; i < slots; i++) {
		uint64_t size = 1 + draw(large);

		if (base + size > gibs * 512UL)
			break;
		tables += marked(base, size, 512, gib) + marked(base, size, 128, slot);
		base += size + draw(gap + 1);
	}
	return tables;
}

static void test_pool_is_sufficient_for_many(void **state)
{
	static const unsigned slots[] = {1, 2, 8, 64, 256}, gibs[] = {1, 2, 7, 64, 512};
	uint64_t most_of_window = 0;

	(void)state;
	for (unsigned round = 0; round < 40000; round++) {
		unsigned s = slots[draw(ARRAY_SIZE(slots))], g = gibs[draw(ARRAY_SIZE(gibs))];
		uint64_t tables = place_many(s, g, 1U << draw(11), draw(1U << draw(11)));

		assert_true(tables <= head_pool_tables(s, g * GiB));
		if (s == 256 && g == 2)
			most_of_window = MAX(most_of_window, tables);
	}
	/* The window's bound is reached, too: two gigabytes, eight slots. */
	assert_int_equal(head_pool_tables(256, 2 * GiB), 10);
	assert_int_equal(most_of_window, 10);
	assert_int_equal(head_pool_tables(0, 64 * TiB), 0);
}

static void test_refusals(void **state)
{
	struct head_layout head;
	struct refusal why = {0};

	(void)state;
	assert_int_equal(head_plan(0x100000, 0, false, &head, &why), -EINVAL);
	assert_string_equal(why.step, "head");
	assert_true(why.has_pfn && why.pfn == 0x100000);
	why = (struct refusal){0};
	assert_int_equal(head_plan(0x100001, 512, false, &head, &why), -EINVAL);
	why = (struct refusal){0};
	assert_int_equal(head_plan(0x100000, 511, false, &head, &why), -EINVAL);
}

/* The taxes that the project promises. */
static void test_taxes(void **state)
{
	struct head_layout head;

	(void)state;
	assert_int_equal(head_plan(4 * PAGES_1G, PAGES_1G, false, &head, NULL), 0);
	assert_true(head.pages * PAGE_SIZE <= 10 * MiB);
	assert_int_equal(head_plan(128 * PAGES_1G, 128 * PAGES_1G, false, &head, NULL), 0);
	assert_true(head.pages * 1000 <= 128 * PAGES_1G * 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_alignment),
		cmocka_unit_test(test_owned_tables),
		cmocka_unit_test(test_pool_is_sufficient),
		cmocka_unit_test(test_pool_is_sufficient_for_many),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_taxes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
