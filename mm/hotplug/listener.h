/*
 * mm/hotplug/listener.h - who has a say, or wants to know, when memory comes and goes.
 *
 * Every add, online, offline and remove asks all listeners to prepare, in the order of their
 * registration.  One that returns an error vetoes, and the refusal carries its name and reason.
 * Then each of those that prepared gets exactly one of commit (it happened) and abort (it did
 * not), commit in the order of preparation and abort in reverse; one that vetoed gets neither.
 *
 *	ADD	prepare: planned, nothing is mapped	commit: its blocks are OFFLINE
 *	ONLINE	prepare: the blocks are GOING_ONLINE	commit: they are ONLINE
 *	OFFLINE	prepare: checked, still ONLINE		commit: the zones have forgotten them
 *	REMOVE	prepare: all blocks are OFFLINE		commit: unmapped
 *
 * What the core takes back because the firmware would not let go of a device has happened
 * before and cannot be refused: ADD and ONLINE then come as commit alone.
 *
 * Lock: hotplug_lock is held over every call; a listener must not start another operation.
 */
#ifndef MM_HOTPLUG_LISTENER_H
#define MM_HOTPLUG_LISTENER_H

#include "kernel/lib/list.h"
#include "kernel/lib/refusal.h"

struct memory_device;

enum listener_event {
	LISTENER_ADD,
	LISTENER_ONLINE,
	LISTENER_OFFLINE,
	LISTENER_REMOVE,
	LISTENER_EVENTS,
};

struct listener_change {
	enum listener_event event;
	const struct memory_device *device; /* ADD, REMOVE: it, its blocks not to be looked at;
					     * else the first in the range */
	pfn_t start;
	uint64_t npages; /* ONLINE, OFFLINE: of the range; blocks of it that stay are included */
};

/* Any of the three may be NULL. */
struct listener {
	struct list_head link;
	const char *name;
	int (*prepare)(const struct listener_change *change, struct refusal *why);
	void (*commit)(const struct listener_change *change);
	void (*abort)(const struct listener_change *change);
};

/* Both take hotplug_lock. */
void listener_register(struct listener *listener);
void listener_unregister(struct listener *listener);

const char *listener_event_name(enum listener_event event); /* "add", "online" ... */

/* --- for the hot-plug core --- */

/* 0, or the first veto, with everything aborted that had prepared. */
int listeners_prepare(const struct listener_change *change, struct refusal *why);
void listeners_commit(const struct listener_change *change);
void listeners_abort(const struct listener_change *change);

#endif
