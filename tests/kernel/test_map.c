/*
 * tests/kernel/test_map.c - the page tables as the kernel runs on them, and kernel mappings.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "boot/image.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"
#include "mm/early.h"
#include "mm/init.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "tests/kernel/selftest.h"

static const struct page_owner test_owner = {.name = "selftest"};

static bool mapped(const void *va)
{
	paddr_t pa;

	return mmu_translate((vaddr_t)va, &pa);
}

/* The leaf behind `va`; its level is 0 where there is none. */
static struct mmu_step leaf_of(const void *va)
{
	struct mmu_step steps[4];
	unsigned n = mmu_walk((vaddr_t)va, steps);

	return steps[n - 1].leaf ? steps[n - 1] : (struct mmu_step){0};
}

/* --- the whole of the tables --- */

struct scan {
	unsigned long leaves, writable_code, code_elsewhere;
	vaddr_t first_bad;
};

static void scan_leaf(struct scan *scan, vaddr_t va)
{
	struct mmu_step leaf = leaf_of((const void *)va);
	bool bad = leaf.writable && leaf.executable;

	scan->leaves++;
	scan->writable_code += bad;
	if (leaf.executable && (va < (vaddr_t)__text_start || va >= (vaddr_t)__text_end)) {
		scan->code_elsewhere++;
		bad = true;
	}
	if (bad && scan->first_bad == 0)
		scan->first_bad = va;
}

/* Visits every leaf below an entry; the tables are read through the direct map. */
static void scan_table(struct scan *scan, paddr_t table, unsigned level, vaddr_t base)
{
	const pte_t *entries = phys_to_virt(table);

	for (unsigned long i = 0; i < PAGE_SIZE / sizeof(pte_t); i++) {
		vaddr_t va = base + (i << (PAGE_SHIFT + 9 * (level - 1)));

		if (level == 4 && i >= 256)
			va |= 0xffffUL << 48; /* addresses are sign-extended [SDM 1 3.3.7.1] */
		if (!(entries[i] & 1))
			continue;
		if (level == 1 || (entries[i] & 1 << 7))
			scan_leaf(scan, va);
		else
			scan_table(scan, entries[i] & 0x000ffffffffff000UL, level - 1, va);
	}
}

KERNEL_TEST(mmu, nothing_is_writable_and_executable)
{
	struct scan scan = {0};

	scan_table(&scan, mmu_root(), 4, 0);
	test_note(t, "%lu leaves", scan.leaves);
	EXPECT(scan.leaves > 100);
	EXPECT_EQ(scan.writable_code, 0);
	EXPECT_EQ(scan.code_elsewhere, 0);
	EXPECT_EQ(scan.first_bad, 0);
}

KERNEL_TEST(mmu, the_lower_half_is_empty)
{
	const pte_t *root = phys_to_virt(mmu_root());

	for (unsigned i = 0; i < 256; i++)
		EXPECT_EQ(root[i], 0);
}

KERNEL_TEST(mmu, the_image_is_mapped_by_sections)
{
	struct mmu_step text = leaf_of(__text_start), rodata = leaf_of(__rodata_start);
	struct mmu_step data = leaf_of(__data_start), bss = leaf_of(__bss_start);

	EXPECT(text.leaf && text.executable && !text.writable);
	EXPECT(rodata.leaf && !rodata.executable && !rodata.writable);
	EXPECT(data.leaf && !data.executable && data.writable);
	EXPECT(bss.leaf && !bss.executable && bss.writable);
	EXPECT(!mapped(__boot_stack_guard));
	/* The direct map shows code and constants too, and does not let them be written. */
	EXPECT(!leaf_of(phys_to_virt(image_to_phys(__text_start))).writable);
	EXPECT(!leaf_of(phys_to_virt(image_to_phys(__rodata_end) - 1)).writable);
	EXPECT(leaf_of(phys_to_virt(image_to_phys(__data_start))).writable);
}

KERNEL_TEST(mmu, boot_memory_is_mapped_exactly)
{
	for (unsigned i = 0; i < early.nram; i++) {
		paddr_t start = early.ram[i].base, end = start + early.ram[i].size;
		bool next_is_ram = false;

		for (paddr_t pa = start; pa < end; pa += SIZE_2M) {
			paddr_t got = 0;

			EXPECT(mmu_translate((vaddr_t)phys_to_virt(pa), &got));
			EXPECT_EQ(got, pa);
		}
		EXPECT(mapped(phys_to_virt(end - 1)));
		next_is_ram = i + 1 < early.nram && early.ram[i + 1].base == end;
		/* A DIMM may have been plugged right behind the end of boot memory. */
		if (!next_is_ram && i + 1 < early.nram)
			EXPECT(!mapped(phys_to_virt(end)));
		if (start > 0 && i > 0)
			EXPECT(!mapped(phys_to_virt(start - 1)));
	}
}

/* --- maps with tables from the page allocator, the n-th refused --- */

static unsigned calls, fail_at;

static paddr_t failing_alloc(struct pt_alloc *self __unused, unsigned level, vaddr_t va)
{
	if (++calls == fail_at)
		return 0;
	return pt_alloc_pages.alloc(&pt_alloc_pages, level, va);
}

