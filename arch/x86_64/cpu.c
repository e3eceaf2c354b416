/*
 * arch/x86_64/cpu.c - what this CPU can do, and turning on what protects the kernel.
 *
 * Owns cpu_features, immutable after cpu_init_features(), and the hook of cpu_wait(), set once.
 */
#include "arch/cpu.h"

#include "arch/x86_64/control.h"
#include "arch/x86_64/machine_check.h"
#include "kernel/lib/string.h"

/* Leaf 1 [SDM 2A CPUID]. */
#define LEAF1_ECX_X2APIC     (1U << 21)
#define LEAF1_ECX_RDRAND     (1U << 30)
#define LEAF1_ECX_HYPERVISOR (1U << 31) /* reserved for hypervisors [AMD APM 3 E.3.2] */
#define LEAF1_EDX_PGE	     (1U << 13)
/* Leaf 7, subleaf 0 */
#define LEAF7_EBX_SMEP (1U << 7)
#define LEAF7_EBX_SMAP (1U << 20)
#define LEAF7_ECX_UMIP (1U << 2)
/* Leaf 0x80000001 */
#define LEAF81_EDX_NX  (1U << 20)
#define LEAF81_EDX_GIB (1U << 26)

#define PHYS_BITS_DEFAULT 36 /* where leaf 0x80000008 is missing [SDM 3A 4.1.4] */

struct cpu_features cpu_features;

uint32_t cpu_apic_id(void)
{
	return cpuid(1, 0).ebx >> 24;
}

static void read_brand(char brand[49], uint32_t max_extended)
{
	if (max_extended < 0x80000004)
		return;
	for (uint32_t i = 0; i < 3; i++) {
		struct cpuid r = cpuid(0x80000002 + i, 0);

		memcpy(brand + 16 * (size_t)i, &r, sizeof(r));
	}
	brand[48] = '\0';
}

static void read_extended(struct cpu_features *f)
{
	uint32_t max = cpuid(0x80000000, 0).eax;
	uint32_t edx = cpuid(0x80000001, 0).edx;

	f->nx = edx & LEAF81_EDX_NX;
	f->gib_pages = edx & LEAF81_EDX_GIB;
	f->phys_bits = max >= 0x80000008 ? cpuid(0x80000008, 0).eax & 0xff : PHYS_BITS_DEFAULT;
	read_brand(f->brand, max);
}

static void read_basic(struct cpu_features *f)
{
	struct cpuid leaf1 = cpuid(1, 0);

	f->pge = leaf1.edx & LEAF1_EDX_PGE;
	f->x2apic = leaf1.ecx & LEAF1_ECX_X2APIC;
	f->hypervisor = leaf1.ecx & LEAF1_ECX_HYPERVISOR;
	if (cpuid(0, 0).eax >= 7) {
		struct cpuid leaf7 = cpuid(7, 0);

		f->smep = leaf7.ebx & LEAF7_EBX_SMEP;
		f->smap = leaf7.ebx & LEAF7_EBX_SMAP;
		f->umip = leaf7.ecx & LEAF7_ECX_UMIP;
	}
}

void cpu_init_features(void)
{
	struct cpu_features *f = &cpu_features;
	uint64_t cr4 = control_read_cr4() | CR4_OSFXSR; /* for copy_frames() */

	read_basic(f);
	read_extended(f);
	if (f->smep)
		cr4 |= CR4_SMEP;
	if (f->smap)
		cr4 |= CR4_SMAP;
	if (f->umip)
		cr4 |= CR4_UMIP;
	control_write_cr4(cr4);
	machine_check_init();
}

static void (*serve_others)(void);

void cpu_set_wait(void (*serve)(void))
{
	__atomic_store_n(&serve_others, serve, __ATOMIC_RELEASE);
}

void cpu_wait(void)
{
	void (*serve)(void) = __atomic_load_n(&serve_others, __ATOMIC_ACQUIRE);

	if (serve != NULL)
		serve();
	cpu_relax();
}

uint64_t cpu_random(void)
{
	uint64_t value = 0;

	if (cpuid(1, 0).ecx & LEAF1_ECX_RDRAND)
		__asm__ volatile("rdrand %0" : "=r"(value) : : "cc"); /* failing: 0 */
	return value;
}

void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* An empty IDT: the breakpoint has no gate, nor has what that causes. */
void cpu_triple_fault(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed idtr = {0};

	__asm__ volatile("lidt %0; int3" : : "m"(idtr));
	cpu_halt_forever();
}
