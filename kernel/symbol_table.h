/*
 * kernel/symbol_table.h - the table that tools/symbols writes and kernel/symbols.c reads.
 *
 * Functions of .text by ascending address; offsets are from __text_start.
 */
#ifndef KERNEL_SYMBOL_TABLE_H
#define KERNEL_SYMBOL_TABLE_H

#include "kernel/lib/types.h"

extern char __text_start[];

extern const uint32_t symbol_count;
extern const uint32_t symbol_size;	/* bytes of .text that the table speaks for */
extern const uint32_t symbol_offset[];	/* [symbol_count] */
extern const uint32_t symbol_name_at[]; /* [symbol_count], into symbol_names */
extern const char symbol_names[];	/* one after the other, each terminated */

#endif
