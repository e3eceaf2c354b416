/*
 * mm/kasan/quarantine.c - the sanitizer's side of slab caches.
 *
 * A freed object waits here, poisoned, until QUARANTINE more were freed: a pointer to it that
 * somebody kept meets the poison, and not the next owner's data.  Who allocated an object and who
 * freed it is noted behind its guard word.
 *
 * Lock: quarantine.lock (spin, rank SLAB) guards the ring; a cache's lock is never taken under it.
 */
#include "arch/trap.h"
#include "mm/kasan/kasan_priv.h"
#include "mm/slab_priv.h"

#define QUARANTINE 512

static struct {
	struct spinlock lock;
	struct {
		struct slab_cache *cache;
		void *object;
	} ring[QUARANTINE];
	unsigned first, count;
} quarantine = {.lock = SPINLOCK_INIT("quarantine", RANK_SLAB)};

struct kasan_track *kasan_track_of(const struct slab_cache *cache, const void *object)
{
	return (struct kasan_track *)((char *)object + cache->size + sizeof(uint64_t));
}

/* From whoever called the allocator on. */
static void note_callers(uint32_t callers[KASAN_CALLERS])
{
	vaddr_t addrs[KASAN_CALLERS + 1];
	unsigned n = backtrace((uint64_t)__builtin_frame_address(0), addrs, ARRAY_SIZE(addrs));

	for (unsigned i = 0; i < KASAN_CALLERS; i++)
		callers[i] = i + 1 < n ? (uint32_t)addrs[i + 1] : 0;
}

void kasan_slab_new(const struct slab *slab)
{
	kasan_poison((const char *)slab + slab->cache->first, PAGE_SIZE - slab->cache->first,
		     KASAN_SLAB_REDZONE);
	for (unsigned i = 0; i < slab->cache->per_slab; i++)
		*kasan_track_of(slab->cache, slab_object(slab, i)) = (struct kasan_track){0};
}

void kasan_slab_alloc(const struct slab_cache *cache, void *object)
{
	note_callers(kasan_track_of(cache, object)->alloc);
	kasan_unpoison(object, cache->size);
}

/* The allocator would see that, too; here it is told who freed the object before. */
void kasan_slab_check(const struct slab_cache *cache __unused, const void *object)
{
	if (*kasan_shadow_byte((vaddr_t)object) == KASAN_SLAB_FREED)
		kasan_report_free((vaddr_t)object, (vaddr_t)__builtin_return_address(0));
}

/* Takes the oldest out; false: there is none. */
static bool take(struct slab_cache **cache, void **object)
{
	if (quarantine.count == 0)
		return false;
	*cache = quarantine.ring[quarantine.first].cache;
	*object = quarantine.ring[quarantine.first].object;
	quarantine.first = (quarantine.first + 1) % QUARANTINE;
	quarantine.count--;
	return true;
}

bool kasan_slab_free(struct slab_cache *cache, void *object)
{
	struct slab_cache *old_cache = NULL;
	void *old = NULL;
	uint64_t flags;
	unsigned at;

	note_callers(kasan_track_of(cache, object)->free);
	kasan_poison(object, cache->size, KASAN_SLAB_FREED);
	flags = spin_lock(&quarantine.lock);
	if (quarantine.count == QUARANTINE)
		take(&old_cache, &old);
	at = (quarantine.first + quarantine.count++) % QUARANTINE;
	quarantine.ring[at].cache = cache;
	quarantine.ring[at].object = object;
	spin_unlock(&quarantine.lock, flags);
	if (old != NULL)
		slab_free_dead(old_cache, old);
	return true;
}

void kasan_drain(void)
{
	struct slab_cache *cache;
	void *object;
	bool any;

	do {
		uint64_t flags = cpu_irq_save(), inner = spin_lock(&quarantine.lock);

		any = take(&cache, &object);
		spin_unlock(&quarantine.lock, inner);
		if (any)
			slab_free_dead(cache, object);
		cpu_irq_restore(flags);
	} while (any);
}
