/*
 * mm/vm/grow_wait.c - growing a vm object by memory that is not there yet.  Owns nothing.
 *
 * Chunk by chunk, and what was had is kept while it sleeps for the next: a waiter that gave
 * everything back would let others take it, and never get there.  The object's lock is free
 * meanwhile, so its chunks can be moved.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/wait_memory.h"
#include "mm/vm/object.h"

/* What the try before said is forgotten: it was no refusal yet. */
static int wait_for_more(struct memory_wait *wait, struct refusal *why)
{
	if (why != NULL)
		*why = (struct refusal){0};
	if (memory_wait(wait) == 0)
		return 0;
	return refuse(why, -EINTR, "allocate", "interrupted while it waited for memory");
}

int vm_object_grow_wait(struct vm_object *object, uint64_t npages, unsigned order, int node,
			bool this_node, struct refusal *why)
{
	struct memory_wait wait;
	int err = 0;

	ASSERT(IS_ALIGNED(npages, 1UL << order));
	memory_wait_begin(&wait);
	while (npages != 0 && err == 0) {
		err = vm_object_grow(object, 1UL << order, order, node, this_node, why);
		if (err == 0)
			npages -= 1UL << order;
		else if (err == -ENOMEM)
			err = wait_for_more(&wait, why);
	}
	memory_wait_end(&wait);
	return err;
}
