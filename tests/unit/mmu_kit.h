/*
 * tests/unit/mmu_kit.h - page tables in a fake physical memory.
 *
 * The arena plays physical addresses from 0 on.  The table source poisons what it gives out,
 * can refuse the n-th table, checks what comes back, and can open one table at a time only,
 * as the window over a DIMM does: a pointer kept across an access() then faults.
 */
#ifndef TESTS_UNIT_MMU_KIT_H
#define TESTS_UNIT_MMU_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86_64/mmu_inline.h"
#include "arch/x86_64/pte.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"

#define ARENA_PAGES 2048UL
#define BASE	    0xffffea0000000000UL

uint8_t *host_direct_map;
unsigned long host_invalidated, host_flushed;
struct cpu_features cpu_features;

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	mock_assert(0, expr, file, line);
	abort();
}

struct source {
	struct pt_alloc pt;
	struct {
		bool used;
		unsigned level;
		vaddr_t va;
	} page[ARENA_PAGES];
	unsigned live, calls, fail_at; /* fail_at 0: never */
	bool one_at_a_time;
	paddr_t open;
};

static struct source source;

static paddr_t source_alloc(struct pt_alloc *pt, unsigned level, vaddr_t va)
{
	struct source *s = container_of(pt, struct source, pt);

	assert_in_range(level, 1, 3);
	if (++s->calls == s->fail_at)
		return 0;
	for (unsigned long i = 2; i < ARENA_PAGES; i++) {
		if (s->page[i].used)
			continue;
		s->page[i].used = true;
		s->page[i].level = level;
		s->page[i].va = va >> level_shift(level + 1);
		s->live++;
		if (!s->one_at_a_time)
			memset(host_direct_map + i * PAGE_SIZE, 0xa5, PAGE_SIZE);
		return i * PAGE_SIZE;
	}
	fail_msg("the arena is full");
	return 0;
}

static void source_free(struct pt_alloc *pt, paddr_t table, unsigned level, vaddr_t va)
{
	struct source *s = container_of(pt, struct source, pt);
	unsigned long i = table / PAGE_SIZE;

	assert_in_range(i, 2, ARENA_PAGES - 1);
	assert_true(s->page[i].used);
	assert_int_equal(s->page[i].level, level);
	assert_int_equal(s->page[i].va, va >> level_shift(level + 1));
	s->page[i].used = false;
	s->live--;
}

static pte_t *source_access(struct pt_alloc *pt, paddr_t table)
{
	struct source *s = container_of(pt, struct source, pt);

	if (s->one_at_a_time && s->open != table) {
		if (s->open)
			mprotect(host_direct_map + s->open, PAGE_SIZE, PROT_NONE);
		mprotect(host_direct_map + table, PAGE_SIZE, PROT_READ | PROT_WRITE);
		s->open = table;
	}
	return (pte_t *)(host_direct_map + table);
}

static void arena_open(bool all)
{
	mprotect(host_direct_map, ARENA_PAGES * PAGE_SIZE,
		 all ? PROT_READ | PROT_WRITE : PROT_NONE);
	source.open = 0;
	source.one_at_a_time = !all;
}

static int setup(void **state)
{
	(void)state;
	if (host_direct_map == NULL)
		host_direct_map = mmap(NULL, ARENA_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	arena_open(true);
	memset(&source, 0, sizeof(source));
	memset(host_direct_map, 0xa5, ARENA_PAGES * PAGE_SIZE);
	source.pt = (struct pt_alloc){source_alloc, source_free, source_access, 4};
	cpu_features = (struct cpu_features){.nx = true, .pge = true, .gib_pages = true};
	return mmu_init(PAGE_SIZE, &source.pt);
}

static int map(vaddr_t va, paddr_t pa, size_t size, size_t page)
{
	return mmu_map(va, pa, size, MMU_WRITE, page, &source.pt);
}

static size_t page_size_at(vaddr_t va)
{
	struct mmu_step steps[4];
	unsigned n = mmu_walk(va, steps);

	return steps[n - 1].page_size;
}

static void assert_mapped(vaddr_t va, paddr_t want)
{
	paddr_t pa = 0;

	assert_true(mmu_translate(va, &pa));
	assert_int_equal(pa, want);
}

static void assert_absent(vaddr_t va)
{
	paddr_t pa;

	assert_false(mmu_translate(va, &pa));
}

#endif
