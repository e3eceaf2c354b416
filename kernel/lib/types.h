/*
 * kernel/lib/types.h - the integer types and the few words everything else is written in.
 *
 * Builds in the kernel (freestanding) and on the host (unit tests, fuzzers) alike.
 */
#ifndef KERNEL_LIB_TYPES_H
#define KERNEL_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* a physical address, in bytes */
typedef uint64_t pfn_t;	  /* a page frame number: paddr_t / PAGE_SIZE */
typedef uint64_t vaddr_t; /* a virtual address, in bytes */

/* No x86 has more than 52 physical address bits [SDM 3A 4.1.4]; who says more is wrong. */
#define PADDR_LIMIT (1ULL << 52)

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1UL << PAGE_SHIFT)

#define KiB (1UL << 10)
#define MiB (1UL << 20)
#define GiB (1UL << 30)
#define TiB (1UL << 40)

#define SIZE_2M (2 * MiB)
#define SIZE_1G (1 * GiB)

static inline paddr_t pfn_to_paddr(pfn_t pfn)
{
	return pfn << PAGE_SHIFT;
}

static inline pfn_t paddr_to_pfn(paddr_t paddr)
{
	return paddr >> PAGE_SHIFT;
}

/* It would take (a) - 1 for a cast of -1. */
/* clang-format off */
#define ARRAY_SIZE(a)		 (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)		 ((a) < (b) ? (a) : (b))
#define MAX(a, b)		 ((a) > (b) ? (a) : (b))
#define ALIGN_DOWN(x, a)	 ((x) & ~((__typeof__(x))(a) - 1)) /* a: a power of two */
#define ALIGN_UP(x, a)		 ALIGN_DOWN((x) + ((__typeof__(x))(a) - 1), a)
#define IS_ALIGNED(x, a)	 (((x) & ((__typeof__(x))(a) - 1)) == 0)
#define DIV_ROUND_UP(n, d)	 (((n) + (d) - 1) / (d))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
/* clang-format on */

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define __packed     __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __noreturn   __attribute__((noreturn))
#define __unused     __attribute__((unused))
#define __used	     __attribute__((used))
#define __weak	     __attribute__((weak))
#ifndef __always_inline /* the host's C library has it */
#define __always_inline inline __attribute__((always_inline))
#endif
#define __noinline	 __attribute__((noinline))
#define __printf(fmt, a) __attribute__((format(printf, fmt, a)))
#define __section(name)	 __attribute__((section(name)))
#define __no_kasan	 __attribute__((no_sanitize("kernel-address")))

#endif
