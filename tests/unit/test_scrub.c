/*
 * tests/unit/test_scrub.c - what memory holds when it leaves: nothing of what was in it, and
 * what was never handed out is not written.
 */
#include "tests/unit/hotplug_dimms.h"

#define GRANULES_MAX 2048

static void putback(const struct page_owner *owner)
{
	(void)owner;
}

static int isolate(const struct page_owner *owner)
{
	(void)owner;
	return 0;
}

static int move(const struct page_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		const struct page *from = batch->from[i];

		memcpy(page_to_virt(batch->to[i]), page_to_virt(from), PAGE_SIZE << from->order);
		batch->to[i]->private = from->private;
	}
	return 0;
}

static const struct page_owner_ops ops = {isolate, move, putback};
static const struct page_owner movable = {"test:movable", &ops};
static const struct page_owner fixed = {"test:fixed", NULL};

/* --- what was in use, by granule of the device --- */

static bool used[GRANULES_MAX];

static void mark_used(const struct memory_device *device, pfn_t pfn, unsigned order)
{
	pfn_t end = pfn + (1UL << order);

	for (pfn = MAX(pfn, device->start); pfn < MIN(end, device->start + device->npages); pfn++)
		used[(pfn - device->start) / PAGES_2M] = true;
}

/* The maker's own bytes: a word in one page of 64 of the usable part. */
#define MARKED 64UL

static uint64_t mark_of(pfn_t pfn)
{
	return pfn * 0x9e3779b97f4a7c15UL | 1;
}

static uint64_t *word_of(pfn_t pfn)
{
	return (uint64_t *)(kit_memory + pfn_to_paddr(pfn) + pfn % 512 * 8);
}

static void mark_pages(const struct memory_device *device)
{
	for (pfn_t pfn = ALIGN_UP(device->start + device->head.pages, MARKED);
	     pfn < device->start + device->npages; pfn += MARKED)
		*word_of(pfn) = mark_of(pfn);
}

/* Granules that were in use are zero to the last byte; the others hold what they held. */
static void check_granules(const struct memory_device *device)
{
	pfn_t end = device->start + device->npages;

	for (pfn_t pfn = device->start + device->head.pages, next; pfn < end; pfn = next) {
		next = ALIGN_DOWN(pfn, PAGES_2M) + PAGES_2M;
		if (used[(pfn - device->start) / PAGES_2M])
			assert_wiped(pfn_to_paddr(pfn), pfn_to_paddr(next));
		else
			for (pfn_t p = ALIGN_UP(pfn, MARKED); p < next; p += MARKED)
				assert_int_equal(*word_of(p), mark_of(p));
	}
}

static struct memory_device *begin(paddr_t base, uint64_t size, enum online_type type)
{
	struct memory_device *device = dimm_plug(0, base, size);

	memset(used, 0, sizeof(used));
	mark_pages(device);
	dimm_online(device, type);
	check_granules(device); /* online writes nothing */
	return device;
}

/* --- tests --- */

static void nothing_used_nothing_scrubbed(void **unused)
{
	struct memory_device *device = begin(KIT_WINDOW + SIZE_2M, 320 * MiB, ONLINE_MOVABLE);

	(void)unused;
	kit_scrubbed = 0;
	dimm_offline(device);
	assert_int_equal(kit_scrubbed, 0);
	check_granules(device);
	dimm_remove(device);
}

/* One chunk of every order is allocated, filled and freed. */
static void what_was_freed_is_zero(void **unused)
{
	(void)unused;
	for (unsigned order = 0; order <= 14; order++) {
		struct memory_device *device =
			begin(KIT_WINDOW + order * SIZE_2M, 258 * MiB, ONLINE_KERNEL);
		struct page *page = page_alloc(order, ALLOC_THISNODE, 2, &fixed);

		assert_non_null(page);
		for (uint64_t at = 0; at < PAGE_SIZE << order;
		     at += MAX(PAGE_SIZE << order >> 9, 1UL))
			((uint8_t *)page_to_virt(page))[at] = 0xee;
		mark_used(device, page_to_pfn(page), order);
		page_free(page);
		kit_scrubbed = 0;
		dimm_offline(device);
		assert_true(kit_scrubbed >= PAGE_SIZE << order);
		assert_true(kit_scrubbed <= MAX(PAGE_SIZE << order, SIZE_2M));
		check_granules(device);
		dimm_remove(device);
	}
}

