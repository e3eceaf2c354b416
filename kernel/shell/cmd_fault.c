/*
 * kernel/shell/cmd_fault.c - fault: makes a step of the kernel's fail, to see what it does then.
 * Owns nothing.
 */
#include "kernel/fault.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"

static void list_json(void)
{
	struct fault_site *site;
	struct json json = {0};

	json_begin(&json);
	json_array(&json, "sites");
	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++) {
		json_object(&json, NULL);
		json_string(&json, "site", site->name);
		json_number(&json, "passes", site->passes);
		json_number(&json, "failed", site->failed);
		json_number(&json, "armed", site->fail_at);
		json_bool(&json, "always", site->fail_at != 0 && site->always);
		json_object_end(&json);
	}
	json_array_end(&json);
	json_end(&json);
}

static void list(void)
{
	struct fault_site *site;

	shell_printf("%-17s %8s %8s %-10s %s\n", "SITE", "PASSES", "FAILED", "ARMED", "WHERE");
	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++) {
		shell_printf("%-17s %8lu %8lu ", site->name, site->passes, site->failed);
		if (site->fail_at == 0)
			shell_printf("%-10s", "-");
		else
			shell_printf("%5lu%-5s", site->fail_at, site->always ? "+" : "");
		shell_printf(" %s\n", site->help);
	}
}

static int list_command(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "-J") == 0)
		list_json();
	else if (argc == 2)
		list();
	else
		return shell_usage("fault", "list does not know '%s'", argv[2]);
	return SHELL_OK;
}

static int count_command(int argc, char **argv)
{
	bool on = argc == 3 && strcmp(argv[2], "on") == 0;

	if (!on && (argc != 3 || strcmp(argv[2], "off") != 0))
		return shell_usage("fault", "count wants on or off");
	fault_count(on);
	return SHELL_OK;
}

static int site_command(int argc, char **argv)
{
	struct fault_site *site = fault_site_by_name(argv[1]);
	bool always = argc == 4;
	uint64_t nth;

	if (argc < 3 || argc > 4 || (always && strcmp(argv[3], "always") != 0))
		return shell_usage("fault", "a site wants a number, or off");
	if (site == NULL)
		return shell_error("fault", ENOENT, "site: there is no site %s", argv[1]);
	if (argc == 3 && strcmp(argv[2], "off") == 0) {
		fault_disarm(site);
		return SHELL_OK;
	}
	if (parse_number(argv[2], &nth) != 0 || nth == 0)
		return shell_usage("fault", "'%s' is not a number of 1 or more", argv[2]);
	fault_arm(site, nth, always);
	return SHELL_OK;
}

SHELL_COMMAND(fault, "list [-J] | SITE N|off [always] | off | count on|off",
	      "make the Nth pass through a site fail (always: and all after it)",
	      "fault migrate_alloc 3; offline dimm0", SHELL_NORMAL)
{
	if (argc < 2)
		return shell_usage("fault", "which site?");
	if (strcmp(argv[1], "list") == 0)
		return list_command(argc, argv);
	if (strcmp(argv[1], "count") == 0)
		return count_command(argc, argv);
	if (argc == 2 && strcmp(argv[1], "off") == 0) {
		fault_disarm_all();
		return SHELL_OK;
	}
	return site_command(argc, argv);
}
