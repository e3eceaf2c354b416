/*
 * mm/hotplug/listener.c - the list of listeners, and asking them.
 *
 * Lock: hotplug_lock guards the list.
 */
#include "mm/hotplug/listener.h"

#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "mm/hotplug/device.h"

static struct list_head listeners = LIST_HEAD_INIT(listeners);

FAULT_SITE(listener, "a listener vetoes")

const char *listener_event_name(enum listener_event event)
{
	static const char *const names[LISTENER_EVENTS] = {
		[LISTENER_ADD] = "add",
		[LISTENER_ONLINE] = "online",
		[LISTENER_OFFLINE] = "offline",
		[LISTENER_REMOVE] = "remove",
	};

	return (unsigned)event < LISTENER_EVENTS ? names[event] : "?";
}

void listener_register(struct listener *listener)
{
	mutex_lock(&hotplug_lock);
	list_add_tail(&listener->link, &listeners);
	mutex_unlock(&hotplug_lock);
}

void listener_unregister(struct listener *listener)
{
	mutex_lock(&hotplug_lock);
	list_del(&listener->link);
	mutex_unlock(&hotplug_lock);
}

/* Aborts those before `end`, the last first. */
static void abort_before(const struct listener_change *change, struct list_head *end)
{
	for (struct list_head *at = end->prev; at != &listeners; at = at->prev) {
		struct listener *listener = list_entry(at, struct listener, link);

		if (listener->abort != NULL)
			listener->abort(change);
	}
}

static int prepare_one(struct listener *listener, const struct listener_change *change,
		       struct refusal *why)
{
	struct refusal veto;
	int err;

	veto.err = 0;
	veto.has_pfn = false;
	veto.text[0] = '\0';
	if (FAULT_HIT(listener))
		err = refuse(&veto, -EBUSY, "listener", FAULT_TEXT);
	else
		err = listener->prepare != NULL ? listener->prepare(change, &veto) : 0;
	if (err == 0)
		return 0;
	return refuse_at(why, err, "listener", veto.has_pfn ? veto.pfn : change->start,
			 "may not %s: %s: %s",
			 change->event == LISTENER_ADD	    ? "be added"
			 : change->event == LISTENER_REMOVE ? "be removed"
			 : change->event == LISTENER_ONLINE ? "go online"
							    : "go offline",
			 listener->name, veto.err != 0 ? veto.text : "gives no reason");
}

int listeners_prepare(const struct listener_change *change, struct refusal *why)
{
	struct listener *listener;

	ASSERT(mutex_is_held(&hotplug_lock));
	list_for_each_entry (listener, &listeners, link) {
		int err = prepare_one(listener, change, why);

		if (err != 0) {
			abort_before(change, &listener->link);
			return err;
		}
	}
	return 0;
}

void listeners_commit(const struct listener_change *change)
{
	struct listener *listener;

	ASSERT(mutex_is_held(&hotplug_lock));
	list_for_each_entry (listener, &listeners, link)
		if (listener->commit != NULL)
			listener->commit(change);
}

void listeners_abort(const struct listener_change *change)
{
	ASSERT(mutex_is_held(&hotplug_lock));
	abort_before(change, &listeners);
}
