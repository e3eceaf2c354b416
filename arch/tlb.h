/*
 * arch/tlb.h - arch contract: forgetting translations, on every CPU.
 *
 * Whoever takes a mapping away or makes it stricter gathers what changed in a batch, and
 * flushes once before anything of it is used anew: a page freed, a table given back, a chunk
 * copied.  A mapping that was absent needs no flush [SDM 3A 4.10.2.3].
 *
 *	struct tlb_batch batch;
 *
 *	tlb_batch_init(&batch);
 *	... entry_set(slot, 0); tlb_batch_add(&batch, va, span); ...
 *	tlb_batch_flush(&batch);
 *
 * tlb_batch_flush() may be called with any spin lock held and with interrupts off: a CPU that
 * waits, for a lock or for answers like this one, serves the flushes of others while it waits
 * (docs/locking.md).  Not from an NMI.
 */
#ifndef ARCH_TLB_H
#define ARCH_TLB_H

#include "kernel/lib/types.h"

#define TLB_RANGES_MAX 4
#define TLB_PAGES_MAX  32 /* more are one flush of everything */

struct tlb_range {
	vaddr_t va;
	size_t span; /* of one leaf */
	unsigned count;
};

struct tlb_batch {
	unsigned nranges, npages;
	bool all;
	struct tlb_range range[TLB_RANGES_MAX];
};

static inline void tlb_batch_init(struct tlb_batch *batch)
{
	batch->nranges = batch->npages = 0;
	batch->all = false;
}

static inline bool tlb_batch_empty(const struct tlb_batch *batch)
{
	return batch->npages == 0 && !batch->all;
}

/* The leaf of `span` bytes at `va` changed. */
void tlb_batch_add(struct tlb_batch *batch, vaddr_t va, size_t span);
/* Flushes what the batch holds, on every CPU that runs, and empties it.  Returns when no CPU can
 * use any of these translations any more. */
void tlb_batch_flush(struct tlb_batch *batch);

/* The part of the running CPU. */
void tlb_flush_local(const struct tlb_batch *batch);
/* `flush` does the whole of a flush from now on, the running CPU's part too: there are others. */
void tlb_set_flush(void (*flush)(const struct tlb_batch *batch));

#endif
