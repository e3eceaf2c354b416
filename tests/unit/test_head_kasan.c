/*
 * tests/unit/test_head_kasan.c - the head region of the address sanitizer's build, where it holds
 * the device's shadow as well, over every alignment.
 */
/* sources: kernel/lib/refusal.c kernel/lib/errno.c */
#define CONFIG_KASAN

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm/hotplug/head.c" /* built with the shadow here only */

struct page *vmemmap;

/* The parts of a head in the order in which they lie; each begins where the one before ends. */
static void assert_tiled(pfn_t start, const struct head_layout *h)
{
	const struct {
		pfn_t pfn;
		uint64_t pages;
	} parts[] = {
		{h->memmap_large, h->memmap_large_slots * PAGES_2M},
		{h->shadow_large, h->shadow_large_slots * PAGES_2M},
		{h->memmap_front, h->memmap_front_pages},
		{h->memmap_rear, h->memmap_rear_pages},
		{h->shadow_front, h->shadow_front_pages},
		{h->shadow_rear, h->shadow_rear_pages},
		{h->tables, h->tables_pages},
		{h->descriptors, h->descriptors_pages},
	};
	pfn_t at = start;

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		assert_int_equal(parts[i].pfn, at);
		at += parts[i].pages;
	}
	assert_int_equal(at, start + h->pages);
}

/* 2 MiB pages, of frames and of addresses that are aligned, for all that fills them. */
static void assert_shadow(pfn_t start, uint64_t npages, const struct head_layout *h)
{
	uint64_t shadow = start * PAGE_SIZE / 8; /* of the address, up to a multiple of 2 MiB */

	assert_int_equal(h->shadow_large_slots * PAGES_2M + h->shadow_front_pages +
				 h->shadow_rear_pages,
			 npages / 8);
	assert_int_equal(h->shadow_large % PAGES_2M, 0);
	if (h->shadow_large_slots == 0)
		return;
	assert_int_equal((shadow + h->shadow_front_pages * PAGE_SIZE) % SIZE_2M, 0);
	assert_true(h->shadow_front_pages < PAGES_2M);
	assert_true(h->shadow_rear_pages < PAGES_2M);
}

static void test_every_alignment(void **state)
{
	static const uint64_t sizes_2m[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 127, 128, 129, 511, 4096};

	(void)state;
	for (uint64_t base = 0; base < 1024; base++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes_2m); i++) {
			pfn_t start = 4 * PAGES_1G + base * PAGES_2M;
			uint64_t npages = sizes_2m[i] * PAGES_2M;
			struct head_layout head;

			assert_int_equal(head_plan(start, npages, false, &head, NULL), 0);
			assert_tiled(start, &head);
			assert_shadow(start, npages, &head);
		}
}

/* Places - gigabytes, vmemmap slots, shadow slots, in units of 2 MiB - that need a table of the
 * pool: those that the device touches and does not fill. */
static uint64_t shared(uint64_t base, uint64_t end, uint64_t unit)
{
	uint64_t n = 0;

	for (uint64_t at = base / unit * unit; at < end; at += unit)
		n += !(at >= base && at + unit <= end);
	return n;
}

static void test_pool_is_sufficient(void **state)
{
	uint64_t worst = 0;

	(void)state;
	for (uint64_t base = 0; base < 1024; base++)
		for (uint64_t size = 1; size < 1400; size += size < 520 ? 1 : 61)
			worst = MAX(worst, shared(base, base + size, 512) +
						   shared(base, base + size, 128) +
						   shared(base, base + size, 8));
	assert_int_equal(worst, 6);
	assert_int_equal(head_pool_tables(1, 64 * TiB), worst);
	assert_int_equal(head_pool_tables(256, 16 * MiB), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_alignment),
		cmocka_unit_test(test_pool_is_sufficient),
	};

	return cmocka_run_group_tests_name("head_kasan", tests, NULL, NULL);
}
