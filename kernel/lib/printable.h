/*
 * kernel/lib/printable.h - text from outside that goes to a terminal or into a document.
 *
 * Firmware and boot loader may put any bytes where a name is due; an escape sequence must not
 * reach the terminal, nor what is no UTF-8 a JSON document.
 */
#ifndef KERNEL_LIB_PRINTABLE_H
#define KERNEL_LIB_PRINTABLE_H

#include "kernel/lib/types.h"

/* The character itself, or '?' for what is no printable ASCII. */
static inline char printable(char c)
{
	return c >= ' ' && c <= '~' ? c : '?';
}

/* Copies `n` bytes and a NUL: `out` has room for n + 1. */
static inline void copy_printable(char *out, const char *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = printable(in[i]);
	out[n] = '\0';
}

#endif
