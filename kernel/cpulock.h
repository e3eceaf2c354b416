/*
 * kernel/cpulock.h - the lock of what belongs to one CPU and is only visited by the others.
 *
 * Its CPU finds it free all but always, so it is a word that is exchanged: two instructions, no
 * turns.  That CPU does not wait for it either: cpulock_try() fails while a visitor is there, and
 * there is another way to go.  Visitors, who drain what lies there, use cpulock_take().
 *
 * In CONFIG_DEBUG builds these locks are in the rank checker like any spin lock.
 *
 * => interrupts off, from before it is taken until after it is dropped
 */
#ifndef KERNEL_CPULOCK_H
#define KERNEL_CPULOCK_H

#include "kernel/spinlock.h"

struct CAPABILITY("CPU lock") cpulock {
	uint32_t word;	/* 0: free */
	uint32_t waits; /* times that it was found taken; any CPU counts */
	uint32_t takes; /* [lock] by cpulock_take() */
#ifdef CONFIG_DEBUG
	struct spinlock note; /* what the rank checker knows of it */
#endif
};

void cpulock_init(struct cpulock *lock, const char *name, enum lock_rank rank);
/* Waits for it. */
void cpulock_take(struct cpulock *lock) ACQUIRE(lock);

static __always_inline bool cpulock_try(struct cpulock *lock) TRY_ACQUIRE(true, lock) NO_TSA
{
	if (unlikely(__atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE) != 0)) {
		__atomic_fetch_add(&lock->waits, 1, __ATOMIC_RELAXED);
		return false;
	}
#ifdef CONFIG_DEBUG
	spin_note_taken(&lock->note, (vaddr_t)__builtin_return_address(0));
#endif
	return true;
}

static __always_inline void cpulock_drop(struct cpulock *lock) RELEASE(lock) NO_TSA
{
#ifdef CONFIG_DEBUG
	spin_note_dropped(&lock->note);
#endif
	__atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

#endif
