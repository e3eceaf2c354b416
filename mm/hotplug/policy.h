/*
 * mm/hotplug/policy.h - what happens to new memory and to eject requests, by name and value.
 */
#ifndef MM_HOTPLUG_POLICY_H
#define MM_HOTPLUG_POLICY_H

#include "kernel/lib/types.h"

enum policy_online { POLICY_OFFLINE, POLICY_ONLINE, POLICY_ONLINE_KERNEL, POLICY_ONLINE_MOVABLE };
enum policy_eject { POLICY_EJECT_AUTO, POLICY_EJECT_MANUAL };
/* Where `online` without a zone goes: Linux's memory_hotplug.online_policy, less contig-zones. */
enum policy_zone { POLICY_ZONE_KERNEL, POLICY_ZONE_AUTO_MOVABLE };

/* From memhp_default_state=, memhp_eject=, movable_node; bad values are reported. */
void policy_init(void);
enum policy_online policy_online(void);
enum policy_eject policy_eject(void);
enum policy_zone policy_zone(void);
/* auto-movable: per cent that movable memory may be of kernel memory (Linux's default: 301). */
unsigned policy_movable_ratio(void);
/* 0, -ENOENT (no such policy), -EINVAL (no such value). */
int policy_set(const char *name, const char *value);
/* The i-th policy: name, current value (size bytes of buf), all values "a|b|c"; false past the
 * end. */
bool policy_info(unsigned index, const char **name, char *value, size_t size, const char **values);

#endif
