/*
 * drivers/acpi/osl.c - the rest of ACPICA's OS layer: start, overrides, time, messages.
 *
 * Lock: message_lock (spin, rank ACPI) guards the line that fragments of messages make up.
 */
#include "drivers/acpi/osl.h"

#include "arch/mmu.h"
#include "boot/bootinfo.h"
#include "kernel/clock.h"
#include "kernel/lib/format.h"
#include "kernel/log.h"
#include "kernel/mutex.h"

acpi_status acpi_os_initialize(void)
{
	return AE_OK; /* acpi_start() has done it, in its own order */
}

acpi_status acpi_os_terminate(void)
{
	return AE_OK;
}

/*
 * The boot loader's copy of the RSDP, not the firmware's: under UEFI there is nothing to scan
 * for, and GRUB may have changed the tables.  The bytes were copied out of the tags at boot;
 * this is where the copy lies in physical memory.
 */
acpi_physical_address acpi_os_get_root_pointer(void)
{
	paddr_t pa;

	if (bootinfo.rsdp_length == 0 || !mmu_translate((vaddr_t)bootinfo.rsdp_copy, &pa))
		return 0;
	return pa;
}

/* --- overrides: none --- */

acpi_status acpi_os_predefined_override(const struct acpi_predefined_names *init_val __unused,
					acpi_string *new_val)
{
	*new_val = NULL;
	return AE_OK;
}

acpi_status acpi_os_table_override(struct acpi_table_header *existing_table __unused,
				   struct acpi_table_header **new_table)
{
	*new_table = NULL;
	return AE_OK;
}

acpi_status acpi_os_physical_table_override(struct acpi_table_header *existing_table __unused,
					    acpi_physical_address *new_address,
					    u32 *new_table_length)
{
	*new_address = 0;
	*new_table_length = 0;
	return AE_OK;
}

/* --- time --- */

static bool never(void *arg __unused)
{
	return false;
}

void osl_wait_us(uint64_t us)
{
	struct wait_queue wait;

	if (us == 0)
		return;
	wait_queue_init(&wait, "acpi sleep");
	wait_event(&wait, never, NULL, us, false);
}

void acpi_os_sleep(u64 milliseconds)
{
	osl_wait_us(milliseconds * 1000);
}

void acpi_os_stall(u32 microseconds)
{
	clock_delay_us(microseconds);
}

u64 acpi_os_get_timer(void)
{
	return clock_us() * 10; /* in 100 ns */
}

/* --- what AML wants to tell --- */

acpi_status acpi_os_signal(u32 function, void *info)
{
	const struct acpi_signal_fatal_info *fatal = info;

	if (function == ACPI_SIGNAL_FATAL && fatal != NULL)
		klog(LOG_ERR, "acpi: the firmware says Fatal(0x%x, 0x%x, 0x%x)", fatal->type,
		     fatal->code, fatal->argument);
	return AE_OK;
}

acpi_status acpi_os_enter_sleep(u8 sleep_state __unused, u32 rega_value __unused,
				u32 regb_value __unused)
{
	return AE_OK; /* nothing to do before the registers are written */
}

/* --- messages: ACPICA prints them in pieces; the log takes lines --- */

static struct spinlock message_lock = SPINLOCK_INIT("acpi message", RANK_ACPI);
static char message[LOG_LINE_MAX] GUARDED_BY(&message_lock);
static size_t message_length GUARDED_BY(&message_lock);

/* Errors begin by such words (ACPI_MSG_ERROR and others of acoutput.h). */
static enum log_level message_level(const char *text)
{
	if (strstr(text, "Error") != NULL || strstr(text, "Exception") != NULL)
		return LOG_ERR;
	return strstr(text, "Warning") != NULL ? LOG_WARN : LOG_DEBUG;
}

/* Adds one character; true when that completed a line, which is moved to `line`. */
static bool message_add(char c, char line[LOG_LINE_MAX]) REQUIRES(&message_lock)
{
	bool complete = c == '\n' || message_length == LOG_LINE_MAX - 1;
	size_t length = message_length;

	if (complete) {
		memcpy(line, message, length);
		line[length] = '\0';
		message_length = 0;
	}
	if (c != '\n')
		message[message_length++] = c;
	return complete && length != 0;
}

void acpi_os_vprintf(const char *format, va_list args)
{
	char piece[256], line[LOG_LINE_MAX];

	vsnprintf(piece, sizeof(piece), format, args);
	for (const char *p = piece; *p != '\0'; p++) {
		uint64_t flags = spin_lock(&message_lock);
		bool complete = message_add(*p, line);

		/* The log's sinks may wake threads: not under this lock. */
		spin_unlock(&message_lock, flags);
		if (complete)
			klog(message_level(line), "acpica: %s", line);
	}
}

void acpi_os_printf(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	acpi_os_vprintf(format, args);
	va_end(args);
}
