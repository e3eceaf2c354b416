/*
 * kernel/cpus.h - bringing up the CPUs that the firmware announced.
 */
#ifndef KERNEL_CPUS_H
#define KERNEL_CPUS_H

#include "kernel/lib/types.h"

struct madt_info;

/*
 * Starts every usable CPU of the MADT, up to MAX_CPUS and the option maxcpus.  One that does not
 * start is said, and the rest go on.  From the thread "main", after the ticks began.  NULL: there
 * is no MADT, the boot CPU stays alone.
 */
void cpus_start(const struct madt_info *madt);

/* What became of the CPU with this APIC id: "running", or why it does not. */
const char *cpus_state(uint32_t apic_id);
/* The index of a running CPU; negative: it does not run. */
int cpus_index(uint32_t apic_id);

#endif
