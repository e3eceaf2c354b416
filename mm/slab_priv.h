/*
 * mm/slab_priv.h - the layout of a slab, magazines, and the fast path, for the files that
 * implement caches.
 *
 * Locks used to protect struct members in this file:
 *	I	immutable after slab_cache_init()
 *	c	cache->lock
 *	m	the lock of the CPU's magazines (rank MAGAZINE), taken before the cache's, never two
 *		at a time
 */
#ifndef MM_SLAB_PRIV_H
#define MM_SLAB_PRIV_H

#include "arch/cpu.h"
#include "kernel/cpulock.h"
#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "mm/alloc_watch.h"
#include "mm/kasan/kasan.h"
#include "mm/slab.h"

/* Enough bits for the smallest object, 8 bytes and its guard word. */
#define SLAB_BITMAP_WORDS 4

/* At the start of a slab's page. */
struct slab {
	uint64_t magic;			  /* slab_magic() */
	struct slab_cache *cache;	  /* [I] */
	struct list_head link;		  /* [c] */
	uint64_t free[SLAB_BITMAP_WORDS]; /* [c] bit n: object n is free, and in no magazine */
	uint32_t used;			  /* [c] the others */
};

#define SLAB_MAGAZINE_MAX 14U /* fills two cache lines */

struct slab_magazine {
	struct slab_magazine *next; /* [c] in the depot */
	uint32_t count;		    /* [m], or [c] in the depot */
	char *object[SLAB_MAGAZINE_MAX];
};

struct slab_cpu {
	struct cpulock lock;
	struct slab_magazine *loaded, *previous; /* [m] */
	uint64_t allocs, frees;			 /* [m] objects that went and came, since boot */
	uint64_t misses;			 /* [m] of them: those that needed the depot */
} __aligned(CACHE_LINE);

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

/* The first and the next cache, NULL at the end.  => no cache's lock held */
struct slab_cache *slab_cache_next(struct slab_cache *cache);

/* --- guards and patterns --- */

/*
 * The word behind an object says whose address it is and whether the object is in use (live) or
 * free (dead): so it tells writes past the end, a second free, and what never was an object.
 */
static inline uint64_t slab_guard_live(const char *object)
{
	return 0x64726175676461ddUL ^ (uint64_t)object;
}

static inline uint64_t slab_guard_dead(const char *object)
{
	return ~slab_guard_live(object);
}

static inline uint64_t slab_guard(const struct slab_cache *cache, const char *object)
{
	uint64_t guard;

	__builtin_memcpy(&guard, object + cache->size, sizeof(guard));
	return guard;
}

static inline void slab_set_guard(const struct slab_cache *cache, char *object, uint64_t guard)
{
	*(uint64_t *)(object + cache->size) = guard;
}

#define SLAB_PATTERN 0x6b6b6b6b6b6b6b6bUL

/* A free object is filled with the pattern: whole in debug builds, else its first words, where
 * links and what else is used after its end mostly lie. */
#ifdef CONFIG_DEBUG
#define SLAB_PATTERN_WORDS ~0U
#else
#define SLAB_PATTERN_WORDS 4U
#endif

static inline unsigned slab_pattern_words(const struct slab_cache *cache)
{
	return MIN(cache->size / (uint32_t)sizeof(uint64_t), SLAB_PATTERN_WORDS);
}

static inline bool slab_pattern_intact(const struct slab_cache *cache, const char *object)
{
	const uint64_t *word = (const uint64_t *)object;

	if (SLAB_PATTERN_WORDS == 4 && likely(cache->size >= 4 * sizeof(*word)))
		return word[0] == SLAB_PATTERN && word[1] == SLAB_PATTERN &&
		       word[2] == SLAB_PATTERN && word[3] == SLAB_PATTERN;
	for (unsigned i = 0; i < slab_pattern_words(cache); i++)
		if (word[i] != SLAB_PATTERN)
			return false;
	return true;
}

static inline void slab_fill_pattern(const struct slab_cache *cache, char *object)
{
	uint64_t *word = (uint64_t *)object;

	if (SLAB_PATTERN_WORDS == 4 && likely(cache->size >= 4 * sizeof(*word))) {
		word[0] = word[1] = word[2] = word[3] = SLAB_PATTERN;
		return;
	}
	for (unsigned i = 0; i < slab_pattern_words(cache); i++)
		word[i] = SLAB_PATTERN;
}

/* What is wrong with an object that is about to be handed out, or that is freed. */
__noreturn void slab_bad_object(const struct slab_cache *cache, const char *object);
__noreturn void slab_bad_free(const struct slab_cache *cache, const char *object);

