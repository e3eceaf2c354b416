/*
 * arch/x86_64/user_page.c - one page that user mode might reach, to prove that the kernel may
 * not touch it.
 *
 * There is no user mode, so nothing else has the user bit.  Owns nothing: the tables are the
 * caller's.
 */
#include "arch/x86_64/user_page.h"

#include "arch/mmu.h"
#include "arch/x86_64/control.h"
#include "arch/x86_64/pte.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define PTE_USER BIT(2) /* [SDM 3A 4.6] */

int user_page_map(vaddr_t va, paddr_t page, const paddr_t tables[3])
{
	paddr_t table = control_read_cr3() & PTE_ADDRESS_MASK;

	for (unsigned level = MMU_LEVELS; level > 1; level--) {
		pte_t *entry = (pte_t *)phys_to_virt(table) + level_index(va, level);
		paddr_t next = tables[MMU_LEVELS - level];

		ASSERT(IS_ALIGNED(next, PAGE_SIZE));
		if (pte_present(*entry))
			return -EEXIST;
		memset(phys_to_virt(next), 0, PAGE_SIZE);
		*entry = next | PTE_PRESENT | PTE_WRITE | PTE_USER;
		table = next;
	}
	((pte_t *)phys_to_virt(table))[level_index(va, 1)] =
		page | PTE_PRESENT | PTE_WRITE | PTE_USER;
	return 0;
}
