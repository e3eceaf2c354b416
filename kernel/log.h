/*
 * kernel/log.h - the kernel log: a ring of lines, handed to registered sinks.
 *
 * klog() may be called from any context, interrupts and panics included.  A line is
 * "subsystem: text" without a newline.  `dmesg` reads the ring; the console is a sink.
 *
 * Lock: log_lock (spin, rank LOG: only the serial line's and that of TLB flushes come behind it).
 * Sinks are called without it.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

#include "kernel/lib/types.h"

#include <stdarg.h>

/* Linux's levels, without those nobody uses. */
enum log_level { LOG_ERR = 3, LOG_WARN = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

void klog(enum log_level level, const char *fmt, ...) __printf(2, 3);
void vklog(enum log_level level, const char *fmt, va_list ap) __printf(2, 0);

#define LOG_LINE_MAX 200 /* longer lines are cut, and end in "..." */

struct log_line {
	uint64_t seq;	  /* counts every line since boot, from 1 */
	uint64_t time_us; /* since boot */
	enum log_level level;
	char text[LOG_LINE_MAX];
};

/* Copies the first line with seq >= *seq into *line and sets *seq past it; false at the end. */
bool log_read(uint64_t *seq, struct log_line *line);

typedef void (*log_sink_fn)(const struct log_line *line);
/* One console sink: lines of level <= log_console_level() go to it as they come. */
void log_set_sink(log_sink_fn sink);
/* Where time_us comes from; lines before have 0. */
void log_set_clock(uint64_t (*clock)(void));
/* The number that the next line will get. */
uint64_t log_next_seq(void);
void log_set_console_level(int level);
int log_console_level(void);

#endif
