/*
 * kernel/watchdog.h - CPUs watch each other: one that takes no interrupts for too long is said.
 *
 * Time is counted in ticks of the CPU that watches, so a host that stops the whole machine does
 * no harm; one that stops a single CPU for so long is reported too, wrongly.  With one CPU there
 * is nobody to watch it.
 */
#ifndef KERNEL_WATCHDOG_H
#define KERNEL_WATCHDOG_H

#include "kernel/lib/types.h"

#define WATCHDOG_SECONDS 30 /* a busy host may keep a CPU from running for some */

struct trap_frame;

/* At every tick of every CPU, with interrupts off. */
void watchdog_tick(void);
/* In a non-maskable interrupt: true if the watchdog asked where this CPU is. */
bool watchdog_nmi(const struct trap_frame *frame);

/* Ticks without one of the neighbour's until it is reported; 0: never.  The option watchdog=SECONDS
 * sets it at boot. */
void watchdog_set_limit(uint64_t ticks);
uint64_t watchdog_limit(void);
/* CPUs reported since boot. */
uint64_t watchdog_reports(void);

#endif
