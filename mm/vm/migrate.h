/*
 * mm/vm/migrate.h - moving chunks to another place while their owner goes on using them.
 *
 * Lock: none held; takes the zone's for a moment, and the owner its own by isolate().
 */
#ifndef MM_VM_MIGRATE_H
#define MM_VM_MIGRATE_H

#include "mm/node.h"
#include "mm/page.h"

/* A migration under way, batch after batch. */
struct migration {
	struct page *next;	    /* the chunk at which the next batch begins */
	struct page *start;	    /* of the block; `next` is before it only for a chunk over it */
	const struct page *busy;    /* the last one met that must be tried again; NULL: none */
	const struct page *refused; /* where a batch failed */
	uint64_t pages;		    /* moved so far */
	uint64_t to_node[MAX_NODES]; /* of them */
};

/*
 * Moves a batch of chunks - those in use by one owner that follow each other from m->next on -
 * to the nearest nodes with free chunks of their orders, and m->next behind them.  The chunk at
 * m->next was PAGE_USED and lies, as all up to `end`, in a block that is going offline; if it
 * was freed in the meantime it is passed over.  It may begin before m->start, in a block that
 * stays: once freed it is nothing of ours any more, and the next batch begins at m->start.
 *
 * => 0: what is pinned for a moment or whose owner was busy stayed where it was (m->busy)
 * => -ENOMEM: no free chunk of the order of m->refused; those before it have moved
 *    -EBUSY: m->refused is unmovable, nothing moved; else an errno of the owner's move()
 */
int migrate_batch(struct migration *m, const struct page *end);

#endif
