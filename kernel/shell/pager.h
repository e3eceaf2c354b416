/*
 * kernel/shell/pager.h - | more: a screenful at a time.
 *
 * One pager at a time, for the thread that runs the line.
 */
#ifndef KERNEL_SHELL_PAGER_H
#define KERNEL_SHELL_PAGER_H

#include "kernel/lib/types.h"

bool pager_is_on(void);
void pager_begin(void);
/* Output on its way to the console; `urgent` text comes through after q, too. */
void pager_write(const char *text, size_t len, bool urgent);
/* Shows what is left, as the reader asks for it. */
void pager_end(void);
/* Forgets everything (a panic). */
void pager_reset(void);

#endif
