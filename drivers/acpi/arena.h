/*
 * drivers/acpi/arena.h - a memory allocator over one fixed piece of memory.
 *
 * ACPICA has its own, so that a system without a free page still hears what the firmware
 * says.  Blocks carry a boundary tag of 16 bytes, free neighbours merge at once, and free
 * blocks stand in bins by size: exact bins of 16 bytes below 512, powers of two above.
 *
 * An object without a lock: the owner serialises calls.  Builds for the host too.
 */
#ifndef DRIVERS_ACPI_ARENA_H
#define DRIVERS_ACPI_ARENA_H

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define ARENA_ALIGN 16UL
#define ARENA_BINS  64U

struct arena {
	char *memory;
	size_t size;	   /* bytes, a multiple of ARENA_ALIGN */
	size_t used;	   /* bytes in allocated blocks, tags included */
	size_t peak;	   /* the most that `used` ever was */
	uint64_t live;	   /* allocated blocks */
	uint64_t refused;  /* allocations that found no block */
	uint64_t nonempty; /* bit n: bin[n] holds something */
	struct list_head bin[ARENA_BINS];
};

/* `memory` is ARENA_ALIGN aligned; `size` is rounded down, 4 GiB at most. */
void arena_init(struct arena *arena, void *memory, size_t size);

/* `size` bytes, ARENA_ALIGN aligned, contents arbitrary; NULL where no block is large enough. */
void *arena_alloc(struct arena *arena, size_t size);

/* Gives back what arena_alloc() returned; NULL is fine.  Anything else fails an ASSERT. */
void arena_free(struct arena *arena, void *p);

/* Walks all of it: tags, bins and counts agree.  For tests. */
bool arena_verify(const struct arena *arena);

#endif
