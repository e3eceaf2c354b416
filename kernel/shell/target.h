/*
 * kernel/shell/target.h - TARGET: memoryN, memoryN.K, memoryN-M, dimmN, BASE-END or all.
 */
#ifndef KERNEL_SHELL_TARGET_H
#define KERNEL_SHELL_TARGET_H

#include "kernel/shell/shell.h"
#include "mm/hotplug/hotplug.h"

struct target {
	struct block_range range;
	bool idempotent; /* a range or `all`: nothing left to do is no error */
};

/*
 * Finds what `word` means.  Takes hotplug_lock for a moment.
 *
 * => SHELL_OK, or another status with the error printed as `command`'s
 * => a range must begin and end where blocks do; `plugged`: `all` means plugged memory only
 */
int target_parse(const char *command, const char *word, bool plugged, struct target *target);

/* Takes hotplug_lock for a command that looks; false where Ctrl-C ended the wait, with the error
 * printed as `command`'s. */
bool lock_to_look(const char *command) TRY_ACQUIRE(true, &hotplug_lock);

/* The device that has a frame, or NULL; hotplug_lock held, or in a panic, since it takes no lock.
 */
const struct memory_device *device_with(pfn_t pfn);

/* Blocks of the range that are in `state`; takes hotplug_lock. */
unsigned range_count(const struct block_range *range, enum block_state state);

#endif
