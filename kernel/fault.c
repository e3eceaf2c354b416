/*
 * kernel/fault.c - the table of fault sites, and what a pass does.
 *
 * Owns the sites, which the linker collects.  No lock: a pass may come under any.
 */
#include "kernel/fault.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

extern struct fault_site __start_fault_sites[], __stop_fault_sites[];

bool fault_active;
static bool counting;
static bool (*applies_here)(void);

bool fault_pass(struct fault_site *site)
{
	uint64_t pass;

	if (applies_here != NULL && !applies_here())
		return false;
	pass = __atomic_add_fetch(&site->passes, 1, __ATOMIC_RELAXED);
	if (site->fail_at == 0 || pass < site->fail_at || (pass > site->fail_at && !site->always))
		return false;
	__atomic_add_fetch(&site->failed, 1, __ATOMIC_RELAXED);
	return true;
}

struct fault_site *fault_site_at(unsigned index)
{
	struct fault_site *site = __start_fault_sites + index;

	return site < __stop_fault_sites ? site : NULL;
}

struct fault_site *fault_site_by_name(const char *name)
{
	struct fault_site *site;

	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++)
		if (strcmp(site->name, name) == 0)
			return site;
	return NULL;
}

static void update_active(void)
{
	struct fault_site *site;
	bool active = counting;

	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++)
		active |= site->fail_at != 0;
	fault_active = active;
}

void fault_arm(struct fault_site *site, uint64_t nth, bool always)
{
	ASSERT(nth > 0);
	fault_disarm(site);
	site->passes = site->failed = 0;
	site->always = always;
	site->fail_at = nth;
	fault_active = true;
}

void fault_disarm(struct fault_site *site)
{
	site->fail_at = 0;
	update_active();
}

void fault_disarm_all(void)
{
	struct fault_site *site;

	for (unsigned i = 0; (site = fault_site_at(i)) != NULL; i++)
		site->fail_at = 0;
	update_active();
}

void fault_count(bool on)
{
	struct fault_site *site;

	for (unsigned i = 0; on && (site = fault_site_at(i)) != NULL; i++)
		site->passes = site->failed = 0;
	counting = on;
	update_active();
}

void fault_set_filter(bool (*applies)(void))
{
	applies_here = applies;
}
