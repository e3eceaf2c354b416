/*
 * mm/kasan/variables.c - redzones of globals, and what variable an address belongs to.
 *
 * Globals register when the shadow is made, from constructors; the list is only read after
 * that.  A function with redzones on its stack writes, into the first of them, a number, a
 * description of its variables, and its own address [GCC, asan.cc: asan_emit_stack_protection].
 */
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/symbols.h"
#include "mm/kasan/kasan_priv.h"

#define UNITS_MAX   512 /* files with globals */
#define FRAME_MAGIC 0x41b58ab3UL
#define FRAME_MAX   4096 /* bytes of a frame that are searched */

static struct {
	const struct kasan_global *globals;
	size_t count;
} units[UNITS_MAX];
static unsigned nr_units;

void __asan_register_globals(const struct kasan_global *globals, size_t count);
void __asan_register_globals(const struct kasan_global *globals, size_t count)
{
	if (nr_units == UNITS_MAX)
		panic("kasan: more than %d files with globals", UNITS_MAX);
	units[nr_units].globals = globals;
	units[nr_units++].count = count;
	for (size_t i = 0; i < count; i++) {
		const struct kasan_global *g = &globals[i];
		size_t kept = ALIGN_UP(g->size, KASAN_SHARE);

		kasan_unpoison((const void *)g->start, g->size);
		kasan_poison((const void *)(g->start + kept), g->size_with_redzone - kept,
			     KASAN_GLOBAL);
	}
}

/* Nothing is ever unloaded. */
void __asan_unregister_globals(const struct kasan_global *globals, size_t count);
void __asan_unregister_globals(const struct kasan_global *globals __unused, size_t count __unused)
{
}

static const struct kasan_global *global_at(vaddr_t va)
{
	for (unsigned u = 0; u < nr_units; u++)
		for (size_t i = 0; i < units[u].count; i++) {
			const struct kasan_global *g = &units[u].globals[i];

			if (va - g->start < g->size_with_redzone)
				return g;
		}
	return NULL;
}

bool kasan_describe_global(vaddr_t va, char *text, size_t size)
{
	const struct kasan_global *g = global_at(va);

	if (g == NULL)
		return false;
	snprintf(text, size, "global %s of %s, %zu bytes; the access is at byte %lu of it", g->name,
		 g->module, g->size, va - g->start);
	return true;
}

/* The frame whose variables surround `va`: its first redzone lies below. */
static const uint64_t *frame_of(vaddr_t va)
{
	vaddr_t at = ALIGN_DOWN(va, KASAN_SHARE);

	for (vaddr_t end = at - FRAME_MAX; at > end && kasan_has_shadow(at); at -= KASAN_SHARE) {
		const uint64_t *frame = (const uint64_t *)at;

		if (*kasan_shadow_byte(at) == KASAN_STACK_LEFT && frame[0] == FRAME_MAGIC)
			return frame;
	}
	return NULL;
}

static unsigned long number(const char **text)
{
	unsigned long n = 0;

	while (**text == ' ')
		(*text)++;
	while (**text >= '0' && **text <= '9')
		n = n * 10 + (unsigned long)(*(*text)++ - '0');
	return n;
}

/* "COUNT OFFSET SIZE LENGTH NAME[:LINE] ...": the variable that ends closest below `offset`. */
static void nearest_variable(const char *text, unsigned long offset, char *buf, size_t size)
{
	unsigned long count = number(&text);

	snprintf(buf, size, "a variable");
	for (unsigned long i = 0; i < count; i++) {
		unsigned long start = number(&text), bytes = number(&text), length = number(&text);

		text += *text == ' ';
		if (start <= offset)
			snprintf(buf, size, "%.*s, %lu bytes; the access is at byte %lu of it,",
				 (int)MIN(strnlen(text, length), strcspn(text, ":")), text, bytes,
				 offset - start);
		text += strnlen(text, length);
	}
}

bool kasan_describe_stack(vaddr_t va, char *text, size_t size)
{
	const uint64_t *frame = frame_of(va);
	char variable[80];

	if (frame == NULL)
		return false;
	nearest_variable((const char *)frame[1], va - (vaddr_t)frame, variable, sizeof(variable));
	snprintf(text, size, "%s in the frame of %s", variable, symbol_name(frame[2]));
	return true;
}
