/*
 * tests/unit/test_symbols.c - looking addresses up in a table like the one tools/symbols makes.
 */
/* sources: kernel/symbols.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel/symbol_table.h"
#include "kernel/symbols.h"

char __text_start[0x1000]; /* only its address is used */

const uint32_t symbol_count = 5;
const uint32_t symbol_size = 0x400;
const uint32_t symbol_offset[] = {0x10, 0x20, 0x21, 0x100, 0x200};
const uint32_t symbol_name_at[] = {0, 6, 10, 12, 18};
const char symbol_names[] = "first\0two\0c\0large\0last";

static vaddr_t at(uint32_t offset)
{
	return (vaddr_t)__text_start + offset;
}

static void expect(uint32_t offset, const char *name, size_t in)
{
	size_t got = SIZE_MAX;

	assert_string_equal(symbol_lookup(at(offset), &got), name);
	assert_int_equal(got, in);
	assert_string_equal(symbol_name(at(offset)), name);
}

static void test_inside(void **state)
{
	(void)state;
	expect(0x10, "first", 0);
	expect(0x1f, "first", 15);
	expect(0x20, "two", 0);
	expect(0x21, "c", 0);
	expect(0xff, "c", 0xde);
	expect(0x100, "large", 0);
	expect(0x200, "last", 0);
	expect(0x3ff, "last", 0x1ff);
}

static void test_outside(void **state)
{
	(void)state;
	assert_null(symbol_lookup(at(0xf), NULL));
	assert_null(symbol_lookup(at(0x400), NULL));
	assert_null(symbol_lookup(at(0) - 1, NULL));
	assert_null(symbol_lookup(0, NULL));
	assert_null(symbol_lookup(UINT64_MAX, NULL));
	assert_string_equal(symbol_name(0), "?");
}

/* Every address against a walk from the front. */
static void test_all_against_walk(void **state)
{
	(void)state;
	for (uint32_t offset = 0x10; offset < symbol_size; offset++) {
		uint32_t i = 0;

		while (i + 1 < symbol_count && symbol_offset[i + 1] <= offset)
			i++;
		expect(offset, symbol_names + symbol_name_at[i], offset - symbol_offset[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_all_against_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
