/*
 * kernel/lib/bits.h - powers of two and single bits.
 */
#ifndef KERNEL_LIB_BITS_H
#define KERNEL_LIB_BITS_H

#include "kernel/lib/types.h"

#define BIT(n) (1UL << (n))

static inline bool is_power_of_two(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* floor(log2(x)); x must not be 0. */
static inline unsigned log2_floor(uint64_t x)
{
	return 63U - (unsigned)__builtin_clzl(x);
}

/* ceil(log2(x)); x must not be 0. */
static inline unsigned log2_ceil(uint64_t x)
{
	return x == 1 ? 0 : log2_floor(x - 1) + 1;
}

/* The largest order at which `pfn` is naturally aligned, `max` at most. */
static inline unsigned alignment_order(uint64_t pfn, unsigned max)
{
	unsigned order = pfn == 0 ? max : (unsigned)__builtin_ctzl(pfn);

	return order < max ? order : max;
}

#endif
