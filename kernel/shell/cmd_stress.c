/*
 * kernel/shell/cmd_stress.c - stress: threads that allocate, fill, verify and free at random.
 *
 * Each worker owns its items: chunks of pages and kmalloc objects, every word of which is a
 * function of the item's key, checked before the item is freed.  More workers than processors,
 * so that they are preempted in the middle of everything.  Memory that is out is no failure.
 * Afterwards all is freed and every invariant of the memory subsystem is verified.
 *
 * No locks: a worker's state is its own until it is joined; `stop` is one word.
 */
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"
#include "mm/slab.h"

#define WORKERS_MIN	4
#define WORKERS_MAX	64
#define ITEMS		64
#define ORDERS		7 /* chunks of up to 256 KiB */
#define OBJECT_MAX	4096
#define DEFAULT_SECONDS 10

struct item {
	uint64_t *words; /* NULL: empty */
	size_t nwords;
	uint64_t key;
	struct page *page; /* NULL: a kmalloc object */
};

struct worker {
	struct thread *thread;
	uint64_t random;
	uint64_t operations, bytes, out_of_memory;
	const uint64_t *wrong; /* the first word that was not what it should be */
	struct item items[ITEMS];
};

static struct worker workers[WORKERS_MAX];
static unsigned nworkers;
static bool stop;
static const struct page_owner stress_owner = {.name = "stress"};

/* [Marsaglia 2003, xorshift] */
static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t pattern(uint64_t key, size_t i)
{
	return (key + i) * 0x9e3779b97f4a7c15UL;
}

static void take(struct worker *w, struct item *item)
{
	uint64_t random = next_random(&w->random);
	size_t size = 8 + (random >> 8) % (OBJECT_MAX - 8);
	unsigned order = (random >> 8) % ORDERS;

	*item = (struct item){.key = random};
	if (random & 1) {
		item->page = page_alloc(order, 0, NODE_ANY, &stress_owner);
		if (item->page != NULL)
			item->words = page_to_virt(item->page);
		size = PAGE_SIZE << order;
	} else {
		item->words = kmalloc(size);
	}
	if (item->words == NULL) {
		w->out_of_memory++;
		return;
	}
	item->nwords = size / 8;
	for (size_t i = 0; i < item->nwords; i++)
		item->words[i] = pattern(item->key, i);
}

static void verify_and_give_back(struct worker *w, struct item *item)
{
	for (size_t i = 0; i < item->nwords; i++)
		if (item->words[i] != pattern(item->key, i) && w->wrong == NULL)
			w->wrong = &item->words[i];
	w->bytes += item->nwords * 8;
	if (item->page != NULL)
		page_free(item->page);
	else
		kfree(item->words);
	item->words = NULL;
}

static void work(void *arg)
{
	struct worker *w = arg;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) && w->wrong == NULL) {
		struct item *item = &w->items[next_random(&w->random) % ITEMS];

		if (item->words != NULL)
			verify_and_give_back(w, item);
		else
			take(w, item);
		w->operations++;
	}
	for (unsigned i = 0; i < ITEMS; i++)
		if (w->items[i].words != NULL)
			verify_and_give_back(w, &w->items[i]);
}

static int start_workers(uint64_t seed)
{
	memset(workers, 0, sizeof(workers));
	nworkers = MIN(MAX(2 * smp_count(), WORKERS_MIN), WORKERS_MAX);
	stop = false;
	for (unsigned i = 0; i < nworkers; i++) {
		workers[i].random = pattern(seed, i) | 1; /* never 0 */
		workers[i].thread = thread_create("stress", work, &workers[i]);
		if (workers[i].thread == NULL)
			return -ENOMEM;
	}
	return 0;
}

static void join_workers(void)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < nworkers; i++)
		if (workers[i].thread != NULL)
			thread_join(workers[i].thread);
}

static void print_violation(const char *violation)
{
	shell_printf("stress: %s\n", violation);
}

static int report(uint64_t seed, bool interrupted)
{
	uint64_t operations = 0, bytes = 0, out_of_memory = 0;
	char size[24];

	for (unsigned i = 0; i < nworkers; i++) {
		if (workers[i].wrong != NULL)
			return shell_error("stress", EBADMSG, "the word at %p is wrong (seed %llu)",
					   (const void *)workers[i].wrong,
					   (unsigned long long)seed);
		operations += workers[i].operations;
		bytes += workers[i].bytes;
		out_of_memory += workers[i].out_of_memory;
	}
	if (!hotplug_verify(print_violation))
		return shell_error("stress", EIO, "invariants are violated (seed %llu)",
				   (unsigned long long)seed);
	shell_printf("stress: ok: %u threads on %u CPUs, %llu operations, %s verified, %llu times "
		     "out of memory, "
		     "seed %llu\n",
		     nworkers, smp_count(), (unsigned long long)operations,
		     format_size(bytes, false, size, sizeof(size)),
		     (unsigned long long)out_of_memory, (unsigned long long)seed);
	return interrupted ? shell_error("stress", EINTR, "interrupted") : SHELL_OK;
}

SHELL_COMMAND(stress, "[SECONDS] [seed=N]", "allocate, fill, verify and free in many threads",
	      "stress 30 seed=7", SHELL_NORMAL)
{
	uint64_t us = DEFAULT_SECONDS * 1000000UL, seed = cpu_cycles();
	bool interrupted;
	int err;

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "seed=", 5) == 0 ? parse_number(argv[i] + 5, &seed) != 0
						      : parse_seconds(argv[i], &us) != 0)
			return shell_usage("stress", "not understood: %s", argv[i]);
	}
	err = start_workers(seed);
	interrupted = err == 0 && thread_sleep_us(us) != 0;
	join_workers();
	if (err != 0)
		return shell_error("stress", err, "no memory for its threads");
	return report(seed, interrupted);
}
