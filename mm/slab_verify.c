/*
 * mm/slab_verify.c - do the caches agree with themselves?  Reads every slab and every object.
 *
 * Lock: each cache's, while it is looked at; nobody else may allocate or free meanwhile.
 */
#include "mm/slab_priv.h"

#include "kernel/lib/format.h"
#include "mm/kasan/kasan.h"

struct report {
	char *text;
	size_t size;
	const struct slab_cache *cache;
	/* Counted over the cache's slabs. */
	uint64_t slabs, empty;
	uint64_t objects;
	uint64_t cached; /* of those, what looks as if it were in a magazine */
};

static bool wrong(const struct report *r, const char *what, const void *where)
{
	snprintf(r->text, r->size, "slab %s: %s (%p)", r->cache->name, what, where);
	return false;
}

static bool verify_object(struct report *r, const char *object, bool is_free)
{
	uint64_t guard = slab_guard(r->cache, object);
	bool dead = guard == slab_guard_dead(object);

	if (!dead && (is_free || guard != slab_guard_live(object)))
		return wrong(r, "an object was written past its end", object);
	if (dead && !slab_pattern_intact(r->cache, object))
		return wrong(r, "a free object was written", object);
	r->cached += dead && !is_free;
	return true;
}

static bool verify_objects(struct report *r, const struct slab *slab)
{
	unsigned used = 0;

	for (unsigned i = 0; i < r->cache->per_slab; i++) {
		bool is_free = slab_object_free(slab, i);

		used += !is_free;
		if (!verify_object(r, slab_object(slab, i), is_free))
			return false;
	}
	if (used != slab->used)
		return wrong(r, "a slab's bitmap differs from its count", slab);
	return true;
}

static bool verify_list(struct report *r, const struct list_head *list, bool full)
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
		if (slab->used != 0 && r->empty != 0)
			return wrong(r, "a slab without used objects does not come last", slab);
		if (!verify_objects(r, slab))
			return false;
		r->slabs++;
		r->empty += slab->used == 0;
		r->objects += slab->used;
		if (r->slabs > r->cache->slabs)
			break;
	}
	return true;
}

static bool verify_magazine(const struct report *r, const struct slab_magazine *m)
{
	if (m->count > r->cache->magazine_size)
		return wrong(r, "a magazine holds more than it can", m);
	for (unsigned i = 0; i < m->count; i++)
		if (slab_of(m->object[i])->cache != r->cache ||
		    slab_guard(r->cache, m->object[i]) != slab_guard_dead(m->object[i]))
			return wrong(r, "a magazine holds what is no free object", m->object[i]);
	return true;
}

static uint64_t objects_in_magazines(const struct slab_cache *cache)
{
	uint64_t n = 0;

	for (unsigned cpu = 0; cpu < cache->ncpus; cpu++)
		n += cache->cpus[cpu].loaded->count + cache->cpus[cpu].previous->count;
	for (const struct slab_magazine *m = cache->depot_full; m != NULL; m = m->next)
		n += m->count;
	return n;
}

static bool verify_magazines(const struct report *r)
{
	const struct slab_cache *cache = r->cache;
	const struct slab_magazine *m;

	for (unsigned cpu = 0; cpu < cache->ncpus; cpu++)
		if (!verify_magazine(r, cache->cpus[cpu].loaded) ||
		    !verify_magazine(r, cache->cpus[cpu].previous))
			return false;
	for (m = cache->depot_full; m != NULL; m = m->next)
		if (!verify_magazine(r, m))
			return false;
	for (m = cache->depot_empty; m != NULL; m = m->next)
		if (m->count != 0)
			return wrong(r, "an empty magazine is not", m);
	if (objects_in_magazines(cache) != r->cached)
		return wrong(r, "its magazines differ from its free objects", cache);
	return true;
}

static bool verify_cache(struct report *r)
{
	const struct slab_cache *cache = r->cache;

	if (!verify_list(r, &cache->full, true) || !verify_list(r, &cache->partial, false))
		return false;
	if (r->slabs != cache->slabs || r->empty != cache->empty || r->objects != cache->objects)
		return wrong(r, "its counts differ from its slabs", cache);
	return verify_magazines(r);
}

bool slab_verify(char *text, size_t size)
{
	struct slab_cache *cache = NULL;

	kasan_drain();
	while ((cache = slab_cache_next(cache)) != NULL) {
		struct report report = {.text = text, .size = size, .cache = cache};
		uint64_t flags = spin_lock(&cache->lock);
		bool ok = verify_cache(&report);

		spin_unlock(&cache->lock, flags);
		if (!ok)
			return false;
	}
	return true;
}

/* What the CPUs count, without their locks: it may be a moment old. */
static void add_cpus(const struct slab_cache *cache, struct slab_info *info)
{
	for (unsigned cpu = 0; cpu < cache->ncpus; cpu++) {
		const struct slab_cpu *c = &cache->cpus[cpu];

		info->allocs += c->allocs;
		info->frees += c->frees;
		info->misses += c->misses;
		info->locked += c->lock.takes;
		info->waits += c->lock.waits;
	}
	info->locked += info->allocs + info->frees;
	info->misses += cache->allocs + cache->frees;
	info->allocs += cache->allocs;
	info->frees += cache->frees;
}

bool slab_cache_info(unsigned index, struct slab_info *info)
{
	struct slab_cache *cache = slab_cache_next(NULL);
	uint64_t flags;

	kasan_drain();
	while (cache != NULL && index-- > 0)
		cache = slab_cache_next(cache);
	if (cache == NULL)
		return false;
	*info = (struct slab_info){.size = cache->size, .per_slab = cache->per_slab};
	snprintf(info->name, sizeof(info->name), "%s", cache->name);
	flags = spin_lock(&cache->lock);
	info->slabs = cache->slabs;
	info->failures = cache->failures;
	info->cached = MIN(objects_in_magazines(cache), cache->objects);
	info->objects = cache->objects - info->cached;
	add_cpus(cache, info);
	spin_unlock(&cache->lock, flags);
	return true;
}
