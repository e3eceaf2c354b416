/*
 * mm/slab_verify.c - do the caches agree with themselves?  Reads every slab and every object.
 *
 * Lock: each cache's, while it is looked at.
 */
#include "mm/slab_priv.h"

#include "kernel/lib/format.h"

struct report {
	char *text;
	size_t size;
	const struct slab_cache *cache;
};

static bool wrong(const struct report *r, const char *what, const void *where)
{
	snprintf(r->text, r->size, "slab %s: %s (%p)", r->cache->name, what, where);
	return false;
}

static bool verify_objects(const struct report *r, const struct slab *slab)
{
	unsigned used = 0;

	for (unsigned i = 0; i < r->cache->per_slab; i++) {
		const char *object = slab_object(slab, i);
		bool is_free = slab_object_free(slab, i);

		used += !is_free;
		if (!slab_guard_intact(r->cache, object))
			return wrong(r, "an object was written past its end", object);
		if (is_free && !slab_pattern_intact(r->cache, object))
			return wrong(r, "a free object was written", object);
	}
	if (used != slab->used)
		return wrong(r, "a slab's bitmap differs from its count", slab);
	return true;
}

static bool verify_list(const struct report *r, const struct list_head *list, bool full,
			uint64_t *slabs, uint64_t *empty, uint64_t *objects)
{
	const struct slab *slab;

	list_for_each_entry (slab, list, link) {
		if (slab->magic != slab_magic(slab) || slab->cache != r->cache)
			return wrong(r, "a list holds what is no slab of it", slab);
		if (virt_to_page(slab)->state != PAGE_USED ||
		    virt_to_page(slab)->owner != &r->cache->owner)
			return wrong(r, "a slab's page belongs to somebody else", slab);
		if ((slab->used == r->cache->per_slab) != full)
			return wrong(r, "a slab is on the wrong list", slab);
		if (slab->used != 0 && *empty != 0)
			return wrong(r, "a slab without used objects does not come last", slab);
		if (!verify_objects(r, slab))
			return false;
		(*slabs)++;
		*empty += slab->used == 0;
		*objects += slab->used;
		if (*slabs > r->cache->slabs)
			break;
	}
	return true;
}

static bool verify_cache(const struct report *r)
{
	const struct slab_cache *cache = r->cache;
	uint64_t slabs = 0, empty = 0, objects = 0;

	if (!verify_list(r, &cache->full, true, &slabs, &empty, &objects) ||
	    !verify_list(r, &cache->partial, false, &slabs, &empty, &objects))
		return false;
	if (slabs != cache->slabs || empty != cache->empty || objects != cache->objects)
		return wrong(r, "its counts differ from its slabs", cache);
	return true;
}

bool slab_verify(char *text, size_t size)
{
	struct slab_cache *cache = NULL;

	while ((cache = slab_cache_next(cache)) != NULL) {
		struct report report = {text, size, cache};
		uint64_t flags = spin_lock(&cache->lock);
		bool ok = verify_cache(&report);

		spin_unlock(&cache->lock, flags);
		if (!ok)
			return false;
	}
	return true;
}

bool slab_cache_info(unsigned index, struct slab_info *info)
{
	struct slab_cache *cache = slab_cache_next(NULL);
	uint64_t flags;

	while (cache != NULL && index-- > 0)
		cache = slab_cache_next(cache);
	if (cache == NULL)
		return false;
	flags = spin_lock(&cache->lock);
	snprintf(info->name, sizeof(info->name), "%s", cache->name);
	info->size = cache->size;
	info->per_slab = cache->per_slab;
	info->slabs = cache->slabs;
	info->objects = cache->objects;
	info->allocs = cache->allocs;
	info->failures = cache->failures;
	spin_unlock(&cache->lock, flags);
	return true;
}
