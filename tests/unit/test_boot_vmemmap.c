/*
 * tests/unit/test_boot_vmemmap.c - the memmap of boot memory, over real page tables in a sparse
 * fake physical memory.
 */
/* sources: mm/boot_vmemmap.c mm/early.c */
/* sources: arch/x86_64/mmu.c arch/x86_64/mmu_map.c arch/x86_64/mmu_unmap.c arch/x86_64/tlb.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/panic.h"
#include "mm/early.h"
#include "mm/init_priv.h"

#define ARENA (8 * GiB)

struct page *vmemmap;
uint8_t *host_direct_map;
unsigned long host_invalidated, host_flushed;
struct cpu_features cpu_features = {.nx = true};
struct boot_span boot_spans[BOOT_SPANS_MAX];
unsigned nr_boot_spans;

static jmp_buf panicked;
static bool may_panic;

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	mock_assert(0, expr, file, line);
	abort();
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	if (may_panic)
		longjmp(panicked, 1);
	abort();
}

const char *errno_name(int err)
{
	(void)err;
	return "?";
}

static paddr_t table_alloc(struct pt_alloc *self, unsigned level, vaddr_t va)
{
	(void)self, (void)level, (void)va;
	return early_alloc(&early, PAGE_SIZE, PAGE_SIZE, "pagetable");
}

static void table_free(struct pt_alloc *self, paddr_t table, unsigned level, vaddr_t va)
{
	(void)self, (void)table, (void)level, (void)va;
}

struct pt_alloc pt_alloc_early = {.alloc = table_alloc, .free = table_free, .keep_level = 1};

static int setup(void **state)
{
	(void)state;
	if (host_direct_map == NULL)
		host_direct_map = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(host_direct_map, MAP_FAILED);
	memset(&early, 0, sizeof(early));
	early.limit = ARENA;
	nr_boot_spans = 0;
	may_panic = false;
	return 0;
}

static void begin(void)
{
	paddr_t root = early_alloc(&early, PAGE_SIZE, PAGE_SIZE, "pagetable");

	assert_int_equal(mmu_init(root, &pt_alloc_early), 0);
}

static void span(paddr_t base, uint64_t size, uint8_t node)
{
	boot_spans[nr_boot_spans++] = (struct boot_span){
		.start = base / PAGE_SIZE, .npages = size / PAGE_SIZE, .node = node};
}

static size_t page_size_at(vaddr_t va)
{
	struct mmu_step steps[4];

	return steps[mmu_walk(va, steps) - 1].page_size;
}

static vaddr_t descriptor(paddr_t pa)
{
	return VMEMMAP_BASE + pa / PAGE_SIZE * sizeof(struct page);
}

/* Every descriptor of every span is mapped, writable, to memory reserved for it, and no two
 * pages of the vmemmap share a frame; `local`: to memory of the span itself. */
static void check(bool local)
{
	uint64_t mapped = 0;
	vaddr_t done = 0;

	for (unsigned i = 0; i < nr_boot_spans; i++) {
		const struct boot_span *s = &boot_spans[i];
		vaddr_t va = ALIGN_DOWN(descriptor(s->start * PAGE_SIZE), PAGE_SIZE);
		vaddr_t end = descriptor((s->start + s->npages) * PAGE_SIZE);

		for (va = MAX(va, done); va < end; va += PAGE_SIZE) {
			const struct page_owner *owner;
			paddr_t pa = 0, border;

			assert_true(mmu_translate(va, &pa));
			assert_int_equal(early_piece(&early, pa, pa + PAGE_SIZE, &border, &owner),
					 EARLY_RESERVED);
			assert_string_equal(owner->name, "early:memmap");
			if (local)
				assert_in_range(pa / PAGE_SIZE, s->start, s->start + s->npages - 1);
			mapped += PAGE_SIZE;
		}
		done = va;
	}
	/* As much is reserved as is mapped: nothing twice, nothing for nothing. */
	assert_int_equal(mapped, early_reserved_bytes(&early, "memmap"));
}

