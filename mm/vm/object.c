/*
 * mm/vm/object.c - vm objects: growing, sharing, moving and the faults that wait for a move.
 *
 * Lock: object->lock.  The migration code takes it in isolate() by trylock, under the zone's
 * lock: while a chunk is in use its owner exists, and with the lock held the owner stays.
 */
#include "mm/vm/object.h"

#include "arch/copy.h"
#include "arch/cpu.h"
#include "arch/trap.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/panic.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/init.h"
#include "mm/page_pin.h"
#include "mm/slab.h"
#include "mm/vm/area.h"
#include "mm/vm/object_priv.h"

static struct vm_object *object_of(const struct page_owner *owner)
{
	return container_of(owner, struct vm_object, owner);
}

static vaddr_t chunk_address(const struct vm_object *object, unsigned mapping, uint64_t offset)
{
	return object->mapping[mapping] + (offset << PAGE_SHIFT);
}

/*
 * Who touches a chunk that is being moved waits here.  One queue for all objects: the fault
 * has an address only, and looking its object up could race with the object's end.
 */
static struct wait_queue faults_wait = WAIT_QUEUE_INIT(faults_wait, "vm-faults");

/* --- what migration asks of the owner of a page --- */

/* Under the zone's lock: may not wait. */
static int object_isolate(const struct page_owner *owner)
{
	return mutex_trylock(&object_of(owner)->lock) ? 0 : -EAGAIN;
}

static void object_putback(const struct page_owner *owner) NO_TSA
{
	mutex_unlock(&object_of(owner)->lock);
}

static size_t chunk_size(const struct page *page)
{
	return PAGE_SIZE << page->order;
}

/* Every mapping of every chunk; when this returns nobody reads or writes them. */
static void block_batch(const struct vm_object *object, const struct page_batch *batch,
			struct mmu_batch *mmu)
{
	for (unsigned m = 0; m < object->nmappings; m++)
		for (unsigned i = 0; i < batch->count; i++)
			mmu_block(mmu, chunk_address(object, m, batch->from[i]->private),
				  chunk_size(batch->from[i]));
	mmu_block_finish(mmu);
}

/* Points every mapping of the batch's chunks at `pages`, the old ones or the new. */
static void retarget_batch(const struct vm_object *object, const struct page_batch *batch,
			   struct page *const pages[], struct mmu_batch *mmu)
{
	for (unsigned m = 0; m < object->nmappings; m++)
		for (unsigned i = 0; i < batch->count; i++)
			mmu_retarget(mmu, chunk_address(object, m, batch->from[i]->private),
				     page_to_paddr(pages[i]), chunk_size(pages[i]));
	/* Pairs with not_blocked(): who does not see the new entries is seen in the queue. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (wait_queue_has_waiters(&faults_wait))
		wait_queue_wake(&faults_wait);
}

/* What is copied without preemption: some 9,000 instructions. */
#define COPY_PIECE (64 * KiB)

static void copy_piece(void *to, const void *from, size_t size)
{
	preempt_disable();
	copy_frames(to, from, size);
	preempt_enable();
}

/* A chunk of 1 GiB takes longer than Ctrl-C may wait, so it is looked for on the way. */
static int copy_chunk(const struct page *to, const struct page *from)
{
	size_t size = chunk_size(from);

	for (size_t done = 0; done < size; done += COPY_PIECE) {
		if (done >= SIZE_2M && thread_interrupted())
			return -EINTR;
		copy_piece((char *)page_to_virt(to) + done, (char *)page_to_virt(from) + done,
			   MIN(size - done, COPY_PIECE));
	}
	return 0;
}

static int copy_batch(const struct page_batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++) {
		int err = copy_chunk(batch->to[i], batch->from[i]);

		if (err != 0)
			return err;
		batch->to[i]->private = batch->from[i]->private;
	}
	return 0;
}

