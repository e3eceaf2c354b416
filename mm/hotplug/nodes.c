/*
 * mm/hotplug/nodes.c - nodes come to life with their first memory and end with their last.
 *
 * A listener like any other; it never vetoes.  It says in the log what a NUMA-aware user wants
 * to know and no single device tells: that a node has memory now, or has none any more.
 *
 * Lock: hotplug_lock guards `before`.
 */
#include "kernel/log.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/listener.h"

static uint64_t before; /* bit n: node n had memory when the change was prepared */

static uint64_t nodes_with_memory(void)
{
	uint64_t set = 0;
	unsigned node;

	for_each_node (node)
		set |= (uint64_t)node_has_memory(node) << node;
	return set;
}

static int prepare(const struct listener_change *change __unused, struct refusal *why __unused)
{
	before = nodes_with_memory();
	return 0;
}

static void commit(const struct listener_change *change)
{
	uint64_t now = nodes_with_memory(), changed = now ^ before;

	for (; changed != 0; changed &= changed - 1) {
		unsigned node = (unsigned)__builtin_ctzl(changed);

		klog(LOG_NOTICE, "memhp: node %u has %s (%s of %s)", node,
		     now >> node & 1 ? "memory now" : "no memory any more",
		     listener_event_name(change->event),
		     change->device != NULL ? change->device->name : "-");
	}
	before = now;
}

static struct listener node_listener = {.name = "nodes", .prepare = prepare, .commit = commit};

void node_listener_register(void)
{
	listener_register(&node_listener);
}
