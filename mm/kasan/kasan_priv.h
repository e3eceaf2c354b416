/*
 * mm/kasan/kasan_priv.h - what the files of the address sanitizer share.
 *
 * None of them is instrumented: a check would check itself.
 */
#ifndef MM_KASAN_KASAN_PRIV_H
#define MM_KASAN_KASAN_PRIV_H

#include "mm/kasan/kasan.h"

#define KASAN_IMAGE_SIZE (12 * MiB) /* its shadow follows (mm/kasan/shadow.ld) */
#define KASAN_CALLERS	 4	    /* of an allocation, or of a free */

/* What the compiler says about a global [GCC, libsanitizer/asan/asan_interface_internal.h]. */
struct kasan_global {
	vaddr_t start;
	size_t size, size_with_redzone;
	const char *name, *module;
	size_t dynamic;
	const void *location;
	size_t odr;
};

/* In a slab after each object's guard word: the low halves of return addresses, inner first. */
struct kasan_track {
	uint32_t alloc[KASAN_CALLERS];
	uint32_t free[KASAN_CALLERS];
};
_Static_assert(sizeof(struct kasan_track) == KASAN_TRACK, "slabs keep room for it");

/* How much of the direct map and of the kernel mappings has shadow by now: 0 or all. */
extern uint64_t kasan_direct_size, kasan_kmap_size;

static inline bool kasan_has_shadow(vaddr_t va)
{
	return va - KMAP_BASE < kasan_kmap_size || va - DIRECT_MAP_BASE < kasan_direct_size ||
	       va - KERNEL_BASE < KASAN_IMAGE_SIZE;
}

static inline uint8_t *kasan_shadow_byte(vaddr_t va)
{
	return (uint8_t *)kasan_shadow(va);
}

/* The function itself, without the check (the linker's --wrap). */
void *__real_memset(void *dst, int c, size_t n);

struct kasan_track *kasan_track_of(const struct slab_cache *cache, const void *object);

/* An access that must not be; returns only while a panic goes on already. */
void kasan_report(vaddr_t va, size_t size, bool write, vaddr_t bad, vaddr_t caller);
__noreturn void kasan_report_free(vaddr_t va, vaddr_t caller);

/* The variable that `va` is in or next to, in words; false: none is known. */
bool kasan_describe_global(vaddr_t va, char *text, size_t size);
bool kasan_describe_stack(vaddr_t va, char *text, size_t size);

#endif
