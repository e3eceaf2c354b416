/*
 * arch/x86_64/control.h - control registers and CPUID.
 */
#ifndef ARCH_X86_64_CONTROL_H
#define ARCH_X86_64_CONTROL_H

#include "kernel/lib/types.h"

#define MSR_EFER 0xc0000080U /* [SDM 3A 2.2.1] */
#define EFER_LMA (1UL << 10)
#define EFER_NXE (1UL << 11)

/* [SDM 3A 2.5] */
#define CR4_MCE	   (1UL << 6)
#define CR4_PGE	   (1UL << 7)
#define CR4_OSFXSR (1UL << 9) /* the XMM registers may be used [SDM 3A 13.1] */
#define CR4_UMIP   (1UL << 11)
#define CR4_SMEP   (1UL << 20)
#define CR4_SMAP   (1UL << 21)
#define RFLAGS_AC  (1UL << 18)

static inline uint64_t control_read_cr0(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

static inline uint64_t control_read_cr3(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr3, %0" : "=r"(v));
	return v;
}

static inline uint64_t control_read_cr4(void)
{
	uint64_t v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

static inline void control_write_cr4(uint64_t v)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

static inline uint64_t control_read_msr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void control_write_msr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

#endif
