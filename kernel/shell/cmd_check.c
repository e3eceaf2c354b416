/*
 * kernel/shell/cmd_check.c - check: every invariant of the memory subsystem.
 *
 * Owns the count of violations and the document they go to; the shell's thread only.
 */
#include "kernel/lib/errno.h"
#include "kernel/shell/shell.h"
#include "mm/hotplug/hotplug.h"

static unsigned violations;
static struct json document;

static void print_violation(const char *violation)
{
	violations++;
	shell_printf("check: %s\n", violation);
}

static void add_violation(const char *violation)
{
	violations++;
	json_string(&document, NULL, violation);
}

static bool verify_json(void)
{
	bool clean;

	json_begin(&document);
	json_object(&document, "check");
	json_array(&document, "violations");
	clean = hotplug_verify(add_violation);
	json_array_end(&document);
	json_bool(&document, "ok", clean);
	json_object_end(&document);
	json_end(&document);
	return clean;
}

SHELL_COMMAND(check, "[-J]", "verify every invariant of the memory subsystem", "check",
	      SHELL_NORMAL)
{
	bool clean, json;
	int status = shell_only_json("check", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	violations = 0;
	clean = json ? verify_json() : hotplug_verify(print_violation);
	if (!clean)
		return shell_error("check", EIO, "%u violations", violations);
	if (!json)
		shell_printf("check: ok\n");
	return SHELL_OK;
}
