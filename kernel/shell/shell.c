/*
 * kernel/shell/shell.c - the shell thread: script, prompt, Ctrl-C; and the shell after a panic.
 *
 * Owns the history and the knowledge of whether a command runs.  Needs no memory but its
 * stack and these statics: it works on a system that has none left.
 */
#include "arch/cpu.h"
#include "drivers/fw_cfg.h"
#include "drivers/serial.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/shell/console.h"
#include "kernel/shell/shell_priv.h"
#include "kernel/thread.h"

#define PROMPT	     "hr> "
#define PANIC_PROMPT "panic> "
#define SCRIPT_FILE  "opt/org.headroom/script"
#define SCRIPT_MAX   (32 * KiB)
#define CTRL_C	     3

struct history shell_history;

static struct thread *shell_thread;
static volatile bool running; /* a command: Ctrl-C is for it, not for the editor */
static unsigned queued_stops; /* Ctrl-Cs on their way to the editor; atomic */

/* In interrupt context, for every byte typed. */
static bool intercept(uint8_t byte)
{
	if (byte != CTRL_C)
		return false;
	if (!running) {
		__atomic_add_fetch(&queued_stops, 1, __ATOMIC_RELAXED);
		return false;
	}
	thread_interrupt(shell_thread);
	return true;
}

static void stop_taken(void)
{
	if (__atomic_load_n(&queued_stops, __ATOMIC_RELAXED) != 0)
		__atomic_sub_fetch(&queued_stops, 1, __ATOMIC_RELAXED);
}

/*
 * A Ctrl-C typed before the command began, but after its Enter, lies in the input queue: it is
 * for the command.  What was typed before it goes with it, as on any terminal.
 */
static void take_queued_stop(void)
{
	int byte;

	if (__atomic_load_n(&queued_stops, __ATOMIC_RELAXED) == 0)
		return;
	do
		byte = serial_read(1);
	while (byte >= 0 && byte != CTRL_C);
	if (byte == CTRL_C) {
		stop_taken();
		thread_interrupt(shell_thread);
	} else {
		__atomic_store_n(&queued_stops, 0, __ATOMIC_RELAXED); /* the queue overflowed */
	}
}

/* Runs a line with Ctrl-C armed; true if it was stopped by it. */
static bool run_interruptible(const char *line)
{
	bool interrupted;

	thread_clear_interrupt();
	running = true;
	take_queued_stop();
	shell_run_line(line);
	running = false;
	interrupted = thread_interrupted();
	thread_clear_interrupt();
	return interrupted;
}

int shell_read_key(uint64_t timeout_us)
{
	return serial_read(timeout_us);
}

/* The byte that ended or completed the line was seen; `line` is in the console's editor. */
static void handle_event(enum editor_event event)
{
	static char line[EDITOR_MAX + 1];
	size_t cursor;
	const char *typed = console_line(&cursor);

	switch (event) {
	case EDITOR_LINE:
		strcpy(line, typed);
		history_add(&shell_history, line);
		run_interruptible(line);
		console_prompt(PROMPT);
		break;
	case EDITOR_INTERRUPT:
		console_prompt(PROMPT);
		break;
	case EDITOR_COMPLETE:
	case EDITOR_LIST:
		complete_line(typed, cursor, event == EDITOR_LIST);
		break;
	case EDITOR_NONE:
		break;
	}
}

/* Input that found the queue full (16 KiB were typed ahead) is gone, and output that could not
 * wait until somebody reads (lines of the log); whoever types is told. */
static void report_loss(void)
{
	static uint32_t input, output; /* reported */
	uint32_t lost = serial_input_lost();

	if (lost != input && !serial_input_waits()) {
		klog(LOG_WARN, "shell: %u bytes of input lost: typed faster than read",
		     lost - input);
		input = lost;
	}
	lost = serial_output_lost();
	if (lost != output) {
		klog(LOG_WARN, "shell: %u bytes of output lost: nobody read them (see dmesg)",
		     lost - output);
		output = lost;
	}
}

static void read_commands(void)
{
	int byte;

	console_prompt(PROMPT);
	for (;;) {
		byte = serial_read(0);
		if (byte == CTRL_C)
			stop_taken();
		if (byte >= 0)
			handle_event(console_feed((uint8_t)byte));
		else
			thread_clear_interrupt();
		report_loss();
	}
}

/* Runs one line of the script, shown as if it had been typed; false: Ctrl-C. */
static bool run_script_line(const char *line)
{
	if (line[strspn(line, " \t\r")] == '\0')
		return true;
	shell_printf(PROMPT "%s\n", line);
	return !run_interruptible(line);
}

static void run_script(char *script)
{
	while (*script != '\0') {
		size_t len = strcspn(script, "\n");
		char *next = script + len + (script[len] == '\n');

		script[len] = '\0';
		if (len > 0 && script[len - 1] == '\r')
			script[len - 1] = '\0';
		if (!run_script_line(script))
			return;
		script = next;
	}
}

static void load_and_run_script(void)
{
	static char script[SCRIPT_MAX + 1];
	long size = fw_cfg_read(SCRIPT_FILE, script, SCRIPT_MAX);

	if (size <= 0)
		return; /* no such file: the usual case */
	if (size > (long)SCRIPT_MAX) {
		klog(LOG_ERR, "shell: script of %ld bytes not run: the limit is %lu", size,
		     SCRIPT_MAX);
		return;
	}
	script[size] = '\0';
	run_script(script);
}

static void shell_main(void *arg __unused)
{
	serial_set_interceptor(intercept);
	load_and_run_script();
	if (option_bool("shell", true))
		read_commands();
}

/* Prompt and editor without interrupts, threads and locks. */
static void panic_shell(void)
{
	int byte;

	running = false;
	shell_forget_running();
	console_prompt(PANIC_PROMPT);
	for (;;) {
		byte = serial_poll();
		if (byte < 0) {
			cpu_relax();
			continue;
		}
		if (console_feed((uint8_t)byte) == EDITOR_LINE)
			shell_run_line(console_line(NULL));
		else if (console_line(NULL)[0] != '\0' || byte != CTRL_C)
			continue;
		console_prompt(PANIC_PROMPT);
	}
}

void shell_start(void)
{
	console_init(&shell_history);
	shell_set_color(option_bool("color", false));
	panic_set_shell(panic_shell);
	shell_thread = thread_create("shell", shell_main, NULL);
	if (shell_thread == NULL)
		panic("no memory for the shell's thread");
}
