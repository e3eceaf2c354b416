/*
 * kernel/lib/format.h - formatted output into a buffer (ISO C's snprintf; on the host, libc's).
 *
 * Conversions: d i u x X o c s p %, flags - 0 + space #, width and precision also as *,
 * lengths hh h l ll z t j.  No floating point, and no n.
 */
#ifndef KERNEL_LIB_FORMAT_H
#define KERNEL_LIB_FORMAT_H

#include "kernel/lib/types.h"

#include <stdarg.h>

int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);

#endif
