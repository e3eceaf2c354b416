/*
 * mm/slab_priv.h - the layout of a slab, for the files that implement caches.
 */
#ifndef MM_SLAB_PRIV_H
#define MM_SLAB_PRIV_H

#include "kernel/lib/assert.h"
#include "mm/slab.h"

/* Enough bits for the smallest object, 8 bytes and its guard word. */
#define SLAB_BITMAP_WORDS 4

/* At the start of a slab's page.  [cache->lock] guards all of it. */
struct slab {
	uint64_t magic; /* slab_magic() */
	struct slab_cache *cache;
	struct list_head link;
	uint64_t free[SLAB_BITMAP_WORDS]; /* bit n: object n is free */
	uint32_t used;
};

/* Differs from page to page, so that a copy of a slab is none. */
static inline uint64_t slab_magic(const struct slab *slab)
{
	return 0x62616c53206d6f72UL ^ (uint64_t)slab;
}

static inline struct slab *slab_of(const void *object)
{
	return (struct slab *)ALIGN_DOWN((uintptr_t)object, PAGE_SIZE);
}

static inline char *slab_object(const struct slab *slab, unsigned index)
{
	return (char *)slab + slab->cache->first + index * slab->cache->stride;
}

static inline bool slab_object_free(const struct slab *slab, unsigned index)
{
	return (slab->free[index / 64] >> (index % 64)) & 1;
}

/* Is the pattern of a free object, or the guard word of any, as it was left? */
bool slab_pattern_intact(const struct slab_cache *cache, const char *object);
bool slab_guard_intact(const struct slab_cache *cache, const char *object);

/* The first and the next cache, NULL at the end. */
struct slab_cache *slab_cache_next(struct slab_cache *cache);

/* slab_alloc() for the function that `caller` lies in: `why` names it if a page is needed. */
void *slab_alloc_for(struct slab_cache *cache, const void *caller);

#endif
