/*
 * arch/x86_64/mmu_map.c - mapping: mmu_map() and mmu_prepare().
 *
 * A map is one recursive pass that fills leaves and makes the tables it lacks.  A new table is
 * filled before it is linked, so the CPU never sees a half-made one, and one that will be
 * filled whole is not cleared first: an entry costs two instructions, which is what makes a
 * 128 GiB DIMM cheap.
 *
 * If a table is refused half way, the pass is undone.  For that, an entry made in a table that
 * was there before carries PTE_FRESH until the call is over; whatever hangs under a new table
 * is new as well.  mmu_settle() takes the marks away.
 *
 * alloc->access() may reuse one window for every table, so a pointer to a table is never kept
 * across anything that touches another table.
 */
#include "arch/cpu.h"
#include "arch/x86_64/mmu_inline.h"
#include "arch/x86_64/mmu_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"

struct map_job {
	struct pt_alloc *alloc;
	enum mmu_flags flags;
	unsigned max_level; /* of a leaf */
	unsigned fresh;	    /* marks set */
	struct mmu_gather undone;
};

pte_t leaf_bits(enum mmu_flags flags, unsigned level)
{
	/* Accessed and dirty from the start: the CPU then never writes to a table. */
	pte_t bits = PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY;

	ASSERT((flags & (MMU_WRITE | MMU_EXEC)) != (MMU_WRITE | MMU_EXEC));
	if (flags & MMU_WRITE)
		bits |= PTE_WRITE;
	if (!(flags & MMU_EXEC) && cpu_features.nx)
		bits |= PTE_NX;
	if (flags & MMU_UNCACHED)
		bits |= PTE_PCD | PTE_PWT;
	if (cpu_features.pge)
		bits |= PTE_GLOBAL;
	return level > 1 ? bits | PTE_LARGE : bits;
}

/* Writes n leaves from `slot` on; unrolled, since this loop is the cost of adding a DIMM. */
static void fill_leaves(pte_t *slot, unsigned n, pte_t leaf, size_t step)
{
	for (; n >= 8; n -= 8, slot += 8) {
		slot[0] = leaf, leaf += step;
		slot[1] = leaf, leaf += step;
		slot[2] = leaf, leaf += step;
		slot[3] = leaf, leaf += step;
		slot[4] = leaf, leaf += step;
		slot[5] = leaf, leaf += step;
		slot[6] = leaf, leaf += step;
		slot[7] = leaf, leaf += step;
	}
	for (; n > 0; n--, leaf += step)
		*slot++ = leaf;
}

/*
 * Maps as many whole entries of the table as there are leaves for from va on: up to the end of
 * the range, of the table, or to an entry that is in use.  Returns the bytes mapped.
 */
static size_t map_leaves(struct map_job *job, paddr_t table, unsigned level, vaddr_t va,
			 vaddr_t end, paddr_t pa, bool fresh)
{
	size_t step = level_size(level);
	unsigned index = level_index(va, level), n, i;
	pte_t *slot;

	if (level > job->max_level || !IS_ALIGNED(va | pa, step) || end - va < step)
		return 0;
	n = MIN((end - va) >> level_shift(level), TABLE_ENTRIES - index);
	slot = table_access(job->alloc, table) + index;
	if (!fresh) {
		for (i = 0; i < n && slot[i] == 0; i++)
			;
		n = i;
	}
	fill_leaves(slot, n, pa | leaf_bits(job->flags, level), step);
	return n * step;
}

/* Takes back what this call mapped in [va, end) of the table: exactly the marked tables. */
static void undo_table(struct map_job *job, paddr_t table, unsigned level, vaddr_t va, vaddr_t end,
		       bool fresh)
{
	for (vaddr_t next; va < end; va = next) {
		pte_t *slot = table_access(job->alloc, table) + level_index(va, level);
		pte_t entry = *slot;

		next = level_next(va, end, level);
		if (pte_is_leaf(entry, level)) {
			entry_set(slot, 0);
			gather_page(&job->undone, va, level);
			continue;
		}
		bool child_fresh = fresh || (entry & PTE_FRESH) != 0;

		undo_table(job, pte_table(entry), level - 1, va, next, child_fresh);
		if (!child_fresh)
			continue;
		entry_set(table_access(job->alloc, table) + level_index(va, level), 0);
		gather_table(&job->undone, pte_table(entry), level - 1, va);
	}
}

static int map_table(struct map_job *job, paddr_t table, unsigned level, vaddr_t va, vaddr_t end,
		     paddr_t pa, bool fresh);

