/*
 * arch/x86_64/user_page.h - maps a page as user mode would have it; for `provoke` only.
 */
#ifndef ARCH_X86_64_USER_PAGE_H
#define ARCH_X86_64_USER_PAGE_H

#include "kernel/lib/types.h"

/*
 * Maps `page` at `va`, in a part of the address space where no tables are, writable, executable
 * and with the user bit, by three tables given by the caller (contents arbitrary).  0, or
 * -EEXIST: a table is there already.
 */
int user_page_map(vaddr_t va, paddr_t page, const paddr_t tables[3]);

#endif
