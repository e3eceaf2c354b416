/*
 * kernel/smp_priv.h - between smp.c, smp_flush.c and those who start CPUs and threads.
 */
#ifndef KERNEL_SMP_PRIV_H
#define KERNEL_SMP_PRIV_H

#include "arch/smp.h"
#include "kernel/smp.h"

/* The boot CPU's: handlers of calls and flushes, before a second CPU starts. */
void smp_init(void);
void smp_flush_init(void);

/* A CPU's own first act: from here on flushes and calls reach it, and nothing older is left in
 * its TLB.  Interrupts are off. */
void smp_join(void);
void smp_set_online(unsigned cpu);

/* One kind of interrupt to each CPU of the set. */
void smp_send(uint64_t cpus, enum ipi ipi);

#endif
