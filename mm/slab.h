/*
 * mm/slab.h - kmalloc and caches with names.
 *
 * A slab is one page; its header stands at the page's start, so an object is never page
 * aligned and kfree() tells a large allocation (a chunk of its own) by its address alone.
 * The pages of a cache belong to the owner "slab:NAME".  From any context; never sleeps.
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
	struct page_owner owner;
	uint32_t size;	    /* of an object, rounded up to its alignment */
	uint32_t per_slab;
	struct list_head partial; /* slabs with free objects (and some or none used) */
	struct list_head full;
	uint64_t slabs, objects; /* live */
	uint64_t allocs, failures;
	struct list_head all; /* every cache: slab_cache_info() */
};

void slab_init(void); /* the kmalloc caches: after this kmalloc() works */

/* Object size up to 2048; align a power of two up to 64 (0: 8). */
void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align);
void *slab_alloc(struct slab_cache *cache); /* not cleared; NULL when memory is out */
void slab_free(struct slab_cache *cache, void *object);

void *kmalloc(size_t size); /* not cleared; above 2048 bytes a chunk of pages */
void *kzalloc(size_t size);
void kfree(void *p); /* NULL is fine */

struct slab_info {
	char name[SLAB_NAME_MAX];
	uint32_t size, per_slab;
	uint64_t slabs, objects, failures;
};
bool slab_cache_info(unsigned index, struct slab_info *info);
/* Gives empty slabs back to the page allocator (an offline wants them); returns pages. */
uint64_t slab_shrink(void);
/* Checks every cache's counts and lists; false with `text` filled. */
bool slab_verify(char *text, size_t size);

#endif
