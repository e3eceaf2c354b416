/*
 * tests/fuzz/fuzz_args.c - any words as numbers, sizes, seconds, ranges and options.
 *
 * The input is words, each with its NUL; numbers are computed a second time in 128 bits.
 */
/* sources: kernel/shell/args.c */
#include "kernel/shell/shell.h"
#include "tests/fuzz/wide.h"

#define WORDS_MAX 16

int shell_usage(const char *command, const char *fmt, ...)
{
	MUST(strcmp(command, "fuzz") == 0 && fmt != NULL);
	return SHELL_USAGE;
}

static void check_number(const char *word)
{
	const char *s = word;
	uint64_t got = 77;
	wide_t want;
	int err = parse_number(word, &got);

	if (!digits(&s, true, &want))
		MUST(err == -EINVAL);
	else if (want > UINT64_MAX)
		MUST(err == -ERANGE);
	else
		MUST(*s != '\0' ? err == -EINVAL : err == 0 && got == (uint64_t)want);
	MUST(err == 0 || got == 77);
}

static void check_size(const char *word)
{
	const char *s = word;
	uint64_t got = 77;
	wide_t want;
	int err = parse_size(word, &got), expected = wide_size(&s, &want);

	if (expected == 0 && *s != '\0')
		expected = -EINVAL;
	MUST(err == expected);
	MUST(got == (err == 0 ? (uint64_t)want : 77));
}

static void check_range(const char *word)
{
	uint64_t base = 77, size = 77;
	wide_t first, end;
	int err = parse_range(word, &base, &size), expected = wide_range(word, &first, &end);

	MUST(err == expected);
	MUST(base == (err == 0 ? (uint64_t)first : 77));
	MUST(size == (err == 0 ? (uint64_t)(end - first) : 77));
}

static void check_seconds(const char *word)
{
	const char *s = word;
	uint64_t got = 77, scale = 1000000;
	wide_t want;
	int err = parse_seconds(word, &got);

	if (!digits(&s, false, &want)) {
		MUST(err == -EINVAL && got == 77);
		return;
	}
	want *= 1000000;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9' && scale > 1; s++)
			want += (wide_t)(*s - '0') * (scale /= 10);
	MUST(err == 0 || err == -EINVAL || err == -ERANGE);
	MUST((err == 0) == (*s == '\0' && want <= UINT64_MAX));
	MUST(got == (err == 0 ? (uint64_t)want : 77));
}

static void check_options(char **words, int nwords)
{
	struct shell_args a = SHELL_ARGS("fuzz", "nkt:b", nwords, words);
	int opt, asked = 0;

	while ((opt = shell_option(&a)) > 0) {
		MUST(strchr("nktb", opt) != NULL);
		MUST(opt != 't' || a.value != NULL);
		MUST(++asked < 9000);
	}
	MUST(a.noperands >= 0 && a.noperands < nwords);
	for (int i = 0; i < a.noperands; i++)
		MUST(a.operands[i] != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *end = text + size;
	char *words[WORDS_MAX + 2] = {(char *)(uintptr_t) "fuzz"};
	int nwords = 1;

	memcpy(text, data, size);
	*end = '\0';
	for (char *word = text; word <= end && nwords <= WORDS_MAX; word += strlen(word) + 1) {
		char buf[32];

		check_number(word);
		check_size(word);
		check_range(word);
		check_seconds(word);
		MUST(strlen(format_size(strlen(word) << (uint8_t)word[0] % 50, false, buf,
					sizeof(buf))) < sizeof(buf));
		words[nwords++] = word;
	}
	check_options(words, nwords);
	free(text);
	return 0;
}
