/*
 * tests/fuzz/fuzz_options.c - any bytes as a command line: each option is what the last word that
 * makes sense said, and every other word is complained about.
 *
 * What was given stays given, so the second reading keeps its values from line to line as well.
 */
/* sources: kernel/options.c */
#include "kernel/lib/assert.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "tests/fuzz/fuzz.h"

#define LINE_USED  4096
#define COMPLAINTS 16

void klog(enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	MUST(level == LOG_WARN);
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	count_line(line);
	for (const char *p = line; *p; p++)
		MUST(*p >= ' ' && *p <= '~');
}

void assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, expr);
	abort();
}

/* --- the second reading --- */

static const char *const switches[] = {"0", "off", "1", "on", NULL}; /* the first two are off */
static const char *const states[] = {"offline", "online", "online_kernel", "online_movable", NULL};
static const char *const ejects[] = {"auto", "manual", NULL};

static struct known {
	const char *name;
	const char *const *words; /* what it may be; NULL: a number */
	long min, max;
	char value[24]; /* "": not given */
} known[] = {
	{"memhp_default_state", states, 0, 0, ""},
	{"memhp_eject", ejects, 0, 0, ""},
	{"movable_node", switches, 0, 0, ""},
	{"numa", switches, 0, 0, ""},
	{"color", switches, 0, 0, ""},
	{"shell", switches, 0, 0, ""},
	{"maxcpus", NULL, 1, 4096, ""},
	{"watchdog", NULL, 0, 3600, ""},
	{"loglevel", NULL, 0, 7, ""},
};

static unsigned index_of(const char *value, const char *const *words)
{
	unsigned i = 0;

	while (words[i] && strcmp(words[i], value) != 0)
		i++;
	return i;
}

static bool makes_sense(const struct known *k, const char *value)
{
	size_t digits = strspn(value, "0123456789");

	if (k->words)
		return k->words[index_of(value, k->words)] != NULL;
	return digits >= 1 && digits <= 9 && value[digits] == '\0' && atol(value) >= k->min &&
	       atol(value) <= k->max;
}

/* Takes a word, which it changes; false where it is none that the kernel knows. */
static bool read_word(char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	for (struct known *k = known; k < known + ARRAY_SIZE(known); k++) {
		if (strcmp(k->name, word) != 0)
			continue;
		if (!value && k->words != switches)
			return false;
		value = value ? value : (char *)(uintptr_t) "on";
		if (strlen(value) >= sizeof(k->value) || !makes_sense(k, value))
			return false;
		strcpy(k->value, value);
		return true;
	}
	return false;
}

/* How many words are wrong. */
static unsigned read_line(const uint8_t *data, size_t size)
{
	size_t used = MIN(size, (size_t)LINE_USED);
	char line[LINE_USED + 1], *rest = line, *word;
	unsigned wrong = 0;

	for (size_t i = 0; i < used; i++)
		line[i] = data[i] == '\0' ? ' ' : (char)data[i];
	line[used] = '\0';
	while ((word = strtok_r(rest, " \t\n\r", &rest)) != NULL)
		wrong += !read_word(word);
	return wrong;
}

/* --- what the kernel says --- */

static void check_option(const struct known *k)
{
	const char *value = option_string(k->name);
	bool given = k->value[0] != '\0';

	MUST(given ? value && strcmp(value, k->value) == 0 : !value);
	if (!k->words)
		MUST(option_number(k->name, -7) == (given ? atol(k->value) : -7));
	if (k->words == switches)
		for (int otherwise = 0; otherwise < 2; otherwise++)
			MUST(option_bool(k->name, otherwise) ==
			     (given ? index_of(k->value, switches) >= 2 : otherwise));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned wrong = read_line(data, size);

	lines_said = 0;
	options_parse((const char *)data, size, "fuzz");
	MUST(lines_said ==
	     MIN(wrong, COMPLAINTS) + (wrong > COMPLAINTS) + (unsigned)(size > LINE_USED));
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		check_option(&known[i]);
	return 0;
}
