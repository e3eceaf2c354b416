/*
 * arch/x86_64/gdt.c - segments, and the task state segment with the stacks of last resort.
 *
 * The interrupt stack table [SDM 3A 6.14.5] gives a double fault, an NMI and a machine check
 * a stack that is good whatever the thread's is: a stack overflow runs into a guard page, the
 * CPU cannot push the page fault's frame, and the double fault then tells about it.
 *
 * One set a CPU, since a TSS can be loaded once.  Written before its CPU loads it; the CPU itself
 * writes the TSS's busy bit only.
 */
#include "arch/x86_64/gdt.h"

#include "arch/cpu.h"

/* [SDM 3A 8.7] */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map; /* beyond the limit: no map */
} __packed;

struct table_register {
	uint16_t limit;
	uint64_t base;
} __packed;

/* [SDM 3A 3.4.5]; base and limit of code and data are ignored in 64-bit mode. */
#define DESCRIPTOR_CODE 0x00af9b000000ffffUL
#define DESCRIPTOR_DATA 0x00cf93000000ffffUL

struct cpu_tables {
	uint64_t gdt[SELECTOR_TSS / 8 + 2]; /* a TSS takes two entries [SDM 3A 7.2.3] */
	struct tss tss;
} __aligned(CACHE_LINE);

static struct cpu_tables cpu_tables[MAX_CPUS];
static uint8_t boot_stacks[GDT_STACKS_SIZE] __aligned(16);

void gdt_prepare(unsigned cpu, void *stacks)
{
	struct cpu_tables *t = &cpu_tables[cpu];
	uint64_t base = (uint64_t)&t->tss;
	uint64_t limit = sizeof(t->tss) - 1;

	t->tss = (struct tss){.io_map = sizeof(t->tss)};
	for (unsigned i = 0; i < IST_COUNT; i++)
		t->tss.ist[i] = (uint64_t)stacks + (i + 1) * IST_STACK_SIZE;
	t->gdt[SELECTOR_CODE / 8] = DESCRIPTOR_CODE;
	t->gdt[SELECTOR_DATA / 8] = DESCRIPTOR_DATA;
	t->gdt[SELECTOR_TSS / 8] =
		limit | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
	t->gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

void gdt_init(void)
{
	gdt_prepare(0, boot_stacks);
	gdt_load(0);
}

void gdt_load(unsigned cpu)
{
	const uint64_t *gdt = cpu_tables[cpu].gdt;
	struct table_register gdtr = {.limit = sizeof(cpu_tables[cpu].gdt) - 1,
				      .base = (uint64_t)gdt};

	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movw %w2, %%ds\n\t"
			 "movw %w2, %%es\n\t"
			 "movw %w2, %%ss\n\t"
			 "ltr %w3"
			 :
			 : "m"(gdtr), "i"(SELECTOR_CODE), "r"(SELECTOR_DATA), "r"(SELECTOR_TSS)
			 : "rax", "memory");
}
