/*
 * arch/x86_64/tlb.c - batches of translations to forget, and forgetting them on this CPU.
 *
 * Owns one hook, set when a second CPU starts.  Neighbouring leaves of one size share a range.
 */
#include "arch/tlb.h"

#include "arch/x86_64/mmu_inline.h"

static void (*flush_everywhere)(const struct tlb_batch *batch);

void tlb_batch_add(struct tlb_batch *batch, vaddr_t va, size_t span)
{
	if (batch->all)
		return;
	if (batch->npages++ == TLB_PAGES_MAX) {
		batch->all = true;
		return;
	}
	if (batch->nranges > 0) {
		struct tlb_range *last = &batch->range[batch->nranges - 1];

		if (last->span == span && va == last->va + span * last->count) {
			last->count++;
			return;
		}
	}
	if (batch->nranges == TLB_RANGES_MAX) {
		batch->all = true;
		return;
	}
	batch->range[batch->nranges++] = (struct tlb_range){.va = va, .span = span, .count = 1};
}

void tlb_flush_local(const struct tlb_batch *batch)
{
	if (batch->all) {
		arch_flush_all();
		return;
	}
	for (unsigned i = 0; i < batch->nranges; i++) {
		const struct tlb_range *range = &batch->range[i];

		for (unsigned n = 0; n < range->count; n++)
			arch_invalidate_page(range->va + n * range->span);
	}
}

void tlb_batch_flush(struct tlb_batch *batch)
{
	if (tlb_batch_empty(batch))
		return;
	if (flush_everywhere != NULL)
		flush_everywhere(batch);
	else
		tlb_flush_local(batch);
	tlb_batch_init(batch);
}

void tlb_set_flush(void (*flush)(const struct tlb_batch *batch))
{
	flush_everywhere = flush;
}
