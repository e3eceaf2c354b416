/*
 * arch/x86_64/irq_priv.h - between irq.c and ipi.c: what frames every handler.
 */
#ifndef ARCH_X86_64_IRQ_PRIV_H
#define ARCH_X86_64_IRQ_PRIV_H

#define VECTOR_IPI 241 /* enum ipi follows; above all devices and the timer */

void irq_enter(void);
/* After the EOI: what follows may switch threads and come back much later. */
void irq_leave(void);

#endif
