/*
 * tests/kernel/census.c - counting the world.  Owns nothing; takes hotplug_lock for blocks.
 */
#include "tests/kernel/census.h"

#include "kernel/hog.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/stress.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"
#include "mm/kmap.h"
#include "mm/slab.h"

/* FNV-1a, a word at a time. */
static void mix(uint64_t *hash, uint64_t word)
{
	*hash = (*hash ^ word) * 0x100000001b3UL;
}

static void count_slabs(struct census *census)
{
	struct slab_info info;

	slab_shrink();
	for (unsigned i = 0; i < CENSUS_CACHES && slab_cache_info(i, &info); i++) {
		census->objects[i] = info.objects;
		census->slabs += info.slabs;
	}
}

static void count_zones(struct census *census)
{
	struct zone *zone;

	pages_settle();
	for_each_zone (zone) {
		struct zone_counts *counts = &census->zone[zone->id];

		buddy_counts(zone, counts);
		counts->allocs = counts->frees = 0;
	}
}

static uint64_t zone_word(const struct zone *zone)
{
	return zone != NULL ? zone->id : ~0UL;
}

static void mix_block(uint64_t *hash, const struct memory_block *block)
{
	mix(hash, block->start);
	mix(hash, block->npages);
	mix(hash, block->usable);
	mix(hash, block->state);
	mix(hash, zone_word(block->zone));
	mix(hash, block->zone != NULL ? block->present : 0);
	mix(hash, block->zone != NULL ? block->managed : 0);
}

static void count_blocks(struct census *census)
{
	struct memory_device *device;
	struct hotplug_pool pool;

	hotplug_pool_counts(&pool);
	census->pool = pool.free;
	mutex_lock(&hotplug_lock);
	for_each_device (device) {
		mix(&census->blocks, device->start);
		mix(&census->blocks, device->npages);
		mix(&census->blocks, device->blocks_online);
		mix(&census->blocks, zone_word(device->memmap_zone));
		for (unsigned b = 0; b < device->nblocks; b++)
			mix_block(&census->blocks, &device->blocks[b]);
	}
	mutex_unlock(&hotplug_lock);
}

static void mix_range(uint64_t *hash, vaddr_t start, vaddr_t end, size_t step)
{
	struct mmu_step steps[4];

	for (vaddr_t va = start; va < end; va += step) {
		unsigned n = mmu_walk(va, steps);

		mix(hash, va);
		mix(hash, n);
		mix(hash, steps[n - 1].leaf ? steps[n - 1].entry : 0);
	}
}

static void count_mappings(struct census *census, pfn_t start, uint64_t npages)
{
	vaddr_t direct = DIRECT_MAP_BASE + pfn_to_paddr(start);
	vaddr_t memmap = ALIGN_DOWN(VMEMMAP_BASE + start * sizeof(struct page), PAGE_SIZE);

	/* Beyond the ends too: an unmap that takes too much shows in a neighbour. */
	mix_range(&census->mappings, direct - SIZE_2M, direct + npages * PAGE_SIZE + SIZE_2M,
		  SIZE_2M);
	mix_range(&census->mappings, memmap - PAGE_SIZE,
		  memmap + npages * sizeof(struct page) + 2 * PAGE_SIZE, PAGE_SIZE);
}

static void count_others(struct census *census)
{
	struct thread_info thread;
	struct kmap_info range;
	struct hog_info hog;
	unsigned id = 0;

	while (thread_info(&id, &thread))
		census->threads++;
	while (kmap_info((unsigned)census->kernel_mappings, &range))
		census->kernel_mappings++;
	while (hog_info((unsigned)census->hogs, &hog))
		census->hogs++;
}

void census_take(struct census *census, pfn_t start, uint64_t npages)
{
	memset(census, 0, sizeof(*census));
	stress_hold();
	count_slabs(census); /* first: it frees pages */
	count_zones(census);
	count_blocks(census);
	count_mappings(census, start, npages);
	count_others(census);
	stress_release();
}

/* --- comparing --- */

struct comparison {
	char *text;
	size_t size;
};

static bool same(const struct comparison *c, const char *what, unsigned index, uint64_t before,
		 uint64_t after)
{
	if (before == after)
		return true;
	snprintf(c->text, c->size, "%s (%u) was 0x%lx, is 0x%lx", what, index, before, after);
	return false;
}

static bool same_zone(const struct comparison *c, unsigned id, const struct zone_counts *before,
		      const struct zone_counts *after, bool moved)
{
	bool ok = same(c, "present pages of zone", id, before->present, after->present) &&
		  same(c, "managed pages of zone", id, before->managed, after->managed) &&
		  same(c, "isolated pages of zone", id, before->isolated, after->isolated);

	if (!ok || moved)
		return ok;
	if (!same(c, "free pages of zone", id, before->free, after->free))
		return false;
	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		if (before->area[order] == after->area[order])
			continue;
		snprintf(c->text, c->size, "free chunks of order %u in zone %u: %lu, now %lu",
			 order, id, before->area[order], after->area[order]);
		return false;
	}
	return true;
}

static uint64_t sum_free(const struct census *census)
{
	uint64_t sum = 0;

	for (unsigned id = 0; id < nr_nodes * ZONE_TYPES; id++)
		sum += census->zone[id].free;
	return sum;
}

bool census_same(const struct census *before, const struct census *after, bool moved, char *text,
		 size_t size)
{
	struct comparison c = {text, size};

	for (unsigned id = 0; id < nr_nodes * ZONE_TYPES; id++)
		if (!same_zone(&c, id, &before->zone[id], &after->zone[id], moved))
			return false;
	for (unsigned i = 0; i < CENSUS_CACHES; i++)
		if (!same(&c, "objects of cache", i, before->objects[i], after->objects[i]))
			return false;
	return same(&c, "free pages", 0, sum_free(before), sum_free(after)) &&
	       same(&c, "slabs", 0, before->slabs, after->slabs) &&
	       same(&c, "states and zones of blocks", 0, before->blocks, after->blocks) &&
	       same(&c, "page tables of the DIMM", 0, before->mappings, after->mappings) &&
	       same(&c, "tables in the pool", 0, before->pool, after->pool) &&
	       same(&c, "threads", 0, before->threads, after->threads) &&
	       same(&c, "kernel mappings", 0, before->kernel_mappings, after->kernel_mappings) &&
	       same(&c, "hogs", 0, before->hogs, after->hogs);
}
