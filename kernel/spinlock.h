/*
 * kernel/spinlock.h - ticket spin locks with an owner, a rank and the acquirer's address.
 *
 * spin_lock() turns interrupts off on this CPU and returns the flags to restore, always: every
 * lock of this kernel may be taken from an interrupt, and one form is easier to get right.
 * Ranks only go up: taking a lock whose rank is not above that of every spin lock held panics
 * in CONFIG_DEBUG builds with both acquirers named.  The order is enum lock_rank.
 */
#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

#include "kernel/lib/types.h"
#include "kernel/tsa.h"

enum lock_rank {
	RANK_NONE,
	RANK_KMAP,	/* kernel mappings: allocates pages */
	RANK_MAGAZINE,	/* a CPU's objects of a cache (kernel/cpulock.h) */
	RANK_SLAB,	/* a cache: allocates pages */
	RANK_PCP,	/* a CPU's pages of a zone (kernel/cpulock.h) */
	RANK_ZONE,	/* free lists */
	RANK_DEVICES,	/* the table of memory devices: looked up by a zone's hooks */
	RANK_ACPICA,	/* ACPICA's own: held around acpi_os_execute(), which wakes a thread */
	RANK_WAITQUEUE, /* sleeping locks and conditions */
	RANK_SCHED,	/* run queue */
	RANK_TIMER,
	RANK_IRQ,
	RANK_ACPI,
	RANK_CONSOLE,
	RANK_LOG,
	RANK_SERIAL,
	RANK_TLB, /* a flush of all CPUs: page tables are changed under any lock */
	RANKS
};

struct CAPABILITY("spin lock") spinlock {
	uint32_t next, serving;
	uint32_t cpu; /* holder's CPU + 1; 0: free */
	uint16_t rank;
	const char *name;
	vaddr_t acquirer;
};

#define SPINLOCK_INIT(lock_name, lock_rank)              \
	{                                                \
		.name = (lock_name), .rank = (lock_rank) \
	}

/* On: waiters take no turns, since a hypervisor may stop whose turn it is.  At boot. */
void spin_set_barging(bool on);
void spin_init(struct spinlock *lock, const char *name, enum lock_rank rank);
uint64_t spin_lock(struct spinlock *lock) ACQUIRE(lock);
void spin_unlock(struct spinlock *lock, uint64_t flags) RELEASE(lock);
bool spin_is_held(const struct spinlock *lock); /* by this CPU */
/* How many spin locks this CPU holds; with interrupts off.  Sleeping asserts that it is 0. */
unsigned spin_held_count(void);

/*
 * For locks of another kind that are in the rank checker too (kernel/cpulock.h), CONFIG_DEBUG
 * only.  `note` stands for the lock; interrupts are off.  Taking: panics where the order forbids
 * it, before anybody waits; taken() asks the same and notes the lock as held.
 */
void spin_note_taking(const struct spinlock *note, vaddr_t caller);
void spin_note_taken(struct spinlock *note, vaddr_t caller);
void spin_note_dropped(struct spinlock *note);

/* What happened at the locks of one rank since boot, over all CPUs. */
struct spin_stats {
	uint64_t taken;
	uint64_t contended;	  /* times that a CPU had to wait */
	uint64_t longest;	  /* hold, in TSC counts; CONFIG_DEBUG only, else 0 */
	const char *longest_lock; /* NULL: not known */
	vaddr_t longest_acquirer;
};
void spin_stats(enum lock_rank rank, struct spin_stats *stats);
const char *spin_rank_name(enum lock_rank rank);

/* A panic dumper: the locks each CPU holds and who took them (CONFIG_DEBUG only). */
void spin_dump_held(void);

#endif
