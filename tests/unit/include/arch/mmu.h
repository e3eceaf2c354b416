/*
 * tests/unit/include/arch/mmu.h - the window over a DIMM at an address that a process may map.
 */
#ifndef TESTS_UNIT_MMU_H
#define TESTS_UNIT_MMU_H

#include_next "arch/mmu.h"

#undef MMU_WINDOW_BASE
#define MMU_WINDOW_BASE 0x0000200000000000UL

#endif
