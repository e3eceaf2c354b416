/*
 * kernel/shell/cmd_check.c - check: every invariant of the memory subsystem.
 */
#include "kernel/lib/errno.h"
#include "kernel/shell/shell.h"
#include "mm/hotplug/hotplug.h"

static unsigned violations;

static void print_violation(const char *violation)
{
	violations++;
	shell_printf("check: %s\n", violation);
}

SHELL_COMMAND(check, "", "verify every invariant of the memory subsystem", "check", SHELL_NORMAL)
{
	bool clean;

	if (argc > 1)
		return shell_usage("check", "no such operand: %s", argv[1]);
	violations = 0;
	clean = hotplug_verify(print_violation);
	if (!clean)
		return shell_error("check", EIO, "%u violations", violations);
	shell_printf("check: ok\n");
	return SHELL_OK;
}
