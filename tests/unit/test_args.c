/*
 * tests/unit/test_args.c - options, numbers, sizes, seconds and ranges; tables.
 */
/* sources: kernel/shell/args.c kernel/shell/table.c */
#include "kernel/shell/table.h"
#include "tests/unit/shell_kit.h"

#include <setjmp.h>

#include <cmocka.h>

#define WORDS_MAX 12

/* Runs shell_option() over words and writes what came of them: "a b=5 | x y". */
static const char *options(const char *letters, const char *first, ...)
{
	static char text[256];
	char *argv[WORDS_MAX + 1] = {(char *)"test"};
	int argc = 1, opt;
	size_t n = 0;
	va_list ap;

	va_start(ap, first);
	for (const char *w = first; w != NULL && argc < WORDS_MAX; w = va_arg(ap, const char *))
		argv[argc++] = (char *)w;
	va_end(ap);
	struct shell_args a = SHELL_ARGS("test", letters, argc, argv);
	while ((opt = shell_option(&a)) > 0) {
		const char *colon = strchr(letters, opt);

		n += (size_t)sprintf(text + n, "%c", opt);
		if (colon[1] == ':')
			n += (size_t)sprintf(text + n, "=%s", a.value);
		n += (size_t)sprintf(text + n, " ");
	}
	if (opt < 0)
		return take_printed();
	n += (size_t)sprintf(text + n, "|");
	for (int i = 0; i < a.noperands; i++)
		n += (size_t)sprintf(text + n, " %s", a.operands[i]);
	return text;
}

static void option_letters(void **state)
{
	(void)state;
	assert_string_equal(options("ab", NULL), "|");
	assert_string_equal(options("ab", "x", NULL), "| x");
	assert_string_equal(options("ab", "-a", "x", "-b", "y", NULL), "a b | x y");
	assert_string_equal(options("abt:", "-abt5", "x", NULL), "a b t=5 | x");
	assert_string_equal(options("abt:", "x", "-t", "5", "-a", NULL), "t=5 a | x");
	assert_string_equal(options("t:", "-t", "-5", NULL), "t=-5 |");
	assert_string_equal(options("a", "--", "-a", "x", NULL), "| -a x");
	assert_string_equal(options("a", "-", "-a", NULL), "a | -");
}

static void wrong_options(void **state)
{
	(void)state;
	assert_string_equal(options("a", "-z", NULL), "test: no option -z\n");
	assert_string_equal(options("a", "-az", NULL), "test: no option -z\n");
	assert_string_equal(options("t:", "-t", NULL), "test: -t needs a value\n");
	assert_string_equal(options("t:", "-:", NULL), "test: no option -:\n");
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{"0", 0},
		{"4096", 4096},
		{"0x8000000", 128 * MiB},
		{"128M", 128 * MiB},
		{"128m", 128 * MiB},
		{"1G", GiB},
		{"1GiB", GiB},
		{"1GB", GiB},
		{"16T", 16 * TiB},
		{"64K", 64 * KiB},
		{"7B", 7},
		{"0x10K", 16 * KiB},
		{"2P", 2048 * TiB},
		{"0xFFFFFFFFFFFFFFFF", UINT64_MAX},
	};
	static const char *const bad[] = {"",	"M",  "1X",   "1MM", "0x",
					  "-1", "1 ", "1.5G", " 1",  "1Gi"};
	uint64_t bytes = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse_size(good[i].text, &bytes), 0);
		assert_int_equal(bytes, good[i].bytes);
	}
	bytes = 77;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_size(bad[i], &bytes), -EINVAL);
	assert_int_equal(parse_size("18446744073709551616", &bytes), -ERANGE);
	assert_int_equal(parse_size("16777216T", &bytes), -ERANGE);
	assert_int_equal(parse_number("99999999999999999999", &bytes), -ERANGE);
	assert_int_equal(parse_number("12M", &bytes), -EINVAL);
	assert_int_equal(bytes, 77);
	assert_int_equal(parse_number("12", &bytes), 0);
	assert_int_equal(bytes, 12);
}

