/*
 * kernel/stress_priv.h - between stress.c, which runs the workers, and what they do.
 *
 * A worker is its own thread's until that was joined; no locks.
 */
#ifndef KERNEL_STRESS_PRIV_H
#define KERNEL_STRESS_PRIV_H

#include "kernel/stress.h"
#include "kernel/thread.h"
#include "mm/page.h"

#define STRESS_ITEMS 64

/* How much a worker holds, and in how large pieces. */
struct stress_size {
	unsigned items, maps; /* chunks and objects; vm objects; both: STRESS_ITEMS at most */
	unsigned page_orders, map_orders; /* of chunks: below these */
};

/* A thing that is held: every word written is a function of the key and its index. */
struct stress_item {
	uint64_t *words; /* NULL: empty */
	size_t nwords;
	uint64_t key;
	void *handle; /* the chunk's page, the vm object; NULL: words is the object */
};

struct stress_worker {
	const struct stress_role *role;
	const struct stress_size *size;
	struct thread *thread;
	uint64_t random;
	uint64_t bytes, done, out_of_memory, refused;
	int err; /* what ended it early, and why */
	struct refusal why;
	struct stress_item items[STRESS_ITEMS];
};

/* What a thread does again and again, and how it gives back all that it holds. */
struct stress_role {
	const char *name;
	void (*step)(struct stress_worker *w);
	void (*end)(struct stress_worker *w);
};

extern const struct stress_role stress_pages, stress_objects, stress_mapper, stress_mixed,
	stress_shrinker, stress_blocks;

uint64_t stress_random(struct stress_worker *w);
/* One word in `step` of an item. */
void stress_fill(const struct stress_item *item, size_t step);
/* Notes the first wrong word, and what was read. */
void stress_verify(struct stress_worker *w, const struct stress_item *item, size_t step);

#endif
