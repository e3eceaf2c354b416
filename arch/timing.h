/*
 * arch/timing.h - arch contract: how fast the TSC counts.
 */
#ifndef ARCH_TIMING_H
#define ARCH_TIMING_H

#include "kernel/lib/types.h"

/*
 * timing_tsc_hz: measure the TSC against a timer of known rate (about 30 ms, busy).
 *
 * Returns counts a second, or 0 where no timer answered or no two measurements agreed.  Stores
 * what it was measured with in *source.
 */
uint64_t timing_tsc_hz(const char **source);

#endif
