/*
 * tests/fuzz/fuzz_symbols.c - any table of functions, and any address: what is found begins at or
 * below it, the next one above, and nothing is found outside.
 *
 * The table is the fuzzer's own, so kernel/symbol_table.h, which says that it is constant, is not
 * for here; tools/symbols promises ascending offsets, and so does this.
 */
/* sources: kernel/symbols.c */
#include "kernel/symbols.h"
#include "tests/fuzz/fuzz.h"

#define SYMBOLS 64
#define NAME	4 /* bytes a name */

char __text_start[1 << 20];
uint32_t symbol_count, symbol_size;
uint32_t symbol_offset[SYMBOLS], symbol_name_at[SYMBOLS];
char symbol_names[SYMBOLS * NAME];

static void make_names(void)
{
	if (symbol_names[0] != '\0')
		return;
	for (uint32_t i = 0; i < SYMBOLS; i++) {
		symbol_name_at[i] = i * NAME;
		snprintf(symbol_names + i * NAME, NAME, "%c%c", 'a' + (int)i % 26,
			 'a' + (int)i / 26);
	}
}

static void make_table(const uint8_t *data, size_t size)
{
	uint32_t at = 0;

	symbol_count = (uint32_t)MIN(size / 2, (size_t)SYMBOLS);
	for (uint32_t i = 0; i < symbol_count; i++) {
		at += data[2 * i] + (i != 0); /* two functions do not start at one place */
		symbol_offset[i] = at;
	}
	symbol_size = at + (size > 0 ? data[size - 1] : 0);
}

/* What is found must be the function that the address is in. */
static void check_found(const char *name, size_t address, size_t offset)
{
	size_t i = (size_t)(name - symbol_names) / NAME;

	MUST(name >= symbol_names && i < symbol_count && name == symbol_names + i * NAME);
	MUST(symbol_offset[i] <= address && offset == address - symbol_offset[i]);
	MUST(i + 1 == symbol_count || symbol_offset[i + 1] > address);
}

static void check(vaddr_t address)
{
	size_t offset = 77, into = address - (vaddr_t)__text_start;
	const char *name = symbol_lookup(address, &offset);
	bool outside = symbol_count == 0 || into < symbol_offset[0] || into >= symbol_size;

	MUST((name == NULL) == outside);
	if (name != NULL)
		check_found(name, into, offset);
	else
		MUST(offset == 77);
	MUST(name != NULL ? symbol_name(address) == name : strcmp(symbol_name(address), "?") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vaddr_t base = (vaddr_t)__text_start;

	make_names();
	make_table(data, size);
	for (size_t i = 0; i < size; i++)
		check(base - 128 + (vaddr_t)data[i] * (i % 80 + 1));
	for (uint32_t i = 0; i < symbol_count; i++) {
		check(base + symbol_offset[i]);
		check(base + symbol_offset[i] - 1);
	}
	check(base + symbol_size - 1);
	check(base + symbol_size);
	check(0);
	check(UINT64_MAX);
	return 0;
}
