/*
 * tests/unit/include/kernel/fault.h - fault sites on the host: one countdown for all of them.
 * A test sets host_fault_in to N, and the Nth pass through any site fails.
 */
#ifndef TESTS_UNIT_FAULT_H
#define TESTS_UNIT_FAULT_H

#include "kernel/lib/types.h"

#define FAULT_TEXT		    "fails because it was told to (fault injection)"
#define FAULT_SITE(site, site_help) struct fault_site_##site;
#define FAULT_HIT(site)		    fault_pass()
#define fault_active		    (host_fault_in != 0)

__attribute__((weak)) unsigned host_fault_in; /* 0: never */

static inline bool fault_pass(void)
{
	return host_fault_in != 0 && --host_fault_in == 0;
}

#endif
