/*
 * mm/kmalloc.c - memory by size: caches of rising sizes, and chunks of pages above them.
 *
 * Holds no state of its own but the caches.  An object of a slab is never page aligned (the
 * slab's header precedes it), a chunk of pages always is: kfree() needs no more to tell.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "mm/alloc.h"
#include "mm/kasan/kasan.h"
#include "mm/slab_priv.h"

/* 2000: two to a page, with header and guards; one of 2048 has a page to itself. */
static const uint16_t kmalloc_sizes[] = {8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2000, 2048};
static struct slab_cache kmalloc_caches[ARRAY_SIZE(kmalloc_sizes)];
/* The cache for sizes 8 * n - 7 to 8 * n. */
static struct slab_cache *cache_for[SLAB_SIZE_MAX / 8 + 1];
static const struct page_owner kmalloc_owner = {.name = "kmalloc"};

void slab_init(unsigned ncpus)
{
	char name[SLAB_NAME_MAX];
	unsigned n = 0;

	slab_magazines_reserve(ncpus);
	for (unsigned i = 0; i < ARRAY_SIZE(kmalloc_sizes); i++) {
		snprintf(name, sizeof(name), "kmalloc-%u", kmalloc_sizes[i]);
		slab_cache_init(&kmalloc_caches[i], name, kmalloc_sizes[i], 0);
		while (n < ARRAY_SIZE(cache_for) && n * 8 <= kmalloc_sizes[i])
			cache_for[n++] = &kmalloc_caches[i];
	}
}

static __noinline void *kmalloc_chunk(size_t size, const void *caller)
{
	struct page *page;

	if (size > PAGE_SIZE << MAX_ORDER)
		return NULL;
	page = page_alloc(log2_ceil(DIV_ROUND_UP(size, PAGE_SIZE)), 0, NODE_ANY, &kmalloc_owner);
	if (page == NULL)
		return NULL;
	page_set_caller(page, caller);
	return kasan_trim(page_to_virt(page), size, PAGE_SIZE << page->order);
}

static __always_inline void *kmalloc_for(size_t size, const void *caller)
{
	struct slab_cache *cache;

	if (unlikely(size > SLAB_SIZE_MAX))
		return kmalloc_chunk(size, caller);
	cache = cache_for[(size + 7) / 8];
	return kasan_trim(slab_alloc_for(cache, caller), size, cache->size);
}

void *kmalloc(size_t size)
{
	return kmalloc_for(size, __builtin_return_address(0));
}

void *kzalloc(size_t size)
{
	void *p = kmalloc_for(size, __builtin_return_address(0));

	return p == NULL ? NULL : memset(p, 0, size);
}

static void kfree_chunk(void *p)
{
	struct page *page = virt_to_page(p);

	if (unlikely(page->state != PAGE_USED || page->owner != &kmalloc_owner))
		panic("kfree: %s of %p: the page is %s",
		      page_is_free(page) ? "double free" : "wild free", p,
		      page_is_free(page) ? "free" : "not kmalloc's");
	page_free(page);
}

/* Outside the direct map there is no slab header to read. */
static bool in_direct_map(const void *p)
{
	return (uintptr_t)p >= DIRECT_MAP_START && virt_to_phys(p) < DIRECT_MAP_MAX;
}

/* What is in no slab. */
static __noinline void kfree_other(void *p)
{
	if (p == NULL)
		return;
	if (unlikely(!in_direct_map(p)))
		panic("kfree: wild free of %p: not an address of kmalloc's", p);
	if (unlikely((uintptr_t)p % PAGE_SIZE != 0))
		panic("kfree: wild free of %p: not in a slab", p);
	kfree_chunk(p);
}

void kfree(void *p)
{
	struct slab *slab = slab_of(p);

	if (unlikely((uintptr_t)p % PAGE_SIZE == 0 || !in_direct_map(p) ||
		     slab->magic != slab_magic(slab)))
		return kfree_other(p);
	slab_free_to(slab->cache, p);
}
