/*
 * arch/x86_64/lapic.c - the local APIC: enabling, end of interrupt, the periodic timer.
 *
 * Owns the mapping of its registers (immutable after lapic_init()).  Each CPU touches only its
 * own LAPIC, with interrupts off, so there is no lock.
 */
#include "arch/x86_64/lapic.h"

#include "arch/cpu.h"
#include "arch/x86_64/control.h"
#include "kernel/clock.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "mm/kmap.h"

#define MSR_APIC_BASE	  0x1bU /* [SDM 3A 11.4.4] */
#define APIC_BASE_X2APIC  BIT(10)
#define APIC_BASE_ENABLE  BIT(11)
#define APIC_BASE_ADDRESS 0x000ffffffffff000UL
#define MSR_X2APIC	  0x800U /* register at MMIO offset n is MSR 0x800 + n / 16 */
#define LEAF1_EDX_APIC	  BIT(9) /* [SDM 2A CPUID] */

/* Offsets of registers [SDM 3A table 11-1]. */
enum {
	LAPIC_ID = 0x020,
	LAPIC_TPR = 0x080,
	LAPIC_EOI = 0x0b0,
	LAPIC_SVR = 0x0f0,
	LAPIC_ESR = 0x280,
	LAPIC_ICR_LOW = 0x300,
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
};

enum {
	SVR_ENABLE = 1 << 8,
	LVT_MASKED = 1 << 16,
	LVT_PERIODIC = 1 << 17,
	LVT_NMI = 4 << 8,
	DIVIDE_BY_16 = 3,
	ICR_PENDING = 1 << 12,
};

#define CALIBRATE_US 10000U
#define SEND_SPIN    1000000U
#define COUNTS_MIN   16U /* a tick; less can't be a timer */

static volatile uint32_t *mmio; /* NULL: x2APIC or none */
static bool x2apic;
static unsigned vectors;		 /* spurious | error << 8 */
static uint32_t timer_lvt, timer_counts; /* counts 0: the timer is not used */

static uint32_t lapic_read(unsigned reg)
{
	if (x2apic)
		return (uint32_t)control_read_msr(MSR_X2APIC + reg / 16);
	return mmio[reg / sizeof(*mmio)];
}

static void lapic_write(unsigned reg, uint32_t value)
{
	if (x2apic)
		control_write_msr(MSR_X2APIC + reg / 16, value);
	else
		mmio[reg / sizeof(*mmio)] = value;
}

static bool cpu_has_lapic(void)
{
	return (cpuid(1, 0).edx & LEAF1_EDX_APIC) != 0;
}

/* Finds the registers.  The MSR is what the CPU obeys; a table that says otherwise is wrong. */
static int lapic_locate(void)
{
	uint64_t base;

	if (!cpu_has_lapic())
		return -ENODEV;
	base = control_read_msr(MSR_APIC_BASE);
	if ((base & APIC_BASE_ENABLE) == 0)
		return -ENODEV;
	x2apic = (base & APIC_BASE_X2APIC) != 0;
	if (x2apic)
		return 0;
	mmio = kmap_phys(base & APIC_BASE_ADDRESS, PAGE_SIZE, MMU_WRITE | MMU_UNCACHED, "lapic");
	return mmio != NULL ? 0 : -ENOMEM;
}

static void set_up(void)
{
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED); /* the 8259s: masked too */
	lapic_write(LAPIC_LVT_LINT1, LVT_NMI);
	lapic_write(LAPIC_SVR, SVR_ENABLE | (vectors & 0xff));
	lapic_write(LAPIC_LVT_ERROR, vectors >> 8);
	(void)lapic_take_errors();
	lapic_write(LAPIC_TPR, 0);
	lapic_eoi(); /* whatever firmware left in service */
}

int lapic_init(unsigned spurious_vector, unsigned error_vector)
{
	int err = lapic_locate();

	if (err)
		return err;
	vectors = spurious_vector | error_vector << 8;
	set_up();
	return 0;
}

void lapic_init_here(void)
{
	uint64_t base = control_read_msr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	if (x2apic)
		base |= APIC_BASE_X2APIC;
	control_write_msr(MSR_APIC_BASE, base);
	set_up();
}

bool lapic_is_x2apic(void)
{
	return x2apic;
}

uint32_t lapic_id(void)
{
	uint32_t id = lapic_read(LAPIC_ID);

	return x2apic ? id : id >> 24;
}

void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

uint32_t lapic_take_errors(void)
{
	lapic_write(LAPIC_ESR, 0); /* latches what was gathered [SDM 3A 11.5.3] */
	return lapic_read(LAPIC_ESR);
}

/* Timer counts in one period of `hz`. */
static uint32_t timer_calibrate(unsigned hz)
{
	uint64_t start, elapsed;
	uint32_t counts;

	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
	start = cpu_cycles();
	clock_delay_us(CALIBRATE_US);
	counts = UINT32_MAX - lapic_read(LAPIC_TIMER_CURRENT);
	elapsed = cpu_cycles() - start;
	lapic_write(LAPIC_TIMER_INITIAL, 0);

	return (uint32_t)((uint64_t)counts * (clock_cycles_per_us() * 1000000 / hz) / elapsed);
}

bool lapic_timer_start(unsigned vector, unsigned hz)
{
	uint32_t counts = timer_calibrate(hz);

	if (counts < COUNTS_MIN)
		return false;
	timer_lvt = LVT_PERIODIC | vector;
	timer_counts = counts;
	lapic_timer_start_here();
	return true;
}

bool lapic_timer_runs(void)
{
	return timer_counts != 0;
}

void lapic_timer_start_here(void)
{
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
	lapic_write(LAPIC_LVT_TIMER, timer_lvt);
	lapic_write(LAPIC_TIMER_INITIAL, timer_counts);
}

/* Two registers without x2APIC: no handler may send in between. */
static void send_by_mmio(uint32_t apic_id, uint32_t command)
{
	uint64_t flags = cpu_irq_save();

	for (unsigned i = 0; i < SEND_SPIN && (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING); i++)
		cpu_relax();
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR_LOW, command);
	cpu_irq_restore(flags);
}

void lapic_send(uint32_t apic_id, uint32_t command)
{
	/* Writing an x2APIC register orders nothing by itself [SDM 3A 11.12.3]. */
	__asm__ volatile("mfence; lfence" : : : "memory");
	if (x2apic)
		control_write_msr(MSR_X2APIC + LAPIC_ICR_LOW / 16,
				  (uint64_t)apic_id << 32 | command);
	else
		send_by_mmio(apic_id, command);
}
