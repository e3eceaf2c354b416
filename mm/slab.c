/*
 * mm/slab.c - caches of equal objects, one page a slab.
 *
 * Owns the list of all caches, which is only ever added to (slab_list_lock).  A cache's lock guards
 * its lists, counts and slabs.
 *
 * Which objects are free is kept in a bitmap in the slab's header and in magazines, and not in the
 * objects: a write to a freed object cannot lead the allocator astray.  That an object is freed
 * twice its guard word tells.  A cache keeps one slab without used objects.
 */
#include "mm/slab_priv.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "mm/alloc.h"
#include "mm/kasan/kasan.h"

static struct spinlock slab_list_lock = SPINLOCK_INIT("slab-list", RANK_SLAB);
static struct list_head slab_caches GUARDED_BY(&slab_list_lock) = LIST_HEAD_INIT(slab_caches);

/* --- slabs; the cache's lock held --- */

bool slab_add_page(struct slab_cache *cache, const void *caller)
{
	struct page *page = page_alloc(0, 0, NODE_ANY, &cache->owner);
	struct slab *slab;

	if (page == NULL)
		return false;
	page_set_caller(page, caller);
	slab = page_to_virt(page);
	memset(slab, 0, sizeof(*slab));
	slab->magic = slab_magic(slab);
	slab->cache = cache;
	for (unsigned i = 0; i < cache->per_slab; i++) {
		char *object = slab_object(slab, i);

		slab->free[i / 64] |= 1UL << (i % 64);
		slab_fill_pattern(cache, object);
		slab_set_guard(cache, object, slab_guard_dead(object));
	}
	kasan_slab_new(slab);
	list_add_tail(&slab->link, &cache->partial);
	cache->slabs++;
	cache->empty++;
	return true;
}

static void slab_destroy(struct slab_cache *cache, struct slab *slab) REQUIRES(&cache->lock)
{
	list_del(&slab->link);
	cache->slabs--;
	cache->empty--;
	slab->magic = 0;
	page_free(virt_to_page(slab));
}

static unsigned first_free(const struct slab *slab)
{
	unsigned word = 0;

	while (slab->free[word] == 0)
		word++;
	return word * 64 + (unsigned)__builtin_ctzl(slab->free[word]);
}

char *slab_take_object(struct slab_cache *cache)
{
	struct slab *slab;
	unsigned index;

	if (list_empty(&cache->partial))
		return NULL;
	slab = list_first_entry(&cache->partial, struct slab, link);
	index = first_free(slab);
	ASSERT(index < cache->per_slab);
	slab->free[index / 64] &= ~(1UL << (index % 64));
	if (slab->used++ == 0)
		cache->empty--;
	if (slab->used == cache->per_slab) {
		list_del(&slab->link);
		list_add(&slab->link, &cache->full);
	}
	cache->objects++;
	return slab_object(slab, index);
}

static unsigned object_index(const struct slab *slab, const char *object)
{
	return (unsigned)((size_t)(object - slab_object(slab, 0)) / slab->cache->stride);
}

void slab_give_object(struct slab_cache *cache, char *object)
{
	struct slab *slab = slab_of(object);
	unsigned index = object_index(slab, object);

	ASSERT(slab->cache == cache && !slab_object_free(slab, index));
	slab->free[index / 64] |= 1UL << (index % 64);
	cache->objects--;
	if (slab->used-- == cache->per_slab) {
		list_del(&slab->link);
		list_add(&slab->link, &cache->partial);
	}
	if (slab->used != 0)
		return;
	list_del(&slab->link);
	list_add_tail(&slab->link, &cache->partial);
	if (++cache->empty > 1)
		slab_destroy(cache, slab);
}

/* --- objects --- */

void slab_bad_object(const struct slab_cache *cache, const char *object)
{
	if (slab_guard(cache, object) != slab_guard_dead(object))
		panic("slab %s: free object %p was written past its %u bytes", cache->name,
		      (const void *)object, cache->size);
	panic("slab %s: object %p was written after it was freed", cache->name,
	      (const void *)object);
}