static void ranges(void **state)
{
	uint64_t base, size;

	(void)state;
	assert_int_equal(parse_range("0x100000000-0x140000000", &base, &size), 0);
	assert_int_equal(base, 4 * GiB);
	assert_int_equal(size, GiB);
	assert_int_equal(parse_range("0x0000000100000000-0x000000013fffffff", &base, &size), 0);
	assert_int_equal(size, GiB);
	assert_int_equal(parse_range("4G-5G", &base, &size), 0);
	assert_int_equal(base, 4 * GiB);
	assert_int_equal(size, GiB);
	assert_int_equal(parse_range("5G-4G", &base, &size), -EINVAL);
	assert_int_equal(parse_range("4G-4G", &base, &size), -EINVAL);
	assert_int_equal(parse_range("4G", &base, &size), -EINVAL);
	assert_int_equal(parse_range("4G-", &base, &size), -EINVAL);
	assert_int_equal(parse_range("-4G", &base, &size), -EINVAL);
	assert_int_equal(parse_range("0-0xffffffffffffffff", &base, &size), -ERANGE);
}

static void seconds(void **state)
{
	uint64_t us;

	(void)state;
	assert_int_equal(parse_seconds("2", &us), 0);
	assert_int_equal(us, 2000000);
	assert_int_equal(parse_seconds("0.25", &us), 0);
	assert_int_equal(us, 250000);
	assert_int_equal(parse_seconds("0.000001", &us), 0);
	assert_int_equal(us, 1);
	assert_int_equal(parse_seconds("", &us), -EINVAL);
	assert_int_equal(parse_seconds(".5", &us), -EINVAL);
	assert_int_equal(parse_seconds("1.0000001", &us), -EINVAL);
	assert_int_equal(parse_seconds("-1", &us), -EINVAL);
	assert_int_equal(parse_seconds("99999999999999999999", &us), -ERANGE);
	assert_int_equal(parse_seconds("99999999999999999", &us), -ERANGE);
	/* Only the fraction is too much; found by fuzz_args.c. */
	assert_int_equal(parse_seconds("18446744073709.551615", &us), 0);
	assert_int_equal(parse_seconds("18446744073709.551616", &us), -ERANGE);
}

/* One decimal, rounded, and none where it is 0: util-linux's way. */
static void sizes_are_printed_as_lsmem_does(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0B"},
		{512, "512B"},
		{4096, "4K"},
		{128 * MiB, "128M"},
		{130 * MiB, "130M"},
		{GiB, "1G"},
		{1536 * MiB, "1.5G"},
		{1026 * MiB, "1G"},
		{1100 * MiB, "1.1G"},
		{1023 * MiB, "1023M"},
		{2047 * MiB, "2G"},
		{24 * GiB, "24G"},
		{1024 * GiB, "1T"},
		{UINT64_MAX, "16E"},
	};
	char text[24];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(format_size(cases[i].bytes, false, text, sizeof(text)),
				    cases[i].text);
	assert_string_equal(format_size(GiB, true, text, sizeof(text)), "1073741824");
}

static void two_rows(struct table *t, void *ctx)
{
	assert_ptr_equal(ctx, printed);
	table_cell(t, "%s", "a");
	table_cell(t, "%d", 12345);
	table_cell(t, "%s", "last");
	table_cell(t, "%s", "longer");
	table_cell(t, "%d", 1);
	table_cell(t, "%s", "x");
}

static void tables(void **state)
{
	static const struct table_column columns[] = {
		{"NAME", false},
		{"N", true},
		{"TEXT", false},
	};

	(void)state;
	table_print(columns, 3, two_rows, printed);
	assert_string_equal(take_printed(), "NAME       N TEXT\n"
					    "a      12345 last\n"
					    "longer     1 x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(option_letters), cmocka_unit_test(wrong_options),
		cmocka_unit_test(sizes),	  cmocka_unit_test(ranges),
		cmocka_unit_test(seconds),	  cmocka_unit_test(sizes_are_printed_as_lsmem_does),
		cmocka_unit_test(tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
