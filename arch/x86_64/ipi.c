/*
 * arch/x86_64/ipi.c - interrupts from one CPU to another.
 *
 * Owns the handlers, set once, before a second CPU runs.
 */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/smp.h"
#include "arch/trap.h"
#include "arch/x86_64/irq_priv.h"
#include "arch/x86_64/lapic.h"
#include "kernel/lib/assert.h"

static void (*handlers[IPI_KINDS])(void);

static bool on_ipi(struct trap_frame *frame)
{
	unsigned ipi = (unsigned)frame->vector - VECTOR_IPI;

	irq_enter();
	irq_count_local(LOCAL_IPI + ipi);
	lapic_eoi();
	if (handlers[ipi] != NULL)
		handlers[ipi]();
	irq_leave();
	return true;
}

void ipi_set_handler(enum ipi ipi, void (*handler)(void))
{
	handlers[ipi] = handler;
	trap_register(VECTOR_IPI + ipi, on_ipi);
}

void ipi_send(unsigned cpu, enum ipi ipi)
{
	ASSERT(cpu < MAX_CPUS && ipi < IPI_KINDS);
	lapic_send(percpu[cpu].apic_id, LAPIC_SEND_FIXED | (VECTOR_IPI + ipi));
}

void ipi_send_nmi(unsigned cpu)
{
	lapic_send(percpu[cpu].apic_id, LAPIC_SEND_NMI);
}
