/*
 * arch/x86_64/pic.h - the two 8259 interrupt controllers [8259A], and the register beside them that
 * says which lines are level-triggered [82371SB, ELCR].
 */
#ifndef ARCH_X86_64_PIC_H
#define ARCH_X86_64_PIC_H

#include "kernel/lib/types.h"

#define PIC_LINES 16U

/* Moves the lines to vectors `vector_base` + 0..15, away from exceptions, and masks them all. */
void pic_init(unsigned vector_base);
void pic_set_masked(unsigned line, bool masked);
void pic_set_level(unsigned line, bool level);
/* False: the controller made it up (7 or 15 without a request); nothing needs an EOI then. */
bool pic_is_real(unsigned line);
void pic_eoi(unsigned line);

#endif
