/*
 * kernel/lib/assert.h - assertions, two tiers.
 *
 * ASSERT is always on and cheap.  DEBUG_CHECK is for whole-structure checks and exists only
 * with CONFIG_DEBUG.  A failed one calls panic() (on the host: abort()).
 */
#ifndef KERNEL_LIB_ASSERT_H
#define KERNEL_LIB_ASSERT_H

#include "kernel/lib/types.h"

__noreturn void assert_failed(const char *expr, const char *file, int line);

#define ASSERT(expr)                                              \
	do {                                                      \
		if (unlikely(!(expr)))                            \
			assert_failed(#expr, __FILE__, __LINE__); \
	} while (0)

#ifdef CONFIG_DEBUG
#define DEBUG_CHECK(expr) ASSERT(expr)
#else
#define DEBUG_CHECK(expr) \
	do {              \
	} while (0)
#endif

#endif
