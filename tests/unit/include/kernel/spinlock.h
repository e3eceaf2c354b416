/*
 * tests/unit/include/kernel/spinlock.h - spin locks on the host, where one thread runs: they
 * only check that nobody takes a lock twice, releases one he does not hold, or against the rank.
 */
#ifndef TESTS_UNIT_SPINLOCK_H
#define TESTS_UNIT_SPINLOCK_H

#define spin_init	  kernel_spin_init
#define spin_lock	  kernel_spin_lock
#define spin_unlock	  kernel_spin_unlock
#define spin_is_held	  kernel_spin_is_held
#define spin_held_count	  kernel_spin_held_count
#define spin_note_taking  kernel_spin_note_taking
#define spin_note_taken	  kernel_spin_note_taken
#define spin_note_dropped kernel_spin_note_dropped
#include_next "kernel/spinlock.h"
#undef spin_init
#undef spin_lock
#undef spin_unlock
#undef spin_is_held
#undef spin_held_count
#undef spin_note_taking
#undef spin_note_taken
#undef spin_note_dropped

#include "kernel/lib/assert.h"

#define HOST_LOCKS_MAX 8

/* The locks held, in the order they were taken.  Weak: every file that includes this has it. */
__attribute__((weak)) const struct spinlock *host_locks[HOST_LOCKS_MAX];
__attribute__((weak)) unsigned host_locks_held;

static inline void spin_init(struct spinlock *lock, const char *name, enum lock_rank rank)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name, (uint16_t)rank);
}

static inline bool spin_is_held(const struct spinlock *lock)
{
	return lock->cpu == 1;
}

static inline unsigned spin_held_count(void)
{
	return host_locks_held;
}

static inline uint64_t spin_lock(struct spinlock *lock)
{
	ASSERT(!spin_is_held(lock));
	ASSERT(host_locks_held < HOST_LOCKS_MAX);
	for (unsigned i = 0; i < host_locks_held; i++)
		ASSERT(host_locks[i]->rank < lock->rank);
	lock->cpu = 1;
	host_locks[host_locks_held++] = lock;
	return 1;
}

static inline void spin_unlock(struct spinlock *lock, uint64_t flags)
{
	ASSERT(spin_is_held(lock) && flags == 1);
	ASSERT(host_locks_held > 0 && host_locks[host_locks_held - 1] == lock);
	lock->cpu = 0;
	host_locks_held--;
}

static inline void spin_note_taking(const struct spinlock *note, vaddr_t caller)
{
	(void)caller;
	ASSERT(!spin_is_held(note));
}

static inline void spin_note_taken(struct spinlock *note, vaddr_t caller)
{
	(void)caller;
	(void)spin_lock(note);
}

static inline void spin_note_dropped(struct spinlock *note)
{
	spin_unlock(note, 1);
}

#endif