static int object_move(const struct page_batch *batch)
{
	struct vm_object *object = object_of(batch->owner);
	struct mmu_batch mmu;
	int err;

	mmu_batch_init(&mmu);
	block_batch(object, batch, &mmu);
	err = copy_batch(batch);
	retarget_batch(object, batch, err == 0 ? batch->to : batch->from, &mmu);
	if (err == 0)
		object->moves += batch->count;
	return err;
}

int object_move_chunk(struct vm_object *object, struct page *from, struct page *to)
{
	struct page_batch batch;

	batch.owner = &object->owner;
	batch.count = 1;
	batch.from[0] = from;
	batch.to[0] = to;
	return object_move(&batch);
}

static const struct page_owner_ops object_ops = {
	.isolate = object_isolate,
	.move = object_move,
	.putback = object_putback,
};

/* --- faults --- */

static bool not_blocked(void *arg)
{
	/* Pairs with retarget_batch(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !mmu_blocked(*(vaddr_t *)arg);
}

static bool vm_fault(struct trap_frame *frame)
{
	vaddr_t va = trap_fault_address();

	/* A move makes entries absent.  What is there and forbidden stays so: running it, say. */
	if (va < VM_BASE || va >= VM_END || !(frame->rflags & RFLAGS_IF) ||
	    (frame->error & PF_PRESENT) || !mmu_covers(va))
		return false;
	if (mmu_blocked(va)) { /* else the move ended between the fault and here */
		cpu_irq_enable();
		wait_event(&faults_wait, not_blocked, &va, 0, false);
		cpu_irq_disable();
	}
	return true;
}

void vm_init(void)
{
	trap_register(TRAP_PAGE_FAULT, vm_fault);
}

/* --- life --- */

int vm_object_create(const char *name, uint64_t limit, bool movable, struct vm_object **created,
		     struct refusal *why)
{
	struct vm_object *object = kzalloc(sizeof(*object));
	int err;

	if (object == NULL)
		return refuse(why, -ENOMEM, "create", "no memory for the descriptor of %s", name);
	err = vm_area_reserve(limit << PAGE_SHIFT, &object->mapping[0], why);
	if (err != 0) {
		kfree(object);
		return err;
	}
	mutex_init(&object->lock, "vm-object");
	snprintf(object->name, sizeof(object->name), "%s", name);
	object->owner.name = object->name;
	object->owner.ops = movable ? &object_ops : NULL;
	object->limit = limit;
	object->nmappings = 1;
	*created = object;
	return 0;
}

/* Maps the chunk in every mapping, or in none. */
static int map_everywhere(struct vm_object *object, struct page *page, uint64_t offset)
{
	size_t size = chunk_size(page);

	for (unsigned i = 0; i < object->nmappings; i++) {
		int err = mmu_map(chunk_address(object, i, offset), page_to_paddr(page), size,
				  MMU_WRITE, SIZE_1G, &pt_alloc_pages);

		if (err != 0) {
			while (i-- > 0)
				mmu_unmap(chunk_address(object, i, offset), size, &pt_alloc_pages);
			return err;
		}
	}
	return 0;
}

static int grow_by_chunk(struct vm_object *object, unsigned order, unsigned flags, int node,
			 struct refusal *why)
{
	struct page *page = page_alloc(order, flags, node, &object->owner);
	int err;

	if (page == NULL)
		return -ENOMEM;
	page->private = object->npages;
	err = map_everywhere(object, page, object->npages);
	if (err != 0) {
		page_free(page);
		return refuse(why, err, "map", "no page for a page table");
	}
	object->npages += 1UL << order;
	return 0;
}

/* Free pages of the zones that would do. */
static uint64_t free_for(unsigned flags, int node)
{
	const struct zone *zone;
	uint64_t pages = 0;

	for_each_zone (zone)
		if ((zone->type != ZONE_MOVABLE || (flags & ALLOC_MOVABLE)) &&
		    (!(flags & ALLOC_THISNODE) || zone->node == (unsigned)node))
			pages += zone->free;
	return pages;
}

/* What there was of it, and what is left that is too small. */
static int refuse_no_chunk(unsigned order, unsigned flags, int node, uint64_t had, uint64_t want,
			   struct refusal *why)
{
	char where[16] = "";

