/*
 * kernel/shell/cmd_locks.c - the command `locks`: the order of spin locks and what happened at
 * each rank, and which threads wait for mutexes that others hold.
 *
 * Owns nothing: it prints what kernel/spinlock.c, the per-CPU lists and magazines, and the
 * scheduler count.
 */
#include "kernel/clock.h"
#include "kernel/lib/format.h"
#include "kernel/shell/shell.h"
#include "kernel/spinlock.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "mm/node.h"
#include "mm/pcp.h"
#include "mm/slab.h"

/* The locks that belong to a CPU are counted where they lie. */
static void rank_stats(enum lock_rank rank, struct spin_stats *stats)
{
	spin_stats(rank, stats);
	if (rank == RANK_PCP) {
		struct zone *zone;

		for_each_zone (zone) {
			struct pcp_sums sums = pcp_sums(zone);

			stats->taken += sums.locked;
			stats->contended += sums.waits;
		}
	} else if (rank == RANK_MAGAZINE) {
		struct slab_info info;

		for (unsigned i = 0; slab_cache_info(i, &info); i++) {
			stats->taken += info.locked;
			stats->contended += info.waits;
		}
	}
}

static void print_rank(enum lock_rank rank)
{
	struct spin_stats stats;
	char hold[24] = "-", who[80] = "-";

	rank_stats(rank, &stats);
	if (stats.longest_lock != NULL) {
		snprintf(hold, sizeof(hold), "%lu", stats.longest / clock_cycles_per_us());
		snprintf(who, sizeof(who), "%s by %s", stats.longest_lock,
			 symbol_name(stats.longest_acquirer));
	}
	shell_printf("%4u %-10s %12lu %10lu %10s %s\n", rank, spin_rank_name(rank), stats.taken,
		     stats.contended, hold, who);
}

static void print_waiters(void)
{
	struct thread_info info;
	unsigned id = 0;

	while (thread_info(&id, &info))
		if (info.holder != 0)
			shell_printf("mutex %s: thread %u (%s) waits, thread %u holds it\n",
				     info.waits_for, info.id, info.name, info.holder);
}

static void locks_json(void)
{
	struct json j = {0};

	json_begin(&j);
	json_array(&j, "ranks");
	for (enum lock_rank rank = RANK_NONE + 1; rank < RANKS; rank++) {
		struct spin_stats stats;

		rank_stats(rank, &stats);
		json_object(&j, NULL);
		json_number(&j, "rank", rank);
		json_string(&j, "name", spin_rank_name(rank));
		json_number(&j, "taken", stats.taken);
		json_number(&j, "contended", stats.contended);
		json_number(&j, "longest_us", stats.longest / clock_cycles_per_us());
		json_object_end(&j);
	}
	json_array_end(&j);
	json_end(&j);
}

SHELL_COMMAND(locks, "[-J]", "spin locks by rank (a lower rank is taken first); mutexes waited for",
	      "locks", SHELL_NORMAL)
{
	bool json;
	int status = shell_only_json("locks", argc, argv, &json);

	if (status != SHELL_OK)
		return status;
	if (json) {
		locks_json();
		return SHELL_OK;
	}
	shell_printf("%4s %-10s %12s %10s %10s %s\n", "RANK", "NAME", "TAKEN", "CONTENDED",
		     "LONGEST-US", "HELD-LONGEST");
	for (enum lock_rank rank = RANK_NONE + 1; rank < RANKS; rank++)
		print_rank(rank);
	print_waiters();
	return SHELL_OK;
}
