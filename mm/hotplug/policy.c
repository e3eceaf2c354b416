/*
 * mm/hotplug/policy.c - the policies and their values, one table.
 *
 * Lock: none; a policy is one word, read and written whole.
 */
#include "mm/hotplug/policy.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/options.h"

static const char *const online_values[] = {
	[POLICY_OFFLINE] = "offline",
	[POLICY_ONLINE] = "online",
	[POLICY_ONLINE_KERNEL] = "online_kernel",
	[POLICY_ONLINE_MOVABLE] = "online_movable",
};
static const char *const eject_values[] = {
	[POLICY_EJECT_AUTO] = "auto",
	[POLICY_EJECT_MANUAL] = "manual",
};

static const char *const zone_values[] = {
	[POLICY_ZONE_KERNEL] = "kernel",
	[POLICY_ZONE_AUTO_MOVABLE] = "auto-movable",
};

enum { ONLINE, EJECT, ZONE, MOVABLE_RATIO };

#define RATIO_MAX 10000

/* values NULL: a number from 1 to RATIO_MAX.  option NULL: not settable at boot. */
static struct policy {
	const char *name, *option, *all;
	const char *const *values;
	unsigned nvalues;
	unsigned value;
} policies[] = {
	[ONLINE] = {"online", "memhp_default_state", "offline|online|online_kernel|online_movable",
		    online_values, ARRAY_SIZE(online_values), POLICY_OFFLINE},
	[EJECT] = {"eject", "memhp_eject", "auto|manual", eject_values, ARRAY_SIZE(eject_values),
		   POLICY_EJECT_AUTO},
	[ZONE] = {"online_policy", NULL, "kernel|auto-movable", zone_values,
		  ARRAY_SIZE(zone_values), POLICY_ZONE_KERNEL},
	[MOVABLE_RATIO] = {"auto_movable_ratio", NULL, "1..10000 per cent", NULL, 0, 301},
};

static int set_number(struct policy *policy, const char *text)
{
	unsigned value = 0;

	for (; *text >= '0' && *text <= '9' && value <= RATIO_MAX; text++)
		value = value * 10 + (unsigned)(*text - '0');
	if (*text != '\0' || value == 0 || value > RATIO_MAX)
		return -EINVAL;
	policy->value = value;
	return 0;
}

static int policy_set_value(struct policy *policy, const char *value)
{
	if (policy->values == NULL)
		return set_number(policy, value);
	for (unsigned i = 0; i < policy->nvalues; i++) {
		if (strcmp(value, policy->values[i]) == 0) {
			policy->value = i;
			return 0;
		}
	}
	return -EINVAL;
}

void policy_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++) {
		const char *value =
			policies[i].option != NULL ? option_string(policies[i].option) : NULL;

		if (value != NULL && policy_set_value(&policies[i], value) != 0)
			klog(LOG_WARN, "policy: %s=%s is not one of %s: ignored",
			     policies[i].option, value, policies[i].all);
	}
}

enum policy_online policy_online(void)
{
	return (enum policy_online)policies[ONLINE].value;
}

enum policy_eject policy_eject(void)
{
	return (enum policy_eject)policies[EJECT].value;
}

enum policy_zone policy_zone(void)
{
	return (enum policy_zone)policies[ZONE].value;
}

unsigned policy_movable_ratio(void)
{
	return policies[MOVABLE_RATIO].value;
}

int policy_set(const char *name, const char *value)
{
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++)
		if (strcmp(name, policies[i].name) == 0)
			return policy_set_value(&policies[i], value);
	return -ENOENT;
}

bool policy_info(unsigned index, const char **name, char *value, size_t size, const char **values)
{
	const struct policy *policy;

	if (index >= ARRAY_SIZE(policies))
		return false;
	policy = &policies[index];
	*name = policy->name;
	*values = policy->all;
	if (policy->values == NULL)
		snprintf(value, size, "%u", policy->value);
	else
		snprintf(value, size, "%s", policy->values[policy->value]);
	return true;
}
