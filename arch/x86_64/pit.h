/*
 * arch/x86_64/pit.h - the 8254 timer: what irq.c uses of it where there is no LAPIC.
 */
#ifndef ARCH_X86_64_PIT_H
#define ARCH_X86_64_PIT_H

/* Channel 0 raises ISA interrupt 0 `hz` times a second. */
void pit_start_periodic(unsigned hz);
/* Channel 0 falls silent. */
void pit_stop(void);

#endif
