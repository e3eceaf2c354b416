/*
 * kernel/cpulock.c - what is seldom needed of the locks that belong to a CPU.  Owns nothing.
 */
#include "kernel/cpulock.h"

#include "arch/cpu.h"

void cpulock_init(struct cpulock *lock, const char *name, enum lock_rank rank)
{
	*lock = (struct cpulock){0};
#ifdef CONFIG_DEBUG
	spin_init(&lock->note, name, rank);
#else
	(void)name, (void)rank;
#endif
}

void cpulock_take(struct cpulock *lock)
{
#ifdef CONFIG_DEBUG
	spin_note_taking(&lock->note, (vaddr_t)__builtin_return_address(0));
#endif
	while (unlikely(!cpulock_try(lock)))
		while (__atomic_load_n(&lock->word, __ATOMIC_RELAXED) != 0)
			cpu_wait();
	lock->takes++;
}
