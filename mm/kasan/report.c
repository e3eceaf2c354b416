/*
 * mm/kasan/report.c - says what a forbidden access was: to what, whose, and who had it.
 *
 * The first line is panic()'s; the rest is printed by a dumper, after the backtrace.  Nothing here
 * takes a lock.  Owns the description of the one access that is reported.
 */
#include "kernel/lib/format.h"
#include "kernel/panic.h"
#include "kernel/symbols.h"
#include "mm/kasan/kasan_priv.h"
#include "mm/slab_priv.h"

#define ROWS 2	 /* of shadow shown, each way */
#define ROW  16U /* bytes of shadow */

static vaddr_t bad_byte; /* 0: no report */

static const char *poison_name(uint8_t why)
{
	switch (why) {
	case KASAN_STACK_LEFT:
	case KASAN_STACK_MID:
	case KASAN_STACK_RIGHT:
		return "stack-out-of-bounds";
	case KASAN_STACK_SCOPE:
		return "use-after-scope";
	case KASAN_GLOBAL:
		return "global-out-of-bounds";
	case KASAN_SLAB_FREED:
		return "use-after-free";
	case KASAN_SLAB_REDZONE:
		return "slab-out-of-bounds";
	case KASAN_CHUNK_REDZONE:
		return "kmalloc-out-of-bounds";
	case KASAN_PAGE_FREE:
		return "use-of-free-page";
	default:
		return "unknown poison";
	}
}

/* Of an object's last bytes, which are allowed in part, the next shadow says what they belong to.
 */
static uint8_t poison_at(vaddr_t va)
{
	uint8_t why = *kasan_shadow_byte(va);

	return why > 0 && why < KASAN_SHARE ? *kasan_shadow_byte(va + KASAN_SHARE) : why;
}

static void print_callers(const char *what, const uint32_t callers[KASAN_CALLERS])
{
	if (callers[0] == 0)
		return;
	panic_printf("%s\n", what);
	for (unsigned i = 0; i < KASAN_CALLERS && callers[i] != 0; i++) {
		size_t offset = 0;
		vaddr_t caller = KERNEL_BASE | callers[i];
		const char *name = symbol_lookup(caller - 1, &offset);

		panic_printf("    %s+0x%zx\n", name != NULL ? name : "?", offset + 1);
	}
}

static bool in_direct_map(vaddr_t va)
{
	return va >= DIRECT_MAP_BASE && va < DIRECT_MAP_BASE + DIRECT_MAP_MAX;
}

static bool in_slab(vaddr_t va)
{
	const struct slab *slab = slab_of((const void *)va);

	return in_direct_map(va) && poison_at(va) != KASAN_PAGE_FREE &&
	       slab->magic == slab_magic(slab);
}

static void describe_slab(vaddr_t va)
{
	const struct slab *slab = slab_of((const void *)va);
	const struct slab_cache *cache = slab->cache;
	size_t offset = va - (vaddr_t)slab;
	const struct kasan_track *track;
	const char *object;
	unsigned index;

	if (offset < cache->first)
		return;
	index = MIN((unsigned)((offset - cache->first) / cache->stride), cache->per_slab - 1);
	object = slab_object(slab, index);
	track = kasan_track_of(cache, object);
	panic_printf("object %p of slab %s, %u bytes; the access is at byte %ld of it\n",
		     (const void *)object, cache->name, cache->size, (long)(va - (vaddr_t)object));
	print_callers("allocated by", track->alloc);
	print_callers("freed by", track->free);
}

static void print_row(vaddr_t row)
{
	panic_printf("%c %016lx:", bad_byte - row < ROW * KASAN_SHARE ? '>' : ' ', row);
	for (unsigned i = 0; i < ROW; i++) {
		vaddr_t va = row + i * KASAN_SHARE;
		bool here = bad_byte - va < KASAN_SHARE;

		panic_printf("%c%02x%s", here ? '[' : ' ', *kasan_shadow_byte(va), here ? "]" : "");
	}
	panic_printf("\n");
}

static void print_shadow(void)
{
	vaddr_t row = ALIGN_DOWN(bad_byte, ROW * KASAN_SHARE);

	panic_printf("shadow, a byte for 8 bytes of memory:\n");
	for (long i = -ROWS; i <= ROWS; i++) {
		vaddr_t at = row + (vaddr_t)(i * (long)(ROW * KASAN_SHARE));

		if (ALIGN_DOWN(at, PAGE_SIZE) == ALIGN_DOWN(row, PAGE_SIZE))
			print_row(at);
	}
}

static void dump(void)
{
	char text[160];

	panic_printf("kasan:\n");
	if (in_slab(bad_byte))
		describe_slab(bad_byte);
	else if (in_direct_map(bad_byte))
		panic_printf("page frame 0x%lx, byte %lu of it\n",
			     (bad_byte - DIRECT_MAP_BASE) / PAGE_SIZE, bad_byte % PAGE_SIZE);
	else if (kasan_describe_global(bad_byte, text, sizeof(text)) ||
		 kasan_describe_stack(bad_byte, text, sizeof(text)))
		panic_printf("%s\n", text);
	print_shadow();
}

static void remember(vaddr_t bad)
{
	bad_byte = bad;
	panic_register_dumper(dump);
}

void kasan_report(vaddr_t va, size_t size, bool write, vaddr_t bad, vaddr_t caller)
{
	remember(bad);
	panic("kasan: %s: %s of %zu byte%s at 0x%lx by %s", poison_name(poison_at(bad)),
	      write ? "write" : "read", size, size == 1 ? "" : "s", va, symbol_name(caller));
}

void kasan_report_free(vaddr_t va, vaddr_t caller)
{
	remember(va);
	panic("kasan: double-free of 0x%lx by %s", va, symbol_name(caller));
}