/* Makes the table under an absent entry, fills it for [va, end), links it. */
static int map_new_child(struct map_job *job, paddr_t table, unsigned level, vaddr_t va,
			 vaddr_t end, paddr_t pa, bool fresh)
{
	bool whole = end - va == level_size(level);
	bool leaves = whole && level - 1 <= job->max_level && IS_ALIGNED(pa, level_size(level - 1));
	paddr_t child = job->alloc->alloc(job->alloc, level - 1, va);
	pte_t entry;
	int err;

	if (child == 0)
		return -ENOMEM;
	if (!whole)
		arch_clear_table(table_access(job->alloc, child));
	err = map_table(job, child, level - 1, va, end, pa, true);
	if (err) {
		job->alloc->free(job->alloc, child, level - 1, va);
		return err;
	}
	entry = child | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
	if (leaves)
		entry |= PTE_LEAVES;
	if (!fresh) {
		entry |= PTE_FRESH;
		job->fresh++;
	}
	entry_set(table_access(job->alloc, table) + level_index(va, level), entry);
	return 0;
}

/* Maps [va, end), which one entry of the table covers, by smaller pages under that entry. */
static int map_child(struct map_job *job, paddr_t table, unsigned level, vaddr_t va, vaddr_t end,
		     paddr_t pa, bool fresh)
{
	pte_t entry = 0;

	/* An entry of a new table is seen once, and may not even have been cleared. */
	if (!fresh)
		entry = table_access(job->alloc, table)[level_index(va, level)];
	if (entry == 0)
		return map_new_child(job, table, level, va, end, pa, fresh);
	if (!pte_present(entry) || pte_is_leaf(entry, level)) /* a page, perhaps on the move */
		return -EEXIST;
	return map_table(job, pte_table(entry), level - 1, va, end, pa, false);
}

/* Maps [va, end), which the table covers.  `fresh`: this call made the table. */
static int map_table(struct map_job *job, paddr_t table, unsigned level, vaddr_t va, vaddr_t end,
		     paddr_t pa, bool fresh)
{
	const vaddr_t start = va;

	while (va < end) {
		size_t done = map_leaves(job, table, level, va, end, pa, fresh);

		if (done == 0) {
			vaddr_t next = level_next(va, end, level);
			int err = map_child(job, table, level, va, next, pa, fresh);

			if (err) {
				undo_table(job, table, level, start, va, fresh);
				return err;
			}
			done = next - va;
		}
		va += done;
		pa += done;
	}
	return 0;
}

/* Takes the marks away again; they stand only in tables that were there before. */
static void mmu_settle(struct map_job *job, paddr_t table, unsigned level, vaddr_t va, vaddr_t end)
{
	for (vaddr_t next; va < end && job->fresh > 0; va = next) {
		pte_t *slot = table_access(job->alloc, table) + level_index(va, level);
		pte_t entry = *slot;

		next = level_next(va, end, level);
		if (pte_is_leaf(entry, level))
			continue;
		if (entry & PTE_FRESH) {
			entry_set(slot, entry & ~PTE_FRESH);
			job->fresh--;
		} else if (level > 2) {
			mmu_settle(job, pte_table(entry), level - 1, va, next);
		}
	}
}

static unsigned leaf_level_max(size_t max_page)
{
	if (max_page >= SIZE_1G && cpu_features.gib_pages)
		return 3;
	return max_page >= SIZE_2M ? 2 : 1;
}

int mmu_map(vaddr_t va, paddr_t pa, size_t size, enum mmu_flags flags, size_t max_page,
	    struct pt_alloc *alloc)
{
	struct map_job job = {
		.alloc = alloc,
		.flags = flags,
		.max_level = leaf_level_max(max_page),
	};
	int err;

	ASSERT(IS_ALIGNED(va | pa | size, PAGE_SIZE));
	ASSERT(size > 0 && va + size > va && pa + size > pa);
	ASSERT(pa + size <= PTE_ADDRESS_MASK);

	gather_init(&job.undone, alloc);
	err = map_table(&job, mmu_root(), MMU_LEVELS, va, va + size, pa, false);
	if (err)
		gather_finish(&job.undone);
	else
		mmu_settle(&job, mmu_root(), MMU_LEVELS, va, va + size);
	return err;
}

static int prepare_table(paddr_t table, unsigned level, vaddr_t va, vaddr_t end, unsigned lowest,
			 struct pt_alloc *alloc)
{
	for (vaddr_t next; va < end && level > lowest; va = next) {
		pte_t *slot = table_access(alloc, table) + level_index(va, level);
		pte_t entry = *slot;
		int err;

		next = level_next(va, end, level);
		if (!pte_present(entry)) {
			paddr_t child = alloc->alloc(alloc, level - 1, va);

			if (child == 0)
				return -ENOMEM;
			arch_clear_table(table_access(alloc, child));
			entry = child | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
			entry_set(table_access(alloc, table) + level_index(va, level), entry);
		} else if (pte_is_leaf(entry, level)) {
			continue;
		}
		err = prepare_table(pte_table(entry), level - 1, va, next, lowest, alloc);
		if (err)
			return err;
	}
	return 0;
}

int mmu_prepare(vaddr_t va, size_t size, unsigned level, struct pt_alloc *alloc)
{
	ASSERT(size > 0 && va + size > va);
	ASSERT(level >= 1 && level < MMU_LEVELS);

	return prepare_table(mmu_root(), MMU_LEVELS, va, va + size, level, alloc);
}
