/*
 * mm/slab.h - kmalloc and caches with names.
 *
 * A slab is one page; its header stands at the page's start, so an object is never page
 * aligned and kfree() tells a large allocation (a chunk of its own) by its address alone.
 * The pages of a cache belong to the owner "slab:NAME", and the function that wanted the object
 * for which a page was allocated is noted as their caller.  From any context; never sleeps.
 *
 * Each CPU keeps some free objects of a cache to itself (mm/slab_magazine.c): most calls take no
 * lock that another CPU wants.
 *
 * An object is followed by a guard word, which says that it is in use, or free, and is checked
 * each time that changes; while it is free it is filled with a pattern, which is checked when it is
 * handed out: in CONFIG_DEBUG builds whole, else its first 32 bytes.  Writing past an object or
 * after its end of life panics with the cache's name, and so does freeing twice or freeing what
 * was never allocated.  slab_verify() finds the first two before that.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after slab_cache_init()
 *	c	cache->lock (spin, rank SLAB), held around page_alloc()
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "kernel/spinlock.h"
#include "mm/page.h"

#define SLAB_SIZE_MAX 2048U
#define SLAB_NAME_MAX 24

struct slab_cpu;
struct slab_magazine;

struct slab_cache {
	struct slab_cpu *cpus;	/* [I] by CPU */
	uint32_t magazine_size; /* [I] objects in a full one */
	uint32_t size;		/* [I] of an object, a multiple of 8 */
	uint32_t first, stride; /* [I] of the objects in a slab: offset of the first, distance */
	uint32_t per_slab;	/* [I] */
	uint32_t ncpus;		/* [I] that have magazines; 0: none has */
	struct spinlock lock;
	char name[SLAB_NAME_MAX]; /* [I] */
	char owner_name[SLAB_NAME_MAX + 8];
	struct page_owner owner;			/* [I] of its pages */
	struct slab_magazine *depot_full, *depot_empty; /* [c] */
	struct list_head partial; /* [c] slabs with free objects; those without used ones last */
	struct list_head full;	  /* [c] */
	uint64_t slabs, empty;	  /* [c] all slabs; those without used objects */
	uint64_t objects;	  /* [c] in use, or in magazines */
	uint64_t allocs, frees;	  /* [c] past the magazines, since boot */
	uint64_t failures;	  /* [c] since boot: no page to be had */
	struct list_head all;	  /* every cache, never taken off: slab_cache_info() */
};

/* The kmalloc caches: after this kmalloc() works.  Magazines are for CPUs 0 .. ncpus - 1. */
void slab_init(unsigned ncpus);

/* Object size 1 to 2048; align a power of two up to 64 (0: 8).  A cache lives for ever. */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align);
void *slab_alloc(struct slab_cache *cache); /* not cleared; NULL when memory is out */
void slab_free(struct slab_cache *cache, void *object);

void *kmalloc(size_t size); /* not cleared; above 2048 bytes a chunk of pages */
void *kzalloc(size_t size);
void kfree(void *p); /* NULL is fine */

struct slab_info {
	char name[SLAB_NAME_MAX];
	uint32_t size, per_slab;
	uint64_t slabs, failures;
	uint64_t objects;		/* in use */
	uint64_t cached;		/* free, in magazines */
	uint64_t allocs, frees, misses; /* misses: calls that the CPU's magazines did not serve */
	uint64_t locked, waits;		/* times that a CPU's lock was taken, and was found taken */
};
bool slab_cache_info(unsigned index, struct slab_info *info);
/* Empties all magazines and gives empty slabs back to the page allocator (an offline wants them);
 * returns pages. */
uint64_t slab_shrink(void);
/* Takes all objects that can be had, of every cache and with the pages that are left, until each
 * refuses; returns how many, chained through their first words.  slab_give_back() ends it. */
uint64_t slab_take_all(void **chain);
void slab_give_back(void *chain);
/* Checks every cache's counts, lists, objects and magazines; false with `text` filled.
 * => nobody else allocates or frees (threads_freeze()) */
bool slab_verify(char *text, size_t size);

#endif
