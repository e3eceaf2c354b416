/*
 * kernel/shell/complete.c - what Tab does.
 *
 * Candidates come from the table of commands and from the usage line of the command being
 * typed: its options, its fixed words (`kernel|movable`), and for TARGET, BLOCK and DEVICE the
 * names that exist now.  So a new command completes without a line of code here.  A list of what
 * may follow a command is headed by its usage line.
 *
 * Nothing is stored: each of the two purposes (the common prefix, the list) is one pass over
 * the candidates.  hotplug_lock is tried, never waited for.
 */
#include "kernel/fault.h"
#include "kernel/hog.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/shell/console.h"
#include "kernel/shell/shell_priv.h"
#include "mm/hotplug/hotplug.h"

#define COMMON_MAX 64
#define BLOCKS_MAX 2048 /* names of blocks offered */

struct completion {
	char prefix[COMMON_MAX]; /* of the word, as typed */
	size_t nprefix;
	char common[COMMON_MAX]; /* what all candidates begin with */
	unsigned matches;
	bool list;
	unsigned column;
	const struct shell_command *command; /* whose arguments they are; NULL: none's */
};

static void offer(struct completion *c, const char *word, size_t len)
{
	size_t same = 0;

	if (len >= COMMON_MAX || len < c->nprefix || strncmp(word, c->prefix, c->nprefix) != 0)
		return;
	c->matches++;
	if (c->list) {
		char cell[COMMON_MAX + 4];

		snprintf(cell, sizeof(cell), "%.*s", (int)len, word);
		if (c->column + 16 > shell_columns()) {
			shell_write("\n", 1);
			c->column = 0;
		}
		shell_printf("%-15s ", cell);
		c->column += (unsigned)MAX(len, (size_t)15) + 1;
		return;
	}
	if (c->matches == 1) {
		memcpy(c->common, word, len);
		c->common[len] = '\0';
		return;
	}
	while (same < len && c->common[same] == word[same])
		same++;
	c->common[same] = '\0';
}

static void offer_text(struct completion *c, const char *word)
{
	offer(c, word, strlen(word));
}

static void offer_commands(struct completion *c)
{
	const struct shell_command *command;

	for (unsigned i = 0; (command = shell_command_at(i)) != NULL; i++)
		if (!panic_in_progress() || (command->flags & SHELL_PANIC))
			offer_text(c, command->name);
}

static void offer_blocks(struct completion *c, const struct memory_device *device)
{
	char name[24];

	for (unsigned i = 0; i < device->nblocks && i < BLOCKS_MAX; i++)
		offer_text(c, block_name(&device->blocks[i], name, sizeof(name)));
}

static void offer_devices(struct completion *c, bool devices, bool blocks)
{
	const struct memory_device *device;

	if (panic_in_progress() || !mutex_trylock(&hotplug_lock))
		return;
	for_each_device (device) {
		if (devices && !memory_device_is_boot(device))
			offer_text(c, device->name);
		if (blocks)
			offer_blocks(c, device);
	}
	mutex_unlock(&hotplug_lock);
}

static void offer_sites(struct completion *c)
{
	const struct fault_site *site;

	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++)
		offer_text(c, site->name);
}

static void offer_hogs(struct completion *c)
{
	struct hog_info info;

	for (unsigned i = 0; !panic_in_progress() && hog_info(i, &info); i++)
		offer_text(c, info.name);
}

static void offer_placeholder(struct completion *c, const char *word, size_t len)
{
	if (len == 6 && strncmp(word, "TARGET", 6) == 0) {
		offer_text(c, "all");
		offer_devices(c, true, true);
	} else if (len == 5 && strncmp(word, "BLOCK", 5) == 0) {
		offer_devices(c, false, true);
	} else if (len == 6 && strncmp(word, "DEVICE", 6) == 0) {
		offer_devices(c, true, false);
	} else if (len == 7 && strncmp(word, "COMMAND", 7) == 0) {
		offer_commands(c);
	} else if (len == 4 && strncmp(word, "SITE", 4) == 0) {
		offer_sites(c);
	} else if (len == 3 && strncmp(word, "HOG", 3) == 0) {
		offer_hogs(c);
	}
}

static const char between[] = " []|"; /* the words of a usage line */

static bool upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Whether the usage line from `args` on says `word` before it gets to it. */
static bool said_before(const char *args, const char *word, size_t len)
{
	while (args < word) {
		size_t n;

		args += strspn(args, between);
		n = strcspn(args, between);
		if (args < word && n == len && strncmp(args, word, len) == 0)
			return true;
		args += n;
	}
	return false;
}

/* The words of a form from `word` to `end`: `TARGET [kernel|movable] [-k] [-t SECONDS]`. */
static void offer_form(struct completion *c, const char *word, const char *end)
{
	const char *args = word;

	for (;;) {
		size_t len;

		word += strspn(word, between);
		len = strcspn(word, between);
		if (len == 0 || word >= end)
			return;
		if (memchr(word, '=', len) != NULL)
			offer(c, word, strcspn(word, "=") + 1); /* the value is the user's */
		else if (said_before(args, word, len))
			;
		else if (upper(word[0]))
			offer_placeholder(c, word, len);
		else if (word[0] != '-' || c->nprefix > 0)
			offer(c, word, len);
		word += len;
	}
}

