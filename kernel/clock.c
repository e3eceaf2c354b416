/*
 * kernel/clock.c - time since boot, from the TSC; ticks, from the local timer.
 *
 * Owns the calibration (immutable after clock_init()) and the tick counter (written by the
 * boot CPU's tick only).
 */
#include "kernel/clock.h"

#include "arch/cpu.h"
#include "arch/irq.h"
#include "arch/timing.h"
#include "kernel/lib/assert.h"
#include "kernel/log.h"

#define SHIFT	    40 /* of the multiplier: 2^40 * 1e6 fits 64 bits */
#define TSC_HZ_MIN  (10UL * 1000 * 1000)
#define TSC_HZ_MAX  (20UL * 1000 * 1000 * 1000)
#define TSC_HZ_WILD (1000UL * 1000 * 1000) /* a guess, better than no time at all */

static uint64_t tsc_base;
static uint64_t tsc_hz;
static uint64_t us_per_cycle; /* times 2^SHIFT; 0: not calibrated */
uint64_t clock_tick_count;
static void (*tick_hook)(void);

void clock_init(void)
{
	const char *source = "none";
	uint64_t hz = timing_tsc_hz(&source);

	if (hz < TSC_HZ_MIN || hz > TSC_HZ_MAX) {
		klog(LOG_WARN, "clock: TSC measured as %lu Hz (%s), taken as %lu Hz", hz, source,
		     TSC_HZ_WILD);
		hz = TSC_HZ_WILD;
	}
	tsc_hz = hz;
	tsc_base = cpu_cycles();
	us_per_cycle = (1000000UL << SHIFT) / hz;
	klog(LOG_INFO, "clock: TSC %lu.%03lu MHz, measured with %s", hz / 1000000, hz / 1000 % 1000,
	     source);
}

uint64_t clock_us(void)
{
	__extension__ typedef unsigned __int128 uint128;
	uint64_t cycles;

	if (us_per_cycle == 0)
		return 0;
	cycles = cpu_cycles() - tsc_base;
	return (uint64_t)((uint128)cycles * us_per_cycle >> SHIFT);
}

uint64_t clock_cycles_per_us(void)
{
	return tsc_hz == 0 ? 1 : MAX(tsc_hz / 1000000, 1UL);
}

void clock_delay_us(uint64_t us)
{
	uint64_t start = cpu_cycles();
	uint64_t cycles = us * clock_cycles_per_us();

	ASSERT(us_per_cycle != 0);
	while (cpu_cycles() - start < cycles)
		cpu_wait();
}

/* The boot CPU keeps the time; the tick of another is for its scheduler only. */
static void tick(void)
{
	if (cpu_id() == 0) {
		__atomic_store_n(&clock_tick_count, clock_tick_count + 1, __ATOMIC_RELAXED);
		timers_run(clock_us());
	}
	if (tick_hook != NULL)
		tick_hook();
}

void clock_start_ticks(void)
{
	irq_start_tick(CLOCK_HZ, tick);
}

void clock_set_tick_hook(void (*hook)(void))
{
	tick_hook = hook;
}