void slab_bad_free(const struct slab_cache *cache, const char *object)
{
	const struct slab *slab = slab_of(object);
	const char *first = slab_object(slab, 0);

	if (object < first || (size_t)(object - first) % cache->stride != 0 ||
	    object_index(slab, object) >= cache->per_slab)
		panic("slab %s: wild free: no object starts at %p", cache->name,
		      (const void *)object);
	if (slab_guard(cache, object) == slab_guard_dead(object) ||
	    slab_object_free(slab, object_index(slab, object)))
		panic("slab %s: double free of %p", cache->name, (const void *)object);
	panic("slab %s: %p was written past its %u bytes", cache->name, (const void *)object,
	      cache->size);
}

void *slab_alloc(struct slab_cache *cache)
{
	return slab_alloc_for(cache, __builtin_return_address(0));
}

void slab_free(struct slab_cache *cache, void *object)
{
	struct slab *slab = slab_of(object);

	if (unlikely((uintptr_t)object % PAGE_SIZE == 0 || slab->magic != slab_magic(slab) ||
		     slab->cache != cache))
		panic("slab %s: wild free: %p is not in a slab of it", cache->name, object);
	slab_free_to(cache, object);
}

/* --- caches --- */

static void set_names(struct slab_cache *cache, const char *name)
{
	snprintf(cache->name, sizeof(cache->name), "%s", name);
	snprintf(cache->owner_name, sizeof(cache->owner_name), "slab:%s", cache->name);
	cache->owner.name = cache->owner_name;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t align)
{
	uint64_t flags;

	if (align < 8)
		align = 8;
	ASSERT(size != 0 && size <= SLAB_SIZE_MAX);
	ASSERT(align <= 64 && (align & (align - 1)) == 0);

	memset(cache, 0, sizeof(*cache));
	spin_init(&cache->lock, "slab", RANK_SLAB);
	set_names(cache, name);
	cache->size = (uint32_t)ALIGN_UP(size, 8);
	cache->first = (uint32_t)ALIGN_UP(sizeof(struct slab), align);
	cache->stride = (uint32_t)ALIGN_UP(cache->size + sizeof(uint64_t) + KASAN_TRACK, align);
	cache->per_slab = (uint32_t)(PAGE_SIZE - cache->first) / cache->stride;
	ASSERT(cache->per_slab <= SLAB_BITMAP_WORDS * 64);
	list_init(&cache->partial);
	list_init(&cache->full);

	flags = spin_lock(&slab_list_lock);
	slab_magazines_make(cache);
	list_add_tail(&cache->all, &slab_caches);
	spin_unlock(&slab_list_lock, flags);
}

struct slab_cache *slab_cache_next(struct slab_cache *cache)
{
	uint64_t flags = spin_lock(&slab_list_lock);
	struct list_head *node = cache == NULL ? slab_caches.next : cache->all.next;
	bool end = node == &slab_caches;

	spin_unlock(&slab_list_lock, flags);
	return end ? NULL : list_entry(node, struct slab_cache, all);
}

static uint64_t cache_shrink(struct slab_cache *cache)
{
	struct slab *slab, *next;
	uint64_t pages = 0;
	uint64_t flags;

	slab_magazines_drain(cache);
	flags = spin_lock(&cache->lock);
	list_for_each_entry_safe (slab, next, &cache->partial, link) {
		if (slab->used != 0)
			continue;
		slab_destroy(cache, slab);
		pages++;
	}
	spin_unlock(&cache->lock, flags);
	return pages;
}

uint64_t slab_shrink(void)
{
	struct slab_cache *cache = NULL;
	uint64_t pages = 0;

	kasan_drain();
	while ((cache = slab_cache_next(cache)) != NULL)
		pages += cache_shrink(cache);
	return pages;
}
