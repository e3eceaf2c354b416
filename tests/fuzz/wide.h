/*
 * tests/fuzz/wide.h - numbers and sizes a second time, in 128 bits.
 */
#ifndef TESTS_FUZZ_WIDE_H
#define TESTS_FUZZ_WIDE_H

#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

typedef unsigned __int128 wide_t;

/* Decimal or hexadecimal digits from *text on, which moves behind them; false: none. */
static inline bool digits(const char **text, bool hex_allowed, wide_t *value)
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

/* Moves behind a size; 0, -EINVAL or -ERANGE. */
static inline int wide_size(const char **text, wide_t *bytes)
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

/* BASE-END: END is the first byte behind it, or the last where that is a page's last. */
static inline int wide_range(const char *word, wide_t *base, wide_t *end)
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

#endif
