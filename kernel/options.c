/*
 * kernel/options.c - the words of the command line: what is known, what each may be, and what
 * was given.
 *
 * Owns the table of options.  Written by options_parse() at boot, while there is one thread,
 * and only read afterwards: no lock.
 *
 * The line comes from outside, so any byte may be in it.  A word that is not understood is
 * reported and has no effect; one that is given twice counts the second time.
 */
#include "kernel/options.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/printable.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"

#define VALUE_MAX  24	/* longest value kept, with its 0 */
#define WORD_SHOWN 40	/* so much of a word goes to the log */
#define LINE_USED  4096 /* bytes of a line that are looked at */
#define COMPLAINTS 16	/* a line of noise must not fill the log */

enum option_kind { OPTION_CHOICE, OPTION_SWITCH, OPTION_NUMBER };

struct option {
	const char *name;
	enum option_kind kind;
	const char *choices; /* of OPTION_CHOICE, each with '|' on both sides */
	long min, max;	     /* of OPTION_NUMBER */
	bool given;
	char value[VALUE_MAX];
};

static struct option options[] = {
	{.name = "memhp_default_state",
	 .kind = OPTION_CHOICE,
	 .choices = "|offline|online|online_kernel|online_movable|"},
	{.name = "movable_node", .kind = OPTION_SWITCH},
	{.name = "numa", .kind = OPTION_SWITCH},
	{.name = "maxcpus", .kind = OPTION_NUMBER, .min = 1, .max = 4096},
	{.name = "watchdog", .kind = OPTION_NUMBER, .min = 0, .max = 3600},
	{.name = "memhp_eject", .kind = OPTION_CHOICE, .choices = "|auto|manual|"},
	{.name = "color", .kind = OPTION_SWITCH},
	{.name = "loglevel", .kind = OPTION_NUMBER, .min = 0, .max = 7},
	{.name = "shell", .kind = OPTION_SWITCH},
};

/* A word: name, and a value where there was a '='. */
struct word {
	const char *text, *value; /* value NULL: a bare word */
	size_t length, name_length, value_length;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

/* Takes the next word off [*line, end); false at the end. */
static bool next_word(const char **line, const char *end, struct word *word)
{
	const char *p = *line, *equals;

	while (p < end && is_blank(*p))
		p++;
	word->text = p;
	while (p < end && !is_blank(*p))
		p++;
	*line = p;
	word->length = (size_t)(p - word->text);
	equals = memchr(word->text, '=', word->length);
	word->name_length = equals ? (size_t)(equals - word->text) : word->length;
	word->value = equals ? equals + 1 : NULL;
	word->value_length = equals ? word->length - word->name_length - 1 : 0;
	return word->length > 0;
}

static struct option *find(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
			return &options[i];
	return NULL;
}

static bool choice_ok(const char *choices, const char *value)
{
	size_t n = strlen(value);
	const char *at = choices;

	if (n == 0 || strchr(value, '|'))
		return false;
	while ((at = strstr(at, value)) != NULL) {
		if (at[-1] == '|' && at[n] == '|')
			return true;
		at++;
	}
	return false;
}

/* 0 or 1, or -1 for what is no switch. */
static int switch_value(const char *value)
{
	if (strcmp(value, "1") == 0 || strcmp(value, "on") == 0)
		return 1;
	if (strcmp(value, "0") == 0 || strcmp(value, "off") == 0)
		return 0;
	return -1;
}

/* A decimal number, or -1: no sign, no blanks, nothing behind it, nine digits at most. */
static long number_value(const char *value)
{
	long n = 0;
	size_t i;

	for (i = 0; value[i] >= '0' && value[i] <= '9' && i < 9; i++)
		n = n * 10 + (value[i] - '0');
	return i > 0 && value[i] == '\0' ? n : -1;
}

static bool value_ok(const struct option *option, const char *value)
{
	long n;

	switch (option->kind) {
	case OPTION_CHOICE:
		return choice_ok(option->choices, value);
	case OPTION_SWITCH:
		return switch_value(value) >= 0;
	case OPTION_NUMBER:
		n = number_value(value);
		return n >= option->min && n <= option->max;
	}
	return false;
}

/* Sets an option; NULL, or what is wrong with the word. */
static const char *take_word(const struct word *word)
{
	struct option *option = find(word->text, word->name_length);
	char value[VALUE_MAX] = "";

	if (!option)
		return "unknown option";
	if (!word->value && option->kind != OPTION_SWITCH)
		return "a value is missing in";
	if (word->value_length >= sizeof(value))
		return "bad value in";
	if (word->value)
		memcpy(value, word->value, word->value_length);
	else
		strcpy(value, "on");
	if (!value_ok(option, value))
		return "bad value in";
	memcpy(option->value, value, sizeof(value));
	option->given = true;
	return NULL;
}

static void complain(const char *from, const char *wrong, const struct word *word)
{
	char shown[WORD_SHOWN + 1];
	size_t n = MIN(word->length, (size_t)WORD_SHOWN);

	copy_printable(shown, word->text, n);
	klog(LOG_WARN, "options: %s: %s '%s%s': ignored", from, wrong, shown,
	     n < word->length ? "..." : "");
}

void options_parse(const char *line, size_t len, const char *from)
{
	const char *end = line + MIN(len, (size_t)LINE_USED);
	unsigned wrong_words = 0;
	struct word word;

	while (next_word(&line, end, &word)) {
		const char *wrong = take_word(&word);

		if (wrong && wrong_words++ < COMPLAINTS)
			complain(from, wrong, &word);
	}
	if (wrong_words > COMPLAINTS)
		klog(LOG_WARN, "options: %s: %u more words are ignored", from,
		     wrong_words - COMPLAINTS);
	if (len > LINE_USED)
		klog(LOG_WARN, "options: %s: all behind %d bytes is ignored", from, LINE_USED);
}

const char *option_string(const char *name)
{
	const struct option *option = find(name, strlen(name));

	ASSERT(option);
	return option->given ? option->value : NULL;
}

long option_number(const char *name, long otherwise)
{
	const struct option *option = find(name, strlen(name));

	ASSERT(option && option->kind == OPTION_NUMBER);
	return option->given ? number_value(option->value) : otherwise;
}

bool option_bool(const char *name, bool otherwise)
{
	const struct option *option = find(name, strlen(name));

	ASSERT(option && option->kind == OPTION_SWITCH);
	return option->given ? switch_value(option->value) == 1 : otherwise;
}
