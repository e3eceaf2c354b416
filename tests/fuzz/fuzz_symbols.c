/*
 * tests/fuzz/fuzz_symbols.c - any table of functions, and any address: found as by looking at
 * one entry after the other, and never outside.
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

static void make_table(const uint8_t *data, size_t size)
{
	uint32_t at = 0;

	symbol_count = (uint32_t)MIN(size / 2, (size_t)SYMBOLS);
	for (uint32_t i = 0; i < symbol_count; i++) {
		at += data[2 * i] + (i != 0); /* two functions do not start at one place */
		symbol_offset[i] = at;
		symbol_name_at[i] = i * NAME;
		snprintf(symbol_names + symbol_name_at[i], NAME, "%c%c", 'a' + (int)i % 26,
			 'a' + (int)i / 26);
	}
	symbol_size = at + (size > 0 ? data[size - 1] : 0);
}

static void check(vaddr_t address)
{
	vaddr_t base = (vaddr_t)__text_start;
	const char *want = NULL, *got;
	size_t offset = 77, want_offset = 77;

	for (uint32_t i = 0; i < symbol_count && address - base < symbol_size; i++)
		if (address - base >= symbol_offset[i]) {
			want = symbol_names + symbol_name_at[i];
			want_offset = address - base - symbol_offset[i];
		}
	got = symbol_lookup(address, &offset);
	MUST(got == want && offset == want_offset);
	MUST(strcmp(symbol_name(address), want != NULL ? want : "?") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vaddr_t base = (vaddr_t)__text_start;

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
