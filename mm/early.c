/*
 * mm/early.c - the boot-time allocator.
 *
 * Two sorted arrays, RAM and reservations; what is free is the difference.  Neighbouring
 * reservations of one name are merged, so taking page after page costs one entry.  One CPU,
 * no lock; after mm_init() closed it nothing changes any more.
 */
#include "mm/early.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"

struct early early;

static uint64_t range_end(const struct early_range *r)
{
	return r->base + r->size;
}

static void range_insert(struct early_range *array, unsigned *n, unsigned at, struct early_range r)
{
	ASSERT(*n < EARLY_RANGES_MAX);
	memmove(&array[at + 1], &array[at], (*n - at) * sizeof(*array));
	array[at] = r;
	++*n;
}

static void range_remove(struct early_range *array, unsigned *n, unsigned at)
{
	--*n;
	memmove(&array[at], &array[at + 1], (*n - at) * sizeof(*array));
}

/* The first range that ends after `pa`; n if none does. */
static unsigned range_find(const struct early_range *array, unsigned n, paddr_t pa)
{
	unsigned i = 0;

	while (i < n && range_end(&array[i]) <= pa)
		i++;
	return i;
}

void early_add_ram(struct early *e, paddr_t base, uint64_t size)
{
	struct early_range r = {.base = ALIGN_UP(base, PAGE_SIZE)};
	paddr_t end = ALIGN_DOWN(base + size, PAGE_SIZE);
	unsigned i = 0;

	ASSERT(!e->closed && base + size >= base);
	if (end <= r.base)
		return;
	/* Swallows every range that it touches. */
	while (i < e->nram) {
		if (range_end(&e->ram[i]) < r.base) {
			i++;
			continue;
		}
		if (e->ram[i].base > end)
			break;
		r.base = MIN(r.base, e->ram[i].base);
		end = MAX(end, range_end(&e->ram[i]));
		range_remove(e->ram, &e->nram, i);
	}
	r.size = end - r.base;
	range_insert(e->ram, &e->nram, i, r);
}

/* The owner "early:NAME", made at its first use. */
static const struct page_owner *owner_for(struct early *e, const char *name)
{
	struct early_name *entry;

	for (unsigned i = 0; i < e->nnames; i++)
		if (strcmp(e->names[i].text + strlen("early:"), name) == 0)
			return &e->names[i].owner;
	ASSERT(e->nnames < EARLY_NAMES_MAX); /* names are literals of ours, not input */
	entry = &e->names[e->nnames++];
	snprintf(entry->text, sizeof(entry->text), "early:%s", name);
	entry->owner.name = entry->text;
	return &entry->owner;
}

/* Joins reservation i with the one before it where they touch under one name. */
static void merge_back(struct early *e, unsigned i)
{
	struct early_range *r = e->reserved;

	if (i == 0 || i >= e->nreserved || range_end(&r[i - 1]) != r[i].base ||
	    r[i - 1].owner != r[i].owner)
		return;
	r[i - 1].size += r[i].size;
	range_remove(r, &e->nreserved, i);
}

/* Pieces of [base, end) that no reservation covers yet. */
static unsigned count_gaps(const struct early *e, paddr_t base, paddr_t end)
{
	unsigned gaps = 0;

	for (unsigned i = 0; i < e->nreserved && base < end; i++) {
		if (range_end(&e->reserved[i]) <= base)
			continue;
		if (e->reserved[i].base > base)
			gaps++;
		base = range_end(&e->reserved[i]);
	}
	return base < end ? gaps + 1 : gaps;
}