/* The end of the form that begins at `args`: forms are separated by " | ", outside of []. */
const char *usage_form_end(const char *args)
{
	int depth = 0;

	for (; *args != '\0'; args++) {
		depth += (*args == '[') - (*args == ']');
		if (depth == 0 && strncmp(args, " | ", 3) == 0)
			break;
	}
	return args;
}

/* Whether a form begins with just this word. */
static bool form_of(const char *form, const char *word, size_t len)
{
	return !upper(form[0]) && strcspn(form, between) == len && strncmp(form, word, len) == 0;
}

static bool has_form_of(const char *args, const char *word, size_t len)
{
	const char *end;

	for (; *args != '\0'; args = end + strspn(end, between)) {
		if (form_of(args, word, len))
			return true;
		end = usage_form_end(args);
	}
	return false;
}

/*
 * A usage line of several forms, `start NAME SIZE | stop HOG`: the first operand is the first
 * word of one; then the forms that begin with it are meant, or those that begin with a name.
 */
static void offer_usage(struct completion *c, const char *args, const char *operands,
			const char *word)
{
	size_t len = strcspn(operands, " \t");
	bool first = operands >= word, known = !first && has_form_of(args, operands, len);
	const char *form, *end;

	for (form = args; *form != '\0'; form = end + strspn(end, between)) {
		end = usage_form_end(form);
		if (first && (form != args || *end != '\0'))
			offer_form(c, form, form + strcspn(form, between));
		else if (known && form_of(form, operands, len))
			offer_form(c, form + len, end);
		else if (first || (!known && (upper(form[0]) || !*end)))
			offer_form(c, form, end);
	}
}

/* Words that stand between the command's name and the command it runs; -1: it runs none. */
static int words_before_command(const char *word, size_t len)
{
	const char *args, *at;
	int words = 0;
	char name[COMMON_MAX];
	const struct shell_command *command;

	if (len >= sizeof(name))
		return -1;
	memcpy(name, word, len);
	name[len] = '\0';
	command = shell_command_by_name(name);
	at = command != NULL ? strstr(command->args, "COMMAND...") : NULL;
	if (at == NULL)
		return -1;
	for (args = command->args; args < at; args++)
		words += *args == ' ';
	return words;
}

/* Offers what may stand at `word`, in the pipeline that begins at `start`. */
static void offer_for(struct completion *c, const char *start, const char *word)
{
	static const char blanks[] = " \t";
	const struct shell_command *command;
	char name[COMMON_MAX];
	size_t len;
	int words;

	for (;;) {
		start += strspn(start, blanks);
		len = strcspn(start, blanks);
		if (start >= word) {
			offer_commands(c);
			return;
		}
		words = words_before_command(start, len);
		if (words < 0)
			break;
		start += len;
		start += strspn(start, blanks);
		while (words-- > 0 && start < word) {
			start += strcspn(start, blanks);
			start += strspn(start, blanks);
		}
	}
	if (len >= sizeof(name))
		return;
	memcpy(name, start, len);
	name[len] = '\0';
	command = shell_command_by_name(name);
	if (command == NULL)
		return;
	c->command = command;
	start += len;
	start += strspn(start, blanks);
	offer_usage(c, command->args, start, word);
}

static void offer_filters(struct completion *c)
{
	offer_text(c, "grep");
	offer_text(c, "more");
}

static void offer_all(struct completion *c, const char *line, size_t word)
{
	size_t start = word;

	while (start > 0 && line[start - 1] != ';' && line[start - 1] != '|')
		start--;
	if (start > 0 && line[start - 1] == '|')
		offer_filters(c);
	else
		offer_for(c, line + start, line + word);
}

static void insert_common(const struct completion *c)
{
	char rest[COMMON_MAX + 1];

	if (c->matches == 0 || (c->matches > 1 && strlen(c->common) == c->nprefix)) {
		console_complete(NULL);
		return;
	}
	snprintf(rest, sizeof(rest), "%s%s", c->common + c->nprefix,
		 c->matches == 1 && c->common[strlen(c->common) - 1] != '=' ? " " : "");
	console_complete(rest);
}

static void print_list(struct completion *c, const char *line, size_t word)
{
	c->list = true;
	console_list_begin();
	if (c->command != NULL)
		shell_printf("%s%s %s%s\n", shell_color(COLOR_DIM), c->command->name,
			     c->command->args, shell_color(COLOR_NONE));
	offer_all(c, line, word);
	if (c->column != 0)
		shell_write("\n", 1);
	console_list_end();
}

void complete_line(const char *line, size_t cursor, bool list)
{
	struct completion c = {0};
	size_t word = cursor;

	while (word > 0 && strchr(" \t;|", line[word - 1]) == NULL)
		word--;
	c.nprefix = cursor - word;
	if (c.nprefix >= COMMON_MAX) {
		console_complete(NULL);
		return;
	}
	memcpy(c.prefix, line + word, c.nprefix);
	offer_all(&c, line, word);
	if (list && (c.matches > 1 || (c.nprefix == 0 && c.command != NULL)))
		print_list(&c, line, word);
	else
		insert_common(&c);
}
