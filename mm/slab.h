/*
 * mm/slab.h - kmalloc and caches with names.
 *
 * A slab is one page; its header stands at the page's start, so an object is never page
 * aligned and kfree() tells a large allocation (a chunk of its own) by its address alone.
 * The pages of a cache belong to the owner "slab:NAME", and the function that wanted the object
 * for which a page was allocated is noted as their caller.  From any context; never sleeps.
 *
 * An object is followed by a guard word, which is checked when it is freed, and is filled with a
 * pattern while it is free, which is checked when it is handed out: writing past an object or
 * after its end of life panics with the cache's name, and so does freeing twice or freeing what
 * was never allocated.  slab_verify() finds the first two before that.
 *
 * Lock: cache->lock (spin, rank SLAB), held around page_alloc().
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "kernel/spinlock.h"
#include "mm/page.h"

#define SLAB_NAME_MAX 24

struct slab_cache {
	struct spinlock lock;
	char name[SLAB_NAME_MAX];
	char owner_name[SLAB_NAME_MAX + 8];
	struct page_owner owner; /* of its pages */
	uint32_t size;		 /* of an object, a multiple of 8 */
	uint32_t first, stride;	 /* of the objects in a slab: offset of the first, distance */
	uint32_t per_slab;
	struct list_head partial; /* slabs with free objects; those without used ones come last */
	struct list_head full;
	uint64_t slabs, empty;	   /* all slabs; those without used objects */
	uint64_t objects;	   /* in use */
	uint64_t allocs, failures; /* since boot; failures: no page to be had */
	struct list_head all;	   /* every cache, only ever added to: slab_cache_info() */
};

void slab_init(void); /* the kmalloc caches: after this kmalloc() works */

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
	uint64_t slabs, objects, allocs, failures;
};
bool slab_cache_info(unsigned index, struct slab_info *info);
/* Gives empty slabs back to the page allocator (an offline wants them); returns pages. */
uint64_t slab_shrink(void);
/* Takes all objects that can be had, of every cache and with the pages that are left, until each
 * refuses; returns how many, chained through their first words.  slab_give_back() ends it. */
uint64_t slab_take_all(void **chain);
void slab_give_back(void *chain);
/* Checks every cache's counts and lists; false with `text` filled. */
bool slab_verify(char *text, size_t size);

#endif
