/*
 * kernel/smp.c - the set of CPUs that run, and calls to all of them.
 *
 * The set is one word, written atomically.  There is one call at a time: call_busy is a lock for
 * which threads wait with interrupts on, so that they answer the call of whoever has it.
 */
#include "kernel/smp.h"

#include "arch/smp.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/panic.h"
#include "kernel/smp_priv.h"
#include "kernel/spinlock.h"

static uint64_t online = 1; /* the boot CPU */

static bool call_busy;
static void (*call_fn)(void *arg); /* [call_busy] */
static void *call_arg;		   /* [call_busy] */
static uint64_t call_waiting;	   /* CPUs that have not answered yet */

uint64_t smp_online(void)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

unsigned smp_count(void)
{
	unsigned count = 0;

	for (uint64_t left = smp_online(); left != 0; left &= left - 1)
		count++;
	return count;
}

static void answer_call(void)
{
	uint64_t me = BIT(cpu_id());

	if ((__atomic_load_n(&call_waiting, __ATOMIC_ACQUIRE) & me) == 0)
		return;
	call_fn(call_arg);
	__atomic_fetch_and(&call_waiting, ~me, __ATOMIC_RELEASE);
}

void smp_init(void)
{
	ipi_set_handler(IPI_RESCHEDULE, NULL);
	ipi_set_handler(IPI_CALL, answer_call);
	smp_flush_init();
}

void smp_set_online(unsigned cpu)
{
	__atomic_fetch_or(&online, BIT(cpu), __ATOMIC_SEQ_CST);
}

void smp_send(uint64_t cpus, enum ipi ipi)
{
	for (; cpus != 0; cpus &= cpus - 1)
		ipi_send((unsigned)__builtin_ctzl(cpus), ipi);
}

void smp_call_all(void (*fn)(void *arg), void *arg)
{
	uint64_t flags, others;

	ASSERT(cpu_irqs_enabled());
	for (;;) {
		flags = cpu_irq_save(); /* who has call_busy is not preempted */
		if (!__atomic_exchange_n(&call_busy, true, __ATOMIC_ACQUIRE))
			break;
		cpu_irq_restore(flags);
		cpu_wait();
	}
	ASSERT(spin_held_count() == 0);
	call_fn = fn;
	call_arg = arg;
	others = smp_online() & ~BIT(cpu_id());
	__atomic_store_n(&call_waiting, others, __ATOMIC_RELEASE);
	smp_send(others, IPI_CALL);
	fn(arg);
	while (__atomic_load_n(&call_waiting, __ATOMIC_ACQUIRE) != 0 && !panic_in_progress())
		cpu_wait();
	__atomic_store_n(&call_busy, false, __ATOMIC_RELEASE);
	cpu_irq_restore(flags);
}
