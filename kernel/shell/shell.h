/*
 * kernel/shell/shell.h - how a command is made, and what it may use.
 *
 *	SHELL_COMMAND(offline, "TARGET [-n]", "take memory out of use", "offline dimm0",
 *		      SHELL_NORMAL)
 *	{
 *		...
 *		return shell_refused("offline", &why);
 *	}
 *
 * A command writes with shell_printf() only (so that `| grep` and paging work), returns 0, 1
 * or 2 (docs/shell.md), and polls thread_interrupted() in long loops.
 */
#ifndef KERNEL_SHELL_SHELL_H
#define KERNEL_SHELL_SHELL_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"

enum shell_flags {
	SHELL_NORMAL = 0,
	SHELL_PANIC = 1 << 0, /* usable after a panic: takes no locks, allocates nothing */
};

struct shell_command {
	const char *name, *args, *help, *example;
	int (*run)(int argc, char **argv);
	unsigned flags;
} __aligned(8);

#define SHELL_COMMAND(cmd, cmd_args, cmd_help, cmd_example, cmd_flags)                            \
	static int command_##cmd(int argc, char **argv);                                          \
	static const struct shell_command shell_command_##cmd __used __section(".shell_commands") \
		__aligned(8) = {#cmd, cmd_args, cmd_help, cmd_example, command_##cmd, cmd_flags}; \
	static int command_##cmd(int argc __unused, char **argv __unused)

enum { SHELL_OK = 0, SHELL_FAIL = 1, SHELL_USAGE = 2 };

void shell_printf(const char *fmt, ...) __printf(1, 2); /* up to 1 KiB a call */
void shell_write(const char *text, size_t len);		/* any length */
/* Pushes out an unfinished line (progress, prompts of a command's own). */
void shell_flush(void);

/* The escape sequence of a colour, or "" while colour is off (set color on|off). */
enum shell_color { COLOR_NONE, COLOR_RED, COLOR_GREEN, COLOR_YELLOW, COLOR_BLUE, COLOR_DIM };
const char *shell_color(enum shell_color color);
/* A key for commands like `top`: 0..255, -ETIMEDOUT, or -EINTR on Ctrl-C. */
int shell_read_key(uint64_t timeout_us);
/* Width of the terminal in columns. */
unsigned shell_columns(void);

/* Prints `error: COMMAND: step: text [ECODE]`; returns SHELL_FAIL. */
int shell_refused(const char *command, const struct refusal *why);
/* Prints `error: COMMAND: <text> [ECODE]`; returns SHELL_FAIL. */
int shell_error(const char *command, int err, const char *fmt, ...) __printf(3, 4);
/* Prints `error: COMMAND: usage: COMMAND ARGS [EINVAL]` after `what is wrong`; SHELL_USAGE. */
int shell_usage(const char *command, const char *fmt, ...) __printf(2, 3);

/*
 * Options as getopt knows them: letters may cluster (-ab), a letter followed by ':' takes a
 * value (-t5 or -t 5), "--" ends them, and operands may stand before options.
 *
 *	struct shell_args a = SHELL_ARGS("offline", "nkt:", argc, argv);
 *
 *	while ((opt = shell_option(&a)) > 0)
 *		...				a.value is the value
 *	if (opt < 0)
 *		return SHELL_USAGE;		the error was printed
 *	a.noperands, a.operands[0]		what is left
 */
struct shell_args {
	const char *command, *letters;
	char **words, **operands;
	int nwords, next, noperands;
	const char *cluster; /* letters of the present word not looked at yet */
	const char *value;
};
#define SHELL_ARGS(cmd, opts, argc_, argv_)                                                     \
	{                                                                                       \
		.command = (cmd), .letters = (opts), .words = (argv_), .operands = (argv_) + 1, \
		.nwords = (argc_), .next = 1                                                    \
	}
/* The next option letter; 0: no more; -1: an error, which was printed. */
int shell_option(struct shell_args *args);
/* For a command whose only option is -J: all options, and whether it was among them; false: an
 * unknown one was said. */
bool shell_json_option(struct shell_args *args, bool *json);
/* For a command that takes nothing but -J: SHELL_OK, or SHELL_USAGE with the error printed. */
int shell_only_json(const char *command, int argc, char **argv, bool *json);

/* Sizes: 4096, 0x1000, 128M, 1G (K M G T, powers of 1024); 0 or -EINVAL / -ERANGE. */
int parse_size(const char *text, uint64_t *bytes);
int parse_number(const char *text, uint64_t *value);
/* Seconds with up to six decimals ("0.5"), to microseconds. */
int parse_seconds(const char *text, uint64_t *us);
/* BASE-END: END is the first byte behind, or, where it ends in fff (as lsmem prints it), the last;
 * 0, -EINVAL, or -ERANGE where the range ends behind 64 bits. */
int parse_range(const char *text, uint64_t *base, uint64_t *size);
/* "1G", "130M", "2M", or plain bytes; as lsmem prints; returns buf. */
const char *format_size(uint64_t bytes, bool plain_bytes, char *buf, size_t size);

/* One JSON document on one line through shell_printf(): objects, arrays, members. */
struct json {
	unsigned depth;
	uint32_t not_first; /* bit a depth */
};
void json_begin(struct json *j);		  /* { */
void json_end(struct json *j);			  /* } and newline at depth 0 */
void json_array(struct json *j, const char *key); /* "key":[ */
void json_array_end(struct json *j);
void json_object(struct json *j, const char *key); /* key NULL inside arrays */
void json_object_end(struct json *j);
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

/* Runs a command given as words (time, repeat); returns its status. */
int shell_run_words(int argc, char **argv);
/* Runs one line (with ; and | grep) as typed; returns its status.  Used by scripts too. */
int shell_run_line(const char *line);
/* The thread: prompt, editor, history.  Runs the fw_cfg script first. */
void shell_start(void);

#endif
