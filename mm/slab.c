/*
 * mm/slab.c - caches of equal objects, one page a slab.
 *
 * Owns the list of all caches, which is only ever added to and so may be walked without a lock
 * (slab_list_lock is for adding).  A cache's lock guards its lists, counts and slabs.
 *
 * Which objects are free is kept in a bitmap in the slab's header and not in the objects: a
 * write to a freed object cannot lead the allocator astray, and a second free is seen for
 * certain.  A cache keeps one slab without used objects, so that an object allocated and freed
 * in turn does not cost a page each time.
 */
#include "mm/slab_priv.h"

#include "kernel/fault.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "mm/alloc.h"
#include "mm/alloc_watch.h"

#define SLAB_PATTERN 0x6b6b6b6b6b6b6b6bUL
#define SLAB_GUARD   0x64726175676461ddUL
#define GUARD_SIZE   sizeof(uint64_t)

FAULT_SITE(alloc_slab, "an object of a slab is wanted, by anybody")

static struct list_head slab_caches = LIST_HEAD_INIT(slab_caches);
static struct spinlock slab_list_lock = SPINLOCK_INIT("slab-list", RANK_SLAB);

/* --- guards and patterns --- */

static uint64_t *guard_of(const struct slab_cache *cache, const char *object)
{
	return (uint64_t *)(object + cache->size);
}

bool slab_guard_intact(const struct slab_cache *cache, const char *object)
{
	return *guard_of(cache, object) == (SLAB_GUARD ^ (uint64_t)object);
}

bool slab_pattern_intact(const struct slab_cache *cache, const char *object)
{
	const uint64_t *word = (const uint64_t *)object;

	for (unsigned i = 0; i < cache->size / sizeof(*word); i++)
		if (word[i] != SLAB_PATTERN)
			return false;
	return true;
}

static void fill_pattern(const struct slab_cache *cache, char *object)
{
	uint64_t *word = (uint64_t *)object;

	for (unsigned i = 0; i < cache->size / sizeof(*word); i++)
		word[i] = SLAB_PATTERN;
}

/* --- slabs; the cache's lock held --- */

static struct slab *slab_create(struct slab_cache *cache, const void *caller)
{
	struct page *page = page_alloc(0, 0, NODE_ANY, &cache->owner);
	struct slab *slab;

	if (page == NULL)
		return NULL;
	page_set_caller(page, caller);
	slab = page_to_virt(page);
	memset(slab, 0, sizeof(*slab));
	slab->magic = slab_magic(slab);
	slab->cache = cache;
	for (unsigned i = 0; i < cache->per_slab; i++) {
		char *object = slab_object(slab, i);

		slab->free[i / 64] |= 1UL << (i % 64);
		fill_pattern(cache, object);
		*guard_of(cache, object) = SLAB_GUARD ^ (uint64_t)object;
	}
	list_add_tail(&slab->link, &cache->partial);
	cache->slabs++;
	cache->empty++;
	return slab;
}

static void slab_destroy(struct slab_cache *cache, struct slab *slab)
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

static char *take_object(struct slab_cache *cache, struct slab *slab)
{
	unsigned index = first_free(slab);
	char *object = slab_object(slab, index);

	ASSERT(index < cache->per_slab);
	if (unlikely(!slab_pattern_intact(cache, object)))
		panic("slab %s: object %p was written after it was freed", cache->name,
		      (void *)object);
	slab->free[index / 64] &= ~(1UL << (index % 64));
	if (slab->used++ == 0)
		cache->empty--;
	if (slab->used == cache->per_slab) {
		list_del(&slab->link);
		list_add(&slab->link, &cache->full);
	}
	cache->objects++;
	cache->allocs++;
	return object;
}

void *slab_alloc_for(struct slab_cache *cache, const void *caller)
{
	uint64_t flags = spin_lock(&cache->lock);
	struct slab *slab = NULL;
	char *object = NULL;

	alloc_watch_asked((uint32_t)(uintptr_t)__builtin_return_address(0));
	if (FAULT_HIT(alloc_slab))
		slab = NULL;
	else if (list_empty(&cache->partial))
		slab = slab_create(cache, caller);
	else
		slab = list_first_entry(&cache->partial, struct slab, link);
	if (slab != NULL)
		object = take_object(cache, slab);
	else
		cache->failures++;
	spin_unlock(&cache->lock, flags);
	return object;
}

void *slab_alloc(struct slab_cache *cache)
{
	return slab_alloc_for(cache, __builtin_return_address(0));
}

/* The number of the object in its slab; panics where it is none or free already. */
static unsigned check_used(const struct slab_cache *cache, const struct slab *slab,
			   const char *object)
{
	size_t offset = (size_t)(object - (const char *)slab) - cache->first;
	unsigned index = (unsigned)(offset / cache->stride);

	if (unlikely(object < (const char *)slab + cache->first || offset % cache->stride != 0 ||
		     index >= cache->per_slab))
		panic("slab %s: wild free: no object starts at %p", cache->name,
		      (const void *)object);
	if (unlikely(slab_object_free(slab, index)))
		panic("slab %s: double free of %p", cache->name, (const void *)object);
	if (unlikely(!slab_guard_intact(cache, object)))
		panic("slab %s: %p was written past its %u bytes", cache->name,
		      (const void *)object, cache->size);
	return index;
}

static void give_object(struct slab_cache *cache, struct slab *slab, char *object)
{
	unsigned index = check_used(cache, slab, object);

	fill_pattern(cache, object);
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

void slab_free(struct slab_cache *cache, void *object)
{
	struct slab *slab = slab_of(object);
	uint64_t flags;

	if (unlikely((uintptr_t)object % PAGE_SIZE == 0 || slab->magic != slab_magic(slab) ||
		     slab->cache != cache))
		panic("slab %s: wild free: %p is not in a slab of it", cache->name, object);
	flags = spin_lock(&cache->lock);
	give_object(cache, slab, object);
	spin_unlock(&cache->lock, flags);
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
	ASSERT(size != 0 && size <= 2048);
	ASSERT(align <= 64 && (align & (align - 1)) == 0);

	memset(cache, 0, sizeof(*cache));
	spin_init(&cache->lock, "slab", RANK_SLAB);
	set_names(cache, name);
	cache->size = (uint32_t)ALIGN_UP(size, 8);
	cache->first = (uint32_t)ALIGN_UP(sizeof(struct slab), align);
	cache->stride = (uint32_t)ALIGN_UP(cache->size + GUARD_SIZE, align);
	cache->per_slab = (uint32_t)(PAGE_SIZE - cache->first) / cache->stride;
	ASSERT(cache->per_slab <= SLAB_BITMAP_WORDS * 64);
	list_init(&cache->partial);
	list_init(&cache->full);

	flags = spin_lock(&slab_list_lock);
	list_add_tail(&cache->all, &slab_caches);
	spin_unlock(&slab_list_lock, flags);
}

struct slab_cache *slab_cache_next(struct slab_cache *cache)
{
	struct list_head *node = cache == NULL ? slab_caches.next : cache->all.next;

	return node == &slab_caches ? NULL : list_entry(node, struct slab_cache, all);
}

static uint64_t cache_shrink(struct slab_cache *cache)
{
	uint64_t flags = spin_lock(&cache->lock);
	struct slab *slab, *next;
	uint64_t pages = 0;

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

	while ((cache = slab_cache_next(cache)) != NULL)
		pages += cache_shrink(cache);
	return pages;
}
