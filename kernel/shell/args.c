/*
 * kernel/shell/args.c - what command words mean: options, numbers, sizes, address ranges.
 *
 * Pure but for the error lines, which go out through shell_usage().
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"

/* The next word that is an option cluster, moving operands to the front on the way. */
static const char *next_cluster(struct shell_args *a)
{
	while (a->next < a->nwords) {
		char *word = a->words[a->next++];

		if (strcmp(word, "--") == 0) {
			while (a->next < a->nwords)
				a->operands[a->noperands++] = a->words[a->next++];
		} else if (word[0] == '-' && word[1] != '\0') {
			return word + 1;
		} else {
			a->operands[a->noperands++] = word;
		}
	}
	return NULL;
}

static int option_value(struct shell_args *a, char letter)
{
	a->value = a->cluster;
	a->cluster = NULL;
	if (*a->value != '\0')
		return letter;
	if (a->next == a->nwords) {
		shell_usage(a->command, "-%c needs a value", letter);
		return -1;
	}
	a->value = a->words[a->next++];
	return letter;
}

int shell_option(struct shell_args *a)
{
	const char *known;
	char letter;

	if (a->cluster == NULL || *a->cluster == '\0')
		a->cluster = next_cluster(a);
	if (a->cluster == NULL)
		return 0;
	letter = *a->cluster++;
	known = letter == ':' ? NULL : strchr(a->letters, letter);
	if (known == NULL) {
		shell_usage(a->command, "no option -%c", letter);
		return -1;
	}
	if (known[1] == ':')
		return option_value(a, letter);
	return letter;
}

bool shell_json_option(struct shell_args *a, bool *json)
{
	int opt;

	*json = false;
	while ((opt = shell_option(a)) > 0)
		*json = true;
	return opt == 0;
}

int shell_only_json(const char *command, int argc, char **argv, bool *json)
{
	struct shell_args a = SHELL_ARGS(command, "J", argc, argv);

	if (!shell_json_option(&a, json))
		return SHELL_USAGE;
	if (a.noperands != 0)
		return shell_usage(command, "no such operand: %s", a.operands[0]);
	return SHELL_OK;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 16;
}

/* Reads digits at *text and moves behind them. */
static int read_number(const char **text, uint64_t *value)
{
	const char *s = *text;
	unsigned base = 10;
	uint64_t v = 0;
	int digits = 0;

	if (s[0] == '0' && (s[1] | 0x20) == 'x') {
		base = 16;
		s += 2;
	}
	for (; digit_of(*s) < (int)base; s++, digits++) {
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit_of(*s), &v))
			return -ERANGE;
	}
	if (digits == 0)
		return -EINVAL;
	*text = s;
	*value = v;
	return 0;
}

int parse_number(const char *text, uint64_t *value)
{
	uint64_t v;
	int err = read_number(&text, &v);

	if (err)
		return err;
	if (*text != '\0')
		return -EINVAL;
	*value = v;
	return 0;
}

/* A number with its suffix (K, KiB, KB and so on are all powers of 1024, as in util-linux). */
static int read_size(const char **text, uint64_t *bytes)
{
	static const char letters[] = "kmgtp";
	const char *letter;
	uint64_t v;
	int err = read_number(text, &v);

	if (err)
		return err;
	letter = **text != '\0' ? strchr(letters, **text | 0x20) : NULL;
	if (letter != NULL) {
		unsigned shift = 10 * (unsigned)(letter - letters + 1);

		if (v > UINT64_MAX >> shift)
			return -ERANGE;
		v <<= shift;
		++*text;
		if ((*text)[0] == 'i' && (*text)[1] == 'B')
			++*text;
	}
	if (**text == 'B')
		++*text;
	*bytes = v;
	return 0;
}

int parse_size(const char *text, uint64_t *bytes)
{
	uint64_t v;
	int err = read_size(&text, &v);

	if (err)
		return err;
	if (*text != '\0')
		return -EINVAL;
	*bytes = v;
	return 0;
}

int parse_range(const char *text, uint64_t *base, uint64_t *size)
{
	uint64_t first, end;
	int err = read_size(&text, &first);

	if (err)
		return err;
	if (*text++ != '-')
		return -EINVAL;
	err = parse_size(text, &end);
	if (err)
		return err;
	if ((end & (PAGE_SIZE - 1)) == PAGE_SIZE - 1 && ++end == 0)
		return -ERANGE;
	if (end <= first)
		return -EINVAL;
	*base = first;
	*size = end - first;
	return 0;
}

int parse_seconds(const char *text, uint64_t *us)
{
	uint64_t value = 0, scale = 1000000;
	size_t digits = 0;

	for (; *text >= '0' && *text <= '9'; text++, digits++)
		if (__builtin_mul_overflow(value, 10UL, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	if (__builtin_mul_overflow(value, 1000000UL, &value))
		return -ERANGE;
	if (digits != 0 && *text == '.') {
		for (text++; *text >= '0' && *text <= '9' && scale > 1; text++) {
			scale /= 10;
			if (__builtin_add_overflow(value, (uint64_t)(*text - '0') * scale, &value))
				return -ERANGE;
		}
	}
	if (digits == 0 || *text != '\0')
		return -EINVAL;
	*us = value;
	return 0;
}

/* One decimal where it is not zero, rounded: what lsmem and free -h of Linux print. */
const char *format_size(uint64_t bytes, bool plain_bytes, char *buf, size_t size)
{
	unsigned exponent = 0, tenths;
	uint64_t whole;

	if (plain_bytes) {
		snprintf(buf, size, "%lu", bytes);
		return buf;
	}
	while (exponent < 6 && bytes >> (10 * (exponent + 1)) != 0)
		exponent++;
	whole = bytes >> (10 * exponent);
	tenths = 0;
	if (exponent != 0) {
		uint64_t rest = (bytes >> (10 * (exponent - 1))) & 1023;

		tenths = (unsigned)((rest * 10 + 512) / 1024);
		whole += tenths / 10;
		tenths %= 10;
	}
	if (tenths != 0)
		snprintf(buf, size, "%lu.%u%c", whole, tenths, "BKMGTPE"[exponent]);
	else
		snprintf(buf, size, "%lu%c", whole, "BKMGTPE"[exponent]);
	return buf;
}
