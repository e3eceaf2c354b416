/*
 * kernel/shell/fault_place.c - in a panic: who holds hotplug_lock; after a page fault, how far the
 * page tables go, and whose place the address is or was ("vmemmap of dimm0, ejected 12 s ago").
 *
 * Owns the note of the devices that left last.  It is written by a listener, under hotplug_lock,
 * and read in a panic without it: nobody else runs then.
 */
#include "kernel/shell/fault_place.h"

#include "arch/mmu.h"
#include "arch/trap.h"
#include "kernel/clock.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"
#include "mm/hotplug/listener.h"
#include "mm/page.h"

#define DEPARTED_MAX 16

static struct departed {
	char name[DEVICE_NAME_MAX];
	pfn_t start;
	uint64_t npages, us;
} departed[DEPARTED_MAX];
static unsigned ndeparted; /* ever */

static void note_departure(const struct listener_change *change)
{
	struct departed *d = &departed[ndeparted % DEPARTED_MAX];

	if (change->event != LISTENER_REMOVE)
		return;
	strcpy(d->name, change->device->name);
	d->start = change->start;
	d->npages = change->npages;
	d->us = clock_us();
	ndeparted++;
}

static struct listener listener = {.name = "fault_place", .commit = note_departure};

/* The last one that had this frame. */
static const struct departed *departed_with(pfn_t pfn)
{
	for (unsigned i = 0; i < MIN(ndeparted, (unsigned)DEPARTED_MAX); i++) {
		const struct departed *d = &departed[(ndeparted - 1 - i) % DEPARTED_MAX];

		if (pfn >= d->start && pfn - d->start < d->npages)
			return d;
	}
	return NULL;
}

static void print_place(const char *what, pfn_t pfn)
{
	const struct memory_device *device = device_with(pfn);
	const struct departed *d = departed_with(pfn);

	panic_printf("%s of ", what);
	if (device != NULL)
		panic_printf("%s", device->name);
	else if (d != NULL)
		panic_printf("%s, ejected %lu s ago", d->name, (clock_us() - d->us) / 1000000);
	else
		panic_printf("no device");
	panic_printf(" (pfn 0x%lx)\n", pfn);
}

static void print_walk(vaddr_t va)
{
	struct mmu_step steps[4];
	unsigned n = mmu_walk(va, steps);

	panic_heading("page-table walk of %016lx:", va);
	for (unsigned i = 0; i < n; i++) {
		const struct mmu_step *s = &steps[i];

		panic_printf("  %-4s[%3u] at %010lx: %016lx ", mmu_level_name(s->level), s->index,
			     s->table + s->index * sizeof(pte_t), s->entry);
		if (!s->present)
			panic_printf("not present\n");
		else
			panic_printf("%s %010lx%s%s\n", s->leaf ? "page" : "table", s->target,
				     s->writable ? "" : ", read-only",
				     s->executable ? "" : ", not executable");
	}
}

/* Blocks and devices may be half-way between two states under it. */
static void print_hotplug_lock(void)
{
	const struct thread *owner = __atomic_load_n(&hotplug_lock.owner, __ATOMIC_RELAXED);

	if (owner != NULL)
		panic_heading("mutex %s: held by thread %s", hotplug_lock.name, thread_name(owner));
}

static void dump(void)
{
	vaddr_t va = trap_fault_address();

	print_hotplug_lock();
	if (!panic_by_page_fault() || !mmu_canonical(va))
		return;
	print_walk(va);
	if (va >= VMEMMAP_BASE && va < KERNEL_BASE)
		print_place("vmemmap", (va - VMEMMAP_BASE) / sizeof(struct page));
	else if (va >= DIRECT_MAP_BASE && va < DIRECT_MAP_BASE + DIRECT_MAP_MAX)
		print_place("direct map", paddr_to_pfn(va - DIRECT_MAP_BASE));
}

void fault_place_init(void)
{
	listener_register(&listener);
	panic_register_dumper(dump);
}
