/*
 * drivers/acpi/ost.c - _OST, how the platform learns what became of its request.
 *
 * Owns the translation of errnos; keeps no state.
 */
#include "drivers/acpi/ost.h"

#include "drivers/acpi/aml.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "mm/hotplug/events.h"

/* What can move, but is held fast for the moment, is "in use"; what can't move, "busy". */
static enum ost_status ost_of_busy(const struct refusal *why)
{
	return strcmp(why->step, "migrate") == 0 ? OST_EJECT_IN_USE : OST_EJECT_BUSY;
}

enum ost_status ost_of_eject(const struct refusal *why)
{
	switch (-why->err) {
	case 0:
		return OST_SUCCESS;
	case EBUSY:
		return ost_of_busy(why);
	case EAGAIN:
	case ETIMEDOUT:
		return OST_EJECT_IN_USE;
	case ENOMEM:
	case ENOSPC:
		return OST_EJECT_NO_ROOM;
	case EOPNOTSUPP:
	case EPERM:
		return OST_EJECT_UNSUPPORTED;
	default:
		return OST_FAILURE;
	}
}

/* A Notify's own codes end at OST_UNRECOGNIZED; only OST_INSERTION has reasons. */
enum ost_status ost_of_insert(uint32_t source, int err)
{
	if (err == 0)
		return OST_SUCCESS;
	if (source == OST_INSERTION && (err == -EEXIST || err == -ERANGE || err == -EOVERFLOW))
		return OST_INSERT_NO_MEMORY_RANGE;
	return OST_FAILURE;
}

static const char *status_text(uint32_t source, enum ost_status status)
{
	if (status <= OST_UNRECOGNIZED)
		return status == OST_SUCCESS   ? "success"
		       : status == OST_FAILURE ? "failure"
					       : "unrecognized notify";
	if (source == OST_INSERTION)
		return "memory range not to be had";
	switch (status) {
	case OST_EJECT_UNSUPPORTED:
		return "ejection not supported";
	case OST_EJECT_IN_USE:
		return "in use";
	case OST_EJECT_BUSY:
		return "busy";
	case OST_EJECT_NO_ROOM:
		return "no room elsewhere";
	default:
		return "in progress";
	}
}

void ost_report(acpi_handle device, const char *path, const char *name, uint32_t source,
		enum ost_status status)
{
	union acpi_object object[3] = {
		{.integer = {ACPI_TYPE_INTEGER, source}},
		{.integer = {ACPI_TYPE_INTEGER, status}},
		{.buffer = {ACPI_TYPE_BUFFER, 0, NULL}},
	};
	struct acpi_object_list arguments = {ARRAY_SIZE(object), object};
	int err = aml_evaluate(device, "_OST", &arguments, NULL);

	if (err == -ENOENT)
		return; /* the platform does not ask to be told */
	if (err != 0)
		klog(LOG_WARN, "acpi: %s: _OST(0x%x, 0x%x) failed: %s", path, source, status,
		     errno_name(err));
	event_record(EVENT_OST, name, err, (uint64_t)source << 16 | status,
		     "%s source 0x%x status 0x%x: %s", path, source, status,
		     status_text(source, status));
}
