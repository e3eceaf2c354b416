/*
 * kernel/spinlock.c - ticket spin locks.
 *
 * Owns the statistics and, in CONFIG_DEBUG builds, the list of spin locks each CPU holds, from
 * which the rank is checked.  A CPU writes only its own, with interrupts off, so they need no
 * lock.
 *
 * A lock is taken by drawing a ticket and served in the order of the tickets, so that under
 * contention nobody starves.  In a virtual machine that order costs dear: the CPU whose turn it
 * is may not be running, and all behind it wait until the host lets it run again.  There the
 * waiters barge: whoever finds the lock free has it.  The list of held locks belongs to the CPU and
 * not to the thread because sched_lock is taken by one thread and released by the one it switches
 * to.
 */
#include "kernel/spinlock.h"

#include "arch/cpu.h"
#include "kernel/lib/assert.h"
#include "kernel/panic.h"
#include "kernel/symbols.h"

#define HELD_MAX 12U /* every rank once at most, in practice under seven */

struct held_locks {
	struct spinlock *lock[HELD_MAX];
	uint64_t since[HELD_MAX]; /* TSC */
	unsigned depth;
	struct spin_stats stats[RANKS];
} __aligned(CACHE_LINE);

static struct held_locks held_locks[MAX_CPUS];
static bool barging; /* set once at boot */

void spin_init(struct spinlock *lock, const char *name, enum lock_rank rank)
{
	*lock = (struct spinlock)SPINLOCK_INIT(name, (uint16_t)rank);
}

static void check_not_mine(const struct spinlock *lock, unsigned cpu, vaddr_t caller)
{
	if (unlikely(lock->cpu == cpu + 1))
		panic("spin lock %s taken twice: held since %s, again by %s", lock->name,
		      symbol_name(lock->acquirer), symbol_name(caller));
}

#ifdef CONFIG_DEBUG
static void held_check_rank(const struct spinlock *lock, unsigned cpu, vaddr_t caller)
{
	const struct held_locks *held = &held_locks[cpu];

	check_not_mine(lock, cpu, caller);
	for (unsigned i = 0; i < held->depth; i++) {
		const struct spinlock *other = held->lock[i];

		if (unlikely(other->rank >= lock->rank))
			panic("lock order: %s (rank %u) taken by %s while %s (rank %u) is held by "
			      "%s",
			      lock->name, lock->rank, symbol_name(caller), other->name, other->rank,
			      symbol_name(other->acquirer));
	}
}

static void held_push(struct spinlock *lock, unsigned cpu)
{
	struct held_locks *held = &held_locks[cpu];

	ASSERT(held->depth < HELD_MAX);
	held->lock[held->depth] = lock;
	held->since[held->depth++] = cpu_cycles();
}

static void note_hold(struct spin_stats *stats, const struct spinlock *lock, uint64_t cycles)
{
	if (cycles <= stats->longest)
		return;
	stats->longest = cycles;
	stats->longest_lock = lock->name;
	stats->longest_acquirer = lock->acquirer;
}

/* Locks are not always released in the reverse order: thread_block() drops the outer first. */
static void held_remove(struct spinlock *lock, unsigned cpu)
{
	struct held_locks *held = &held_locks[cpu];
	unsigned i = held->depth;

	while (i > 0 && held->lock[i - 1] != lock)
		i--;
	ASSERT(i > 0);
	note_hold(&held->stats[lock->rank], lock, cpu_cycles() - held->since[i - 1]);
	for (held->depth--; i <= held->depth; i++) {
		held->lock[i - 1] = held->lock[i];
		held->since[i - 1] = held->since[i];
	}
}

void spin_note_taking(const struct spinlock *note, vaddr_t caller)
{
	held_check_rank(note, cpu_id(), caller);
}

void spin_note_taken(struct spinlock *note, vaddr_t caller)
{
	unsigned cpu = cpu_id();

	held_check_rank(note, cpu, caller);
	note->cpu = cpu + 1;
	note->acquirer = caller;
	held_push(note, cpu);
}

void spin_note_dropped(struct spinlock *note)
{
	ASSERT(spin_is_held(note));
	held_remove(note, cpu_id());
	note->cpu = 0;
}
#else
static void held_check_rank(const struct spinlock *lock __unused, unsigned cpu __unused,
			    vaddr_t caller __unused)
{
}