/* A free object is handed out. */
static inline void *slab_object_born(const struct slab_cache *cache, char *object)
{
	if (unlikely(slab_guard(cache, object) != slab_guard_dead(object) ||
		     !slab_pattern_intact(cache, object)))
		slab_bad_object(cache, object);
	slab_set_guard(cache, object, slab_guard_live(object));
	kasan_slab_alloc(cache, object);
	return object;
}

/* Somebody says that this is an object of the cache, and frees it.  It is in a slab's page. */
static inline void slab_object_dies(const struct slab_cache *cache, char *object)
{
	uint64_t live = slab_guard_live(object);

	if (unlikely((uintptr_t)object % PAGE_SIZE + cache->size > PAGE_SIZE - sizeof(live) ||
		     slab_guard(cache, object) != live))
		slab_bad_free(cache, object);
#ifdef CONFIG_DEBUG
	/* Of two CPUs that free one object at once, one finds out. */
	if (!__atomic_compare_exchange_n((uint64_t *)(object + cache->size), &live, ~live, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		slab_bad_free(cache, object);
#else
	slab_set_guard(cache, object, ~live);
#endif
	slab_fill_pattern(cache, object);
}

/* --- slab.c: from and to slabs, by the bitmap.  cache->lock held. --- */

/* A free object of the slabs there are; NULL: none.  Takes no page. */
char *slab_take_object(struct slab_cache *cache) REQUIRES(&cache->lock);
/* A page for more objects; false: there is none.  `caller` is noted as who wanted it. */
bool slab_add_page(struct slab_cache *cache, const void *caller) REQUIRES(&cache->lock);
void slab_give_object(struct slab_cache *cache, char *object) REQUIRES(&cache->lock);

/* --- slab_magazine.c --- */

/* Memory for the magazines of all caches that are made from now on, of `ncpus` CPUs. */
void slab_magazines_reserve(unsigned ncpus);
/* Gives a new cache magazines, as long as there is memory reserved for them. */
void slab_magazines_make(struct slab_cache *cache);
/* Puts what lies in magazines back to the slabs; true: there was something. */
bool slab_magazines_drain(struct slab_cache *cache);

/* What the fast path cannot: asks the watchers, goes to the depot or the slabs. */
void *slab_alloc_slow(struct slab_cache *cache, const void *caller);
/* The object is dead (slab_object_dies()).  => interrupts off since it died */
void slab_free_slow(struct slab_cache *cache, char *object);

/* --- the fast path: one object from or to this CPU's loaded magazine --- */

/*
 * An object is taken and born, or dies and is put away, with interrupts off throughout: who counts
 * while threads stand still (slab_verify()) finds none on its way.
 */

/* NULL: it is empty, or somebody drains it.  => interrupts off */
static __always_inline char *slab_magazine_take(struct slab_cpu *cpus)
{
	struct slab_cpu *cpu = &cpus[cpu_id()];
	char *object = NULL;

	if (likely(cpulock_try(&cpu->lock))) {
		struct slab_magazine *m = cpu->loaded;

		if (likely(m->count != 0)) {
			object = m->object[--m->count];
			cpu->allocs++;
		}
		cpulock_drop(&cpu->lock);
	}
	return object;
}

/* False: it is full, or somebody drains it.  => interrupts off */
static __always_inline bool slab_magazine_put(struct slab_cache *cache, char *object)
{
	struct slab_cpu *cpu = &cache->cpus[cpu_id()];
	bool put = false;

	if (likely(cpulock_try(&cpu->lock))) {
		struct slab_magazine *m = cpu->loaded;

		if (likely(m->count < cache->magazine_size)) {
			m->object[m->count++] = object;
			cpu->frees++;
			put = true;
		}
		cpulock_drop(&cpu->lock);
	}
	return put;
}

/* slab_alloc() for the function that `caller` lies in: `why` names it if a page is needed. */
static __always_inline void *slab_alloc_for(struct slab_cache *cache, const void *caller)
{
	char *object = NULL;

	if (likely(!fault_active && !alloc_watch_active())) {
		uint64_t flags = cpu_irq_save();

		object = slab_magazine_take(cache->cpus);
		if (likely(object != NULL))
			object = slab_object_born(cache, object);
		cpu_irq_restore(flags);
	}
	return likely(object != NULL) ? object : slab_alloc_slow(cache, caller);
}

/* A dead object goes where it can be given out again.  => interrupts off since it died */
static __always_inline void slab_free_dead(struct slab_cache *cache, char *object)
{
	if (unlikely(!slab_magazine_put(cache, object)))
		slab_free_slow(cache, object);
}

static __always_inline void slab_free_to(struct slab_cache *cache, char *object)
{
	uint64_t flags = cpu_irq_save();

	kasan_slab_check(cache, object);
	slab_object_dies(cache, object);
	if (!kasan_slab_free(cache, object))
		slab_free_dead(cache, object);
	cpu_irq_restore(flags);
}

#endif
