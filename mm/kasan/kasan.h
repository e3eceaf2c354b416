/*
 * mm/kasan/kasan.h - the kernel's address sanitizer (make SAN=kasan): what others tell it.
 *
 * One byte of shadow says which of eight bytes may be accessed: 0 all, 1 to 7 the first so many,
 * a value of enum kasan_poison none, and why.  The compiler calls a check before every access
 * (mm/kasan/check.c) and keeps redzones around the variables on stacks and the globals.  The
 * allocators say here what they give out and take back.
 *
 * Shadow exists of boot RAM, of each DIMM (in its own head: mm/hotplug/head.h), of the image and
 * of the first KASAN_KMAP_SIZE of the kernel mappings, where the stacks lie.  Accesses elsewhere -
 * vmemmap, vm objects, registers of devices - are not checked.
 *
 * In any other build all of this is nothing.  No function here sleeps; the quarantine has a
 * lock of its own, which nobody holds over a call.
 */
#ifndef MM_KASAN_KASAN_H
#define MM_KASAN_KASAN_H

#include "mm/page.h"

/* The first are the compiler's own [GCC, asan.h]. */
enum kasan_poison {
	KASAN_STACK_LEFT = 0xf1,
	KASAN_STACK_MID = 0xf2,
	KASAN_STACK_RIGHT = 0xf3,
	KASAN_STACK_SCOPE = 0xf8, /* of a variable whose block was left */
	KASAN_GLOBAL = 0xf9,
	KASAN_SLAB_FREED = 0xfb,
	KASAN_SLAB_REDZONE = 0xfc,
	KASAN_CHUNK_REDZONE = 0xfe, /* after what kmalloc() was asked for, in its chunk */
	KASAN_PAGE_FREE = 0xff,
};

struct slab;
struct slab_cache;

#ifdef CONFIG_KASAN

#define KASAN_SHARE	8	   /* bytes that a byte of shadow speaks for */
#define KASAN_SLOT_SIZE (16 * MiB) /* whose shadow fills a 2 MiB page */
#define KASAN_KMAP_SIZE (64 * MiB)
#define KASAN_TRACK	32 /* bytes after a slab object's guard word: who had it */

static inline vaddr_t kasan_shadow(vaddr_t va)
{
	return va / KASAN_SHARE + SHADOW_OFFSET;
}

/* Keeps the image's shadow from early; maps it in the tables that are being made; after that, with
 * those in use, makes the shadow of boot RAM and of kernel mappings, and the globals' redzones. */
void kasan_reserve_image(void);
void kasan_map_image(void);
void kasan_init(void);

/* Nobody may, or everybody may, access [va, va + size); va a multiple of 8.  What is poisoned
 * ends at a multiple of 8, too. */
void kasan_poison(const void *va, size_t size, enum kasan_poison why);
void kasan_unpoison(const void *va, size_t size);
/* A new device's shadow, which held anything: all but the head's `head` pages is free. */
void kasan_fill_device(pfn_t start, uint64_t npages, uint64_t head);

/* A slab was made; an object is given out; somebody frees what may be an object. */
void kasan_slab_new(const struct slab *slab);
void kasan_slab_alloc(const struct slab_cache *cache, void *object);
void kasan_slab_check(const struct slab_cache *cache, const void *object);
/* Takes a freed object, so that it is not given out again soon. */
bool kasan_slab_free(struct slab_cache *cache, void *object);
/* Gives all of them to their caches. */
void kasan_drain(void);
/* kmalloc() was asked for fewer bytes than the object or chunk has; NULL is fine. */
void *kasan_trim(void *p, size_t asked, size_t size);

#else

#define KASAN_TRACK 0

static inline void kasan_reserve_image(void)
{
}
static inline void kasan_map_image(void)
{
}
static inline void kasan_init(void)
{
}
static inline void kasan_poison(const void *va __unused, size_t size __unused,
				enum kasan_poison why __unused)
{
}
static inline void kasan_unpoison(const void *va __unused, size_t size __unused)
{
}
static inline void kasan_fill_device(pfn_t start __unused, uint64_t npages __unused,
				     uint64_t head __unused)
{
}
static inline void kasan_slab_new(const struct slab *slab __unused)
{
}
static inline void kasan_slab_alloc(const struct slab_cache *cache __unused, void *object __unused)
{
}
static inline void kasan_slab_check(const struct slab_cache *cache __unused,
				    const void *object __unused)
{
}
static inline bool kasan_slab_free(struct slab_cache *cache __unused, void *object __unused)
{
	return false;
}
static inline void kasan_drain(void)
{
}
static inline void *kasan_trim(void *p, size_t asked __unused, size_t size __unused)
{
	return p;
}

#endif

/* The chunk that `page` heads is given out, or is about to be taken back. */
static inline void kasan_page_alloc(const struct page *page)
{
	kasan_unpoison(page_to_virt(page), PAGE_SIZE << page->order);
}

static inline void kasan_page_free(const struct page *page)
{
	if (page->state == PAGE_USED && page->order <= MAX_ORDER)
		kasan_poison(page_to_virt(page), PAGE_SIZE << page->order, KASAN_PAGE_FREE);
}

#endif
