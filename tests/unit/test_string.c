/*
 * tests/unit/test_string.c - the kernel's string functions against the C library's.
 *
 * The kernel's are compiled here under other names.  Every function is tried on all short
 * lengths and alignments, between guard bytes; ASan watches for reads beyond the ends.
 */
/* sources: */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define memcpy	kernel_memcpy
#define memmove kernel_memmove
#define memset	kernel_memset
#define memcmp	kernel_memcmp
#define memchr	kernel_memchr
#define strlen	kernel_strlen
#define strnlen kernel_strnlen
#define strcmp	kernel_strcmp
#define strncmp kernel_strncmp
#define strcpy	kernel_strcpy
#define strncpy kernel_strncpy
#define strcat	kernel_strcat
#define strncat kernel_strncat
#define strchr	kernel_strchr
#define strrchr kernel_strrchr
#define strstr	kernel_strstr
#define strspn	kernel_strspn
#define strcspn kernel_strcspn
#include "kernel/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strcpy
#undef strncpy
#undef strcat
#undef strncat
#undef strchr
#undef strrchr
#undef strstr
#undef strspn
#undef strcspn

#define AREA 96

static void fill(uint8_t *area, unsigned seed)
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = (uint8_t)(i * 37 + seed);
}

static void test_memcpy_memset(void **state)
{
	uint8_t from[AREA], got[AREA], wanted[AREA];

	(void)state;
	fill(from, 1);
	for (size_t n = 0; n <= 40; n++) {
		for (size_t at = 0; at < 16; at++) {
			fill(got, 99);
			fill(wanted, 99);
			assert_ptr_equal(kernel_memcpy(got + at, from + 3, n), got + at);
			memcpy(wanted + at, from + 3, n);
			assert_memory_equal(got, wanted, AREA);
			assert_ptr_equal(kernel_memset(got + at, 0x1f3, n), got + at);
			memset(wanted + at, 0x1f3, n);
			assert_memory_equal(got, wanted, AREA);
		}
	}
}

static void test_memmove_overlaps(void **state)
{
	uint8_t got[AREA], wanted[AREA];

	(void)state;
	for (size_t n = 0; n <= 24; n++) {
		for (size_t from = 0; from < 32; from++) {
			for (size_t to = 0; to < 32; to++) {
				fill(got, 7);
				fill(wanted, 7);
				assert_ptr_equal(kernel_memmove(got + to, got + from, n), got + to);
				memmove(wanted + to, wanted + from, n);
				assert_memory_equal(got, wanted, AREA);
			}
		}
	}
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

/* An exact heap copy, so that ASan sees a read past the 0. */
static char *exact(const char *s)
{
	char *copy = malloc(strlen(s) + 1);

	strcpy(copy, s);
	return copy;
}

static const char *const words[] = {
	"",	    "a",   "b",	   "ab",  "abc", "abd",	     "ABC",    "abcabc",       "\x80",
	"\xff\x01", "aab", "aaab", "a=b", "  x", "memory32", "memory", "xxmemory32xx",
};
#define NWORDS (sizeof(words) / sizeof(words[0]))

static void check_pair(const char *a, const char *b)
{
	assert_int_equal(sign(kernel_strcmp(a, b)), sign(strcmp(a, b)));
	assert_ptr_equal(kernel_strstr(a, b), strstr(a, b));
	assert_int_equal(kernel_strspn(a, b), strspn(a, b));
	assert_int_equal(kernel_strcspn(a, b), strcspn(a, b));
	for (size_t n = 0; n < 10; n++) {
		char got[40] = "start", wanted[40] = "start";

		assert_int_equal(sign(kernel_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		kernel_strncat(got, b, n);
		strncat(wanted, b, n);
		assert_memory_equal(got, wanted, sizeof(got));
	}
}

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < NWORDS; i++) {
		for (size_t j = 0; j < NWORDS; j++) {
			char *a = exact(words[i]), *b = exact(words[j]);

			check_pair(a, b);
			free(a);
			free(b);
		}
	}
}

static void check_word(const char *s)
{
	size_t len = strlen(s);

	assert_int_equal(kernel_strlen(s), len);
	for (size_t n = 0; n < 20; n++) {
		char got[24], wanted[24];

		assert_int_equal(kernel_strnlen(s, n), strnlen(s, n));
		memset(got, '#', sizeof(got));
		memset(wanted, '#', sizeof(wanted));
		assert_ptr_equal(kernel_strncpy(got, s, n), got);
		strncpy(wanted, s, n);
		assert_memory_equal(got, wanted, sizeof(got));
	}
	for (int c = 0; c < 256; c++) {
		assert_ptr_equal(kernel_strchr(s, c), strchr(s, c));
		assert_ptr_equal(kernel_strrchr(s, c), strrchr(s, c));
		assert_ptr_equal(kernel_memchr(s, c, len), memchr(s, c, len));
	}
}

static void test_single(void **state)
{
	(void)state;
	for (size_t i = 0; i < NWORDS; i++) {
		char *s = exact(words[i]);
		char got[40] = "", wanted[40] = "";

		check_word(s);
		kernel_strcat(kernel_strcpy(got, s), "tail");
		strcat(strcpy(wanted, s), "tail");
		assert_string_equal(got, wanted);
		free(s);
	}
}

static void test_memcmp(void **state)
{
	uint8_t a[8], b[8];

	(void)state;
	for (unsigned x = 0; x < 256; x += 5) {
		for (size_t at = 0; at < sizeof(a); at++) {
			memset(a, 0x80, sizeof(a));
			memset(b, 0x80, sizeof(b));
			a[at] = (uint8_t)x;
			for (size_t n = 0; n <= sizeof(a); n++)
				assert_int_equal(sign(kernel_memcmp(a, b, n)),
						 sign(memcmp(a, b, n)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy_memset), cmocka_unit_test(test_memmove_overlaps),
		cmocka_unit_test(test_pairs),	      cmocka_unit_test(test_single),
		cmocka_unit_test(test_memcmp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
