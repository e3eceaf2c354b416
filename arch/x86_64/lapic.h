/*
 * arch/x86_64/lapic.h - the CPU's own interrupt controller and timer [SDM 3A 11].
 */
#ifndef ARCH_X86_64_LAPIC_H
#define ARCH_X86_64_LAPIC_H

#include "kernel/lib/types.h"

/* Enables it for this CPU, by x2APIC registers where the CPU is in that mode already, else by
 * the page that the CPU says it is at, whatever the MADT says.  -ENODEV: there is none, or firmware
 * turned it off for good; -ENOMEM: its page cannot be mapped. */
int lapic_init(unsigned spurious_vector, unsigned error_vector);
/* The same for another CPU, on that CPU; the firmware's mode is the boot CPU's. */
void lapic_init_here(void);
bool lapic_is_x2apic(void);
uint32_t lapic_id(void);
void lapic_eoi(void);
/* What went wrong since the last call: the error status register. */
uint32_t lapic_take_errors(void);
/* Starts the timer, calibrated against the clock: false if it does not count. */
bool lapic_timer_start(unsigned vector, unsigned hz);
bool lapic_timer_runs(void);
/* The running CPU's, at the rate that lapic_timer_start() found. */
void lapic_timer_start_here(void);

/* Commands of the interrupt command register [SDM 3A 11.6.1]; fixed and startup need a vector. */
enum {
	LAPIC_SEND_FIXED = 0 << 8 | 1 << 14,
	LAPIC_SEND_NMI = 4 << 8 | 1 << 14,
	LAPIC_SEND_INIT = 5 << 8 | 1 << 14,
	LAPIC_SEND_STARTUP = 6 << 8 | 1 << 14,
};
/* Sends it to the CPU with that id; what was written to memory before is seen there. */
void lapic_send(uint32_t apic_id, uint32_t command);

#endif
