/*
 * kernel/clock.h - time since boot, ticks, and timers.
 *
 * The TSC, calibrated once against the PIT [8254] or the ACPI PM timer, is the clock.
 */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define CLOCK_HZ 100 /* local timer ticks a second */

void clock_init(void); /* calibrates; needs no interrupts: the first thing kmain may call */
/* From here on ticks are counted and timers fire; after irq_init(). */
void clock_start_ticks(void);
/* One function called at every tick after the timers, with interrupts off: the scheduler's. */
void clock_set_tick_hook(void (*hook)(void));
uint64_t clock_us(void); /* microseconds since boot; 0 before clock_init() */
uint64_t clock_cycles_per_us(void);
void clock_delay_us(uint64_t us); /* busy; for hardware */

/* Local timer ticks since boot: the age of pages is in these.  In line: every allocation asks. */
extern uint64_t clock_tick_count;
static inline uint64_t clock_ticks(void)
{
	return __atomic_load_n(&clock_tick_count, __ATOMIC_RELAXED);
}

/*
 * A timer belongs to its caller; all zero before the first start.  Timers fire in the order of
 * their times, at the first tick past it (up to 10 ms late), never early.
 *
 * Lock: timer_lock (spin, rank TIMER); fn is called without it.
 */
struct timer {
	struct list_head link; /* NULL links: not started */
	uint64_t expires_us;
	void (*fn)(void *arg); /* in interrupt context */
	void *arg;
};
/* Starts, or starts anew with the later values, a timer. */
void timer_start(struct timer *t, uint64_t delay_us, void (*fn)(void *), void *arg);
/* True: it had not fired.  False: it had, or was never started, and fn has returned (unless fn
 * itself is the caller).  => no lock held that fn takes */
bool timer_cancel(struct timer *t);
/* The clock's: fires what is due at `now_us`. */
void timers_run(uint64_t now_us);

#endif
