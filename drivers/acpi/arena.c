/*
 * drivers/acpi/arena.c - a memory allocator over one fixed piece of memory.
 *
 * Blocks tile the arena without a gap.  A tag says how long its block and the one before it
 * are, so both neighbours are found without a search.  No two free blocks are neighbours.
 */
#include "drivers/acpi/arena.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/bits.h"

#define MAGIC_USED 0x55534544U
#define MAGIC_FREE 0x46524545U

struct block {
	uint32_t before; /* bytes of the block before this one; 0: the first */
	uint32_t size;	 /* bytes, this tag included */
	uint32_t magic;
	uint32_t spare;	       /* keeps the payload aligned */
	struct list_head link; /* the payload starts here; in free blocks only */
};

#define TAG_SIZE  offsetof(struct block, link)
#define BLOCK_MIN ((uint32_t)sizeof(struct block))
_Static_assert(TAG_SIZE % ARENA_ALIGN == 0, "payloads are aligned");

#define EXACT_BINS 32U /* sizes below 512 */

static unsigned bin_of(size_t size)
{
	if (size < EXACT_BINS * ARENA_ALIGN)
		return (unsigned)(size / ARENA_ALIGN);
	return EXACT_BINS + log2_floor(size) - log2_floor(EXACT_BINS * ARENA_ALIGN);
}

static struct block *block_after(const struct arena *arena, struct block *b)
{
	char *next = (char *)b + b->size;

	return next == arena->memory + arena->size ? NULL : (struct block *)next;
}

static struct block *block_before(struct block *b)
{
	return b->before == 0 ? NULL : (struct block *)((char *)b - b->before);
}

static void bin_insert(struct arena *arena, struct block *b)
{
	unsigned bin = bin_of(b->size);

	b->magic = MAGIC_FREE;
	list_add(&b->link, &arena->bin[bin]);
	arena->nonempty |= BIT(bin);
}

static void bin_remove(struct arena *arena, struct block *b)
{
	unsigned bin = bin_of(b->size);

	list_del(&b->link);
	if (list_empty(&arena->bin[bin]))
		arena->nonempty &= ~BIT(bin);
}

/* Sets the size of `b` and tells the block behind it. */
static void block_resize(struct arena *arena, struct block *b, uint32_t size)
{
	struct block *next;

	b->size = size;
	next = block_after(arena, b);
	if (next != NULL)
		next->before = size;
}

void arena_init(struct arena *arena, void *memory, size_t size)
{
	struct block *all = memory;

	ASSERT(IS_ALIGNED((uintptr_t)memory, ARENA_ALIGN));
	size = ALIGN_DOWN(size, ARENA_ALIGN);
	ASSERT(size >= BLOCK_MIN && size <= UINT32_MAX);

	*arena = (struct arena){.memory = memory, .size = size};
	for (unsigned i = 0; i < ARENA_BINS; i++)
		list_init(&arena->bin[i]);
	all->before = 0;
	all->size = (uint32_t)size;
	bin_insert(arena, all);
}

/* The first free block of at least `size` bytes, smallest bins first. */
static struct block *find_free(struct arena *arena, size_t size)
{
	uint64_t bins = arena->nonempty & ~(BIT(bin_of(size)) - 1);

	while (bins != 0) {
		unsigned bin = (unsigned)__builtin_ctzl(bins);
		struct block *b;

		list_for_each_entry (b, &arena->bin[bin], link) {
			if (b->size >= size)
				return b;
		}
		bins &= bins - 1;
	}
	return NULL;
}

/* Cuts `b` (on no list) down to `size`; the rest becomes a free block. */
static void block_trim(struct arena *arena, struct block *b, uint32_t size)
{
	uint32_t rest_size = b->size - size;
	struct block *rest;

	if (rest_size < BLOCK_MIN)
		return;
	b->size = size;
	rest = (struct block *)((char *)b + size);
	rest->before = size;
	block_resize(arena, rest, rest_size);
	bin_insert(arena, rest);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *b = NULL;

	if (size <= arena->size) {
		size = ALIGN_UP(MAX(size + TAG_SIZE, (size_t)BLOCK_MIN), ARENA_ALIGN);
		b = find_free(arena, size);
	}
	if (b == NULL) {
		arena->refused++;
		return NULL;
	}
	bin_remove(arena, b);
	block_trim(arena, b, (uint32_t)size);
	b->magic = MAGIC_USED;
	arena->live++;
	arena->used += b->size;
	arena->peak = MAX(arena->peak, arena->used);
	return &b->link;
}

void arena_free(struct arena *arena, void *p)
{
	struct block *b, *next, *before;

	if (p == NULL)
		return;
	ASSERT((char *)p >= arena->memory + TAG_SIZE && (char *)p < arena->memory + arena->size);
	b = (struct block *)((char *)p - TAG_SIZE);
	ASSERT(b->magic == MAGIC_USED);
	arena->live--;
	arena->used -= b->size;

	next = block_after(arena, b);
	if (next != NULL && next->magic == MAGIC_FREE) {
		bin_remove(arena, next);
		next->magic = 0;
		block_resize(arena, b, b->size + next->size);
	}
	before = block_before(b);
	if (before != NULL && before->magic == MAGIC_FREE) {
		bin_remove(arena, before);
		b->magic = 0;
		block_resize(arena, before, before->size + b->size);
		b = before;
	}
	bin_insert(arena, b);
}

static bool in_its_bin(const struct arena *arena, const struct block *b)
{
	const struct list_head *head = &arena->bin[bin_of(b->size)];
	const struct list_head *pos;

	list_for_each (pos, head) {
		if (pos == &b->link)
			return true;
	}
	return false;
}

bool arena_verify(const struct arena *arena)
{
	const char *end = arena->memory + arena->size;
	size_t used = 0, before = 0;
	uint64_t live = 0, free = 0, binned = 0;
	bool before_free = false;

	for (const char *at = arena->memory; at != end; at += before) {
		const struct block *b = (const struct block *)at;
		bool is_free = b->magic == MAGIC_FREE;

		if (b->before != before || b->size < BLOCK_MIN || b->size > (size_t)(end - at) ||
		    !IS_ALIGNED((size_t)b->size, ARENA_ALIGN) ||
		    (!is_free && b->magic != MAGIC_USED) || (is_free && before_free) ||
		    (is_free && !in_its_bin(arena, b)))
			return false;
		live += !is_free;
		free += is_free;
		used += is_free ? 0 : b->size;
		before = b->size;
		before_free = is_free;
	}
	for (unsigned i = 0; i < ARENA_BINS; i++) {
		const struct list_head *pos;

		if (list_empty(&arena->bin[i]) == ((arena->nonempty & BIT(i)) != 0))
			return false;
		list_for_each (pos, &arena->bin[i])
			binned++;
	}
	return used == arena->used && live == arena->live && free == binned;
}
