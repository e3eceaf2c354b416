/*
 * arch/x86_64/context.c - the first stack frame of a thread.
 *
 * Owns nothing.  The frame is what context_switch() would have saved; the order of its words is
 * that of the pops in context_switch.asm.
 */
#include "arch/context.h"

#include "kernel/lib/assert.h"

struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp;
	uint64_t rip;
	uint64_t bottom[2]; /* keeps the stack aligned to 16 bytes at the first call [SysV 3.2.2] */
};

void context_first(void); /* context_switch.asm: calls r12(r13) */

uint64_t context_prepare(vaddr_t stack_top, void (*entry)(void *), void *arg)
{
	struct switch_frame *frame = (struct switch_frame *)(stack_top - sizeof(*frame));

	ASSERT(IS_ALIGNED(stack_top, 16));
	*frame = (struct switch_frame){
		.r12 = (uint64_t)entry, .r13 = (uint64_t)arg, .rip = (uint64_t)context_first,
		/* rbp 0 ends a backtrace */
	};
	return (uint64_t)frame;
}
