/*
 * tests/unit/test_options.c - command line words: what is taken, what is reported, and that
 * any bytes at all are survived.
 *
 * Options are written once and kept, so every test reads the ones it sets itself.
 */
/* sources: kernel/options.c */
#include "tests/unit/table_kit.h"

#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "kernel/options.h"

void klog(enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;

	assert_int_equal(level, LOG_WARN);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say(line);
}

void assert_failed(const char *expr, const char *file, int line)
{
	mock_assert(0, expr, file, line);
	abort();
}

static void parse(const char *line)
{
	char *copy = malloc(strlen(line) + 1);

	said_reset();
	memcpy(copy, line, strlen(line)); /* without its 0: ASan sees a read of it */
	options_parse(copy, strlen(line), "test");
	free(copy);
}

/* Runs first, while nothing has been given. */
static void test_nothing_given(void **state)
{
	(void)state;
	parse("");
	parse("  \t ");
	assert_int_equal(said_lines, 0);
	assert_null(option_string("memhp_default_state"));
	assert_int_equal(option_number("maxcpus", 77), 77);
	assert_true(option_bool("numa", true));
	assert_false(option_bool("numa", false));
}

static void test_all_known(void **state)
{
	(void)state;
	parse("memhp_default_state=online_movable movable_node numa=off maxcpus=3 "
	      "memhp_eject=manual color=1 loglevel=7 shell=0");
	assert_int_equal(said_lines, 0);
	assert_string_equal(option_string("memhp_default_state"), "online_movable");
	assert_true(option_bool("movable_node", false));
	assert_false(option_bool("numa", true));
	assert_int_equal(option_number("maxcpus", 0), 3);
	assert_string_equal(option_string("memhp_eject"), "manual");
	assert_true(option_bool("color", false));
	assert_int_equal(option_number("loglevel", 0), 7);
	assert_false(option_bool("shell", true));
}

static void test_the_second_counts(void **state)
{
	(void)state;
	parse("maxcpus=3\tmaxcpus=4\n");
	assert_int_equal(option_number("maxcpus", 0), 4);
	parse("maxcpus=5");
	assert_int_equal(option_number("maxcpus", 0), 5);
}

static void test_every_choice(void **state)
{
	static const char *const values[] = {"offline", "online", "online_kernel",
					     "online_movable"};
	char line[64];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		snprintf(line, sizeof(line), "memhp_default_state=%s", values[i]);
		parse(line);
		assert_int_equal(said_lines, 0);
		assert_string_equal(option_string("memhp_default_state"), values[i]);
	}
}

static void test_bad_values_change_nothing(void **state)
{
	static const char *const bad[] = {
		"memhp_default_state=",
		"memhp_default_state=onlin",
		"memhp_default_state=nline",
		"memhp_default_state=offline|online",
		"memhp_default_state=|",
		"memhp_default_state",
		"memhp_default_state=ONLINE",
		"memhp_default_state==online",
		"memhp_default_state=online_kernelonline_kernel",
		"maxcpus=0",
		"maxcpus=-1",
		"maxcpus=4097",
		"maxcpus=1x",
		"maxcpus=",
		"maxcpus",
		"maxcpus=99999999999999999999",
		"maxcpus=0x4",
		"maxcpus=+4",
		"numa=yes",
		"numa=2",
		"numa=",
		"color=onn",
		"loglevel=8",
		"shell=10",
		"memhp_eject=automanual",
	};

	(void)state;
	parse("memhp_default_state=online maxcpus=5 numa=1 color=0 loglevel=4 shell=1 "
	      "memhp_eject=auto");
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		parse(bad[i]);
		if (said_lines != 1)
			fail_msg("not refused: %s", bad[i]);
	}
	assert_string_equal(option_string("memhp_default_state"), "online");
	assert_int_equal(option_number("maxcpus", 0), 5);
	assert_true(option_bool("numa", false));
	assert_false(option_bool("color", true));
	assert_int_equal(option_number("loglevel", 0), 4);
	assert_true(option_bool("shell", false));
	assert_string_equal(option_string("memhp_eject"), "auto");
	parse("maxcpus=0");
	assert_said("options: test: bad value in 'maxcpus=0': ignored");
	parse("maxcpus");
	assert_said("options: test: a value is missing in 'maxcpus': ignored");
}

static void test_unknown_words(void **state)
{
	(void)state;
	parse("quiet root=/dev/sda1 =x NUMA=off maxcpu=2 maxcpus2=2 shell=1");
	assert_int_equal(said_lines, 6);
	assert_said("options: test: unknown option 'quiet': ignored");
	assert_said("options: test: unknown option 'root=/dev/sda1': ignored");
	assert_said("options: test: unknown option '=x': ignored");
	parse("a\x01\xff\x1b[2J");
	assert_said("options: test: unknown option 'a???[2J': ignored");
	parse("abcdefghijabcdefghijabcdefghijabcdefghijK");
	assert_said("options: test: unknown option 'abcdefghijabcdefghijabcdefghijabcdefghij...': "
		    "ignored");
}

static void test_noise_does_not_flood(void **state)
{
	char line[5001];

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		line[i] = i % 2 ? ' ' : 'x';
	line[5000] = '\0';
	parse(line);
	assert_int_equal(said_lines, 18);
	assert_said("options: test: 2032 more words are ignored");
	assert_said("options: test: all behind 4096 bytes is ignored");
}

static void probe(const uint8_t *bytes, size_t n)
{
	long cpus;

	options_parse((const char *)bytes, n, "noise");
	cpus = option_number("maxcpus", 1);
	assert_in_range(cpus, 1, 4096);
	assert_in_range(option_number("loglevel", 0), 0, 7);
	(void)option_bool("shell", true);
}

static void test_damage(void **state)
{
	static const char line[] = "maxcpus=12 numa=off memhp_eject=manual shell loglevel=3";
	static struct blob b;

	(void)state;
	b.n = 0;
	put_text(&b, line, sizeof(line) - 1);
	probe_truncations(&b, probe);
	probe_corruptions(&b, probe);
	probe_noise(&b, 0, 20000, probe);
}

static void test_unknown_names_are_a_bug(void **state)
{
	(void)state;
	expect_assert_failure(option_string("maxcpu"));
	expect_assert_failure(option_number("numa", 0));
	expect_assert_failure(option_bool("maxcpus", false));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_given),
		cmocka_unit_test(test_all_known),
		cmocka_unit_test(test_the_second_counts),
		cmocka_unit_test(test_every_choice),
		cmocka_unit_test(test_bad_values_change_nothing),
		cmocka_unit_test(test_unknown_words),
		cmocka_unit_test(test_noise_does_not_flood),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_unknown_names_are_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
