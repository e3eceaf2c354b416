/*
 * mm/slab_magazine.c - per-CPU magazines of objects over the slabs, and the depot between them
 * [Bonwick and Adams 2001, "Magazines and Vmem"].
 *
 * A CPU has two magazines of a cache, `loaded` and `previous`: allocating empties the one, freeing
 * fills it, and where that ends the two change places, so that an object allocated and freed in
 * turn at the border needs nobody else.  Only then a whole magazine is exchanged with the depot,
 * or filled from the slabs, or emptied into them, under one hold of the cache's lock.
 *
 * Each CPU has two magazines and the depot the rest at all times; none is ever allocated, so
 * nothing here can fail but for want of a page for objects.  All come from memory reserved at boot,
 * which does not leave.
 *
 * An object in a magazine is free for its user - dead guard, pattern - and used for its slab.
 *
 * Locks: the CPU's own (rank MAGAZINE), inside it the cache's.  Who wants a CPU's objects, to give
 * empty slabs back or because there is no page left, takes its lock and no interrupt is sent.
 */
#include "kernel/lib/bits.h"
#include "kernel/lib/string.h"
#include "mm/alloc.h"
#include "mm/slab_priv.h"

#define CACHES	       16U   /* that have magazines: those made at boot, and two more */
#define MAGAZINE_BYTES 4096U /* of objects, at most */
#define MAGAZINE_MIN   2U    /* objects, however large */
#define DEPOT_MIN      2U    /* magazines; as many as CPUs, and from 8 on no more */
#define DEPOT_MAX      8U

FAULT_SITE(alloc_slab, "an object of a slab is wanted, by anybody")

/* --- memory for them; at boot, and for the few caches made later, one at a time --- */

static const struct page_owner magazines_owner = {.name = "slab:magazines"};

/* What a cache without magazines has: none that ever holds or takes anything. */
static struct slab_magazine no_magazine;
static struct slab_cpu no_magazines[MAX_CPUS];

static struct {
	char *next;
	unsigned caches; /* that it is enough for */
	unsigned ncpus;
} reserve;

static unsigned depot_size(unsigned ncpus)
{
	return MIN(MAX(ncpus, DEPOT_MIN), DEPOT_MAX);
}

static unsigned magazines_of(unsigned ncpus)
{
	return 2 * ncpus + depot_size(ncpus);
}

static size_t cache_bytes(unsigned ncpus)
{
	return ALIGN_UP(ncpus * sizeof(struct slab_cpu) +
				magazines_of(ncpus) * sizeof(struct slab_magazine),
			CACHE_LINE);
}

void slab_magazines_reserve(unsigned ncpus)
{
	size_t bytes = CACHES * cache_bytes(ncpus);
	unsigned order = log2_ceil(DIV_ROUND_UP(bytes, PAGE_SIZE));
	struct page *page = page_alloc(order, 0, NODE_ANY, &magazines_owner);

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
		cpulock_init(&no_magazines[cpu].lock, "magazine", RANK_MAGAZINE);
		no_magazines[cpu].loaded = &no_magazine;
	}
	if (page == NULL)
		return; /* caches work without */
	reserve.next = page_to_virt(page);
	reserve.caches = CACHES;
	reserve.ncpus = ncpus;
	memset(reserve.next, 0, bytes);
}

static void push(struct slab_magazine **list, struct slab_magazine *m)
{
	m->next = *list;
	*list = m;
}

static struct slab_magazine *pop(struct slab_magazine **list)
{
	struct slab_magazine *m = *list;

	*list = m->next;
	return m;
}

void slab_magazines_make(struct slab_cache *cache)
{
	unsigned ncpus = reserve.ncpus, in_depot = depot_size(ncpus);
	struct slab_cpu *cpus = (struct slab_cpu *)reserve.next;
	struct slab_magazine *m = (struct slab_magazine *)(cpus + ncpus);

	cache->cpus = no_magazines;
	if (reserve.caches == 0)
		return;
	reserve.caches--;
	reserve.next += cache_bytes(ncpus);
	cache->ncpus = ncpus;
	cache->magazine_size =
		MAX(MIN(SLAB_MAGAZINE_MAX, MAGAZINE_BYTES / cache->size), MAGAZINE_MIN);
	for (unsigned cpu = 0; cpu < ncpus; cpu++) {
		cpulock_init(&cpus[cpu].lock, "magazine", RANK_MAGAZINE);
		cpus[cpu].loaded = m++;
		cpus[cpu].previous = m++;
	}
	while (in_depot-- > 0)
		push(&cache->depot_empty, m++);
	cache->cpus = cpus;
}

/* --- to and from the slabs; the cache's lock held --- */

/* A page at most is taken for it, and only if no slab has a free object. */
static void fill(struct slab_cache *cache, struct slab_magazine *m, const void *caller)
	REQUIRES(&cache->lock)
{
	char *object = slab_take_object(cache);

	if (object == NULL && slab_add_page(cache, caller))
		object = slab_take_object(cache);
	while (object != NULL) {
		m->object[m->count++] = object;
		object = m->count < cache->magazine_size ? slab_take_object(cache) : NULL;
	}
}

static bool empty_out(struct slab_cache *cache, struct slab_magazine *m) REQUIRES(&cache->lock)
{
	bool any = m->count != 0;

	while (m->count > 0)
		slab_give_object(cache, m->object[--m->count]);
	return any;
}

