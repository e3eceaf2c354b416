/*
 * arch/x86_64/ioapic.h - the IOAPICs: where device interrupts enter [82093AA].
 */
#ifndef ARCH_X86_64_IOAPIC_H
#define ARCH_X86_64_IOAPIC_H

#include "kernel/lib/types.h"

struct madt_info;

struct ioapic_route {
	unsigned vector;
	uint32_t apic_id; /* of the CPU it goes to, up to 254 */
	bool level, active_low;
};

/* Maps every IOAPIC of the MADT and masks all lines; returns how many answer. */
unsigned ioapic_init(const struct madt_info *madt);
/* 0, or -ENODEV: no IOAPIC has this GSI. */
int ioapic_route(uint32_t gsi, const struct ioapic_route *route);
void ioapic_mask(uint32_t gsi);

#endif
