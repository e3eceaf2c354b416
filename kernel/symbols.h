/*
 * kernel/symbols.h - function names for addresses of the kernel image.
 *
 * The table is made from the linked ELF in a second link pass.
 */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include "kernel/lib/types.h"

/* The function that holds `addr`, and the offset in it; NULL where none does. */
const char *symbol_lookup(vaddr_t addr, size_t *offset);
/* The bare name ("?" if none), for owners and callers. */
const char *symbol_name(vaddr_t addr);

#endif
