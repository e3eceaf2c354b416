/*
 * mm/hotplug/walk.c - walking a block from chunk to chunk, and naming what holds its pages.
 *
 * A descriptor speaks only for a chunk's head, so a walk starts at the block's first chunk and
 * steps by orders.
 *
 * Locks: the zone's lock while walking an online block, and while whose chunk it is, is looked at:
 * the owner of a chunk seen in use exists until that lock is dropped (page_owner_retire()), so
 * names are copied under it.
 */
#include "kernel/clock.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/symbols.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/page_pin.h"

static bool is_head(const struct page *page)
{
	return page_is_free(page) || page->state == PAGE_USED || page->state == PAGE_ISOLATED;
}

struct page *block_first_chunk(const struct memory_block *block)
{
	struct page *page = pfn_to_page(block->usable);

	if (is_head(page))
		return page;
	ASSERT(page->state == PAGE_COVERED);
	for (unsigned order = BLOCK_ORDER + 1; order <= MAX_ORDER; order++) {
		struct page *head = pfn_to_page(ALIGN_DOWN(block->usable, 1UL << order));

		if (is_head(head) && head->order >= order)
			return head;
	}
	ASSERT(!"a covered block start without a chunk over it");
	return NULL;
}

struct page *block_first_new_chunk(const struct memory_block *block, pfn_t from)
{
	struct page *page = block_first_chunk(block);
	bool seen = page_to_pfn(page) < block->usable && block->start > from;

	return seen ? chunk_next(page) : page;
}

/* The first eight bytes of a head: state, order, limit, zone and caller. */
static uint64_t head_word(const struct page *page)
{
	uint64_t word;

	__builtin_memcpy(&word, page, sizeof(word));
	return word;
}

struct page *chunk_run_end(const struct page *page, const struct page *end, uint32_t *oldest)
{
	const struct page_owner *owner = page->owner;
	uint64_t word = head_word(page), step = chunk_pages(page);
	unsigned pins = page_pins(page, PIN_LONG);
	uint32_t birth = page->birth;

	/* A dozen instructions a chunk: this is what `why` and a dry run of a full DIMM cost. */
	for (page += step; page < end; page += step) {
		if (head_word(page) != word || page->owner != owner ||
		    page_pins(page, PIN_LONG) != pins)
			break;
		if ((int32_t)(page->birth - birth) < 0)
			birth = page->birth;
	}
	*oldest = birth;
	return (struct page *)page;
}

static bool block_has_chunks(const struct memory_block *block)
{
	return block->zone != NULL && block->usable < block_end(block);
}

/* The first chunk in use, or NULL; `movable_too` false: of those that cannot move.
 * => zone's lock held; the block has chunks */
static struct page *find_used(const struct memory_block *block, bool movable_too)
{
	struct page *end = pfn_to_page(block_end(block));

	for (struct page *page = block_first_chunk(block); page < end; page = chunk_next(page))
		if (page_in_use(page) && (movable_too || !page_movable(page)))
			return page;
	return NULL;
}

/* Is the chunk one of those that block->unmovable counts? */
static bool is_counted(const struct page *page)
{
	if (page->state == PAGE_PCP)
		return page_zone(page)->type != ZONE_MOVABLE;
	return page_in_use(page) && page->owner != NULL && !page_owner_movable(page->owner);
}

/*
 * The first chunk of granule n that is in use and cannot move.  If any chunk starts in a granule,
 * one starts at its beginning: chunks are naturally aligned, so a smaller one that covers the
 * beginning starts there, and a larger one covers all of the granule.
 */
static struct page *find_in_granule(const struct memory_block *block, unsigned n)
{
	pfn_t start = ALIGN_DOWN(block->start, BLOCK_PAGES) + n * GRANULE_PAGES;
	struct page *end = pfn_to_page(MIN(start + GRANULE_PAGES, block_end(block)));
	struct page *page = pfn_to_page(MAX(start, block->usable));

	for (; page < end; page = chunk_next(page))
		if (page_in_use(page) && is_counted(page))
			return page;
	return NULL;
}

