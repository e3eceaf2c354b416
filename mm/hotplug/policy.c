/*
 * mm/hotplug/policy.c - the policies and their values, one table.
 *
 * Lock: none; a policy is one word, read and written whole.
 */
#include "mm/hotplug/policy.h"

#include "kernel/lib/errno.h"
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

static struct policy {
	const char *name, *option, *all;
	const char *const *values;
	unsigned nvalues;
	unsigned value;
} policies[] = {
	{"online", "memhp_default_state", "offline|online|online_kernel|online_movable",
	 online_values, ARRAY_SIZE(online_values), POLICY_OFFLINE},
	{"eject", "memhp_eject", "auto|manual", eject_values, ARRAY_SIZE(eject_values),
	 POLICY_EJECT_AUTO},
};

static int policy_set_value(struct policy *policy, const char *value)
{
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
		const char *value = option_string(policies[i].option);

		if (value != NULL && policy_set_value(&policies[i], value) != 0)
			klog(LOG_WARN, "policy: %s=%s is not one of %s: ignored",
			     policies[i].option, value, policies[i].all);
	}
}

enum policy_online policy_online(void)
{
	return (enum policy_online)policies[0].value;
}

enum policy_eject policy_eject(void)
{
	return (enum policy_eject)policies[1].value;
}

int policy_set(const char *name, const char *value)
{
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++)
		if (strcmp(name, policies[i].name) == 0)
			return policy_set_value(&policies[i], value);
	return -ENOENT;
}

bool policy_info(unsigned index, const char **name, const char **value, const char **values)
{
	if (index >= ARRAY_SIZE(policies))
		return false;
	*name = policies[index].name;
	*value = policies[index].values[policies[index].value];
	*values = policies[index].all;
	return true;
}
