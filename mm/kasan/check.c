/*
 * mm/kasan/check.c - what the compiler calls before every access, and before memcpy().
 *
 * Part of `make SAN=kasan` only.  Names and arguments of the calls are those of GCC's outline mode
 * [GCC, sanitizer.def].  memcpy() and its like are caught by the linker (--wrap), so that callers
 * that are not instrumented, ACPICA, are checked here too.
 *
 * Owns nothing and locks nothing.
 */
#include "kernel/panic.h"
#include "mm/kasan/kasan_priv.h"

#define CALLER ((vaddr_t)__builtin_return_address(0))

/* The first byte of [va, va + size) that must not be accessed, or the end. */
static vaddr_t first_bad(vaddr_t va, size_t size)
{
	vaddr_t end = va + size;

	while (va < end) {
		uint8_t shadow = *kasan_shadow_byte(va);
		vaddr_t granule = ALIGN_DOWN(va, KASAN_SHARE);
		vaddr_t last = MIN(end, granule + KASAN_SHARE);

		if (shadow >= KASAN_SHARE)
			return va;
		if (shadow != 0 && last > granule + shadow)
			return MAX(va, granule + shadow);
		va = granule + KASAN_SHARE;
		/* Eight bytes of shadow at a time, where they allow everything. */
		while (IS_ALIGNED(va, 8 * KASAN_SHARE) && va + 8 * KASAN_SHARE <= end &&
		       *(const uint64_t *)kasan_shadow(va) == 0)
			va += 8 * KASAN_SHARE;
	}
	return end;
}

static __noinline void check_slow(vaddr_t va, size_t size, bool write, vaddr_t caller)
{
	vaddr_t bad = first_bad(va, size);

	if (bad < va + size && !panic_in_progress())
		kasan_report(va, size, write, bad, caller);
}

static inline void check_range(vaddr_t va, size_t size, bool write, vaddr_t caller)
{
	if (size != 0 && kasan_has_shadow(va) && kasan_has_shadow(va + size - 1))
		check_slow(va, size, write, caller);
}

/* An access whose eight bytes are all allowed, and that does not reach into the next. */
static __always_inline void check(vaddr_t va, size_t size, bool write, vaddr_t caller)
{
	if (!kasan_has_shadow(va))
		return;
	if (unlikely(*kasan_shadow_byte(va) != 0 || va % KASAN_SHARE + size > KASAN_SHARE))
		check_slow(va, size, write, caller);
}

#define CHECKS(size)                                   \
	void __asan_load##size##_noabort(vaddr_t va);  \
	void __asan_load##size##_noabort(vaddr_t va)   \
	{                                              \
		check(va, size, false, CALLER);        \
	}                                              \
	void __asan_store##size##_noabort(vaddr_t va); \
	void __asan_store##size##_noabort(vaddr_t va)  \
	{                                              \
		check(va, size, true, CALLER);         \
	}

CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN_noabort(vaddr_t va, size_t size);
void __asan_loadN_noabort(vaddr_t va, size_t size)
{
	check_range(va, size, false, CALLER);
}

void __asan_storeN_noabort(vaddr_t va, size_t size);
void __asan_storeN_noabort(vaddr_t va, size_t size)
{
	check_range(va, size, true, CALLER);
}

/* Before a call that does not return.  No stack of ours is unwound and used again. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}

/* --- those of string.c that use string instructions; the others are instrumented --- */

void *__real_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *__real_memmove(void *dst, const void *src, size_t n);

void *__wrap_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *__wrap_memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	check_range((vaddr_t)src, n, false, CALLER);
	check_range((vaddr_t)dst, n, true, CALLER);
	return __real_memcpy(dst, src, n);
}

void *__wrap_memmove(void *dst, const void *src, size_t n);
void *__wrap_memmove(void *dst, const void *src, size_t n)
{
	check_range((vaddr_t)src, n, false, CALLER);
	check_range((vaddr_t)dst, n, true, CALLER);
	return __real_memmove(dst, src, n);
}

void *__wrap_memset(void *dst, int c, size_t n);
void *__wrap_memset(void *dst, int c, size_t n)
{
	check_range((vaddr_t)dst, n, true, CALLER);
	return __real_memset(dst, c, n);
}
