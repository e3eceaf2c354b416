/*
 * kernel/stress.c - stress: starts the workers, stops them, sums up and verifies.
 *
 * More workers than CPUs, so that they are preempted in the middle of everything.
 *
 * Lock: stress_lock (mutex) over a whole run; `stop` is one word.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "kernel/stress_priv.h"
#include "mm/hotplug/hotplug.h"

#define CPUS_MAX    20 /* that get workers of their own */
#define EACH	    3  /* of them */
#define WORKERS_MAX (CPUS_MAX * EACH + 2)

static struct mutex stress_lock = MUTEX_INIT(stress_lock, "stress");
static struct stress_worker workers[WORKERS_MAX];
static unsigned nworkers;
static bool stop;

static void work(void *arg)
{
	struct stress_worker *w = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && w->err == 0)
		w->role->step(w);
	w->role->end(w);
}

/* cpu < 0: wherever there is room. */
static int start_worker(const struct stress_role *role, uint64_t seed, int cpu)
{
	struct stress_worker *w = &workers[nworkers];

	memset(w, 0, sizeof(*w));
	w->role = role;
	w->random = (seed + nworkers) * 0x9e3779b97f4a7c15UL | 1; /* never 0 */
	w->thread = cpu < 0 ? thread_create(role->name, work, w)
			    : thread_create_on((unsigned)cpu, role->name, work, w);
	if (w->thread == NULL)
		return -ENOMEM;
	nworkers++;
	return 0;
}

static int start_workers(uint64_t seed)
{
	unsigned cpu, ncpus = 0;
	int err = 0;

	nworkers = 0;
	stop = false;
	for_each_online_cpu(cpu)
	{
		if (err != 0 || ncpus++ == CPUS_MAX)
			break;
		err = start_worker(&stress_pages, seed, (int)cpu);
		if (err == 0)
			err = start_worker(&stress_objects, seed, -1);
		if (err == 0)
			err = start_worker(&stress_mapper, seed, -1);
	}
	if (err == 0)
		err = start_worker(&stress_shrinker, seed, -1);
	return err != 0 ? err : start_worker(&stress_blocks, seed, -1);
}

static void join_workers(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < nworkers; i++)
		thread_join(workers[i].thread);
}

/* The first error of a worker, if there is one. */
static int sum_up(struct stress_totals *totals, struct refusal *why)
{
	int err = 0;

	totals->threads = nworkers;
	for (unsigned i = 0; i < nworkers; i++) {
		const struct stress_worker *w = &workers[i];

		totals->operations += w->done;
		totals->bytes += w->bytes;
		totals->out_of_memory += w->out_of_memory;
		totals->refused += w->refused;
		if (w->role == &stress_mapper)
			totals->maps += w->done;
		if (w->role == &stress_shrinker)
			totals->drains += w->done;
		if (w->role == &stress_blocks)
			totals->offlines += w->done;
		if (w->err != 0 && err == 0) {
			err = w->err;
			*why = w->why;
		}
	}
	return err;
}

int stress_run(uint64_t us, uint64_t seed, struct stress_totals *totals,
	       void (*report)(const char *violation), struct refusal *why)
{
	int err;

	*totals = (struct stress_totals){0};
	mutex_lock(&stress_lock);
	err = start_workers(seed);
	totals->interrupted = err == 0 && thread_sleep_us(us) != 0;
	join_workers();
	if (err != 0)
		refuse(why, err, "start", "no memory for its threads");
	else
		err = sum_up(totals, why);
	mutex_unlock(&stress_lock);
	if (!hotplug_verify(report) && err == 0)
		err = refuse(why, -EIO, "check", "invariants are violated");
	return err;
}
