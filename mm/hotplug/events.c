/*
 * mm/hotplug/events.c - the ring of hot-plug events.
 *
 * Lock: events_lock (spin) guards ring and seq.
 */
#include "mm/hotplug/events.h"

#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/spinlock.h"

#define EVENTS_KEPT 512

static struct spinlock events_lock = SPINLOCK_INIT("events", RANK_CONSOLE);
static struct hotplug_event ring[EVENTS_KEPT] GUARDED_BY(&events_lock);
static uint64_t last_seq GUARDED_BY(&events_lock);

const char *event_kind_name(enum event_kind kind)
{
	static const char *const names[] = {
		[EVENT_NOTIFY] = "notify",   [EVENT_ADD] = "add",	[EVENT_ONLINE] = "online",
		[EVENT_OFFLINE] = "offline", [EVENT_REMOVE] = "remove", [EVENT_EJECT] = "eject",
		[EVENT_OST] = "ost",
	};

	return (unsigned)kind < ARRAY_SIZE(names) ? names[kind] : "?";
}

static void __printf(6, 0) record(uint64_t cycles, enum event_kind kind, const char *device,
				  int err, uint64_t value, const char *fmt, va_list ap)
{
	uint64_t flags = spin_lock(&events_lock);
	struct hotplug_event *event = &ring[last_seq % EVENTS_KEPT];

	event->seq = ++last_seq;
	event->time_us = clock_us();
	event->kind = kind;
	event->err = err;
	event->value = value;
	event->cycles = cycles;
	strncpy(event->device, device, sizeof(event->device) - 1);
	event->device[sizeof(event->device) - 1] = '\0';
	vsnprintf(event->text, sizeof(event->text), fmt, ap);
	spin_unlock(&events_lock, flags);
}

void event_record(enum event_kind kind, const char *device, int err, uint64_t value,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(0, kind, device, err, value, fmt, ap);
	va_end(ap);
}

void event_record_since(uint64_t began, enum event_kind kind, const char *device, int err,
			uint64_t value, const char *fmt, ...)
{
	uint64_t cycles = cpu_cycles() - began;
	va_list ap;

	va_start(ap, fmt);
	record(cycles, kind, device, err, value, fmt, ap);
	va_end(ap);
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
