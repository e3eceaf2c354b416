/*
 * kernel/smp_flush.c - TLB shootdown: flushing what one CPU changed on all of them.
 *
 * Owns the one flush that may go on, under flush_lock (spin, rank TLB, the last of all ranks:
 * page tables are changed under any lock).  The flush is a batch on its sender's stack; a CPU
 * reads it while its bit is in flush_waiting, and the sender waits until none is.
 *
 * Why nobody waits for ever: the sender waits with interrupts off for CPUs each of which either
 * has interrupts on, or is in a section that ends by itself, or waits in a loop that calls
 * cpu_wait(), which answers.  So any lock may be held by the sender.
 */
#include "arch/tlb.h"
#include "kernel/lib/bits.h"
#include "kernel/panic.h"
#include "kernel/smp_priv.h"
#include "kernel/spinlock.h"

static struct spinlock flush_lock = SPINLOCK_INIT("tlb", RANK_TLB);
static const struct tlb_batch *flush_batch GUARDED_BY(&flush_lock); /* [flush_lock] */
static uint64_t flush_waiting; /* CPUs that have not answered yet */

/* Under the lock of whoever waits for the answer, on another CPU. */
static void answer_flush(void) NO_TSA
{
	uint64_t flags, me;

	if (likely(__atomic_load_n(&flush_waiting, __ATOMIC_RELAXED) == 0))
		return;
	flags = cpu_irq_save(); /* or an interrupt could answer in between */
	me = BIT(cpu_id());
	if (__atomic_load_n(&flush_waiting, __ATOMIC_ACQUIRE) & me) {
		tlb_flush_local(flush_batch);
		__atomic_fetch_and(&flush_waiting, ~me, __ATOMIC_RELEASE);
	}
	cpu_irq_restore(flags);
}

static void flush_everywhere(const struct tlb_batch *batch)
{
	uint64_t flags = spin_lock(&flush_lock);
	uint64_t others = smp_online() & ~BIT(cpu_id());

	flush_batch = batch;
	__atomic_store_n(&flush_waiting, others, __ATOMIC_SEQ_CST);
	smp_send(others, IPI_FLUSH);
	tlb_flush_local(batch);
	while (__atomic_load_n(&flush_waiting, __ATOMIC_ACQUIRE) != 0 && !panic_in_progress())
		cpu_relax(); /* nobody can ask this CPU for a flush meanwhile */
	spin_unlock(&flush_lock, flags);
}

void smp_flush_init(void)
{
	ipi_set_handler(IPI_FLUSH, answer_flush);
	cpu_set_wait(answer_flush);
	tlb_set_flush(flush_everywhere);
}

void smp_join(void)
{
	static const struct tlb_batch everything = {.all = true};
	uint64_t flags = spin_lock(&flush_lock);

	smp_set_online(cpu_id());
	tlb_flush_local(&everything);
	spin_unlock(&flush_lock, flags);
}
