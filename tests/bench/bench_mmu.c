/*
 * tests/bench/bench_mmu.c - what page tables cost: the direct map of a 128 GiB DIMM.
 */
#include "arch/mmu.h"
#include "kernel/bench.h"
#include "kernel/lib/errno.h"
#include "mm/alloc.h"
#include "mm/kmap.h"

#define TABLES_ORDER 8U /* 128 PDs, a PDPT, and room */

static const struct page_owner bench_owner = {.name = "bench"};

/* Tables one after the other out of a chunk, as they come from a DIMM's head. */
struct bump {
	struct pt_alloc pt;
	paddr_t next, end;
};

static paddr_t bump_alloc(struct pt_alloc *pt, unsigned level __unused, vaddr_t va __unused)
{
	struct bump *b = container_of(pt, struct bump, pt);
	paddr_t table = b->next;

	if (table == b->end)
		return 0;
	b->next += PAGE_SIZE;
	return table;
}

static void bump_free(struct pt_alloc *pt __unused, paddr_t table __unused, unsigned level __unused,
		      vaddr_t va __unused)
{
}

/* Maps and unmaps 128 GiB by 2 MiB pages; one of the two is measured. */
static void run_128g(struct bench *b, bool measure_map)
{
	const size_t size = 128 * GiB;
	struct page *chunk = page_alloc(TABLES_ORDER, 0, NODE_ANY, &bench_owner);
	vaddr_t va = kmap_reserve(size, SIZE_1G, "bench");
	struct bump bump = {.pt = {bump_alloc, bump_free, NULL, 4}};

	if (chunk == NULL || va == 0) {
		bench_fail(b, "no memory for the tables");
		goto out;
	}
	bump.next = page_to_paddr(chunk);
	bump.end = bump.next + (PAGE_SIZE << TABLES_ORDER);
	if (measure_map)
		bench_begin(b);
	if (mmu_map(va, 0, size, MMU_RO, SIZE_2M, &bump.pt) != 0) {
		bench_fail(b, "the tables do not suffice");
		goto out;
	}
	if (measure_map)
		bench_end(b, 1);
	else
		bench_begin(b);
	mmu_unmap(va, size, &bump.pt);
	if (!measure_map)
		bench_end(b, 1);
out:
	if (va != 0)
		kmap_release(va);
	if (chunk != NULL)
		page_free(chunk);
}

KERNEL_BENCH(mmu_map_128g, "map")
{
	run_128g(b, true);
}

KERNEL_BENCH(mmu_unmap_128g, "unmap")
{
	run_128g(b, false);
}
