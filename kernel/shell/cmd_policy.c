/*
 * kernel/shell/cmd_policy.c - what memory may become: policy, zones.
 *
 * Owns nothing; `zones` holds hotplug_lock while it looks.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/shell/valid_zones.h"
#include "mm/hotplug/hotplug.h"
#include "mm/hotplug/policy.h"

/* --- policy --- */

/* Prints all policies, or the one named; false: there is no such. */
static bool print_policies(const char *only)
{
	const char *name, *values;
	char value[24];
	bool any = false;

	for (unsigned i = 0; policy_info(i, &name, value, sizeof(value), &values); i++) {
		if (only != NULL && strcmp(only, name) != 0)
			continue;
		shell_printf("%-18s %-16s (%s)\n", name, value, values);
		any = true;
	}
	return any;
}

static void policies_json(void)
{
	const char *name, *values;
	char value[24];
	struct json j;

	json_begin(&j);
	json_array(&j, "policies");
	for (unsigned i = 0; policy_info(i, &name, value, sizeof(value), &values); i++) {
		json_object(&j, NULL);
		json_string(&j, "name", name);
		json_string(&j, "value", value);
		json_string(&j, "values", values);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

static int set_policy(const char *name, const char *value)
{
	int err = policy_set(name, value);

	if (err == -ENOENT)
		return shell_error("policy", err, "%.32s: no such policy", name);
	if (err != 0)
		return shell_error("policy", err, "%s: no such value: %.32s", name, value);
	return SHELL_OK;
}

SHELL_COMMAND(policy,
	      "[online [offline|online|online_kernel|online_movable]] [eject [auto|manual]] "
	      "[online_policy [kernel|auto-movable]] [auto_movable_ratio [PERCENT]] [-J]",
	      "what happens to new memory, and to eject requests", "policy online online_movable",
	      SHELL_NORMAL)
{
	if (argc == 2 && strcmp(argv[1], "-J") == 0) {
		policies_json();
		return SHELL_OK;
	}
	if (argc > 3)
		return shell_usage("policy", "a name and a value are needed");
	if (argc == 3)
		return set_policy(argv[1], argv[2]);
	if (!print_policies(argc == 2 ? argv[1] : NULL))
		return shell_error("policy", ENOENT, "%.32s: no such policy", argv[1]);
	return SHELL_OK;
}

/* --- zones --- */

const char *valid_zones(const struct memory_block *block)
{
	if (block->state == BLOCK_MEMMAP)
		return "none";
	if (block->zone != NULL)
		return zone_type_name((enum zone_type)block->zone->type);
	return online_zone_type(ONLINE_DEFAULT, block->npages) == ZONE_MOVABLE ? "Movable/Normal"
									       : "Normal/Movable";
}

/* `zones` is what valid_zones() says: names with a '/' between. */
static void zones_json(const char *block, const char *zones)
{
	char name[24];
	struct json j;

	json_begin(&j);
	json_string(&j, "block", block);
	json_array(&j, "zones");
	for (size_t len; *zones != '\0' && strcmp(zones, "none") != 0; zones += len) {
		zones += *zones == '/';
		len = strcspn(zones, "/");
		snprintf(name, sizeof(name), "%.*s", (int)len, zones);
		json_string(&j, NULL, name);
	}
	json_array_end(&j);
	json_end(&j);
}

static void print_zones(const char *zones)
{
	for (; *zones != '\0'; zones++)
		shell_write(*zones == '/' ? " " : zones, 1);
	shell_write("\n", 1);
}

SHELL_COMMAND(zones, "BLOCK [-J]", "the zones a block may be onlined to, the default first",
	      "zones memory32", SHELL_NORMAL)
{
	struct shell_args a = SHELL_ARGS("zones", "J", argc, argv);
	const struct memory_block *block;
	const char *zones = NULL;
	bool json = false;

	if (!shell_json_option(&a, &json))
		return SHELL_USAGE;
	if (a.noperands != 1)
		return shell_usage("zones", "one BLOCK is needed");
	if (!lock_to_look("zones"))
		return SHELL_FAIL;
	block = block_by_name(a.operands[0]);
	if (block != NULL)
		zones = valid_zones(block);
	mutex_unlock(&hotplug_lock);
	if (zones == NULL)
		return shell_error("zones", ENOENT, "%.32s: no such block", a.operands[0]);
	if (json)
		zones_json(a.operands[0], zones);
	else
		print_zones(zones);
	return SHELL_OK;
}
