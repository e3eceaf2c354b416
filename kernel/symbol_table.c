/*
 * kernel/symbol_table.c - the empty table of the first link pass.
 *
 * Weak: what tools/symbols makes for the second pass wins.  A file of its own, since the
 * compiler takes weak constants for what they are wherever it sees their values.
 */
#include "kernel/symbol_table.h"

__weak const uint32_t symbol_count = 0;
__weak const uint32_t symbol_size = 0;
__weak const uint32_t symbol_offset[] = {0};
__weak const uint32_t symbol_name_at[] = {0};
__weak const char symbol_names[] = "";
