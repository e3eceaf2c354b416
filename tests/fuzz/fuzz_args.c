/*
 * tests/fuzz/fuzz_args.c - any words as numbers, sizes, seconds, ranges and options.
 *
 * The input is words, each with its NUL; numbers are computed a second time in 128 bits.
 */
/* sources: kernel/shell/args.c */
#include "kernel/lib/errno.h"
#include "kernel/shell/shell.h"
#include "tests/fuzz/fuzz.h"

#define WORDS_MAX 16

typedef unsigned __int128 wide_t;

int shell_usage(const char *command, const char *fmt, ...)
{
	MUST(strcmp(command, "fuzz") == 0 && fmt != NULL);
	return SHELL_USAGE;
}

/* Decimal or hexadecimal digits from *text on, which moves behind them; false: none. */
static bool digits(const char **text, bool hex_allowed, wide_t *value)
{
	const char *s = *text;
	bool hex = hex_allowed && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	const char *all = hex ? "0123456789abcdefABCDEF" : "0123456789";

	s += hex ? 2 : 0;
	*text = s;
	for (*value = 0; *s != '\0' && strchr(all, *s) != NULL; s++) {
		int digit = *s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10;

		*value = *value >> 100 != 0 ? *value : *value * (hex ? 16U : 10U) + (unsigned)digit;
	}
	if (s == *text)
		return false;
	*text = s;
	return true;
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

/* Moves behind a size; 0, -EINVAL or -ERANGE. */
static int wide_size(const char **text, wide_t *bytes)
{
	static const char suffixes[] = "kmgtpKMGTP";
	const char *suffix;

	if (!digits(text, true, bytes))
		return -EINVAL;
	if (*bytes > UINT64_MAX)
		return -ERANGE;
	suffix = **text != '\0' ? strchr(suffixes, **text) : NULL;
	if (suffix != NULL) {
		*bytes <<= 10 * ((suffix - suffixes) % 5 + 1);
		if (*bytes > UINT64_MAX)
			return -ERANGE;
		(*text)++;
		if ((*text)[0] == 'i' && (*text)[1] == 'B')
			(*text)++;
	}
	*text += **text == 'B';
	return 0;
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

/* BASE-END: END is the first byte behind it, or the last where that is a page's last. */
static int wide_range(const char *word, wide_t *base, wide_t *end)
{
	int err = wide_size(&word, base);

	if (err != 0)
		return err;
	if (*word++ != '-')
		return -EINVAL;
	err = wide_size(&word, end);
	if (err != 0)
		return err;
	if (*word != '\0')
		return -EINVAL;
	*end += *end % 4096 == 4095;
	if (*end > UINT64_MAX)
		return -ERANGE;
	return *end > *base ? 0 : -EINVAL;
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
