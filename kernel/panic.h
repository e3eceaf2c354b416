/*
 * kernel/panic.h - the end: a report with registers and a backtrace with names.
 *
 * Callable from any context.  A panic within a panic says less.  Nothing here takes a lock.
 */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include "kernel/lib/types.h"

#include <stdarg.h>

struct trap_frame;

__noreturn void panic(const char *fmt, ...) __printf(1, 2);
/* The same with the registers at fault. */
__noreturn void panic_trap(const struct trap_frame *frame, const char *fmt, ...) __printf(2, 3);
bool panic_in_progress(void);
bool panic_is_mine(void); /* does this CPU panic? */
/* This CPU stops for ever, since another panics, and says first what it did. */
__noreturn void panic_stop(const struct trap_frame *frame);
/* `stop` makes every other CPU that runs call panic_stop(), from a non-maskable interrupt, and
 * returns which: bit i, CPU i. */
void panic_set_stop(uint64_t (*stop)(void));

/* Called by panic() after its own report, e.g. held locks, hot-plug state; must not lock. */
typedef void (*panic_dumper_fn)(void);
void panic_register_dumper(panic_dumper_fn dumper);
/* Whether a page fault (also one that became a double fault) is what the report is about. */
bool panic_by_page_fault(void);
/* What panic() runs after everything else instead of halting, e.g. a shell that polls; must not
 * lock.  A panic in it runs it again, a few times. */
void panic_set_shell(void (*shell)(void));
/* Prints during a panic: straight to the serial line. */
void panic_printf(const char *fmt, ...) __printf(1, 2);
void panic_vprintf(const char *fmt, va_list ap) __printf(1, 0);
/* The first line of a part of the report, coloured where the terminal shows colours. */
void panic_heading(const char *fmt, ...) __printf(1, 2);
void panic_set_color(bool on);
/* The address and the function it lies in. */
void panic_print_address(vaddr_t addr);

/* How the running thread is called, for reports: must not lock, may return NULL. */
void panic_set_thread_name(const char *(*name)(void));
const char *panic_thread_name(void);

#endif
