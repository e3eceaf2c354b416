/*
 * mm/boot_vmemmap.c - the memmap of boot memory.
 *
 * A 2 MiB page of the vmemmap describes 256 MiB of frames (a slot).  A slot that one span
 * fills is mapped by a 2 MiB page; in a slot that boot memory shares, with a hole or with
 * another span, 4 KiB pages back exactly what is there: a DIMM that is plugged into the rest
 * maps its own part there later.  The tables come from early, so they outlive any DIMM.
 *
 * Descriptors lie on the node they describe, as long as that has room.
 */
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/panic.h"
#include "mm/early.h"
#include "mm/init_priv.h"

static vaddr_t descriptor(pfn_t pfn)
{
	return VMEMMAP_BASE + pfn * sizeof(struct page);
}

/* Memory for descriptors of the span: its own, else any; 0: none. */
static paddr_t backing(const struct boot_span *span, size_t size, size_t align)
{
	paddr_t start = pfn_to_paddr(span->start);
	paddr_t end = start + span->npages * PAGE_SIZE;
	paddr_t pa = early_alloc_in(&early, size, align, MAX(start, 1 * MiB), end, "memmap");

	return pa != 0 ? pa : early_alloc(&early, size, align, "memmap");
}

/* Backs [va, va + size) of the vmemmap by memory in one piece, with pages of `page` bytes. */
static int map_piece(const struct boot_span *span, vaddr_t va, size_t size, size_t page)
{
	paddr_t pa = backing(span, size, page);

	return pa == 0 ? -ENOMEM : mmu_map(va, pa, size, MMU_WRITE, page, &pt_alloc_early);
}

static int map_single_pages(const struct boot_span *span, vaddr_t va, vaddr_t end)
{
	int err = 0;

	for (; va < end && err == 0; va += PAGE_SIZE)
		err = map_piece(span, va, PAGE_SIZE, PAGE_SIZE);
	return err;
}

/* Backs the part of the span's descriptors from va on that lies in one slot; returns its end. */
static vaddr_t map_slot(const struct boot_span *span, vaddr_t va, vaddr_t end)
{
	vaddr_t next = MIN(end, ALIGN_DOWN(va, SIZE_2M) + SIZE_2M);
	int err = -ENOMEM;

	if (next - va == SIZE_2M)
		err = map_piece(span, va, SIZE_2M, SIZE_2M);
	if (err) /* ragged, or no aligned 2 MiB are left */
		err = map_piece(span, va, next - va, PAGE_SIZE);
	if (err) /* not even in one piece */
		err = map_single_pages(span, va, next);
	if (err)
		panic("mm: not enough memory to describe memory at %#lx: %s",
		      pfn_to_paddr(span->start), errno_name(err));
	return next;
}

void boot_vmemmap_map(void)
{
	vaddr_t mapped = VMEMMAP_BASE; /* up to here; spans may share a 4 KiB page */

	for (unsigned i = 0; i < nr_boot_spans; i++) {
		const struct boot_span *span = &boot_spans[i];
		vaddr_t va = ALIGN_DOWN(descriptor(span->start), PAGE_SIZE);
		vaddr_t end = ALIGN_UP(descriptor(span->start + span->npages), PAGE_SIZE);

		for (va = MAX(va, mapped); va < end;)
			va = map_slot(span, va, end);
		mapped = MAX(mapped, end);
	}
}
