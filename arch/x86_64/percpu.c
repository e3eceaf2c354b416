/*
 * arch/x86_64/percpu.c - the blocks that GS points at, one a CPU.
 *
 * Each block belongs to its CPU; arch/percpu.h says who may write what.
 */
#include "arch/percpu.h"

#include "arch/x86_64/control.h"

#define MSR_GS_BASE 0xc0000101U /* [SDM 3A 3.4.4.1] */

_Static_assert(offsetof(struct percpu, id) == 0, "cpu_id() reads the first word");

struct percpu percpu[MAX_CPUS];

/* Runs before the stack's canary is made. */
__attribute__((no_stack_protector)) void percpu_load(unsigned cpu)
{
	percpu[cpu].id = cpu;
	control_write_msr(MSR_GS_BASE, (uint64_t)&percpu[cpu]);
}
