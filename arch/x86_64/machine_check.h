/*
 * arch/x86_64/machine_check.h - errors that the hardware itself reports [SDM 3B 16].
 */
#ifndef ARCH_X86_64_MACHINE_CHECK_H
#define ARCH_X86_64_MACHINE_CHECK_H

/* Lets the CPU raise machine checks; without this one resets the machine. */
void machine_check_init(void);
/* Prints the banks that hold an error, by panic_printf(). */
void machine_check_report(void);

#endif