static void held_push(struct spinlock *lock __unused, unsigned cpu)
{
	held_locks[cpu].depth++;
}

static void held_remove(struct spinlock *lock __unused, unsigned cpu)
{
	held_locks[cpu].depth--;
}
#endif

void spin_set_barging(bool on)
{
	barging = on;
}

/* The lock is free where the next ticket is the one that is served; only then is one drawn. */
static bool take_if_free(struct spinlock *lock)
{
	uint32_t ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	return __atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static uint64_t taken(struct spinlock *lock, uint64_t flags, unsigned cpu, vaddr_t caller)
{
	held_locks[cpu].stats[lock->rank].taken++;
	__atomic_store_n(&lock->cpu, cpu + 1, __ATOMIC_RELAXED);
	lock->acquirer = caller;
	held_push(lock, cpu);
	return flags;
}

/* In a panic the holder stands still, and whoever speaks must go on without the lock. */
static void wait_for_turn(struct spinlock *lock)
{
	uint32_t ticket;

	if (barging) {
		while (!take_if_free(lock) && !panic_in_progress())
			cpu_wait();
		return;
	}
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket && !panic_in_progress())
		cpu_wait();
}

/* Apart from spin_lock(), which then has nothing to save on its stack. */
static __attribute__((noinline)) uint64_t lock_contended(struct spinlock *lock, uint64_t flags,
							 vaddr_t caller)
{
	unsigned cpu = cpu_id();

	check_not_mine(lock, cpu, caller);
	held_locks[cpu].stats[lock->rank].contended++;
	wait_for_turn(lock);
	return taken(lock, flags, cpu, caller);
}

uint64_t spin_lock(struct spinlock *lock) NO_TSA
{
	uint64_t flags = cpu_irq_save();
	vaddr_t caller = (vaddr_t)__builtin_return_address(0);
	unsigned cpu = cpu_id();

	held_check_rank(lock, cpu, caller);
	if (unlikely(!take_if_free(lock)))
		return lock_contended(lock, flags, caller);
	return taken(lock, flags, cpu, caller);
}

void spin_unlock(struct spinlock *lock, uint64_t flags) NO_TSA
{
	unsigned cpu = cpu_id();

	ASSERT(spin_is_held(lock));
	held_remove(lock, cpu);
	__atomic_store_n(&lock->cpu, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	cpu_irq_restore(flags);
}

bool spin_is_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->cpu, __ATOMIC_RELAXED) == cpu_id() + 1;
}

unsigned spin_held_count(void)
{
	return held_locks[cpu_id()].depth;
}

void spin_stats(enum lock_rank rank, struct spin_stats *stats)
{
	*stats = (struct spin_stats){0};
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
		const struct spin_stats *mine = &held_locks[cpu].stats[rank];

		stats->taken += mine->taken;
		stats->contended += mine->contended;
		if (mine->longest > stats->longest) {
			stats->longest = mine->longest;
			stats->longest_lock = mine->longest_lock;
			stats->longest_acquirer = mine->longest_acquirer;
		}
	}
}

const char *spin_rank_name(enum lock_rank rank)
{
	static const char *const names[RANKS] = {
		[RANK_NONE] = "none",
		[RANK_KMAP] = "kmap",
		[RANK_MAGAZINE] = "magazine",
		[RANK_SLAB] = "slab",
		[RANK_PCP] = "pcp",
		[RANK_ZONE] = "zone",
		[RANK_DEVICES] = "devices",
		[RANK_ACPICA] = "acpica",
		[RANK_WAITQUEUE] = "waitqueue",
		[RANK_SCHED] = "sched",
		[RANK_TIMER] = "timer",
		[RANK_IRQ] = "irq",
		[RANK_ACPI] = "acpi",
		[RANK_CONSOLE] = "console",
		[RANK_LOG] = "log",
		[RANK_SERIAL] = "serial",
		[RANK_TLB] = "tlb",
	};

	return rank < RANKS && names[rank] != NULL ? names[rank] : "?";
}

void spin_dump_held(void)
{
#ifdef CONFIG_DEBUG
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
		const struct held_locks *held = &held_locks[cpu];

		for (unsigned i = 0; i < held->depth && i < HELD_MAX; i++)
			panic_printf("cpu %u holds %s, taken by %s\n", cpu, held->lock[i]->name,
				     symbol_name(held->lock[i]->acquirer));
	}
#endif
}
