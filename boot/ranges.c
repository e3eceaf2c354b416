/*
 * boot/ranges.c - the sorted, disjoint list of physical ranges in bootinfo.
 *
 * Owns the order of bootinfo.range[] while the memory map is read; no lock, there is one
 * thread.  Firmware's maps overlap, come unsorted and may be longer than our array.
 */
#include "boot/ranges_priv.h"
#include "kernel/lib/string.h"

/* x86 addresses have 52 bits at most [SDM 3A 4.1.4]. */
#define PADDR_LIMIT (1ULL << 52)

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

/* Inserts before index `at`; drops the range, counted, where the array is full. */
static void insert_at(struct bootinfo *info, unsigned at, struct boot_range range)
{
	if (info->nranges == BOOT_RANGES_MAX) {
		info->dropped++;
		return;
	}
	memmove(&info->range[at + 1], &info->range[at],
		(info->nranges - at) * sizeof(info->range[0]));
	info->range[at] = range;
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
	/* Only a range cut in two can find no room; what is lost then is its upper part. */
	if (end_of(&old) > end)
		insert_at(info, at, above);
	return at;
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
	/* A part left above the cut stands at the new `at` and ends the search. */
	while (at < info->nranges && info->range[at].base < end)
		at = cut_at(info, at, range->base, end);
	insert_at(info, at, *range);
}

void ranges_merge(struct bootinfo *info)
{
	unsigned out = 0;

	for (unsigned i = 1; i < info->nranges; i++) {
		struct boot_range *last = &info->range[out];

		if (info->range[i].type == last->type && info->range[i].base == end_of(last))
			last->size += info->range[i].size;
		else
			info->range[++out] = info->range[i];
	}
	if (info->nranges)
		info->nranges = out + 1;
}
