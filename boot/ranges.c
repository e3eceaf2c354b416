/*
 * boot/ranges.c - the sorted, disjoint list of physical ranges in bootinfo.
 *
 * Owns the order of bootinfo.range[] while the memory map is read; no lock, there is one
 * thread.  Firmware's maps overlap, come unsorted and may be longer than our array.
 */
#include "boot/ranges_priv.h"
#include "kernel/lib/string.h"

static paddr_t end_of(const struct boot_range *range)
{
	return range->base + range->size;
}

static void remove_at(struct bootinfo *info, unsigned at)
{
	info->nranges--;
	memmove(&info->range[at], &info->range[at + 1],
		(info->nranges - at) * sizeof(info->range[0]));
}

/*
 * Makes sure that one more range of `type` and `size` fits, where need be by dropping a smaller
 * piece of RAM: what is lost to a full array should be as little as can be.  A reservation is
 * never worth that, since what no range names is not RAM either.  *at follows its range.
 */
static bool make_room(struct bootinfo *info, unsigned *at, enum boot_range_type type, uint64_t size)
{
	unsigned smallest = BOOT_RANGES_MAX;

	if (info->nranges < BOOT_RANGES_MAX)
		return true;
	info->dropped++;
	for (unsigned i = 0; i < info->nranges && type == BOOT_RAM; i++) {
		if (info->range[i].type == BOOT_RAM && info->range[i].size < size) {
			smallest = i;
			size = info->range[i].size;
		}
	}
	if (smallest == BOOT_RANGES_MAX)
		return false;
	remove_at(info, smallest);
	if (smallest < *at)
		--*at;
	return true;
}

/* Inserts before index *at, which follows what stood there; drops, counted, what has no room. */
static void insert_at(struct bootinfo *info, unsigned *at, struct boot_range range)
{
	if (!make_room(info, at, range.type, range.size))
		return;
	memmove(&info->range[*at + 1], &info->range[*at],
		(info->nranges - *at) * sizeof(info->range[0]));
	info->range[*at] = range;
	info->nranges++;
}

/* Takes [base, end) out of range[at]; returns the index behind whatever is left below base. */
static unsigned cut_at(struct bootinfo *info, unsigned at, paddr_t base, paddr_t end)
{
	struct boot_range old = info->range[at];
	struct boot_range above = {end, end_of(&old) - end, old.type};
	bool keep_below = old.base < base;

	if (keep_below)
		info->range[at++].size = base - old.base;
	else
		remove_at(info, at);
	if (end_of(&old) > end)
		insert_at(info, &at, above);
	return at;
}

/* Puts a range into the gap before index `at`, as one with neighbours that it continues. */
static void fill_gap(struct bootinfo *info, unsigned at, const struct boot_range *range)
{
	struct boot_range *below = at > 0 ? &info->range[at - 1] : NULL;
	struct boot_range *above = at < info->nranges ? &info->range[at] : NULL;
	bool joins_below = below && below->type == range->type && end_of(below) == range->base;
	bool joins_above = above && above->type == range->type && above->base == end_of(range);

	if (joins_below) {
		below->size += range->size + (joins_above ? above->size : 0);
		if (joins_above)
			remove_at(info, at);
	} else if (joins_above) {
		above->base = range->base;
		above->size += range->size;
	} else {
		insert_at(info, &at, *range);
	}
}

void ranges_lay_over(struct bootinfo *info, const struct boot_range *range)
{
	paddr_t end = end_of(range);
	unsigned at = 0;

	if (range->size == 0 || end < range->base ||
	    (range->type == BOOT_RAM && end > PADDR_LIMIT)) {
		info->dropped++;
		return;
	}
	while (at < info->nranges && end_of(&info->range[at]) <= range->base)
		at++;
	if (at < info->nranges && info->range[at].type == range->type &&
	    info->range[at].base <= range->base && end_of(&info->range[at]) >= end)
		return; /* said before */
	/* A part left above the cut stands at the new `at` and ends the search. */
	while (at < info->nranges && info->range[at].base < end)
		at = cut_at(info, at, range->base, end);
	fill_gap(info, at, range);
}
