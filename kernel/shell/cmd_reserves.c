/*
 * kernel/shell/cmd_reserves.c - reserves: what hot-plug lives on when memory is out, and whether
 * it ever asked for more.  Owns nothing.
 */
#include "drivers/acpi/acpi.h"
#include "kernel/shell/shell.h"
#include "kernel/symbols.h"
#include "mm/hotplug/hotplug.h"

static void reserves_json(const struct hotplug_pool *pool, const struct acpi_status *acpi,
			  uint64_t calls, vaddr_t caller)
{
	struct json j = {0};

	json_begin(&j);
	json_object(&j, "reserves");
	json_number(&j, "tables", pool->total);
	json_number(&j, "tables_free", pool->free);
	json_number(&j, "tables_low", pool->low);
	json_number(&j, "arena", acpi->arena_size);
	json_number(&j, "arena_used", acpi->arena_used);
	json_number(&j, "arena_peak", acpi->arena_peak);
	json_number(&j, "arena_refused", acpi->arena_refused);
	json_number(&j, "sections", __atomic_load_n(&hotplug_noalloc.entered, __ATOMIC_RELAXED));
	json_number(&j, "foreign_allocations", calls);
	json_string(&j, "foreign_caller", calls != 0 ? symbol_name(caller) : "");
	json_object_end(&j);
	json_end(&j);
}

static void reserves_text(const struct hotplug_pool *pool, const struct acpi_status *acpi,
			  uint64_t calls, vaddr_t caller)
{
	shell_printf("page tables: %lu of %lu free, never fewer than %lu\n", pool->free,
		     pool->total, pool->low);
	shell_printf("ACPI arena: %lu of %lu KiB used, at most %lu; %lu requests refused\n",
		     acpi->arena_used / KiB, acpi->arena_size / KiB, acpi->arena_peak / KiB,
		     acpi->arena_refused);
	shell_printf("foreign allocations between event and online: %lu%s%s\n", calls,
		     calls != 0 ? ", the last by " : "", calls != 0 ? symbol_name(caller) : "");
}

SHELL_COMMAND(reserves, "[-J]", "what hot-plug lives on when memory is out", "reserves",
	      SHELL_NORMAL)
{
	uint64_t calls = __atomic_load_n(&hotplug_noalloc.calls, __ATOMIC_RELAXED);
	vaddr_t caller = __atomic_load_n(&hotplug_noalloc.caller, __ATOMIC_RELAXED);
	struct hotplug_pool pool;
	struct acpi_status acpi;
	bool json = false;

	if (shell_only_json("reserves", argc, argv, &json) != SHELL_OK)
		return SHELL_USAGE;
	hotplug_pool_counts(&pool);
	acpi_get_status(&acpi);
	(json ? reserves_json : reserves_text)(&pool, &acpi, calls, caller);
	return SHELL_OK;
}
