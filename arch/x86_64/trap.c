/*
 * arch/x86_64/trap.c - the interrupt descriptor table and what happens on each vector.
 *
 * Handlers are registered at boot or when a device driver starts; an entry is one pointer,
 * written whole, so that no lock is needed to read it.
 */
#include "arch/trap.h"

#include "arch/mmu.h"
#include "arch/x86_64/gdt.h"
#include "arch/x86_64/trap_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "kernel/panic.h"

#define VECTORS	       256U
#define STUB_SIZE      16U
#define GATE_INTERRUPT 0x8e /* present, ring 0, 64-bit interrupt gate [SDM 3A 6.14.1] */
#define UNEXPECTED_MAX 8U   /* lines in the log about unexpected vectors */

struct idt_gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist; /* 0: the current stack */
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
} __packed;

extern const char trap_stubs[];		/* trap_entry.asm: VECTORS times STUB_SIZE bytes */
extern const char probe_read64_load[];	/* the instruction that may fault */
extern const char probe_read64_fault[]; /* where to go on then */

static struct idt_gate idt[VECTORS] __aligned(16);
static trap_handler_fn handlers[VECTORS];
static unsigned unexpected;

static void gate_set(unsigned vector, unsigned ist)
{
	uint64_t stub = (uint64_t)trap_stubs + (uint64_t)vector * STUB_SIZE;

	idt[vector] = (struct idt_gate){
		.offset_low = (uint16_t)stub,
		.selector = SELECTOR_CODE,
		.ist = (uint8_t)ist,
		.type = GATE_INTERRUPT,
		.offset_middle = (uint16_t)(stub >> 16),
		.offset_high = (uint32_t)(stub >> 32),
	};
}

void trap_load_idt(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __packed idtr = {.limit = sizeof(idt) - 1, .base = (uint64_t)idt};

	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void trap_init(void)
{
	gdt_init();
	for (unsigned vector = 0; vector < VECTORS; vector++)
		gate_set(vector, 0);
	gate_set(TRAP_DOUBLE_FAULT, IST_DOUBLE_FAULT + 1);
	gate_set(TRAP_NMI, IST_NMI + 1);
	gate_set(TRAP_MACHINE_CHECK, IST_MACHINE_CHECK + 1);
	trap_load_idt();
}

void trap_register(unsigned vector, trap_handler_fn handler)
{
	ASSERT(vector < VECTORS);
	__atomic_store_n(&handlers[vector], handler, __ATOMIC_RELEASE);
}

vaddr_t trap_fault_address(void)
{
	vaddr_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
#ifdef CONFIG_KASAN
	/* The check before an access to what is not there finds no shadow: the access is meant. */
	if (cr2 >= SHADOW_OFFSET + DIRECT_MAP_BASE / 8 &&
	    cr2 < SHADOW_OFFSET + (DIRECT_MAP_BASE + DIRECT_MAP_MAX) / 8)
		return (cr2 - SHADOW_OFFSET) * 8;
#endif
	return cr2;
}

/* A page fault or (non-canonical address) a general protection fault of probe_read64(). */
static bool probe_fixup(struct trap_frame *frame)
{
	if (frame->rip != (uint64_t)probe_read64_load ||
	    (frame->vector != TRAP_PAGE_FAULT && frame->vector != TRAP_GENERAL))
		return false;
	frame->rip = (uint64_t)probe_read64_fault;
	return true;
}

/* Called by trap_entry.asm. */
void trap_dispatch(struct trap_frame *frame)
{
	trap_handler_fn handler = __atomic_load_n(&handlers[frame->vector], __ATOMIC_ACQUIRE);

	if (probe_fixup(frame))
		return;
	if (handler != NULL && handler(frame))
		return;
	if (frame->vector < EXCEPTIONS)
		trap_panic(frame);
	if (__atomic_fetch_add(&unexpected, 1, __ATOMIC_RELAXED) < UNEXPECTED_MAX)
		klog(LOG_WARN, "trap: unexpected interrupt vector %lu", frame->vector);
}

unsigned backtrace(uint64_t rbp, vaddr_t *addrs, unsigned max)
{
	unsigned n = 0;

	/* Frames lie upwards on one stack; the outermost has rbp 0 (entry.asm, new threads). */
	while (n < max && rbp >= KERNEL_HALF && rbp % sizeof(uint64_t) == 0) {
		uint64_t next, ret;

		if (!probe_read64(rbp, &next) || !probe_read64(rbp + sizeof(next), &ret) ||
		    ret == 0)
			break;
		addrs[n++] = ret;
		if (next <= rbp)
			break;
		rbp = next;
	}
	return n;
}
