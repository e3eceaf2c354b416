/*
 * kernel/shell/cmd_stress.c - the stress command.  Owns nothing.
 */
#include "arch/cpu.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/smp.h"
#include "kernel/stress.h"

#define DEFAULT_SECONDS 10

static void print_violation(const char *violation)
{
	shell_printf("stress: %s\n", violation);
}

static void print_totals(const struct stress_totals *t, uint64_t seed)
{
	char size[24];

	shell_printf(
		"stress: ok: %u threads on %u CPUs, %lu operations, %s verified, %lu maps, "
		"%lu drains, %lu offlines and %lu refused, %lu times out of memory, seed %lu\n",
		t->threads, smp_count(), t->operations,
		format_size(t->bytes, false, size, sizeof(size)), t->maps, t->drains, t->offlines,
		t->refused, t->out_of_memory, seed);
}

SHELL_COMMAND(stress, "[SECONDS] [seed=N]",
	      "allocate, map, move, verify and free in many threads on all CPUs",
	      "stress 30 seed=7", SHELL_NORMAL)
{
	uint64_t us = DEFAULT_SECONDS * 1000000UL, seed = cpu_cycles();
	struct stress_totals totals;
	struct refusal why = {0};

	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "seed=", 5) == 0 ? parse_number(argv[i] + 5, &seed) != 0
						      : parse_seconds(argv[i], &us) != 0)
			return shell_usage("stress", "not understood: %s", argv[i]);
	}
	if (stress_run(us, seed, &totals, print_violation, &why) != 0) {
		shell_printf("stress: seed %lu\n", seed);
		return shell_refused("stress", &why);
	}
	print_totals(&totals, seed);
	return totals.interrupted ? shell_error("stress", EINTR, "interrupted") : SHELL_OK;
}
