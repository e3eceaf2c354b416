/*
 * tests/tsa/mistakes.c - what `make tsa` must refuse, and what it must let pass.
 *
 * Never built: tools/tsa has clang look at it, and fails unless exactly the lines marked
 * "refused" are complained about.
 */
#include "kernel/cpulock.h"
#include "kernel/mutex.h"

struct thing {
	struct spinlock lock;
	struct cpulock own;
	unsigned count; /* [lock] */
};

static struct spinlock counter_lock;
static unsigned counter GUARDED_BY(&counter_lock);
static struct mutex table_lock;
static unsigned table[4] GUARDED_BY(&table_lock);

static void count_up(struct thing *thing) REQUIRES(&thing->lock);
static void count_up(struct thing *thing)
{
	thing->count++;
}

/* --- mistakes --- */

unsigned guarded_without_lock(void);
unsigned guarded_without_lock(void)
{
	counter++;	 /* refused */
	return table[1]; /* refused */
}

void callee_wants_the_lock(struct thing *thing, struct thing *other);
void callee_wants_the_lock(struct thing *thing, struct thing *other)
{
	uint64_t flags = spin_lock(&other->lock);

	count_up(thing); /* refused */
	spin_unlock(&other->lock, flags);
}

int lock_kept_on_a_way_out(struct thing *thing, int early);
int lock_kept_on_a_way_out(struct thing *thing, int early)
{
	uint64_t flags = spin_lock(&thing->lock);

	if (early)
		return -1;
	count_up(thing);
	spin_unlock(&thing->lock, flags);
	return 0;
} /* refused */

void dropped_twice(void);
void dropped_twice(void)
{
	mutex_lock(&table_lock);
	mutex_unlock(&table_lock);
	mutex_unlock(&table_lock); /* refused */
}

void taken_twice(struct thing *thing);
void taken_twice(struct thing *thing)
{
	cpulock_take(&thing->own);
	cpulock_take(&thing->own); /* refused */
	cpulock_drop(&thing->own);
}

int result_not_looked_at(void);
int result_not_looked_at(void)
{
	int err = mutex_lock_interruptible(&table_lock);

	table[0] = 1; /* refused */
	if (err == 0)
		mutex_unlock(&table_lock);
	return err;
}

/* --- and no mistakes --- */

int right(struct thing *thing);
int right(struct thing *thing)
{
	uint64_t flags;

	if (mutex_lock_interruptible(&table_lock) != 0)
		return -1;
	table[2]++;
	mutex_unlock(&table_lock);
	flags = spin_lock(&counter_lock);
	counter++;
	spin_unlock(&counter_lock, flags);
	flags = spin_lock(&thing->lock);
	count_up(thing);
	spin_unlock(&thing->lock, flags);
	if (cpulock_try(&thing->own))
		cpulock_drop(&thing->own);
	return 0;
}
