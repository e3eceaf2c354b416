/*
 * kernel/smp.c - the set of CPUs that run, and calls to all of them.
 *
 * The set is one word, written atomically.
 */
#include "kernel/smp.h"

#include "kernel/lib/assert.h"

static uint64_t online = 1; /* the boot CPU */

uint64_t smp_online(void)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

unsigned smp_count(void)
{
	return (unsigned)__builtin_popcountl(smp_online());
}

void smp_call_all(void (*fn)(void *arg), void *arg)
{
	uint64_t flags;

	ASSERT(cpu_irqs_enabled());
	flags = cpu_irq_save();
	fn(arg);
	cpu_irq_restore(flags);
}
