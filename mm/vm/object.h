/*
 * mm/vm/object.h - vm objects: chunks of pages by offset, used through mappings.
 *
 * An object is mapped once or more, each mapping contiguous in the VM area of the kernel's
 * address space.  The page tables of its first mapping are its index; a chunk's descriptor
 * holds the way back: owner -> object -> mappings, private = offset in pages.  So a chunk can
 * be moved under running users: every mapping gets a migration entry, the contents are copied,
 * every mapping is pointed at the copy; who touches it meanwhile waits in the page fault.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after object_create()
 *	o	object->lock (mutex): held while chunks come, go or move
 */
#ifndef MM_VM_OBJECT_H
#define MM_VM_OBJECT_H

#include "kernel/lib/refusal.h"
#include "kernel/mutex.h"
#include "mm/page.h"

#define VM_OBJECT_NAME_MAX 24
#define VM_MAPPINGS_MAX	   4

struct vm_object {
	struct mutex lock;
	char name[VM_OBJECT_NAME_MAX + 8]; /* [I] "hog:NAME" */
	struct page_owner owner;	   /* [I] ops NULL: not movable */
	uint64_t npages;		   /* [o] mapped so far */
	uint64_t limit;			   /* [I] pages of address space a mapping has */
	vaddr_t mapping[VM_MAPPINGS_MAX];  /* [o] */
	unsigned nmappings;		   /* [o] */
	uint64_t moves;			   /* [o] chunks moved, ever */
};

/* Registers the page-fault handler for the VM area. */
void vm_init(void);

/* An empty object with room for `limit` pages.  0, -ENOMEM, or what vm_area_reserve() says. */
int vm_object_create(const char *name, uint64_t limit, bool movable, struct vm_object **created,
		     struct refusal *why);
/* Unmaps it and frees every chunk.  Nobody may be using it. */
void vm_object_destroy(struct vm_object *object);

/*
 * Allocates chunks of `order` (from `node`, or anywhere) and maps them at the end, in every
 * mapping, until the object has npages more.  0 or a refusal; what was added stays
 * (vm_object_destroy() gives it back).  npages: a multiple of the chunk.
 */
int vm_object_grow(struct vm_object *object, uint64_t npages, unsigned order, int node,
		   bool this_node, struct refusal *why);

/* The same, but sleeps while there is no memory for the next chunk or its tables; -EINTR if
 * interrupted. */
int vm_object_grow_wait(struct vm_object *object, uint64_t npages, unsigned order, int node,
			bool this_node, struct refusal *why);

/* Maps the whole object once more. */
int vm_object_share(struct vm_object *object, struct refusal *why);

static inline void *vm_object_address(const struct vm_object *object, unsigned mapping)
{
	return (void *)object->mapping[mapping];
}

#endif