int early_reserve(struct early *e, paddr_t base, uint64_t size, const char *name)
{
	paddr_t end = ALIGN_UP(base + size, PAGE_SIZE);
	unsigned i;

	ASSERT(!e->closed && base + size >= base && name != NULL);
	base = ALIGN_DOWN(base, PAGE_SIZE);
	if (e->nreserved + count_gaps(e, base, end) > EARLY_RANGES_MAX)
		return -ENOSPC;

	i = range_find(e->reserved, e->nreserved, base);
	while (base < end) {
		paddr_t stop = end;

		if (i < e->nreserved && e->reserved[i].base <= base) {
			base = range_end(&e->reserved[i++]);
			continue;
		}
		if (i < e->nreserved)
			stop = MIN(end, e->reserved[i].base);
		range_insert(e->reserved, &e->nreserved, i,
			     (struct early_range){base, stop - base, name, owner_for(e, name)});
		base = stop;
		i++;
	}
	for (i = e->nreserved; i > 0; i--)
		merge_back(e, i - 1);
	return 0;
}

/* The first free range that ends after `from`, cut to start there at least. */
static bool next_free(const struct early *e, paddr_t from, paddr_t *base, uint64_t *size)
{
	for (unsigned i = range_find(e->ram, e->nram, from); i < e->nram; i++) {
		paddr_t start = MAX(from, e->ram[i].base), end = range_end(&e->ram[i]);
		unsigned k = range_find(e->reserved, e->nreserved, start);

		while (k < e->nreserved && e->reserved[k].base <= start)
			start = range_end(&e->reserved[k++]);
		if (start >= end)
			continue;
		if (k < e->nreserved)
			end = MIN(end, e->reserved[k].base);
		*base = start;
		*size = end - start;
		return true;
	}
	return false;
}

paddr_t early_alloc_in(struct early *e, uint64_t size, uint64_t align, paddr_t min, paddr_t max,
		       const char *name)
{
	paddr_t base;
	uint64_t free;

	ASSERT(!e->closed && size > 0 && (align & (align - 1)) == 0 && align >= PAGE_SIZE);
	size = ALIGN_UP(size, PAGE_SIZE);
	max = MIN(max, e->limit);
	for (paddr_t from = MAX(min, PAGE_SIZE); next_free(e, from, &base, &free);
	     from = base + free) {
		paddr_t start = ALIGN_UP(base, align), end = MIN(base + free, max);

		if (start >= base && start < end && end - start >= size)
			return early_reserve(e, start, size, name) == 0 ? start : 0;
		if (base >= max)
			break;
	}
	return 0;
}

paddr_t early_alloc(struct early *e, uint64_t size, uint64_t align, const char *name)
{
	paddr_t pa = early_alloc_in(e, size, align, 1 * MiB, e->limit, name);

	return pa != 0 ? pa : early_alloc_in(e, size, align, 0, 1 * MiB, name);
}

bool early_free_range(const struct early *e, unsigned index, paddr_t *base, uint64_t *size)
{
	paddr_t from = 0;

	do {
		if (!next_free(e, from, base, size))
			return false;
		from = *base + *size;
	} while (index-- > 0);
	return true;
}

enum early_kind early_piece(const struct early *e, paddr_t pa, paddr_t max, paddr_t *end,
			    const struct page_owner **owner)
{
	unsigned i = range_find(e->ram, e->nram, pa);
	unsigned k = range_find(e->reserved, e->nreserved, pa);

	ASSERT(pa < max);
	*owner = NULL;
	*end = max;
	if (i == e->nram || e->ram[i].base > pa) {
		if (i < e->nram)
			*end = MIN(max, e->ram[i].base);
		return EARLY_HOLE;
	}
	*end = MIN(max, range_end(&e->ram[i]));
	if (k == e->nreserved)
		return EARLY_FREE;
	if (e->reserved[k].base > pa) {
		*end = MIN(*end, e->reserved[k].base);
		return EARLY_FREE;
	}
	*end = MIN(*end, range_end(&e->reserved[k]));
	*owner = e->reserved[k].owner;
	return EARLY_RESERVED;
}

uint64_t early_reserved_bytes(const struct early *e, const char *name)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < e->nreserved; i++)
		if (strcmp(e->reserved[i].name, name) == 0)
			bytes += e->reserved[i].size;
	return bytes;
}
