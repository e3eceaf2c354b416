/*
 * tests/bench/bench_migrate.c - what a migrated chunk costs at least: its copy and its scrub.
 *
 * The rest of an offline's cost (`events -J`) is the kernel's own.
 */
#include "arch/copy.h"
#include "kernel/bench.h"
#include "mm/alloc.h"
#include "mm/hotplug/scrub.h"

static const struct page_owner bench_owner = {.name = "bench"};

static void run_copy_scrub(struct bench *b, unsigned order)
{
	struct page *from = page_alloc(order, 0, NODE_ANY, &bench_owner);
	struct page *to = page_alloc(order, 0, NODE_ANY, &bench_owner);

	if (from != NULL && to != NULL) {
		bench_begin(b);
		copy_frames(page_to_virt(to), page_to_virt(from), PAGE_SIZE << order);
		scrub(page_to_virt(from), PAGE_SIZE << order);
		bench_end(b, 1);
	} else {
		bench_fail(b, "no two free chunks of order %u", order);
	}
	if (from != NULL)
		page_free(from);
	if (to != NULL)
		page_free(to);
}

KERNEL_BENCH(copy_scrub_4k, "page")
{
	run_copy_scrub(b, 0);
}

KERNEL_BENCH(copy_scrub_2m, "chunk")
{
	run_copy_scrub(b, ORDER_2M);
}
