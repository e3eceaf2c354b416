/*
 * kernel/shell/shell.h - how a command is made, and what it may use.
 *
 *	SHELL_COMMAND(offline, "TARGET [-n]", "take memory out of use", "offline dimm0",
 *		      SHELL_NORMAL)
 *	{
 *		...
 *		return shell_error("offline", &why);
 *	}
 *
 * A command writes with shell_printf() only (so that `| grep` and paging work), returns 0, 1
 * or 2 (INTERFACE.md), and polls thread_interrupted() in long loops.
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

#define SHELL_COMMAND(cmd, cmd_args, cmd_help, cmd_example, cmd_flags)                             \
	static int command_##cmd(int argc, char **argv);                                           \
	static const struct shell_command shell_command_##cmd __used __section(                    \
		".shell_commands") __aligned(8) = {#cmd,	   cmd_args,	   cmd_help,       \
						   cmd_example, command_##cmd, cmd_flags};         \
	static int command_##cmd(int argc __unused, char **argv __unused)

enum { SHELL_OK = 0, SHELL_FAIL = 1, SHELL_USAGE = 2 };

void shell_printf(const char *fmt, ...) __printf(1, 2);

/* Prints `error: COMMAND: step: text [ECODE]`; returns SHELL_FAIL. */
int shell_refused(const char *command, const struct refusal *why);
/* Prints `error: COMMAND: <text> [ECODE]`; returns SHELL_FAIL. */
int shell_error(const char *command, int err, const char *fmt, ...) __printf(3, 4);
/* Prints `error: COMMAND: usage: COMMAND ARGS [EINVAL]` after `what is wrong`; SHELL_USAGE. */
int shell_usage(const char *command, const char *fmt, ...) __printf(2, 3);

/* Sizes: 4096, 0x1000, 128M, 1G (K M G T, powers of 1024); 0 or -EINVAL / -ERANGE. */
int parse_size(const char *text, uint64_t *bytes);
int parse_number(const char *text, uint64_t *value);
/* BASE-END, END exclusive as written or inclusive when it ends in ...f (as lsmem prints). */
int parse_range(const char *text, uint64_t *base, uint64_t *size);
/* "1G", "130M", "2M", or plain bytes; as lsmem prints; returns buf. */
const char *format_size(uint64_t bytes, bool plain_bytes, char *buf, size_t size);

/* One JSON document on one line through shell_printf(): objects, arrays, members. */
struct json {
	unsigned depth;
	uint32_t not_first; /* bit a depth */
};
void json_begin(struct json *j);			  /* { */
void json_end(struct json *j);				  /* } and newline at depth 0 */
void json_array(struct json *j, const char *key);	  /* "key":[ */
void json_array_end(struct json *j);
void json_object(struct json *j, const char *key);	  /* key NULL inside arrays */
void json_object_end(struct json *j);
void json_string(struct json *j, const char *key, const char *value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

/* Runs one line (with ; and | grep) as typed; returns its status.  Used by scripts too. */
int shell_run_line(const char *line);
/* The thread: prompt, editor, history.  Runs the fw_cfg script first. */
void shell_start(void);

#endif
