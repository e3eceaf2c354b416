/*
 * tests/unit/test_format.c - the kernel's vsnprintf against the C library's.
 *
 * The kernel's is compiled here under another name; both get the same format and arguments,
 * and must agree in result and bytes for every buffer size.
 */
/* sources: */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define snprintf  kernel_snprintf
#define vsnprintf kernel_vsnprintf
#include "kernel/lib/format.c"
#undef snprintf
#undef vsnprintf

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-overflow"

static unsigned compared;

static void same_va(size_t size, const char *fmt, va_list ap)
{
	char got[256], wanted[256];
	va_list copy;
	int n, m;

	memset(got, '#', sizeof(got));
	memset(wanted, '#', sizeof(wanted));
	va_copy(copy, ap);
	n = kernel_vsnprintf(got, size, fmt, copy);
	va_end(copy);
	va_copy(copy, ap);
	m = vsnprintf(wanted, size, fmt, copy);
	va_end(copy);
	if (n != m || memcmp(got, wanted, sizeof(got)) != 0)
		fail_msg("\"%s\" into %zu: got %d \"%.*s\", wanted %d \"%.*s\"", fmt, size, n, 200,
			 got, m, 200, wanted);
	compared++;
}

static void same(const char *fmt, ...)
{
	static const size_t sizes[] = {0, 1, 2, 5, 9, 16, 256};
	va_list ap;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		va_start(ap, fmt);
		same_va(sizes[i], fmt, ap);
		va_end(ap);
	}
}

/* Every flag combination, width, precision and length with every integer conversion. */
static void integers(const char *conversion, const char *length, long value)
{
	static const char *const widths[] = {"", "1", "9", "22"};
	static const char *const precisions[] = {"", ".", ".0", ".3", ".12"};
	char fmt[32], flags[8];

	for (unsigned set = 0; set < 32; set++) {
		snprintf(flags, sizeof(flags), "%s%s%s%s%s", set & 1 ? "-" : "", set & 2 ? "0" : "",
			 set & 4 ? "+" : "", set & 8 ? " " : "", set & 16 ? "#" : "");
		for (unsigned w = 0; w < 4; w++) {
			for (unsigned p = 0; p < 5; p++) {
				snprintf(fmt, sizeof(fmt), "<%%%s%s%s%s%s>", flags, widths[w],
					 precisions[p], length, conversion);
				same(fmt, value);
			}
		}
	}
}

static void test_integers(void **state)
{
	static const char *const conversions[] = {"d", "i", "u", "x", "X", "o"};
	static const char *const lengths[] = {"hh", "h", "", "l", "ll", "z", "t", "j"};
	static const long values[] = {0,       1,	-1,	  42,	    255,      -128,
				      INT_MAX, INT_MIN, UINT_MAX, LONG_MAX, LONG_MIN, 0x123456789};

	(void)state;
	for (size_t c = 0; c < 6; c++)
		for (size_t l = 0; l < 8; l++)
			for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++)
				integers(conversions[c], lengths[l], values[v]);
	assert_true(compared > 1000000);
}

static void test_text(void **state)
{
	char unterminated[4] = {'A', 'C', 'P', 'I'};

	(void)state;
	same("plain");
	same("");
	same("100%%|%5%|");
	same("%s|%5s|%-5s|%.2s|%-8.3s|", "abc", "abc", "abc", "abc", "abc");
	same("%.4s|%4.4s|%-8.4s|", unterminated, unterminated, unterminated);
	same("%*s|%-*s|%*s|", 6, "ab", 6, "ab", -6, "ab");
	same("%.*s|%.*s|%*.*s", 1, "abc", -1, "abc", 5, 2, "abc");
	same("%c|%3c|%-3c|%c", 'x', 'y', 'z', 0);
	same("%-8.8s %4.4s %8.8X", "\\_SB_", "DSDTxx", 0xbeef);
	same("%*d|%-*d|%0*d|%.*d", 5, 42, 5, 42, 5, 42, 5, 42);
}

static void test_pointers(void **state)
{
	(void)state;
	same("%p|%20p|%-20p|", (void *)0x1234, (void *)0xffffffff80000000, (void *)0x1);
	same("%p|%8p|%-8p|", NULL, NULL, NULL);
}

/* What the C library leaves undefined must be shown or survived, not trusted. */
static void test_malformed(void **state)
{
	char got[64];

	(void)state;
	assert_int_equal(kernel_snprintf(got, sizeof(got), "%y|%", 1), 4);
	assert_string_equal(got, "%y|%");
	assert_int_equal(kernel_snprintf(got, sizeof(got), "%5.3"), 4);
	assert_string_equal(got, "%5.3");
	kernel_snprintf(got, sizeof(got), "%s|%.3s", NULL, NULL);
	assert_string_equal(got, "(null)|(nu");
	assert_int_equal(kernel_snprintf(got, 8, "%99999999999d", 1), 999999999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