static void failing_free(struct pt_alloc *self __unused, paddr_t table, unsigned level, vaddr_t va)
{
	pt_alloc_pages.free(&pt_alloc_pages, table, level, va);
}

KERNEL_TEST(mmu, map_unwinds_from_every_table)
{
	struct pt_alloc alloc = {.alloc = failing_alloc, .free = failing_free, .keep_level = 4};
	size_t size = 4 * SIZE_2M + 3 * PAGE_SIZE;
	vaddr_t va = kmap_reserve(size, SIZE_1G, "selftest");
	uint64_t before = pages_free();
	int err = -ENOMEM;

	REQUIRE(va != 0);
	for (fail_at = 1; err == -ENOMEM && fail_at < 32; fail_at++) {
		calls = 0;
		err = mmu_map(va, 0, size, MMU_RO, PAGE_SIZE, &alloc);
		if (err == -ENOMEM) {
			EXPECT_EQ(pages_free(), before);
			EXPECT(!mapped((void *)va));
			EXPECT(!mapped((void *)(va + size - PAGE_SIZE)));
		}
	}
	EXPECT_EQ(err, 0);
	EXPECT(fail_at > 5);
	if (err == 0)
		mmu_unmap(va, size, &alloc);
	EXPECT_EQ(pages_free(), before);
	kmap_release(va);
}

/* --- kernel mappings --- */

KERNEL_TEST(kmap, pages_are_zero_guarded_and_given_back)
{
	static const size_t sizes[] = {1, PAGE_SIZE, 5 * PAGE_SIZE + 1, SIZE_2M + PAGE_SIZE};
	uint64_t before;
	char text[64];

	slab_shrink();
	before = pages_free();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = ALIGN_UP(sizes[i], PAGE_SIZE);
		char *p = kmap_alloc(sizes[i], &test_owner, "selftest");

		REQUIRE(p != NULL);
		EXPECT(!mapped(p - 1) && !mapped(p + size));
		EXPECT(memchr(p, 0, size) == p && memcmp(p, p + 1, size - 1) == 0);
		memset(p, 0xa5, size);
		EXPECT(strcmp(kmap_describe((vaddr_t)p + size - 1, text, sizeof(text)),
			      "selftest") == 0);
		EXPECT(strcmp(kmap_describe((vaddr_t)p - 1, text, sizeof(text)),
			      "guard page of selftest") == 0);
		kmap_free(p);
		EXPECT(!mapped(p));
	}
	slab_shrink();
	EXPECT_EQ(pages_free(), before);
}

KERNEL_TEST(kmap, more_mappings_than_static_descriptors)
{
	static void *p[100];
	uint64_t before;
	unsigned n = 0;

	slab_shrink();
	before = pages_free();
	while (n < ARRAY_SIZE(p) && (p[n] = kmap_alloc(PAGE_SIZE, &test_owner, "selftest")) != NULL)
		*(unsigned *)p[n] = n, n++;
	EXPECT_EQ(n, ARRAY_SIZE(p));
	for (unsigned i = 0; i < n; i++) {
		EXPECT_EQ(*(unsigned *)p[i], i);
		if (i % 2)
			kmap_free(p[i]);
	}
	/* The lowest gap is taken first. */
	if (n > 2) {
		void *again = kmap_alloc(PAGE_SIZE, &test_owner, "selftest");

		EXPECT(again <= p[1]);
		kmap_free(again);
	}
	for (unsigned i = 0; i < n; i += 2)
		kmap_free(p[i]);
	slab_shrink();
	EXPECT_EQ(pages_free(), before);
}

KERNEL_TEST(kmap, phys_shows_memory_at_any_alignment)
{
	struct page *page = page_alloc(1, 0, NODE_ANY, &test_owner);
	char *direct, *view;

	REQUIRE(page != NULL);
	direct = page_to_virt(page);
	view = kmap_phys(page_to_paddr(page) + PAGE_SIZE - 3, 7, MMU_WRITE | MMU_UNCACHED,
			 "selftest");
	REQUIRE(view != NULL);
	memcpy(view, "headroom", 7);
	EXPECT(memcmp(direct + PAGE_SIZE - 3, "headroo", 7) == 0);
	EXPECT(leaf_of(view).entry & 1 << 4); /* PCD */
	kmap_phys_free(view);
	EXPECT(!mapped(view));
	page_free(page);
}

KERNEL_TEST(kmap, nonsense_is_refused)
{
	EXPECT(kmap_alloc(0, &test_owner, "selftest") == NULL);
	EXPECT(kmap_alloc(SIZE_MAX, &test_owner, "selftest") == NULL);
	EXPECT(kmap_alloc(KMAP_END - KMAP_BASE, &test_owner, "selftest") == NULL);
	EXPECT(kmap_phys(0, 0, MMU_RO, "selftest") == NULL);
	EXPECT(kmap_phys(UINT64_MAX - 10, 100, MMU_RO, "selftest") == NULL);
	EXPECT(kmap_phys(BIT(cpu_features.phys_bits), PAGE_SIZE, MMU_RO, "selftest") == NULL);
	EXPECT(kmap_phys(mmu_phys_end() - 1, 2, MMU_RO, "selftest") == NULL);
	EXPECT_EQ(kmap_reserve(SIZE_MAX - 5, PAGE_SIZE, "selftest"), 0);
}
