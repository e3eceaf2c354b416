/*
 * mm/vm/area.c - first fit over a list of reserved ranges, sorted by address.
 *
 * Ranges start at multiples of 1 GiB so that chunks of every order can be mapped by the
 * largest pages.
 *
 * Lock: area_lock (spin) guards the list.
 */
#include "mm/vm/area.h"

#include "arch/mmu.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/list.h"
#include "kernel/spinlock.h"
#include "mm/slab.h"

FAULT_SITE(alloc_vm_area, "address space for a vm object is wanted")

struct vm_area {
	struct list_head link;
	vaddr_t start, end;
};

static struct spinlock area_lock = SPINLOCK_INIT("vm-area", RANK_KMAP);
static struct list_head areas GUARDED_BY(&area_lock) = LIST_HEAD_INIT(areas);

/* Links `area` where it fits first; false: nowhere. */
static bool area_place(struct vm_area *area, size_t span)
{
	vaddr_t start = VM_BASE;
	struct vm_area *next;

	list_for_each_entry (next, &areas, link) {
		if (next->start - start >= span)
			break;
		start = next->end;
	}
	if (&next->link == &areas && VM_END - start < span)
		return false;
	area->start = start;
	area->end = start + span;
	list_add_tail(&area->link, &next->link);
	return true;
}

/* The largest hole; area_lock held. */
static size_t largest_hole(void)
{
	size_t largest = 0;
	vaddr_t start = VM_BASE;
	const struct vm_area *area;

	list_for_each_entry (area, &areas, link) {
		largest = MAX(largest, area->start - start);
		start = area->end;
	}
	return MAX(largest, VM_END - start);
}

static int refuse_span(size_t size, size_t room, int err, const char *what, struct refusal *why)
{
	return refuse(why, err, "address space", "%lu GiB are wanted, %s is %lu GiB",
		      (size / SIZE_1G + (size % SIZE_1G != 0)), what, room / SIZE_1G);
}

int vm_area_reserve(size_t size, vaddr_t *va, struct refusal *why)
{
	struct vm_area *area;
	uint64_t flags;
	size_t span, room;
	bool placed;

	if (size == 0)
		return refuse(why, -EINVAL, "address space", "none is wanted");
	if (size > VM_END - VM_BASE - PAGE_SIZE)
		return refuse_span(size, VM_END - VM_BASE, -E2BIG, "all that objects have", why);
	if (FAULT_HIT(alloc_vm_area))
		return refuse(why, -ENOMEM, "address space", FAULT_TEXT);
	area = kmalloc(sizeof(*area));
	if (area == NULL)
		return refuse(why, -ENOMEM, "address space", "no memory for its descriptor");
	span = ALIGN_UP(size + PAGE_SIZE, SIZE_1G);
	flags = spin_lock(&area_lock);
	placed = area_place(area, span);
	room = placed ? 0 : largest_hole();
	spin_unlock(&area_lock, flags);
	if (!placed) {
		kfree(area);
		return refuse_span(size, room, -ENOSPC, "the largest hole in what objects have",
				   why);
	}
	*va = area->start;
	return 0;
}

void vm_area_release(vaddr_t va)
{
	struct vm_area *area, *found = NULL;
	uint64_t flags = spin_lock(&area_lock);

	list_for_each_entry (area, &areas, link) {
		if (area->start == va) {
			found = area;
			list_del(&area->link);
			break;
		}
	}
	spin_unlock(&area_lock, flags);
	ASSERT(found != NULL);
	kfree(found);
}
