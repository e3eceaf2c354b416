/*
 * kernel/stress.c - stress: starts the workers, stops them, sums up and verifies.
 *
 * More workers than CPUs, so that they are preempted in the middle of everything.
 *
 * Locks: stress_lock (mutex) from start to stop.  `stop`, `holding` and `idle` are words of
 * their own; who changes one wakes stress_wait.
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

/* Chunks of up to 256 KiB, mapped ones of up to 2 MiB; of up to 16 and 64 KiB. */
static const struct stress_size much = {STRESS_ITEMS, 6, 7, 10}, little = {8, 2, 3, 5};

static struct mutex stress_lock = MUTEX_INIT(stress_lock, "stress");
static struct stress_worker workers[WORKERS_MAX];
static unsigned nworkers;
static bool stop, holding;
static unsigned idle; /* workers that hold nothing: they wait, or came to an end */
static struct wait_queue stress_wait = WAIT_QUEUE_INIT(stress_wait, "stress");

static bool may_go_on(void *arg __unused)
{
	return !__atomic_load_n(&holding, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static bool all_idle(void *arg __unused)
{
	return __atomic_load_n(&idle, __ATOMIC_ACQUIRE) == nworkers;
}

static void give_all_back(struct stress_worker *w)
{
	w->role->end(w);
	__atomic_add_fetch(&idle, 1, __ATOMIC_RELEASE);
	wait_queue_wake(&stress_wait);
}

static void work(void *arg)
{
	struct stress_worker *w = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && w->err == 0) {
		if (may_go_on(NULL)) {
			w->role->step(w);
			continue;
		}
		give_all_back(w);
		wait_event(&stress_wait, may_go_on, NULL, 0, false);
		__atomic_sub_fetch(&idle, 1, __ATOMIC_RELEASE);
	}
	give_all_back(w);
}

static void set(bool *word, bool value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	wait_queue_wake(&stress_wait);
}

void stress_hold(void)
{
	if (nworkers == 0)
		return;
	set(&holding, true);
	wait_event(&stress_wait, all_idle, NULL, 0, false);
}

void stress_release(void)
{
	set(&holding, false);
}

/* cpu < 0: wherever there is room. */
static int start_worker(const struct stress_role *role, const struct stress_size *size,
			uint64_t seed, int cpu)
{
	struct stress_worker *w = &workers[nworkers];

	memset(w, 0, sizeof(*w));
	w->role = role;
	w->size = size;
	w->random = (seed + nworkers) * 0x9e3779b97f4a7c15UL | 1; /* never 0 */
	w->thread = cpu < 0 ? thread_create(role->name, work, w)
			    : thread_create_on((unsigned)cpu, role->name, work, w);
	if (w->thread == NULL)
		return -ENOMEM;
	nworkers++;
	return 0;
}

/* On one CPU: a thread for each role, of which one stays there; or one that does it all. */
static int start_workers_of_cpu(unsigned cpu, uint64_t seed, bool light)
{
	int err;

	if (light)
		return start_worker(&stress_mixed, &little, seed, (int)cpu);
	err = start_worker(&stress_pages, &much, seed, (int)cpu);
	if (err == 0)
		err = start_worker(&stress_objects, &much, seed, -1);
	return err != 0 ? err : start_worker(&stress_mapper, &much, seed, -1);
}

static int start_workers(uint64_t seed, bool light)
{
	unsigned cpu, ncpus = 0;
	int err = 0;

	for_each_online_cpu (cpu) {
		if (err != 0 || ncpus++ == CPUS_MAX)
			break;
		err = start_workers_of_cpu(cpu, seed, light);
	}
	if (err == 0)
		err = start_worker(&stress_shrinker, &much, seed, -1);
	return err != 0 || light ? err : start_worker(&stress_blocks, &much, seed, -1);
}

static void join_workers(void)
{
	set(&stop, true);
	for (unsigned i = 0; i < nworkers; i++)
		thread_join(workers[i].thread);
}

int stress_start(uint64_t seed, bool light, struct refusal *why) NO_TSA
{
	mutex_lock(&stress_lock);
	stop = holding = false;
	idle = 0;
	if (start_workers(seed, light) == 0)
		return 0;
	join_workers();
	nworkers = 0;
	mutex_unlock(&stress_lock);
	return refuse(why, -ENOMEM, "start", "no memory for its threads");
}

/* The first error of a worker, if there is one. */
static int sum_up(struct stress_totals *totals, struct refusal *why)
{
	int err = 0;

	*totals = (struct stress_totals){.threads = nworkers};
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
			if (why != NULL)
				*why = w->why;
		}
	}
	return err;
}

int stress_stop(struct stress_totals *totals, struct refusal *why) NO_TSA
{
	int err;

	join_workers();
	err = sum_up(totals, why);
	nworkers = 0;
	mutex_unlock(&stress_lock);
	return err;
}

int stress_run(uint64_t us, uint64_t seed, struct stress_totals *totals,
	       void (*report)(const char *violation), struct refusal *why)
{
	bool interrupted;
	int err = stress_start(seed, false, why);

	if (err != 0)
		return err;
	interrupted = thread_sleep_us(us) != 0;
	err = stress_stop(totals, why);
	totals->interrupted = interrupted;
	if (!hotplug_verify(report) && err == 0)
		err = refuse(why, -EIO, "check", "invariants are violated");
	return err;
}
