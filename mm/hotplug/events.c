/*
 * mm/hotplug/events.c - the ring of hot-plug events.
 *
 * Lock: events_lock (spin) guards ring and seq.
 */
#include "mm/hotplug/events.h"

#include "kernel/clock.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/spinlock.h"

#define EVENTS_KEPT 512

static struct spinlock events_lock = SPINLOCK_INIT("events", RANK_CONSOLE);
static struct hotplug_event ring[EVENTS_KEPT];
static uint64_t last_seq;

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = {
		[EVENT_NOTIFY] = "notify",   [EVENT_ADD] = "add",	[EVENT_ONLINE] = "online",
		[EVENT_OFFLINE] = "offline", [EVENT_REMOVE] = "remove", [EVENT_EJECT] = "eject",
		[EVENT_OST] = "ost",
	};

	return (unsigned)kind < ARRAY_SIZE(names) ? names[kind] : "?";
}

void event_record(enum event_kind kind, const char *device, int err, uint64_t value,
		  const char *fmt, ...)
{
	uint64_t flags = spin_lock(&events_lock);
	struct hotplug_event *event = &ring[last_seq % EVENTS_KEPT];
	va_list ap;

	event->seq = ++last_seq;
	event->time_us = clock_us();
	event->kind = kind;
	event->err = err;
	event->value = value;
	strncpy(event->device, device, sizeof(event->device) - 1);
	event->device[sizeof(event->device) - 1] = '\0';
	va_start(ap, fmt);
	vsnprintf(event->text, sizeof(event->text), fmt, ap);
	va_end(ap);
	spin_unlock(&events_lock, flags);
}

bool event_read(uint64_t *seq, struct hotplug_event *event)
{
	uint64_t flags = spin_lock(&events_lock);
	uint64_t oldest = last_seq > EVENTS_KEPT ? last_seq - EVENTS_KEPT + 1 : 1;
	uint64_t wanted = *seq < oldest ? oldest : *seq;
	bool found = wanted <= last_seq;

	if (found) {
		*event = ring[(wanted - 1) % EVENTS_KEPT];
		*seq = wanted + 1;
	}
	spin_unlock(&events_lock, flags);
	return found;
}
