/*
 * arch/context.h - arch contract: switching from one kernel thread's stack to another's.
 */
#ifndef ARCH_CONTEXT_H
#define ARCH_CONTEXT_H

#include "kernel/lib/types.h"

/* Saves the callee-saved registers on the stack, stores rsp in *save_sp, loads new_sp. */
void context_switch(uint64_t *save_sp, uint64_t new_sp);

/* Lays out a new stack so that the first switch to it calls entry(arg) with interrupts off.
 * `stack_top` is exclusive and 16-byte aligned; returns the initial sp. */
uint64_t context_prepare(vaddr_t stack_top, void (*entry)(void *), void *arg);

#endif
