/*
 * mm/vm/area.h - ranges of the VM area's address space.
 *
 * Lock: area_lock (spin, rank KMAP).
 */
#ifndef MM_VM_AREA_H
#define MM_VM_AREA_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"

/*
 * Reserves `size` bytes aligned to 1 GiB, with an unmapped gap behind, at *va.
 *
 * => 0; -EINVAL: nothing is wanted; -E2BIG: more than there is altogether; -ENOSPC: no hole is
 *    large enough now; -ENOMEM: no memory for the descriptor
 */
int vm_area_reserve(size_t size, vaddr_t *va, struct refusal *why);
void vm_area_release(vaddr_t va);

#endif
