/*
 * mm/hotplug/events.h - the history of hot-plug: a ring of what happened, with outcomes.
 *
 * From threads, never in interrupts.  Lock: events_lock (spin, rank CONSOLE - not taken around
 * any other).  Overwrites the oldest.
 */
#ifndef MM_HOTPLUG_EVENTS_H
#define MM_HOTPLUG_EVENTS_H

#include "kernel/lib/refusal.h"

enum event_kind {
	EVENT_NOTIFY, /* firmware said something: value is the Notify code */
	EVENT_ADD,
	EVENT_ONLINE,
	EVENT_OFFLINE,
	EVENT_REMOVE,
	EVENT_EJECT,
	EVENT_OST, /* what was reported: value is source << 16 | status */
};

struct hotplug_event {
	uint64_t seq, time_us;
	enum event_kind kind;
	char device[16];
	int err;	 /* 0: success */
	uint64_t value;	 /* by kind: blocks, code */
	uint64_t cycles; /* TSC cycles that the operation took; 0 where none was measured */
	char text[120];	 /* a refusal, or counts */
};

void event_record(enum event_kind kind, const char *device, int err, uint64_t value,
		  const char *fmt, ...) __printf(5, 6);
/* The same for an operation that began when cpu_cycles() was `began`. */
void event_record_since(uint64_t began, enum event_kind kind, const char *device, int err,
			uint64_t value, const char *fmt, ...) __printf(6, 7);
const char *event_kind_name(enum event_kind kind);
/* As log_read(). */
bool event_read(uint64_t *seq, struct hotplug_event *event);

#endif
