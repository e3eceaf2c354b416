/*
 * arch/x86_64/lapic.h - the CPU's own interrupt controller and timer [SDM 3A 11].
 */
#ifndef ARCH_X86_64_LAPIC_H
#define ARCH_X86_64_LAPIC_H

#include "kernel/lib/types.h"

/* Enables it for this CPU, by x2APIC registers where the CPU is in that mode already, else by
 * the page at `address`.  -ENODEV: there is none, or firmware turned it off for good. */
int lapic_init(paddr_t address, unsigned spurious_vector, unsigned error_vector);
bool lapic_is_x2apic(void);
uint32_t lapic_id(void);
void lapic_eoi(void);
/* What went wrong since the last call: the error status register. */
uint32_t lapic_take_errors(void);
/* Starts the timer, calibrated against the clock: false if it does not count. */
bool lapic_timer_start(unsigned vector, unsigned hz);

#endif
