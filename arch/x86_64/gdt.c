/*
 * arch/x86_64/gdt.c - segments, and the task state segment with the stacks of last resort.
 *
 * The interrupt stack table [SDM 3A 6.14.5] gives a double fault, an NMI and a machine check
 * a stack that is good whatever the thread's is: a stack overflow runs into a guard page, the
 * CPU cannot push the page fault's frame, and the double fault then tells about it.
 *
 * One set, of the boot CPU.  Written once by gdt_init(); the CPU itself writes the TSS's busy
 * bit only.
 */
#include "arch/x86_64/gdt.h"

#include "kernel/lib/string.h"

#define IST_STACK_SIZE (16 * KiB)

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

static uint8_t ist_stack[IST_COUNT][IST_STACK_SIZE] __aligned(16);
static struct tss tss;

/* [SDM 3A 3.4.5]; base and limit of code and data are ignored in 64-bit mode. */
static uint64_t gdt[] = {
	[0] = 0,
	[SELECTOR_CODE / 8] = 0x00af9b000000ffff,
	[SELECTOR_DATA / 8] = 0x00cf93000000ffff,
	[SELECTOR_TSS / 8] = 0, /* two entries [SDM 3A 7.2.3] */
	[SELECTOR_TSS / 8 + 1] = 0,
};

static void tss_fill(void)
{
	uint64_t base = (uint64_t)&tss;
	uint64_t limit = sizeof(tss) - 1;

	for (unsigned i = 0; i < IST_COUNT; i++)
		tss.ist[i] = (uint64_t)ist_stack[i] + IST_STACK_SIZE;
	tss.io_map = sizeof(tss);
	gdt[SELECTOR_TSS / 8] =
		limit | (base & 0xffffff) << 16 | 0x89UL << 40 | (base >> 24 & 0xff) << 56;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

void gdt_init(void)
{
	struct table_register gdtr = {.limit = sizeof(gdt) - 1, .base = (uint64_t)gdt};

	tss_fill();
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
