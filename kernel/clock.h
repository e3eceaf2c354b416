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

void clock_init(void);
uint64_t clock_us(void);    /* microseconds since boot; 0 before clock_init() */
uint64_t clock_ticks(void); /* local timer ticks since boot: the age of pages is in these */
uint64_t clock_cycles_per_us(void);
void clock_delay_us(uint64_t us); /* busy; for hardware */

struct timer {
	struct list_head link;
	uint64_t expires_us;
	void (*fn)(void *arg); /* in interrupt context */
	void *arg;
};
void timer_start(struct timer *t, uint64_t delay_us, void (*fn)(void *), void *arg);
bool timer_cancel(struct timer *t); /* true: it had not fired */

#endif
