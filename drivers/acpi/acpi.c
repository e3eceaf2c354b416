/*
 * drivers/acpi/acpi.c - ACPI bring-up.
 *
 * The order matters: events are enabled only when there is somebody to hear them, and slots
 * are looked at only after that, since a DIMM that came before raises no event and one that
 * comes in between is then found twice, which does no harm.
 */
#include "drivers/acpi/acpi.h"

#include "boot/bootinfo.h"
#include "drivers/acpi/aml.h"
#include "drivers/acpi/memdev.h"
#include "drivers/acpi/osl.h"
#include "drivers/acpi/power.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/log.h"
#include "mm/hotplug/hotplug.h"

static bool acpi_up; /* set once, at the end of acpi_start() */

/* One step of ACPICA's own start. */
static int check_step(acpi_status status, const char *step, struct refusal *why)
{
	if (ACPI_SUCCESS(status))
		return 0;
	return refuse(why, status == AE_NO_MEMORY ? -ENOMEM : -EIO, step, "%s",
		      acpi_format_exception(status));
}

/* Tables and namespace; then ACPI mode, the SCI and the device objects' own start. */
static int start_acpica(struct refusal *why)
{
	int err = check_step(acpi_initialize_subsystem(), "acpi_initialize_subsystem", why);

	if (err == 0)
		err = check_step(acpi_initialize_tables(NULL, 16, TRUE), "acpi_initialize_tables",
				 why);
	if (err == 0)
		err = check_step(acpi_load_tables(), "acpi_load_tables", why);
	if (err == 0)
		err = check_step(acpi_enable_subsystem(ACPI_FULL_INITIALIZATION),
				 "acpi_enable_subsystem", why);
	if (err == 0)
		err = check_step(acpi_initialize_objects(ACPI_FULL_INITIALIZATION),
				 "acpi_initialize_objects", why);
	return err;
}

/* Tells the firmware that interrupts go through IOAPICs [ACPI 6.5 5.8.1]. */
static void select_interrupt_model(void)
{
	int err;

	if (!acpi_static.has_madt || acpi_static.madt.nioapics == 0)
		return;
	err = aml_call(NULL, "\\_PIC", 1);
	if (err != 0 && err != -ENOENT)
		klog(LOG_WARN, "acpi: _PIC(1) failed: %s", errno_name(err));
}

static int start_hotplug(struct refusal *why)
{
	paddr_t base;
	uint64_t size;
	int err = slots_find();

	if (err != 0)
		return refuse(why, err, "slots", "the namespace cannot be walked");
	if (!memdev_window(&base, &size))
		klog(LOG_WARN,
		     "acpi: SRAT: the hot-plug window lies over boot memory: only what is "
		     "behind it counts");
	klog(LOG_INFO, "acpi: %u memory slots, window 0x%lx-0x%lx", nr_slots, base, base + size);
	err = hotplug_init_slots(nr_slots, base, size, why);
	if (err != 0)
		return err;
	if (notify_init() != 0)
		return refuse(why, -ENOMEM, "worker", "no memory for the hot-plug thread");
	if (notify_enable() != 0)
		return refuse(why, -EIO, "notify", "the handler cannot be installed");
	return 0;
}

/* A firmware with a larger namespace than any seen still works, but may lose events. */
static void check_arena(void)
{
	struct acpi_status status;

	osl_memory_status(&status);
	if (status.arena_size - status.arena_used < OSL_ARENA_MARGIN)
		klog(LOG_WARN, "acpi: the namespace leaves %lu KiB of the arena; %lu should be",
		     (status.arena_size - status.arena_used) / KiB, OSL_ARENA_MARGIN / KiB);
}

int acpi_start(struct refusal *why)
{
	int err;

	if (bootinfo.rsdp_length == 0)
		return refuse(why, -ENODEV, "RSDP", "the boot loader gave none");
	osl_memory_init();
	err = osl_event_init();
	if (err != 0)
		return refuse(why, err, "thread", "no memory for the thread of ACPICA");
	err = start_acpica(why);
	if (err != 0)
		return err;
	select_interrupt_model();
	power_init();
	err = start_hotplug(why);
	if (err == 0)
		err = check_step(acpi_update_all_gpes(), "acpi_update_all_gpes", why);
	if (err != 0)
		return err;
	check_arena();
	__atomic_store_n(&acpi_up, true, __ATOMIC_RELEASE);
	notify_rescan(false);
	return 0;
}

void acpi_rescan(void)
{
	if (__atomic_load_n(&acpi_up, __ATOMIC_ACQUIRE))
		notify_rescan(true);
}

void acpi_get_status(struct acpi_status *status)
{
	static char version[16];

	snprintf(version, sizeof(version), "%x", ACPI_CA_VERSION);
	*status = (struct acpi_status){
		.up = __atomic_load_n(&acpi_up, __ATOMIC_ACQUIRE),
		.acpica_version = version,
		.slots = nr_slots,
		.notify_count = notify_count(),
		.scans = notify_scans(),
	};
	osl_memory_status(status);
	osl_event_status(status);
}
