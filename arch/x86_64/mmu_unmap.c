/*
 * arch/x86_64/mmu_unmap.c - unmapping, and the TLB.
 *
 * Whatever is taken out is gathered first, flushed once, and only then given back: until the
 * flush a CPU may still walk through an unlinked table [SDM 3A 4.10.4].
 */
#include "arch/x86_64/mmu_priv.h"
#include "kernel/lib/assert.h"

void gather_table(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va)
{
	pte_t *words = table_access(g->alloc, table);

	/* Both words are absent entries: bit 0 is clear in a page address and in level << 1. */
	words[0] = g->tables;
	words[1] = ALIGN_DOWN(va, PAGE_SIZE) | level << 1;
	g->tables = table;
}

void gather_finish(struct mmu_gather *g)
{
	/* One invlpg drops the cached upper levels of every address [SDM 3A 4.10.4.1]. */
	if (g->tables != 0 && tlb_batch_empty(&g->tlb))
		g->tlb.all = true;
	tlb_batch_flush(&g->tlb);
	while (g->tables != 0) {
		paddr_t table = g->tables;
		pte_t *words = table_access(g->alloc, table);
		unsigned level = (words[1] & (PAGE_SIZE - 1)) >> 1;
		vaddr_t va = ALIGN_DOWN(words[1], PAGE_SIZE);

		g->tables = words[0];
		g->alloc->free(g->alloc, table, level, va);
	}
}

/* Gathers every table below `table`, whose whole span goes away. */
static void gather_children(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va)
{
	for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
		pte_t entry = table_access(g->alloc, table)[i];
		vaddr_t child_va = va + i * level_size(level);

		if (!pte_present(entry) || pte_is_leaf(entry, level))
			continue;
		if (level > 2 && !(entry & PTE_LEAVES))
			gather_children(g, pte_table(entry), level - 1, child_va);
		gather_table(g, pte_table(entry), level - 1, child_va);
	}
}

static bool table_empty(struct mmu_gather *g, paddr_t table)
{
	const pte_t *entries = table_access(g->alloc, table);

	for (unsigned i = 0; i < TABLE_ENTRIES; i += 8)
		if ((entries[i] | entries[i + 1] | entries[i + 2] | entries[i + 3] |
		     entries[i + 4] | entries[i + 5] | entries[i + 6] | entries[i + 7]) != 0)
			return false;
	return true;
}

static void unlink_table(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va)
{
	pte_t *slot = table_access(g->alloc, table) + level_index(va, level);
	paddr_t child = pte_table(*slot);

	entry_set(slot, 0);
	gather_table(g, child, level - 1, va);
}

static void unmap_table(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va,
			vaddr_t end);

/* Unmaps [va, end), which lies under one entry of the table that names another table. */
static void unmap_child(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va,
			vaddr_t end)
{
	pte_t *slot = table_access(g->alloc, table) + level_index(va, level);
	pte_t entry = *slot;
	bool may_free = level - 1 < g->alloc->keep_level;

	if (may_free && end - va == level_size(level)) {
		if (level > 2 && !(entry & PTE_LEAVES))
			gather_children(g, pte_table(entry), level - 1, va);
		unlink_table(g, table, level, va);
		g->tlb.all = true;
		return;
	}
	entry_set(slot, entry & ~PTE_LEAVES);
	unmap_table(g, pte_table(entry), level - 1, va, end);
	if (may_free && table_empty(g, pte_table(entry)))
		unlink_table(g, table, level, va);
}

/* In a table of 4 KiB pages: it has no tables below, so it is looked up once. */
static void unmap_pages(struct mmu_gather *g, pte_t *entries, vaddr_t va, vaddr_t end)
{
	for (; va < end; va += PAGE_SIZE) {
		pte_t *slot = &entries[level_index(va, 1)];

		if (*slot == 0)
			continue;
		ASSERT(pte_present(*slot)); /* nobody unmaps what is being moved */
		entry_set(slot, 0);
		gather_page(g, va, 1);
	}
}

static void unmap_table(struct mmu_gather *g, paddr_t table, unsigned level, vaddr_t va,
			vaddr_t end)
{
	if (level == 1) {
		unmap_pages(g, table_access(g->alloc, table), va, end);
		return;
	}
	for (vaddr_t next; va < end; va = next) {
		pte_t *slot = table_access(g->alloc, table) + level_index(va, level);

		next = level_next(va, end, level);
		if (*slot == 0)
			continue;
		ASSERT(pte_present(*slot)); /* nobody unmaps what is being moved */
		if (!pte_is_leaf(*slot, level)) {
			unmap_child(g, table, level, va, next);
			continue;
		}
		ASSERT(next - va == level_size(level)); /* never a part of a large page */
		entry_set(slot, 0);
		gather_page(g, va, level);
	}
}

void mmu_unmap(vaddr_t va, size_t size, struct pt_alloc *alloc)
{
	struct mmu_gather g;

	ASSERT(IS_ALIGNED(va | size, PAGE_SIZE));
	ASSERT(size > 0 && va + size > va);

	gather_init(&g, alloc);
	unmap_table(&g, mmu_root(), MMU_LEVELS, va, va + size);
	gather_finish(&g);
}
