/*
 * kernel/fault.h - fault injection: named places that can be told to fail.
 *
 *	FAULT_SITE(add_head, "the plan of a DIMM's head")
 *	...
 *		if (FAULT_HIT(add_head))
 *			return refuse(why, -ENOSPC, "head", FAULT_TEXT);
 *
 * A site is passed; armed with N, its Nth pass from then on fails, once or (always) that one and
 * all after it.  While nothing is armed a pass costs the test of one flag and is not counted.
 * From any context.
 *
 * Locks: none; counts are atomic, and arming is for one thread at a time.
 */
#ifndef KERNEL_FAULT_H
#define KERNEL_FAULT_H

#include "kernel/lib/types.h"

struct fault_site {
	const char *name, *help;
	uint64_t passes;  /* since it was armed, or counting began */
	uint64_t failed;  /* of them */
	uint64_t fail_at; /* the pass that fails; 0: not armed */
	uint64_t always;  /* ... and all after it */
} __aligned(8);

/* What a refusal says that was asked for. */
#define FAULT_TEXT "fails because it was told to (fault injection)"

#define FAULT_SITE(site, site_help)                                                        \
	static struct fault_site fault_site_##site __used __section(".fault_sites." #site) \
		__aligned(8) = {.name = #site, .help = (site_help)};

/* True: fail here and now. */
#define FAULT_HIT(site) (unlikely(fault_active) && fault_pass(&fault_site_##site))

extern bool fault_active; /* something is armed, or passes are counted */
bool fault_pass(struct fault_site *site);

/* Sites in the order of their names; NULL past the end, and for an unknown name. */
struct fault_site *fault_site_at(unsigned index);
struct fault_site *fault_site_by_name(const char *name);

/* The nth pass from now on (1: the next) fails. */
void fault_arm(struct fault_site *site, uint64_t nth, bool always);
void fault_disarm(struct fault_site *site);
void fault_disarm_all(void);
/* Counts passes of all sites, from 0, without failing any. */
void fault_count(bool on);

/* Passes count only where applies() is true (a test's own thread); NULL: everywhere. */
void fault_set_filter(bool (*applies)(void));

#endif
