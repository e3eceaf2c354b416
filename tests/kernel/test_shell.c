/*
 * tests/kernel/test_shell.c - the shell from within: statuses, errors, filters, targets, JSON.
 *
 * The tests run lines as the shell does and look at what came out; being part of the command
 * `selftest`, these are lines within a line.  They change no memory's state.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell_priv.h"
#include "kernel/shell/target.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"
#include "tests/kernel/selftest.h"

static char text[16384];

/* Runs a line; its output is in `text`. */
static int run(const char *line)
{
	struct output_capture capture;
	int status;

	output_capture_begin(&capture, text, sizeof(text));
	status = shell_run_line(line);
	output_capture_end(&capture);
	return status;
}

static unsigned count_lines(void)
{
	unsigned n = 0;

	for (const char *p = text; *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

#define EXPECT_OUTPUT(line, wanted)                                                             \
	do {                                                                                    \
		EXPECT_EQ(run(line), SHELL_OK);                                                 \
		if (strcmp(text, wanted) != 0)                                                  \
			test_fail(t, __FILE__, __LINE__, "%s printed \"%.60s\"", (line), text); \
	} while (0)

KERNEL_TEST(shell, words_and_filters)
{
	EXPECT_OUTPUT("echo a 'b  c' \"d\" # e", "a b  c d\n");
	EXPECT_OUTPUT("echo a; echo b", "a\nb\n");
	EXPECT_OUTPUT("echo one; echo two | grep t", "one\ntwo\n");
	EXPECT_OUTPUT("repeat 3 'echo ONE; echo two' | grep -i one | grep -c N", "3\n");
	EXPECT_OUTPUT("repeat 2 'echo a; echo b | grep b' | grep -v a", "b\nb\n");
	EXPECT_OUTPUT("repeat 2 'echo a; echo b | grep -c b' | grep -v a", "1\n1\n");
	EXPECT_OUTPUT("nosuchcommand; echo $? | grep 2", text); /* the error, then the line */
	EXPECT(strstr(text, "]\n2\n") != NULL);
}

KERNEL_TEST(shell, statuses)
{
	EXPECT_EQ(run("echo x | grep y"), SHELL_FAIL);
	EXPECT_EQ(run("nosuchcommand | grep -v x"), SHELL_USAGE);
	EXPECT_EQ(run("nosuchcommand; sleep 0"), SHELL_OK);
	EXPECT_EQ(run("repeat 9 nosuchcommand"), SHELL_USAGE);
	EXPECT_EQ(count_lines(), 1);
	EXPECT_EQ(run("echo 'no end"), SHELL_USAGE);
	EXPECT_EQ(run("| grep x; echo after"), SHELL_OK);
	EXPECT(strstr(text, "after\n") != NULL);
}

/* One line `error: COMMAND: what: why [ECODE]`, the status that goes with it, past filters. */
static void expect_error(struct test *t, const char *line, int status, const char *end)
{
	char command[32];
	size_t n = strcspn(line, " "), len;

	EXPECT_EQ(run(line), status);
	len = strlen(text);
	snprintf(command, sizeof(command), "error: %.*s: ", (int)n, line);
	if (count_lines() != 1 || strncmp(text, command, strlen(command)) != 0 ||
	    len < strlen(end) || strcmp(text + len - strlen(end), end) != 0)
		test_fail(t, __FILE__, __LINE__, "%s: %.80s", line, text);
}

KERNEL_TEST(shell, errors_are_one_line_with_a_code)
{
	expect_error(t, "nosuchcommand", SHELL_USAGE, "[ENOENT]\n");
	expect_error(t, "online", SHELL_USAGE,
		     "usage: online TARGET [kernel|movable] [-k] [-J] [EINVAL]\n");
	expect_error(t, "online memory524287", SHELL_FAIL, "no such block [ENOENT]\n");
	expect_error(t, "offline dimm255 | grep nothing", SHELL_FAIL, "no such device [ENODEV]\n");
	expect_error(t, "eject boot", SHELL_FAIL, "[ENODEV]\n");
	expect_error(t, "offline nothing", SHELL_USAGE, "[EINVAL]\n");
	expect_error(t, "offline all -t x", SHELL_USAGE, "[EINVAL]\n");
	expect_error(t, "why 0x1000-0x2000", SHELL_FAIL,
		     "covers only a part of memory0 [EINVAL]\n");
	expect_error(t, "chmem -e 1M", SHELL_FAIL, "[EINVAL]\n");
	expect_error(t, "page 0xfffffffff", SHELL_FAIL, "[ENOENT]\n");
	expect_error(t, "policy online sideways", SHELL_FAIL, "[EINVAL]\n");
	expect_error(t, "lsmem -o RANGE,NONSENSE", SHELL_USAGE, "[EINVAL]\n");
}

KERNEL_TEST(shell, a_typing_mistake_is_guessed)
{
	EXPECT_EQ(run("onlin dimm0"), SHELL_USAGE);
	EXPECT(strstr(text, "did you mean online?") != NULL);
}

KERNEL_TEST(shell, every_command_has_a_name_of_its_own_and_help)
{
	const struct shell_command *c;
	char line[64];

	for (unsigned i = 0; (c = shell_command_at(i)) != NULL; i++) {
		EXPECT(shell_command_by_name(c->name) == c);
		snprintf(line, sizeof(line), "help %s", c->name);
		EXPECT_EQ(run(line), SHELL_OK);
		EXPECT(strncmp(text, c->name, strlen(c->name)) == 0);
		EXPECT(strstr(text, c->help) != NULL && c->help[0] != '\0');
		run("help");
		EXPECT(strstr(text, c->help) != NULL);
	}
}

/* Brackets and quotes are balanced, and there is one line. */
static bool is_json(const char *s)
{
	int depth = 0;
	bool quoted = false;

	for (; *s != '\0' && *s != '\n'; s++) {
		if (*s == '"')
			quoted = !quoted;
		else if (!quoted && strchr("{[", *s) != NULL)
			depth++;
		else if (!quoted && strchr("}]", *s) != NULL && --depth < 0)
			return false;
	}
	return depth == 0 && !quoted && strcmp(s, "\n") == 0;
}

KERNEL_TEST(shell, json)
{
	EXPECT_EQ(run("lsmem -J"), SHELL_OK);
	EXPECT(strncmp(text, "{\"memory\":[{\"range\":\"0x0", 24) == 0);
	EXPECT(is_json(text));
	EXPECT_EQ(run("lsdimm -J"), SHELL_OK);
	EXPECT(strncmp(text, "{\"dimms\":[", 10) == 0);
	EXPECT(is_json(text));
}

/* The blocks that lsmem -a lists make up both of its totals. */
static int add_size(struct memory_block *block, void *ctx)
{
	*(uint64_t *)ctx += block->npages * PAGE_SIZE;
	return 0;
}

static uint64_t number_behind(const char *label)
{
	const char *at = strstr(text, label);
	uint64_t value = 0;

	if (at == NULL)
		return 0;
	for (at += strlen(label); *at == ' '; at++)
		;
	for (; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

KERNEL_TEST(shell, lsmem_adds_up)
{
	struct block_range everything = {.npages = DIRECT_MAP_MAX / PAGE_SIZE};
	uint64_t bytes = 0;

	EXPECT_EQ(run("lsmem -b"), SHELL_OK);
	mutex_lock(&hotplug_lock);
	blocks_for_each(&everything, add_size, &bytes);
	mutex_unlock(&hotplug_lock);
	EXPECT_EQ(number_behind("Total online memory:") + number_behind("Total offline memory:"),
		  bytes);
	EXPECT_EQ(number_behind("Memory block size:"), BLOCK_PAGES * PAGE_SIZE);
}

KERNEL_TEST(shell, targets)
{
	struct output_capture capture;
	struct target target;

	output_capture_begin(&capture, text, sizeof(text));
	EXPECT_EQ(target_parse("test", "memory0", false, &target), SHELL_OK);
	EXPECT(target.range.single && !target.idempotent);
	EXPECT_EQ(target.range.start, 0);
	EXPECT_EQ(target_parse("test", "memory0-1", false, &target), SHELL_OK);
	EXPECT(!target.range.single && target.idempotent);
	EXPECT_EQ(target.range.npages, 2 * BLOCK_PAGES);
	EXPECT_EQ(target_parse("test", "0-128M", false, &target), SHELL_OK);
	EXPECT_EQ(target.range.npages, BLOCK_PAGES);
	EXPECT_EQ(target_parse("test", "0x0000000000000000-0x0000000007ffffff", false, &target),
		  SHELL_OK);
	EXPECT_EQ(target.range.npages, BLOCK_PAGES);
	EXPECT_EQ(target_parse("test", "all", false, &target), SHELL_OK);
	EXPECT_EQ(target.range.start, 0);
	EXPECT_EQ(target_parse("test", "memory1-0", false, &target), SHELL_USAGE);
	EXPECT_EQ(target_parse("test", "memory", false, &target), SHELL_FAIL);
	EXPECT_EQ(target_parse("test", "memory99999999999999999999", false, &target), SHELL_FAIL);
	output_capture_end(&capture);
}

/* What a page is used for is found by its number, and by why. */
KERNEL_TEST(shell, page_and_why_name_the_owner)
{
	static const struct page_owner owner = {.name = "selftest:shell"};
	struct page *page = page_alloc(3, 0, NODE_ANY, &owner);
	char line[64];

	REQUIRE(page != NULL);
	snprintf(line, sizeof(line), "page 0x%lx", page_to_pfn(page) + 5);
	EXPECT_EQ(run(line), SHELL_OK);
	EXPECT(strstr(text, "owner:  selftest:shell, unmovable\n") != NULL);
	EXPECT(strstr(text, "order 3") != NULL);
	snprintf(line, sizeof(line), "why memory%lu | grep selftest:shell",
		 page_to_pfn(page) >> BLOCK_ORDER);
	EXPECT_EQ(run(line), SHELL_OK);
	EXPECT(count_lines() >= 1); /* the first of its block is named as the reason, too */
	page_free(page);
	EXPECT_EQ(run(line), SHELL_FAIL);
}

KERNEL_TEST(shell, time_says_ticks_and_microseconds)
{
	EXPECT_EQ(run("time sleep 0.01"), SHELL_OK);
	EXPECT(strncmp(text, "time: ", 6) == 0);
	EXPECT(strstr(text, " ticks ") != NULL && strstr(text, " us\n") != NULL);
	EXPECT(number_behind(" ticks ") >= 10000);
	EXPECT_EQ(run("time nosuchcommand"), SHELL_USAGE);
}
