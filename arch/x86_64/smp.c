/*
 * arch/x86_64/smp.c - starting CPUs: INIT, startup IPI, and the way up to C [SDM 3A 9.4.4].
 *
 * Owns the page that CPUs start in and the stacks of last resort of every CPU but the first.
 * One CPU starts at a time, and only the thread that brings them up calls anything here, so
 * there is no lock.  The page is mapped at its own address, read-only and executable, while
 * CPUs are being started; its words are written through the direct map.
 */
#include "arch/smp.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "arch/x86_64/control.h"
#include "arch/x86_64/gdt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/machine_check.h"
#include "arch/x86_64/trap_priv.h"
#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "mm/early.h"
#include "mm/init.h"
#include "mm/kmap.h"

#define REAL_MODE_END 0xa0000UL /* above are no SIPI vectors [SDM 3A 9.4.4.1] */

#define XAPIC_ID_MAX  254U     /* 255 is everybody */
#define SIPI_AGAIN_US 200U     /* [SDM 3A 9.4.4.1] */
#define ARRIVE_US     5000000U /* a host may be busy with other things */

/* The words at the end of trampoline.asm. */
struct trampoline {
	uint16_t gdt_limit;
	uint32_t gdt_base;
	uint32_t to_32;
	uint16_t to_32_selector;
	uint32_t to_64;
	uint16_t to_64_selector;
	uint16_t pad;
	uint32_t root, efer, cr0;
	uint32_t ticket, index;
	uint64_t stack, entry;
} __packed __aligned(8);

extern const char trampoline_start[], trampoline_end[], trampoline_words[];

static paddr_t page; /* 0: none */
static volatile struct trampoline *words;
static struct pt_alloc tables;
static bool lost; /* a CPU took its ticket and did not arrive */
static uint64_t boot_cr4;
static void (*entry_of[MAX_CPUS])(unsigned index);

static const struct page_owner stack_owner = {.name = "stack:exceptions"};

void cpu_start_reserve(void)
{
	page = early_alloc_in(&early, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, REAL_MODE_END, "cpu-start");
}

/* The first C code of a CPU, on the stack it was given. */
static void came_up(unsigned index)
{
	percpu_load(index);
	gdt_load(index);
	trap_load_idt();
	control_write_cr4(boot_cr4);
	machine_check_init();
	lapic_init_here();
	percpu[index].apic_id = lapic_id();
	entry_of[index](index);
}

static void fill_page(void)
{
	char *code = phys_to_virt(page);

	memcpy(code, trampoline_start, trampoline_end - trampoline_start);
	words = (volatile struct trampoline *)(code + (trampoline_words - trampoline_start));
	words->gdt_base += (uint32_t)page;
	words->to_32 += (uint32_t)page;
	words->to_64 += (uint32_t)page;
	words->root = (uint32_t)mmu_root();
	words->efer = (uint32_t)(control_read_msr(MSR_EFER) & ~EFER_LMA);
	words->cr0 = (uint32_t)control_read_cr0();
	words->entry = (uint64_t)came_up;
}

int cpu_start_begin(void)
{
	if (page == 0 || mmu_root() > UINT32_MAX || !lapic_timer_runs())
		return -ENODEV;
	boot_cr4 = control_read_cr4();
	fill_page();
	tables = pt_alloc_pages;
	tables.keep_level = LEVEL_PML4; /* nothing stays at low addresses */
	return mmu_map(page, page, PAGE_SIZE, MMU_EXEC, PAGE_SIZE, &tables);
}

uint32_t cpu_start_max_id(void)
{
	return lapic_is_x2apic() ? UINT32_MAX - 1 : XAPIC_ID_MAX;
}

void cpu_start_init(uint32_t apic_id)
{
	lapic_send(apic_id, LAPIC_SEND_INIT);
}

static bool is_up(const struct cpu_start *start)
{
	return __atomic_load_n(start->up, __ATOMIC_ACQUIRE);
}

static bool wait_until_up(const struct cpu_start *start, uint64_t us)
{
	uint64_t begin = clock_us();

	while (!is_up(start) && clock_us() - begin < us)
		cpu_wait();
	return is_up(start);
}

static int wake_up(const struct cpu_start *start)
{
	uint32_t command = LAPIC_SEND_STARTUP | (uint32_t)(page >> PAGE_SHIFT);

	words->index = start->index;
	words->stack = start->stack_top;
	__atomic_store_n(&words->ticket, 1, __ATOMIC_SEQ_CST);
	lapic_send(start->apic_id, command);
	if (wait_until_up(start, SIPI_AGAIN_US))
		return 0;
	if (__atomic_load_n(&words->ticket, __ATOMIC_SEQ_CST) != 0)
		lapic_send(start->apic_id, command);
	if (wait_until_up(start, start->patience_us))
		return 0;
	/* Whoever takes the ticket away decides: this CPU, or the late one. */
	if (__atomic_exchange_n(&words->ticket, 0, __ATOMIC_SEQ_CST) != 0)
		return -ETIMEDOUT;
	if (wait_until_up(start, ARRIVE_US))
		return 0;
	lost = true;
	return -EBUSY;
}

int cpu_start(const struct cpu_start *start)
{
	void *stacks;
	int err;

	ASSERT(start->index > 0 && start->index < MAX_CPUS && !lost);
	stacks = kmap_alloc(GDT_STACKS_SIZE, &stack_owner, "stack:exceptions");
	if (stacks == NULL)
		return -ENOMEM;
	gdt_prepare(start->index, stacks);
	entry_of[start->index] = start->entry;
	err = wake_up(start);
	if (err == -ETIMEDOUT)
		kmap_free(stacks);
	return err;
}

void cpu_start_end(void)
{
	if (!lost)
		mmu_unmap(page, PAGE_SIZE, &tables);
}