static void test_slots_that_are_filled_use_large_pages(void **state)
{
	(void)state;
	early_add_ram(&early, 0, 640 * KiB);
	early_add_ram(&early, MiB, 2 * GiB - MiB - 140 * KiB);
	early_add_ram(&early, 4 * GiB, GiB + 64 * MiB);
	span(0, 2 * GiB - 140 * KiB, 0);
	span(4 * GiB, GiB + 64 * MiB, 0);
	begin();
	boot_vmemmap_map();
	check(true);
	assert_int_equal(page_size_at(descriptor(0)), SIZE_2M);
	assert_int_equal(page_size_at(descriptor(5 * GiB - SIZE_2M)), SIZE_2M);
	/* The last 64 MiB: 4 KiB pages, and nothing behind them. */
	assert_int_equal(page_size_at(descriptor(5 * GiB)), PAGE_SIZE);
	assert_int_equal(page_size_at(descriptor(5 * GiB + 64 * MiB) - 1), PAGE_SIZE);
	assert_int_equal(page_size_at(descriptor(5 * GiB + 64 * MiB)), 0);
	assert_int_equal(page_size_at(descriptor(2 * GiB)), 0);
}

static void test_nodes_share_a_slot_and_a_page(void **state)
{
	(void)state;
	early_add_ram(&early, MiB, GiB - MiB);
	span(MiB, 300 * MiB + 12 * KiB, 0);
	span(301 * MiB + 12 * KiB, GiB - 301 * MiB - 12 * KiB, 1);
	begin();
	boot_vmemmap_map();
	check(true);
	assert_int_equal(page_size_at(descriptor(MiB)), PAGE_SIZE);
	assert_int_equal(page_size_at(descriptor(301 * MiB)), PAGE_SIZE);
	assert_int_equal(page_size_at(descriptor(512 * MiB)), SIZE_2M);
}

/* A node without a free aligned 2 MiB borrows them. */
static void test_fragments(void **state)
{
	(void)state;
	early_add_ram(&early, MiB, 3 * GiB);
	span(MiB, 511 * MiB, 0);
	span(512 * MiB, GiB, 1);
	span(1536 * MiB, 1537 * MiB, 2);
	/* Node 1 keeps 512 KiB out of every 4 MiB: it needs 8 MiB in large pages. */
	for (paddr_t pa = 512 * MiB; pa < 1536 * MiB; pa += 4 * MiB)
		assert_int_equal(
			early_reserve(&early, pa + 512 * KiB, 4 * MiB - 512 * KiB, "kernel"), 0);
	begin();
	boot_vmemmap_map();
	check(false);
}

static void test_everywhere_fragments(void **state)
{
	(void)state;
	early_add_ram(&early, MiB, 511 * MiB);
	for (paddr_t pa = 2 * MiB; pa < 512 * MiB; pa += SIZE_2M)
		assert_int_equal(early_reserve(&early, pa, SIZE_2M - 64 * KiB, "kernel"), 0);
	span(0, 512 * MiB, 0);
	begin();
	boot_vmemmap_map();
	check(false);
	assert_int_equal(page_size_at(descriptor(256 * MiB)), PAGE_SIZE);
}

static void test_too_little_memory_says_so(void **state)
{
	(void)state;
	early_add_ram(&early, MiB, MiB);
	span(MiB, 4 * GiB, 0);
	begin();
	may_panic = true;
	if (setjmp(panicked) == 0) {
		boot_vmemmap_map();
		fail_msg("4 GiB were described by 1 MiB");
	}
}

/* A DIMM plugged right behind boot memory puts its descriptors into the same slot, and takes
 * them away again; the slot's table stays, since boot's entries stay. */
static void test_a_dimm_in_the_same_slot(void **state)
{
	vaddr_t va = descriptor(64 * MiB);
	size_t size = 128 * MiB / PAGE_SIZE * sizeof(struct page);
	struct pt_alloc dimm = {.alloc = table_alloc, .free = table_free, .keep_level = 2};
	uint64_t tables;

	(void)state;
	early_add_ram(&early, MiB, 63 * MiB);
	span(0, 64 * MiB, 0);
	begin();
	boot_vmemmap_map();
	tables = early_reserved_bytes(&early, "pagetable");
	assert_int_equal(mmu_map(va, 64 * MiB, size, MMU_WRITE, PAGE_SIZE, &dimm), 0);
	assert_int_equal(early_reserved_bytes(&early, "pagetable"), tables);
	mmu_unmap(va, size, &dimm);
	assert_int_equal(page_size_at(va), 0);
	check(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_slots_that_are_filled_use_large_pages, setup),
		cmocka_unit_test_setup(test_nodes_share_a_slot_and_a_page, setup),
		cmocka_unit_test_setup(test_fragments, setup),
		cmocka_unit_test_setup(test_everywhere_fragments, setup),
		cmocka_unit_test_setup(test_too_little_memory_says_so, setup),
		cmocka_unit_test_setup(test_a_dimm_in_the_same_slot, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
