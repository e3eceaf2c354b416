/*
 * tests/unit/include/arch/percpu.h - what a CPU has for itself, on the host: the nodes that its
 * memory comes from.
 */
#ifndef TESTS_UNIT_PERCPU_H
#define TESTS_UNIT_PERCPU_H

#include "arch/cpu.h"

struct percpu {
	uint8_t home[2];
};

__attribute__((weak)) struct percpu percpu[MAX_CPUS];

static inline unsigned percpu_home(unsigned i)
{
	return percpu[host_cpu].home[i];
}

#endif