/* A chunk whose owner cannot move it, by the counts: at the cost of a granule or two.
 * => zone's lock held; the block has chunks */
static struct page *find_counted(const struct memory_block *block)
{
	struct page *found = NULL;

	/* What starts in an earlier block is counted there. */
	if (pfn_to_page(block->usable)->state == PAGE_COVERED) {
		struct page *first = block_first_chunk(block);

		if (page_in_use(first) && is_counted(first))
			found = first;
	}
	for (unsigned n = 0; found == NULL && n < BLOCK_GRANULES; n++)
		if (block->unmovable[n] != 0)
			found = find_in_granule(block, n);
	return found;
}

void block_count_unmovable(const struct memory_block *block, uint16_t counts[BLOCK_GRANULES])
{
	struct page *start = pfn_to_page(block->usable), *end = pfn_to_page(block_end(block));

	for (unsigned n = 0; n < BLOCK_GRANULES; n++)
		counts[n] = 0;
	for (struct page *page = block_first_chunk(block); page < end; page = chunk_next(page))
		if (page >= start && is_counted(page))
			counts[granule_of(page_to_pfn(page))]++;
}

bool block_removable(const struct memory_block *block)
{
	bool removable = block->state == BLOCK_ONLINE;
	uint64_t flags;

	if (!removable || !block_has_chunks(block))
		return removable;
	flags = spin_lock(&block->zone->lock);
	removable = find_counted(block) == NULL &&
		    find_used(block, false) == NULL; /* pinned, perhaps */
	spin_unlock(&block->zone->lock, flags);
	return removable;
}

int refuse_used_page(struct refusal *why, const char *step, const struct page *page)
{
	unsigned long_pins = page_pins(page, PIN_LONG), short_pins = page_pins(page, PIN_SHORT);
	const char *owner;

	ASSERT(spin_is_held(&page_zone(page)->lock));
	owner = page->owner != NULL ? page->owner->name : "an allocation under way";
	return refuse_at(why, -EBUSY, step, page_to_pfn(page), "is %s %s%s (order %u, from %s)",
			 (long_pins | short_pins) != 0 ? "pinned by" : "held by", owner,
			 long_pins != 0	   ? ", long"
			 : short_pins != 0 ? ", short"
					   : "",
			 page->order, symbol_name(page_caller(page)));
}

static int refuse_found(const struct memory_block *block, struct refusal *why, const char *step,
			struct page *(*find)(const struct memory_block *))
{
	const struct page *page;
	uint64_t flags;
	int err = 0;

	if (!block_has_chunks(block))
		return 0;
	flags = spin_lock(&block->zone->lock);
	page = find(block);
	if (page != NULL)
		err = refuse_used_page(why, step, page);
	spin_unlock(&block->zone->lock, flags);
	return err;
}

int block_refuse_counted(const struct memory_block *block, struct refusal *why, const char *step)
{
	return refuse_found(block, why, step, find_counted);
}

static struct page *find_any_used(const struct memory_block *block)
{
	return find_used(block, true);
}

int block_refuse_used(const struct memory_block *block, struct refusal *why, const char *step)
{
	return refuse_found(block, why, step, find_any_used);
}

/* The chunk over `target`.  => zone's lock held; the block has chunks, and target is among them */
static const struct page *chunk_over(const struct memory_block *block, const struct page *target)
{
	struct page *page = block_first_chunk(block);

	while (chunk_next(page) <= target)
		page = chunk_next(page);
	return page;
}

bool chunk_look(pfn_t pfn, struct chunk_info *info)
{
	const struct memory_block *block = block_by_pfn(pfn);
	const struct page *page;
	uint64_t flags;

	if (block == NULL || !block_has_chunks(block) || pfn < block->usable)
		return false;
	flags = spin_lock(&block->zone->lock);
	page = chunk_over(block, pfn_to_page(pfn));
	*info = (struct chunk_info){
		.pfn = page_to_pfn(page),
		.page = *page,
		.zone = block->zone,
		.in_use = page_in_use(page),
	};
	if (info->in_use && page->owner != NULL) {
		snprintf(info->owner, sizeof(info->owner), "%s", page->owner->name);
		info->movable = page_movable(page);
	}
	spin_unlock(&block->zone->lock, flags);
	return true;
}

