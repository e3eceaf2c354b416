/*
 * mm/vm/pin.h - pinning a range of a vm object: its frames stay where they are until unpinned.
 *
 * For whoever uses the memory by its physical address: a copy through the direct map, a device.
 * The pins are counted chunk by chunk (mm/page_pin.h); a chunk that the range touches is pinned
 * whole.  The object must not be destroyed before the last pin is gone.
 *
 * Lock: takes object->lock; may sleep.
 */
#ifndef MM_VM_PIN_H
#define MM_VM_PIN_H

#include "mm/page_pin.h"
#include "mm/vm/object.h"

/* A range of an object, in pages. */
struct vm_range {
	uint64_t offset, npages;
};

/*
 * PIN_SHORT: for a moment; an offline waits for the end of it.  PIN_LONG: chunks in ZONE_MOVABLE,
 * or in a block that is going offline, are first moved to a Normal zone, the nearest that has
 * room; *moved (may be NULL) counts them.
 *
 * => 0; -ERANGE: not all of it is in the object; -EOVERFLOW: too many pins on a chunk; -ENOSPC:
 *    a chunk must move and no Normal zone has one of its order; -EAGAIN: a chunk must move and is
 *    pinned for a moment that did not end in time; -EINTR
 * => on an error nothing of the range is pinned; what was moved stays where it is now
 */
int vm_object_pin(struct vm_object *object, struct vm_range range, enum pin_kind kind,
		  uint64_t *moved, struct refusal *why);

/* Takes back exactly what one vm_object_pin() did. */
void vm_object_unpin(struct vm_object *object, struct vm_range range, enum pin_kind kind);

/* The frame behind a page of the object, while that is pinned. */
pfn_t vm_object_pinned_pfn(struct vm_object *object, uint64_t offset);

#endif
