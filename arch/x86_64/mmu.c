/*
 * arch/x86_64/mmu.c - the root of the kernel's page tables, walks, and the window.
 *
 * There is one set of tables, made by mm_init_early() and never replaced.  What the functions
 * here read is the direct map's view of them.
 */
#include "arch/cpu.h"
#include "arch/x86_64/mmu_inline.h"
#include "arch/x86_64/mmu_priv.h"
#include "kernel/lib/assert.h"

static paddr_t root;
static pte_t *window_slot; /* the PD entry behind MMU_WINDOW_BASE */

paddr_t mmu_root(void)
{
	return root;
}

paddr_t mmu_phys_end(void)
{
	return MIN(DIRECT_MAP_MAX, BIT(cpu_features.phys_bits));
}

int mmu_init(paddr_t new_root, struct pt_alloc *alloc)
{
	struct mmu_step steps[MMU_LEVELS];
	unsigned n;
	int err;

	ASSERT(new_root != 0 && IS_ALIGNED(new_root, PAGE_SIZE));

	if (cpu_features.nx)
		arch_enable_nx();
	root = new_root;
	arch_clear_table(table_access(alloc, root));
	err = mmu_prepare(MMU_WINDOW_BASE, SIZE_2M, 2, alloc);
	if (err)
		return err;
	n = mmu_walk(MMU_WINDOW_BASE, steps);
	ASSERT(n == 3); /* PML4, PDPT, and the absent entry of the PD */
	window_slot = (pte_t *)phys_to_virt(steps[2].table) + steps[2].index;
	return 0;
}

void mmu_activate(void)
{
	arch_load_root(root);
	arch_enable_protection(cpu_features.pge);
}

static void step_fill(struct mmu_step *s, paddr_t table, unsigned level, vaddr_t va)
{
	pte_t entry = ((const pte_t *)phys_to_virt(table))[level_index(va, level)];

	*s = (struct mmu_step){
		.level = level,
		.index = level_index(va, level),
		.table = table,
		.entry = entry,
		.present = pte_present(entry),
	};
	if (!s->present)
		return;
	s->leaf = pte_is_leaf(entry, level);
	s->writable = (entry & PTE_WRITE) != 0;
	s->executable = (entry & PTE_NX) == 0;
	s->target = s->leaf ? pte_page(entry, level) : pte_table(entry);
	s->page_size = s->leaf ? level_size(level) : 0;
}

unsigned mmu_walk(vaddr_t va, struct mmu_step steps[4])
{
	paddr_t table = root;
	unsigned n = 0;

	for (unsigned level = MMU_LEVELS; level >= 1; level--) {
		struct mmu_step *s = &steps[n++];

		step_fill(s, table, level, va);
		if (!s->present || s->leaf)
			break;
		table = s->target;
	}
	return n;
}

bool mmu_translate(vaddr_t va, paddr_t *pa)
{
	paddr_t table = root;

	for (unsigned level = MMU_LEVELS; level >= 1; level--) {
		pte_t entry = ((const pte_t *)phys_to_virt(table))[level_index(va, level)];

		if (!pte_present(entry))
			return false;
		if (pte_is_leaf(entry, level)) {
			*pa = pte_page(entry, level) | (va & (level_size(level) - 1));
			return true;
		}
		table = pte_table(entry);
	}
	return false;
}

/* On every CPU: the thread that uses the window may go on elsewhere. */
static void window_set(pte_t entry)
{
	struct tlb_batch batch;

	tlb_batch_init(&batch);
	tlb_batch_add(&batch, MMU_WINDOW_BASE, SIZE_2M);
	entry_set(window_slot, entry);
	tlb_batch_flush(&batch);
}

void *mmu_window(paddr_t pa)
{
	pte_t entry = ALIGN_DOWN(pa, SIZE_2M) | leaf_bits(MMU_WRITE, 2);

	if (*window_slot != entry)
		window_set(entry);
	return (void *)(MMU_WINDOW_BASE + (pa & (SIZE_2M - 1)));
}

void mmu_window_close(void)
{
	window_set(0);
}
