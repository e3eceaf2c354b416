/*
 * arch/x86_64/machine_check.c - turns machine checks on and says what they found.
 *
 * A machine check is the end of this kernel, but one with a reason: the bank, its status and,
 * for a memory error, the physical address.  Owns nothing but the CPU's registers for it.
 */
#include "arch/x86_64/machine_check.h"

#include "arch/x86_64/control.h"
#include "kernel/panic.h"

/* [SDM 3B 16.3] */
#define MSR_MCG_CAP	 0x179U
#define MSR_MCG_CTL	 0x17bU
#define MSR_MC_CTL(i)	 (0x400U + 4 * (i))
#define MSR_MC_STATUS(i) (0x401U + 4 * (i))
#define MSR_MC_ADDR(i)	 (0x402U + 4 * (i))

#define MCG_CAP_COUNT	0xffU
#define MCG_CAP_CTL	(1U << 8)
#define MC_STATUS_VALID (1UL << 63)
#define MC_STATUS_UC	(1UL << 61) /* not corrected */
#define MC_STATUS_ADDRV (1UL << 58)

#define LEAF1_EDX_MCE (1U << 7)
#define LEAF1_EDX_MCA (1U << 14)

static bool has_banks(void)
{
	return (cpuid(1, 0).edx & LEAF1_EDX_MCA) != 0;
}

static unsigned bank_count(void)
{
	return has_banks() ? (unsigned)control_read_msr(MSR_MCG_CAP) & MCG_CAP_COUNT : 0;
}

void machine_check_init(void)
{
	if (!(cpuid(1, 0).edx & LEAF1_EDX_MCE))
		return;
	if (has_banks() && (control_read_msr(MSR_MCG_CAP) & MCG_CAP_CTL))
		control_write_msr(MSR_MCG_CTL, ~0UL);
	for (unsigned i = 0; i < bank_count(); i++) {
		control_write_msr(MSR_MC_CTL(i), ~0UL);
		control_write_msr(MSR_MC_STATUS(i), 0); /* what a reset left is not ours */
	}
	control_write_cr4(control_read_cr4() | CR4_MCE);
}

void machine_check_report(void)
{
	for (unsigned i = 0; i < bank_count(); i++) {
		uint64_t status = control_read_msr(MSR_MC_STATUS(i));

		if (!(status & MC_STATUS_VALID))
			continue;
		panic_printf("bank %u: status %016lx, %s", i, status,
			     status & MC_STATUS_UC ? "not corrected" : "corrected");
		if (status & MC_STATUS_ADDRV)
			panic_printf(", physical address 0x%lx", control_read_msr(MSR_MC_ADDR(i)));
		panic_printf("\n");
	}
}
