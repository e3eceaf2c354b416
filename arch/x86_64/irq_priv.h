/*
 * arch/x86_64/irq_priv.h - between irq.c, irq_local.c and ipi.c.
 */
#ifndef ARCH_X86_64_IRQ_PRIV_H
#define ARCH_X86_64_IRQ_PRIV_H

#include "arch/irq.h"
#include "arch/smp.h"

/* Above all devices: a higher vector has priority. */
enum {
	VECTOR_TIMER = 240,
	VECTOR_IPI = 241, /* enum ipi follows */
	VECTOR_ERROR = 254,
	VECTOR_SPURIOUS = 255, /* its low four bits must be ones on old CPUs */
};

/* What comes from a CPU, not from a device. */
enum {
	LOCAL_TIMER,
	LOCAL_ERROR,
	LOCAL_SPURIOUS,
	LOCAL_IPI, /* enum ipi follows */
	LOCAL_SOURCES = LOCAL_IPI + IPI_KINDS
};

/* One more on the running CPU, interrupts off. */
void irq_count_local(unsigned source);
uint64_t irq_local_count(unsigned cpu, unsigned source);
/* The sum over all CPUs, for the irqs command. */
bool irq_local_info(unsigned index, struct irq_info *info);

/* What frames every handler. */
void irq_enter(void);
/* After the EOI: what follows may switch threads and come back much later. */
void irq_leave(void);

#endif