/* Many chunks, of which some are still in use, and move out, at the offline. */
static void what_moved_out_is_zero(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 3; round++) {
		struct memory_device *device =
			begin(KIT_WINDOW + kit_below(600) * SIZE_2M, (60 + kit_below(30)) * SIZE_2M,
			      ONLINE_MOVABLE);
		struct page *pages[200], *moved[200];
		unsigned n = 0;

		for (unsigned i = 0; i < 200; i++) {
			unsigned order = (unsigned)kit_below(kit_below(10) ? 4 : 10);
			struct page *page =
				page_alloc(order, ALLOC_MOVABLE | ALLOC_THISNODE, 2, &movable);

			if (page == NULL)
				break;
			memset(page_to_virt(page), 0x5a, PAGE_SIZE << order);
			mark_used(device, page_to_pfn(page), order);
			page->private = n;
			pages[n++] = page;
		}
		for (unsigned i = 0; i < n; i += 2) {
			page_free(pages[i]);
			pages[i] = NULL;
		}
		dimm_offline(device);
		check_granules(device);
		/* They live on in boot memory; it is found chunk by chunk. */
		memset(moved, 0, sizeof(moved));
		for (pfn_t pfn = 0; pfn < boot_spans[0].npages; pfn += 1UL << vmemmap[pfn].order) {
			if (vmemmap[pfn].state == PAGE_USED && vmemmap[pfn].owner == &movable)
				moved[vmemmap[pfn].private] = &vmemmap[pfn];
		}
		for (unsigned i = 1; i < n; i += 2) {
			const uint8_t *p = page_to_virt(moved[i]);

			assert_non_null(moved[i]);
			assert_int_equal(p[0], 0x5a);
			assert_memory_equal(p, p + 1, (PAGE_SIZE << moved[i]->order) - 1);
			page_free(moved[i]);
		}
		dimm_remove(device);
	}
}

/* Only the blocks that leave are scrubbed; those that stay keep what they hold. */
static void a_neighbour_in_use_keeps_its_contents(void **unused)
{
	struct memory_device *device = begin(KIT_WINDOW, 512 * MiB, ONLINE_MOVABLE);
	struct page *pages[300];
	struct memory_block *gone = &device->blocks[0];
	struct refusal why = {0};
	unsigned n = 0;

	(void)unused;
	for (; n < 300; n++) {
		pages[n] = page_alloc(7, ALLOC_MOVABLE | ALLOC_THISNODE, 2, &movable);
		assert_non_null(pages[n]);
		memset(page_to_virt(pages[n]), (int)(n % 255) + 1, PAGE_SIZE << 7);
		mark_used(device, page_to_pfn(pages[n]), 7);
	}
	/* Frees what lies in the block that is to leave; the rest stays where it is. */
	for (unsigned i = 0; i < n; i++)
		if (block_by_pfn(page_to_pfn(pages[i])) == gone) {
			page_free(pages[i]);
			pages[i] = NULL;
		}
	if (range_offline(gone->start, gone->npages, &why) != 0)
		fail_msg("%s: %s", why.step, why.text);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *p;

		if (pages[i] == NULL)
			continue;
		p = page_to_virt(pages[i]);
		assert_int_equal(p[0], i % 255 + 1);
		assert_memory_equal(p, p + 1, (PAGE_SIZE << 7) - 1);
		page_free(pages[i]);
	}
	dimm_offline(device);
	check_granules(device);
	dimm_remove(device);
}

/* An offline that is refused late has scrubbed what was free and nothing that is in use. */
static void an_offline_undone_after_the_scrub(void **unused)
{
	struct memory_device *device = begin(KIT_WINDOW, 260 * MiB, ONLINE_MOVABLE);
	struct page *page = page_alloc(0, ALLOC_MOVABLE | ALLOC_THISNODE, 2, &movable);
	struct refusal why;
	unsigned n;

	(void)unused;
	mark_used(device, page_to_pfn(page), 0);
	page_free(page);
	for (n = 1;; n++) {
		int err;

		memset(&why, 0, sizeof(why));
		host_fault_in = n;
		err = range_offline(device->start, device->npages, &why);
		if (err == 0)
			break;
		assert_sound();
	}
	host_fault_in = 0;
	assert_true(n > 10);
	check_granules(device);
	dimm_remove(device);
}

/* After an eject the memmap, tables and descriptors of a device are of no use to the next one. */
static void the_next_device_starts_afresh(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 4; round++) {
		struct memory_device_info info = dimm_info(1, KIT_WINDOW, 1032 * MiB);
		struct memory_device *device;

		/* Nothing refills the DIMM between the rounds. */
		assert_int_equal(memory_device_add(&info, &device, NULL), 0);
		dimm_online(device, round % 2 ? ONLINE_KERNEL : ONLINE_MOVABLE);
		assert_sound();
		assert_int_equal(memory_device_eject("dimm1", NULL), 0);
	}
	kit_zero(KIT_WINDOW, 1032 * MiB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(nothing_used_nothing_scrubbed),
		world_test(what_was_freed_is_zero),
		world_test(what_moved_out_is_zero),
		world_test(a_neighbour_in_use_keeps_its_contents),
		world_test(an_offline_undone_after_the_scrub),
		world_test(the_next_device_starts_afresh),
	};

	return cmocka_run_group_tests_name("scrub", tests, kit_boot, NULL);
}