void block_for_each_chunk(const struct memory_block *block,
			  void (*fn)(const struct page *page, pfn_t first, uint64_t npages,
				     void *ctx),
			  void *ctx)
{
	pfn_t end = block_end(block);
	uint64_t flags;

	ASSERT(mutex_is_held(&hotplug_lock));
	if (!block_has_chunks(block))
		return;
	flags = spin_lock(&block->zone->lock);
	for (struct page *page = block_first_chunk(block); page_to_pfn(page) < end;
	     page = chunk_next(page)) {
		pfn_t first = MAX(page_to_pfn(page), block->usable);
		pfn_t last = MIN(page_to_pfn(chunk_next(page)), end);

		fn(page, first, last - first, ctx);
	}
	spin_unlock(&block->zone->lock, flags);
}

/* --- holders --- */

struct holders {
	struct holder *groups;
	pfn_t from; /* where the range starts */
	unsigned max, count;
	struct holder *last; /* the next run is likely of the same group */
};

static bool in_group(const struct holder *group, const struct page *page, vaddr_t caller,
		     bool pinned)
{
	return group->owner == page->owner && group->caller == caller && group->pinned == pinned;
}

static struct holder *holder_group(struct holders *holders, const struct page *page)
{
	bool pinned = page_pins(page, PIN_LONG) != 0;
	vaddr_t caller = page_caller(page);
	unsigned known = MIN(holders->count, holders->max);

	if (holders->last != NULL && in_group(holders->last, page, caller, pinned))
		return holders->last;
	for (unsigned i = 0; i < known; i++)
		if (in_group(&holders->groups[i], page, caller, pinned))
			return &holders->groups[i];
	holders->count++;
	if (known == holders->max)
		return NULL;
	holders->groups[known] = (struct holder){
		.owner = page->owner,
		.caller = caller,
		.first = page_to_pfn(page),
		.order = page->order,
		.oldest = page->birth,
		.movable = page_movable(page),
		.pinned = pinned,
	};
	if (page->owner != NULL)
		snprintf(holders->groups[known].name, sizeof(holders->groups[known].name), "%s",
			 page->owner->name);
	return &holders->groups[known];
}

/* A run of `pages` pages in chunks like the one at `page`. */
static void holders_add(struct holders *holders, const struct page *page, uint64_t pages,
			uint32_t oldest)
{
	struct holder *group = holder_group(holders, page);

	if (group == NULL)
		return;
	group->chunks += pages >> page->order;
	group->pages += pages;
	if ((int32_t)(oldest - group->oldest) < 0)
		group->oldest = oldest;
	holders->last = group;
}

static int holders_of_block(struct memory_block *block, void *arg)
{
	struct holders *holders = arg;
	struct page *end = pfn_to_page(block_end(block));
	uint64_t flags;

	if (!block_has_chunks(block))
		return 0;
	flags = spin_lock(&block->zone->lock);
	for (struct page *page = block_first_new_chunk(block, holders->from), *next; page < end;
	     page = next) {
		uint32_t oldest;

		next = chunk_run_end(page, end, &oldest);
		if (page_in_use(page))
			holders_add(holders, page, (uint64_t)(next - page), oldest);
	}
	spin_unlock(&block->zone->lock, flags);
	return 0;
}

static void sort_by_pages(struct holder *groups, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		struct holder moving = groups[i];
		unsigned j = i;

		for (; j > 0 && groups[j - 1].pages < moving.pages; j--)
			groups[j] = groups[j - 1];
		groups[j] = moving;
	}
}

unsigned blocks_holders(const struct block_range *range, struct holder *groups, unsigned max)
{
	struct holders holders = {.groups = groups, .from = range->start, .max = max};

	mutex_lock(&hotplug_lock);
	blocks_for_each(range, holders_of_block, &holders);
	mutex_unlock(&hotplug_lock);
	sort_by_pages(groups, MIN(holders.count, max));
	return holders.count;
}
