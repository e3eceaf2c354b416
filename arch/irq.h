/*
 * arch/irq.h - arch contract: device interrupts, the local timer, end of interrupt.
 *
 * Interrupts are named by GSI.  ISA numbers are turned into GSI, polarity and trigger by the
 * MADT's overrides [ACPI 6.5 5.2.12.5].  Handlers run with interrupts off and may not sleep.
 */
#ifndef ARCH_IRQ_H
#define ARCH_IRQ_H

#include "kernel/lib/types.h"

struct trap_frame;
struct madt_info;

/* Returns true if the interrupt was its. */
typedef bool (*irq_handler_fn)(void *arg);

/* Masks the 8259s, maps LAPIC and IOAPICs; a NULL or empty MADT leaves the 8259s in use. */
void irq_init(const struct madt_info *madt);

/* Routes ISA interrupt `isa` to the boot CPU and enables it.  `name` for the irqs command.
 * `level_low`/edge come from the MADT override where there is one, else ISA defaults; the SCI
 * (`isa` = FADT's SCI_INT) defaults to level, low [ACPI 6.5 5.2.9].
 *
 * => 0; -EINVAL: no such ISA line, no handler or name; -ENODEV: no controller serves it; -EBUSY: it
 *    has a handler; -ENOSPC: the table is full; -EOPNOTSUPP: the boot CPU's APIC id is more than an
 *    IOAPIC can name */
int irq_register_isa(unsigned isa, const char *name, irq_handler_fn handler, void *arg);
int irq_register_sci(unsigned isa, const char *name, irq_handler_fn handler, void *arg);
/* The handler has returned, on whichever CPU it ran, when interrupts were on at the call. */
void irq_unregister_isa(unsigned isa, irq_handler_fn handler);

/* Starts the periodic local timer tick, `hz` times a second; calls tick() with IRQs off. */
void irq_start_tick(unsigned hz, void (*tick)(void));

/* Called at the end of every interrupt, after its EOI, with interrupts off, on the stack of the
 * interrupted thread: may switch threads. */
void irq_set_exit_hook(void (*hook)(void));
/* Is this code called from an interrupt handler? */
bool irq_in_handler(void);
/* "xapic", "x2apic" or "8259". */
const char *irq_controller(void);

/* Timer interrupts of that CPU. */
uint64_t irq_timer_count(unsigned cpu);

#define IRQ_LOCAL UINT32_MAX /* irq_info.gsi of what comes from the CPU itself */

/* For the irqs command: the i-th registered line, false past the end. */
struct irq_info {
	unsigned gsi, vector;
	const char *name;
	uint64_t count;
	uint64_t unclaimed; /* no handler said it was its */
	bool level, active_low;
	unsigned source; /* for irq_info_count() */
};
bool irq_info(unsigned index, struct irq_info *info);
/* How many of them came to that CPU. */
uint64_t irq_info_count(const struct irq_info *info, unsigned cpu);

#endif