/* --- the CPU's magazines; its lock held --- */

static void change_places(struct slab_cpu *cpu) REQUIRES(&cpu->lock)
{
	struct slab_magazine *m = cpu->loaded;

	cpu->loaded = cpu->previous;
	cpu->previous = m;
}

/* Something to take, if there is anything. */
static void load(struct slab_cache *cache, struct slab_cpu *cpu, const void *caller)
	REQUIRES(&cpu->lock)
{
	uint64_t flags;

	if (cpu->previous->count != 0) {
		change_places(cpu);
		return;
	}
	cpu->misses++;
	flags = spin_lock(&cache->lock);
	if (cache->depot_full != NULL) {
		push(&cache->depot_empty, cpu->loaded);
		cpu->loaded = pop(&cache->depot_full);
	} else {
		fill(cache, cpu->loaded, caller);
	}
	spin_unlock(&cache->lock, flags);
}

/* Room to put something. */
static void unload(struct slab_cache *cache, struct slab_cpu *cpu) REQUIRES(&cpu->lock)
{
	uint64_t flags;

	if (cpu->previous->count < cache->magazine_size) {
		change_places(cpu);
		return;
	}
	cpu->misses++;
	flags = spin_lock(&cache->lock);
	if (cache->depot_empty != NULL) {
		push(&cache->depot_full, cpu->previous);
		cpu->previous = pop(&cache->depot_empty);
	} else {
		empty_out(cache, cpu->previous);
	}
	spin_unlock(&cache->lock, flags);
	change_places(cpu);
}

/* => interrupts off */
static char *take_slow(struct slab_cache *cache, const void *caller)
{
	struct slab_cpu *cpu = &cache->cpus[cpu_id()];
	char *object = NULL;

	cpulock_take(&cpu->lock);
	if (cpu->loaded->count == 0) /* else an interrupt has freed one */
		load(cache, cpu, caller);
	if (cpu->loaded->count != 0) {
		object = cpu->loaded->object[--cpu->loaded->count];
		cpu->allocs++;
	}
	cpulock_drop(&cpu->lock);
	return object;
}

/* For caches without magazines; and where a CPU's own are empty and there is no page. */
static char *take_direct(struct slab_cache *cache, const void *caller)
{
	uint64_t flags = spin_lock(&cache->lock);
	char *object = slab_take_object(cache);

	if (object == NULL && slab_add_page(cache, caller))
		object = slab_take_object(cache);
	cache->allocs += object != NULL;
	cache->failures += object == NULL;
	spin_unlock(&cache->lock, flags);
	return object;
}

static void count_failure(struct slab_cache *cache)
{
	uint64_t flags = spin_lock(&cache->lock);

	cache->failures++;
	spin_unlock(&cache->lock, flags);
}

void *slab_alloc_slow(struct slab_cache *cache, const void *caller)
{
	char *object = NULL;
	uint64_t flags;

	alloc_watch_asked((uint32_t)(uintptr_t)caller);
	if (FAULT_HIT(alloc_slab)) {
		count_failure(cache);
		return NULL;
	}
	flags = cpu_irq_save(); /* until it is born */
	if (cache->ncpus != 0)
		object = take_slow(cache, caller);
	if (object == NULL) {
		slab_magazines_drain(cache); /* other CPUs may have what is wanted */
		object = take_direct(cache, caller);
	}
	if (object != NULL)
		object = slab_object_born(cache, object);
	cpu_irq_restore(flags);
	return object;
}

static void give_direct(struct slab_cache *cache, char *object)
{
	uint64_t flags = spin_lock(&cache->lock);

	slab_give_object(cache, object);
	cache->frees++;
	spin_unlock(&cache->lock, flags);
}

void slab_free_slow(struct slab_cache *cache, char *object)
{
	struct slab_cpu *cpu;

	if (cache->ncpus == 0) {
		give_direct(cache, object);
		return;
	}
	cpu = &cache->cpus[cpu_id()];
	cpulock_take(&cpu->lock);
	if (cpu->loaded->count == cache->magazine_size)
		unload(cache, cpu);
	cpu->loaded->object[cpu->loaded->count++] = object;
	cpu->frees++;
	cpulock_drop(&cpu->lock);
}

/* --- draining --- */

static bool drain_cpu(struct slab_cache *cache, struct slab_cpu *cpu)
{
	uint64_t flags = cpu_irq_save(), inner;
	bool any;

	cpulock_take(&cpu->lock);
	inner = spin_lock(&cache->lock);
	any = empty_out(cache, cpu->loaded);
	any |= empty_out(cache, cpu->previous);
	spin_unlock(&cache->lock, inner);
	cpulock_drop(&cpu->lock);
	cpu_irq_restore(flags);
	return any;
}

static bool drain_depot(struct slab_cache *cache)
{
	uint64_t flags = spin_lock(&cache->lock);
	bool any = cache->depot_full != NULL;

	while (cache->depot_full != NULL) {
		struct slab_magazine *m = pop(&cache->depot_full);

		empty_out(cache, m);
		push(&cache->depot_empty, m);
	}
	spin_unlock(&cache->lock, flags);
	return any;
}

bool slab_magazines_drain(struct slab_cache *cache)
{
	bool any = false;

	for (unsigned cpu = 0; cpu < cache->ncpus; cpu++)
		any |= drain_cpu(cache, &cache->cpus[cpu]);
	return drain_depot(cache) | any;
}
