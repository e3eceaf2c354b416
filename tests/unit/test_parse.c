/*
 * tests/unit/test_parse.c - cutting lines into words, pipelines and filters.
 */
/* sources: kernel/shell/parse.c */
#include "kernel/lib/errno.h"
#include "kernel/shell/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct pipeline pipe_;
static const char *error;

/* Writes every pipeline of a line as (word)(word)|v(word)| joined by ";", or "!" and the error. */
static const char *shape(const char *line)
{
	static char text[4096];
	size_t n = 0;
	int err;

	text[0] = '\0';
	while ((err = parse_pipeline(&line, 2, &pipe_, &error)) != 0) {
		n += (size_t)sprintf(text + n, "%s", n ? ";" : "");
		if (err < 0) {
			n += (size_t)sprintf(text + n, "!%s", error);
			continue;
		}
		for (int i = 0; i < pipe_.argc; i++)
			n += (size_t)sprintf(text + n, "(%s)", pipe_.argv[i]);
		assert_null(pipe_.argv[pipe_.argc]);
		for (unsigned i = 0; i < pipe_.nfilters; i++) {
			const struct filter *f = &pipe_.filters[i];

			n += (size_t)sprintf(text + n, "|%s%s%s(%s)", f->invert ? "v" : "",
					     f->ignore_case ? "i" : "", f->count ? "c" : "",
					     f->word);
		}
		n += (size_t)sprintf(text + n, "%s", pipe_.more ? "|more" : "");
	}
	return text;
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(shape(""), "");
	assert_string_equal(shape("  \t "), "");
	assert_string_equal(shape("lsmem"), "(lsmem)");
	assert_string_equal(shape("  online\tdimm0  movable "), "(online)(dimm0)(movable)");
	assert_string_equal(shape("echo a\\ b c\\;d \\\\"), "(echo)(a b)(c;d)(\\)");
	assert_string_equal(shape("echo a>b & $HOME $"), "(echo)(a>b)(&)($HOME)($)");
}

static void quotes(void **state)
{
	(void)state;
	assert_string_equal(shape("echo \"a  b\" 'c  d'"), "(echo)(a  b)(c  d)");
	assert_string_equal(shape("echo \"\" ''"), "(echo)()()");
	assert_string_equal(shape("echo a\"b c\"d'e f'"), "(echo)(ab cde f)");
	assert_string_equal(shape("echo \"a\\\"b\\\\c\\d\""), "(echo)(a\"b\\c\\d)");
	assert_string_equal(shape("echo 'a\\b\"c'"), "(echo)(a\\b\"c)");
	assert_string_equal(shape("echo \"a;b|c#d\""), "(echo)(a;b|c#d)");
	assert_string_equal(shape("echo 'abc"), "!' has no end");
	assert_string_equal(shape("echo \"abc"), "!\" has no end");
	assert_string_equal(shape("echo \"abc\\\""), "!\" has no end");
	assert_string_equal(shape("echo abc\\"), "!\\ with nothing behind it");
}

static void several_commands(void **state)
{
	(void)state;
	assert_string_equal(shape("a;b ; c"), "(a);(b);(c)");
	assert_string_equal(shape(";;a;;b;;"), "(a);(b)");
	assert_string_equal(shape(" ; ; "), "");
	assert_string_equal(shape("a; 'b"), "(a);!' has no end");
}

static void a_mistake_ends_with_its_pipeline(void **state)
{
	(void)state;
	assert_string_equal(shape("| a b; c"), "!| with nothing in front of it;(c)");
	assert_string_equal(shape("a | sort 'x;y' | z; c"),
			    "!only grep and more can stand behind |;(c)");
	assert_string_equal(shape("a | grep b c; 'd"),
			    "!usage: grep [-v] [-i] [-c] WORD;!' has no end");
	assert_string_equal(shape("a | sort # ; b"), "!only grep and more can stand behind |");
}

static void comments(void **state)
{
	(void)state;
	assert_string_equal(shape("# all of it"), "");
	assert_string_equal(shape("lsmem # the 'rest"), "(lsmem)");
	assert_string_equal(shape("echo a#b"), "(echo)(a#b)");
	assert_string_equal(shape("a; # b; c"), "(a)");
	assert_string_equal(shape("a | grep b # c"), "(a)|(b)");
}

static void status(void **state)
{
	const char *line;

	(void)state;
	assert_string_equal(shape("echo $? a$?b \"$?\" '$?' \\$? \"\\$?\""),
			    "(echo)(2)(a2b)(2)($?)($?)($?)");
	line = "$?$?$?";
	assert_int_equal(parse_pipeline(&line, 64, &pipe_, &error), 1); /* chmem's */
	assert_string_equal(pipe_.argv[0], "646464");
}