	if (flags & ALLOC_THISNODE)
		snprintf(where, sizeof(where), " of node %d", node);
	return refuse(why, -ENOMEM, "allocate",
		      "no free chunk of order %u %s%s after %lu of %lu pages; %lu are free there",
		      order, flags & ALLOC_MOVABLE ? "in the zones" : "in the Normal zones", where,
		      had, want, free_for(flags, node));
}

int vm_object_grow(struct vm_object *object, uint64_t npages, unsigned order, int node,
		   bool this_node, struct refusal *why)
{
	unsigned flags = (object->owner.ops != NULL ? ALLOC_MOVABLE : 0U) |
			 (this_node ? ALLOC_THISNODE : 0U);
	uint64_t start = object->npages;
	int err = 0;

	ASSERT(IS_ALIGNED(npages, 1UL << order) && IS_ALIGNED(object->npages, 1UL << order));
	if (npages > object->limit - object->npages)
		return refuse(why, -E2BIG, "map", "%s has room for %lu pages", object->name,
			      object->limit);
	while (err == 0 && object->npages < start + npages) {
		if (thread_interrupted())
			return refuse(why, -EINTR, "allocate", "interrupted");
		mutex_lock(&object->lock);
		err = grow_by_chunk(object, order, flags, node, why);
		mutex_unlock(&object->lock);
	}
	if (err == -ENOMEM)
		refuse_no_chunk(order, flags, node, object->npages - start, npages, why);
	return err;
}

struct page *object_page(const struct vm_object *object, uint64_t offset)
{
	paddr_t pa = 0;
	bool mapped = mmu_translate(chunk_address(object, 0, offset), &pa);

	ASSERT(mapped);
	return pfn_to_page(paddr_to_pfn(pa));
}

int vm_object_share(struct vm_object *object, struct refusal *why)
{
	vaddr_t va;
	int err;

	if (object->nmappings == VM_MAPPINGS_MAX)
		return refuse(why, -ENOSPC, "map", "%s is mapped %u times already", object->name,
			      object->nmappings);
	err = vm_area_reserve(object->limit << PAGE_SHIFT, &va, why);
	if (err != 0)
		return err;

	mutex_lock(&object->lock);
	for (uint64_t offset = 0; err == 0 && offset < object->npages;) {
		struct page *page = object_page(object, offset);
		size_t size = chunk_size(page);

		err = mmu_map(va + (offset << PAGE_SHIFT), page_to_paddr(page), size, MMU_WRITE,
			      SIZE_1G, &pt_alloc_pages);
		offset += chunk_pages(page);
	}
	if (err == 0)
		object->mapping[object->nmappings++] = va;
	else
		mmu_unmap(va, object->npages << PAGE_SHIFT, &pt_alloc_pages);
	mutex_unlock(&object->lock);
	if (err != 0) {
		vm_area_release(va);
		return refuse(why, err, "map", "no page for a page table");
	}
	return 0;
}

/* Chains every chunk through its private word, which nobody reads under the object's lock. */
static struct page *chain_chunks(const struct vm_object *object)
{
	struct page *first = NULL;

	for (uint64_t offset = 0; offset < object->npages;) {
		struct page *page = object_page(object, offset);

		offset += chunk_pages(page);
		page->private = (uint64_t)first;
		first = page;
	}
	return first;
}

void vm_object_destroy(struct vm_object *object)
{
	struct page *page;

	mutex_lock(&object->lock);
	page = chain_chunks(object);
	for (unsigned i = 0; i < object->nmappings && object->npages != 0; i++)
		mmu_unmap(object->mapping[i], object->npages << PAGE_SHIFT, &pt_alloc_pages);
	while (page != NULL) {
		struct page *next = (struct page *)page->private;

		ASSERT(!page_pinned(page));
		page_free(page);
		page = next;
	}
	mutex_unlock(&object->lock);
	for (unsigned i = 0; i < object->nmappings; i++)
		vm_area_release(object->mapping[i]);
	page_owner_retire(); /* somebody may be reading the name of who held the pages */
	kfree(object);
}
