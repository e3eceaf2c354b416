/*
 * mm/vm/area.h - ranges of the VM area's address space.
 *
 * Lock: area_lock (spin, rank KMAP).
 */
#ifndef MM_VM_AREA_H
#define MM_VM_AREA_H

#include "kernel/lib/types.h"

/* Reserves `size` bytes aligned to 1 GiB, with an unmapped gap behind; 0: none left. */
vaddr_t vm_area_reserve(size_t size);
void vm_area_release(vaddr_t va);

#endif
