/*
 * mm/zone.c - making an empty zone.
 */
#include "mm/zone.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"

void zone_init(struct zone *zone, unsigned node, enum zone_type type,
	       const struct zone_hooks *hooks)
{
	ASSERT(type < ZONE_TYPES);
	memset(zone, 0, sizeof(*zone));
	spin_init(&zone->lock, "zone", RANK_ZONE);
	zone->id = (uint8_t)(node * ZONE_TYPES + type);
	zone->node = (uint8_t)node;
	zone->type = (uint8_t)type;
	zone->hooks = hooks;
	for (unsigned order = 0; order <= MAX_ORDER; order++)
		list_init(&zone->area[order].list);
}

const char *zone_type_name(enum zone_type type)
{
	return type == ZONE_MOVABLE ? "Movable" : "Normal";
}
