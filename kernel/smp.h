/*
 * kernel/smp.h - the CPUs that run: which they are, and asking each of them to do something.
 *
 * A CPU that runs never stops running (until a panic), so the set only grows, during the boot.
 */
#ifndef KERNEL_SMP_H
#define KERNEL_SMP_H

#include "arch/cpu.h"

/* Bit i: CPU i runs threads and answers calls and flushes.  MAX_CPUS is 64. */
uint64_t smp_online(void);
unsigned smp_count(void);

static inline bool smp_is_online(unsigned cpu)
{
	return (smp_online() >> cpu & 1) != 0;
}

#define for_each_online_cpu(cpu)                   \
	for ((cpu) = 0; (cpu) < MAX_CPUS; (cpu)++) \
		if (!smp_is_online(cpu))           \
			continue;                  \
		else

/*
 * smp_call_all: every CPU that runs calls fn(arg) once, with interrupts off, as an interrupt
 * handler does: fn may take spin locks, and may not sleep.  Returns when all have.
 *
 * => from a thread, with interrupts on and no spin lock held (a CPU that waits for that lock
 *    could not answer)
 */
void smp_call_all(void (*fn)(void *arg), void *arg);

#endif
