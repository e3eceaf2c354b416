/*
 * mm/vm/object_priv.h - what the files of vm objects share.  object->lock held throughout.
 */
#ifndef MM_VM_OBJECT_PRIV_H
#define MM_VM_OBJECT_PRIV_H

#include "mm/vm/object.h"

/* The page at `offset` by the index, the first mapping's page tables: a chunk's head where
 * `offset` is that of a chunk. */
struct page *object_page(const struct vm_object *object, uint64_t offset);

/* Copies the chunk, points every mapping at the copy and wakes who waited for it.  `from` is the
 * caller's to free then.  -EINTR: interrupted, nothing moved (chunks above 2 MiB only). */
int object_move_chunk(struct vm_object *object, struct page *from, struct page *to);

#endif
