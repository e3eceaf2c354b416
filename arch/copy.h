/*
 * arch/copy.h - arch contract: copying page frames.
 */
#ifndef ARCH_COPY_H
#define ARCH_COPY_H

#include "kernel/lib/types.h"

#define COPY_UNIT 256U

/*
 * Copies `size` bytes, a multiple of COPY_UNIT above 0, between addresses aligned to 16.
 *
 * => no preemption: it uses registers that threads do not save
 */
void copy_frames(void *to, const void *from, size_t size);

#endif
