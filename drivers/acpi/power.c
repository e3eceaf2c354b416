/*
 * drivers/acpi/power.c - switching off (S5), resetting, and the power button.
 *
 * Nothing here needs to be undone: who comes here does not come back, unless it failed.
 */
#include "drivers/acpi/power.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "drivers/acpi/acpi.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"

#include <acpi/acpi.h>

#define KEYBOARD_CONTROLLER 0x64
#define KEYBOARD_RESET	    0xFE /* pulses the CPU's reset line [8042] */

/* The 8042 and the fixed reset register act within this time, or not at all. */
#define RESET_WAIT_US 50000

static bool power_up; /* ACPICA is started */

int acpi_poweroff(void)
{
	acpi_status status;
	uint64_t flags;

	if (!power_up)
		return -ENODEV;
	status = acpi_enter_sleep_state_prep(ACPI_STATE_S5);
	if (ACPI_SUCCESS(status)) {
		flags = cpu_irq_save();
		status = acpi_enter_sleep_state(ACPI_STATE_S5);
		cpu_irq_restore(flags);
	}
	klog(LOG_ERR, "acpi: switching off failed: %s", acpi_format_exception(status));
	return -EIO;
}

void acpi_reboot(void)
{
	if (power_up && ACPI_SUCCESS(acpi_reset()))
		clock_delay_us(RESET_WAIT_US);
	io_out8(KEYBOARD_CONTROLLER, KEYBOARD_RESET);
	clock_delay_us(RESET_WAIT_US);
	cpu_triple_fault();
}

static void button_pressed(void *context __unused)
{
	klog(LOG_NOTICE, "acpi: power button");
	acpi_poweroff();
}

/* In interrupt context: only hands over to the thread "acpi". */
static u32 button_handler(void *context __unused)
{
	if (ACPI_FAILURE(acpi_os_execute(OSL_NOTIFY_HANDLER, button_pressed, NULL)))
		klog(LOG_ERR, "acpi: power button: too many events wait: press it again");
	return ACPI_INTERRUPT_HANDLED;
}

void power_init(void)
{
	acpi_status status;

	power_up = true;
	status = acpi_install_fixed_event_handler(ACPI_EVENT_POWER_BUTTON, button_handler, NULL);
	if (ACPI_FAILURE(status))
		klog(LOG_WARN, "acpi: no power button: %s", acpi_format_exception(status));
}
