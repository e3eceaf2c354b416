/*
 * tests/unit/mm_kit.h - a memmap, physical memory and panics for tests of the allocators.
 *
 * Each test program is one file, so this defines what the kernel elsewhere provides.
 */
#ifndef TESTS_UNIT_MM_KIT_H
#define TESTS_UNIT_MM_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "kernel/lib/assert.h"
#include "kernel/panic.h"
#include "mm/page.h"

struct page *vmemmap;
uint8_t *host_direct_map;

/* --- panics: expected ones jump back, others end the program --- */

static jmp_buf kit_panic_jump;
static bool kit_panic_expected;
static char kit_panic_text[256];

__noreturn void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(kit_panic_text, sizeof(kit_panic_text), fmt, ap);
	va_end(ap);
	if (kit_panic_expected)
		longjmp(kit_panic_jump, 1);
	fprintf(stderr, "panic: %s\n", kit_panic_text);
	abort();
}

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	panic("%s:%d: assertion failed: %s", file, line, expr);
}

/* Runs `statement`, which must panic with a text that holds `words`.  Locks stay held: the
 * object it happened in is not to be used again. */
#define expect_panic(statement, words)                                                      \
	do {                                                                                \
		kit_panic_expected = true;                                                  \
		if (setjmp(kit_panic_jump) == 0) {                                          \
			statement;                                                          \
			fail_msg("no panic in %s", #statement);                             \
		}                                                                           \
		kit_panic_expected = false;                                                 \
		host_locks_held = 0;                                                        \
		if (strstr(kit_panic_text, (words)) == NULL)                                \
			fail_msg("panic says \"%s\", not \"%s\"", kit_panic_text, (words)); \
	} while (0)

/* --- random numbers, the same in every run --- */

static uint64_t kit_seed = 0x9e3779b97f4a7c15UL;

static inline uint64_t kit_random(void) /* xorshift64* */
{
	kit_seed ^= kit_seed >> 12;
	kit_seed ^= kit_seed << 25;
	kit_seed ^= kit_seed >> 27;
	return kit_seed * 0x2545f4914f6cdd1dUL;
}

static inline uint64_t kit_below(uint64_t n)
{
	return kit_random() % n;
}

/* --- a memmap for frames 0 .. npages --- */

/* What a DIMM may hold before we write it: descriptors that look like free heads of the zone at
 * hand, with links that lead nowhere, among plain noise. */
static inline void kit_make_hostile(struct page *page, uint64_t n, unsigned zone)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t r = kit_random();
		uint64_t *words = (uint64_t *)&page[i];

		for (unsigned w = 0; w < 4; w++)
			words[w] = r * (2 * w + 1);
		if (r % 4 == 0)
			continue;
		page[i].state = r % 4 == 1 ? PAGE_COVERED : PAGE_FREE;
		page[i].order = (uint8_t)(r >> 8) % (MAX_ORDER + 1);
		page[i].limit = (uint8_t)(r & 0x10000 ? MAX_ORDER : page[i].order + 1U);
		page[i].zone = (uint8_t)zone;
	}
}

static inline void kit_make_memmap(uint64_t npages)
{
	vmemmap = mmap(NULL, npages * sizeof(struct page), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(vmemmap != MAP_FAILED);
}

/* Memory for the frames: physical address 0 is host_direct_map. */
static inline void kit_make_memory(uint64_t npages)
{
	void *p = mmap(NULL, npages * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_true(p != MAP_FAILED);
	host_direct_map = (uint8_t *)p;
}

#endif
