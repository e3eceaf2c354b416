/*
 * mm/vm/migrate.h - moving one chunk to another place while its owner goes on using it.
 *
 * Lock: none held; takes the zone's for a moment, and the owner its own by isolate().
 */
#ifndef MM_VM_MIGRATE_H
#define MM_VM_MIGRATE_H

#include "mm/node.h"
#include "mm/page.h"

struct migrate_stats {
	uint64_t pages;		     /* moved */
	uint64_t to_node[MAX_NODES]; /* of them */
};

/*
 * Moves a PAGE_USED chunk of a block that is going offline to the nearest node with a free
 * chunk of its order.  A chunk that was freed in the meantime counts as moved.
 *
 * => 0; -EAGAIN: its owner is busy with it, try again; -ENOMEM: no free chunk of that order;
 *    -EBUSY: unmovable.  On an error the chunk is where it was.
 */
int migrate_chunk(struct page *page, struct migrate_stats *stats);

#endif