static void filters(void **state)
{
	(void)state;
	assert_string_equal(shape("lsmem | grep online"), "(lsmem)|(online)");
	assert_string_equal(shape("lsmem|grep -v a|grep -i -c 'b c'"), "(lsmem)|v(a)|ic(b c)");
	assert_string_equal(shape("a | grep -vi x; b"), "(a)|vi(x);(b)");
	assert_string_equal(shape("a | grep -- -x"), "(a)|(-x)");
	assert_string_equal(shape("a | grep -"), "(a)|(-)");
	assert_string_equal(shape("| grep a"), "!| with nothing in front of it");
	assert_string_equal(shape("a |"), "!only grep and more can stand behind |");
	assert_string_equal(shape("a | sort"), "!only grep and more can stand behind |");
	assert_string_equal(shape("a | grep"), "!usage: grep [-v] [-i] [-c] WORD");
	assert_string_equal(shape("a | grep b c"), "!usage: grep [-v] [-i] [-c] WORD");
	assert_string_equal(shape("a | grep -x b"), "!grep knows -v, -i and -c");
	assert_string_equal(shape("a|grep 1|grep 2|grep 3|grep 4|grep 5"), "!too many filters");
	assert_string_equal(shape("a|grep 1 2 3 4 5 6 7"), "!too many words");
	assert_string_equal(shape("a|more; b | grep x | more"), "(a)|more;(b)|(x)|more");
	assert_string_equal(shape("a | more; b"), "(a)|more;(b)");
	assert_string_equal(shape("a | more | grep x; b"), "!nothing can stand behind | more;(b)");
	assert_string_equal(shape("a | more x"), "!only grep and more can stand behind |");
}

static int first_of(const char *line)
{
	return parse_pipeline(&line, 0, &pipe_, &error);
}

static void limits(void **state)
{
	char line[SHELL_LINE_MAX + 2];

	(void)state;
	memset(line, 'x', sizeof(line));
	line[SHELL_LINE_MAX] = '\0';
	assert_int_equal(first_of(line), 1);
	assert_int_equal(pipe_.argc, 1);
	assert_int_equal(strlen(pipe_.argv[0]), SHELL_LINE_MAX);
	line[SHELL_LINE_MAX] = 'x';
	line[SHELL_LINE_MAX + 1] = '\0';
	assert_int_equal(first_of(line), -E2BIG);
	for (size_t i = 0; i < SHELL_LINE_MAX; i++)
		line[i] = i % 2 ? ' ' : 'a';
	line[2 * PIPE_WORDS_MAX] = '\0';
	assert_int_equal(first_of(line), 1);
	assert_int_equal(pipe_.argc, PIPE_WORDS_MAX);
	line[2 * PIPE_WORDS_MAX] = 'a';
	line[2 * PIPE_WORDS_MAX + 1] = '\0';
	assert_int_equal(first_of(line), -E2BIG);
	assert_string_equal(error, "too many words");
}

/* Any line: every word lies in the buffer, ends in it, and the parser comes to an end. */
static void random_lines(void **state)
{
	static const char letters[] = "ab '\"\\;|#$?grep -v\t";

	(void)state;
	srandom(1);
	for (int round = 0; round < 200000; round++) {
		char line[41];
		const char *cursor = line;
		size_t len = (size_t)random() % 40;

		for (size_t i = 0; i < len; i++)
			line[i] = letters[(size_t)random() % (sizeof(letters) - 1)];
		line[len] = '\0';
		for (int n = 0, err; (err = parse_pipeline(&cursor, 1, &pipe_, &error)) != 0; n++) {
			assert_true(n < 41 && cursor <= line + len);
			if (err < 0)
				continue;
			for (int i = 0; i < pipe_.argc; i++)
				assert_true(pipe_.argv[i] >= pipe_.text &&
					    pipe_.argv[i] + strlen(pipe_.argv[i]) <=
						    line + len - line + pipe_.text + 1);
		}
	}
}

static void matching(void **state)
{
	struct filter f = {.word = "Dimm"};

	(void)state;
	assert_false(filter_match(&f, "a dimm0"));
	assert_true(filter_match(&f, "a Dimm0"));
	f.ignore_case = true;
	assert_true(filter_match(&f, "a dIMM0"));
	assert_true(filter_match(&f, "DIMM"));
	assert_false(filter_match(&f, "DIM"));
	f.invert = true;
	assert_false(filter_match(&f, "dimm"));
	assert_true(filter_match(&f, ""));
	f.word = "";
	assert_false(filter_match(&f, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),    cmocka_unit_test(quotes),
		cmocka_unit_test(comments), cmocka_unit_test(several_commands),
		cmocka_unit_test(status),   cmocka_unit_test(filters),
		cmocka_unit_test(limits),   cmocka_unit_test(random_lines),
		cmocka_unit_test(matching), cmocka_unit_test(a_mistake_ends_with_its_pipeline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
