/*
 * kernel/symbols.c - looks addresses up in the table that tools/symbols makes.
 *
 * Before the second link pass the table is empty (kernel/symbol_table.c).  Immutable: no lock.
 */
#include "kernel/symbols.h"

#include "kernel/symbol_table.h"

/* The last i with symbol_offset[i] <= offset; the table is not empty and starts at or below. */
static uint32_t find(uint32_t offset)
{
	uint32_t low = 0;
	uint32_t high = symbol_count;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (symbol_offset[mid] <= offset)
			low = mid;
		else
			high = mid;
	}
	return low;
}

const char *symbol_lookup(vaddr_t addr, size_t *offset)
{
	vaddr_t base = (vaddr_t)__text_start;
	uint32_t i;

	if (symbol_count == 0 || addr < base + symbol_offset[0] || addr - base >= symbol_size)
		return NULL;
	i = find((uint32_t)(addr - base));
	if (offset != NULL)
		*offset = addr - base - symbol_offset[i];
	return symbol_names + symbol_name_at[i];
}

const char *symbol_name(vaddr_t addr)
{
	const char *name = symbol_lookup(addr, NULL);

	return name != NULL ? name : "?";
}
