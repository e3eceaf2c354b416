/*
 * kernel/stress_work.c - what the workers of stress do: hold, use, verify and give back.
 *
 * Three roles hold items, each of which is written when it is made and verified when it goes:
 * chunks of pages, objects of kmalloc(), and vm objects, whose pages move meanwhile.  The shrinker
 * empties what others live on.  The one for blocks does an administrator's work; see there.
 *
 * Locks: hotplug_lock, to choose a block; else none, a worker's state is its own.
 */
#include "kernel/lib/errno.h"
#include "kernel/stress_priv.h"
#include "mm/alloc.h"
#include "mm/hotplug/hotplug.h"
#include "mm/hotplug/policy.h"
#include "mm/slab.h"
#include "mm/vm/object.h"

#define OBJECT_MAX    4096
#define MAP_STRIDE    8 /* words: one in a cache line is written */
#define OFFLINE_US    5000000
#define BLOCK_WAIT_US 20000

static const struct page_owner stress_owner = {.name = "stress"};

/* [Marsaglia 2003, xorshift] */
uint64_t stress_random(struct stress_worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static uint64_t pattern(uint64_t key, size_t i)
{
	return (key + i) * 0x9e3779b97f4a7c15UL;
}

void stress_fill(const struct stress_item *item, size_t step)
{
	for (size_t i = 0; i < item->nwords; i += step)
		item->words[i] = pattern(item->key, i);
}

void stress_verify(struct stress_worker *w, const struct stress_item *item, size_t step)
{
	for (size_t i = 0; i < item->nwords; i += step) {
		uint64_t value = item->words[i];

		if (value == pattern(item->key, i))
			continue;
		w->err = refuse(&w->why, -EBADMSG, "verify",
				"%s: the word at %p is 0x%lx, not 0x%lx", w->role->name,
				(const void *)&item->words[i], value, pattern(item->key, i));
		return;
	}
	w->bytes += item->nwords / step * sizeof(uint64_t);
}

/* --- chunks of pages, objects --- */

static void take_pages(struct stress_worker *w, struct stress_item *item)
{
	unsigned order = (item->key >> 8) % w->size->page_orders;
	struct page *page = page_alloc(order, 0, NODE_ANY, &stress_owner);

	item->handle = page;
	item->words = page != NULL ? page_to_virt(page) : NULL;
	item->nwords = (PAGE_SIZE << order) / 8;
	w->out_of_memory += page == NULL;
}

static void take_object(struct stress_worker *w, struct stress_item *item)
{
	size_t size = 8 + (item->key >> 8) % (OBJECT_MAX - 8);

	item->words = kmalloc(size);
	item->nwords = size / 8;
	w->out_of_memory += item->words == NULL;
}

static void give_back(struct stress_worker *w, struct stress_item *item)
{
	stress_verify(w, item, 1);
	if (item->handle != NULL)
		page_free(item->handle);
	else
		kfree(item->words);
	item->words = NULL;
}

static void hold_and_free(struct stress_worker *w,
			  void (*take)(struct stress_worker *w, struct stress_item *item))
{
	struct stress_item *item = &w->items[stress_random(w) % w->size->items];

	w->done++;
	if (item->words != NULL) {
		give_back(w, item);
		return;
	}
	*item = (struct stress_item){.key = stress_random(w)};
	take(w, item);
	if (item->words != NULL)
		stress_fill(item, 1);
}

static void step_pages(struct stress_worker *w)
{
	hold_and_free(w, take_pages);
}

static void step_object(struct stress_worker *w)
{
	hold_and_free(w, take_object);
}

static void free_items(struct stress_worker *w)
{
	for (unsigned i = 0; i < w->size->items; i++)
		if (w->items[i].words != NULL)
			give_back(w, &w->items[i]);
}

/* --- vm objects --- */

static void map(struct stress_worker *w, struct stress_item *item)
{
	uint64_t key = stress_random(w);
	unsigned order = (key >> 8) % w->size->map_orders;
	uint64_t npages = (order < 6 ? 1 + (key >> 16) % 8 : 1) << order;
	struct vm_object *object;

	if (vm_object_create(w->role->name, npages, (key >> 32) % 4 != 0, &object, NULL) != 0) {
		w->out_of_memory++;
		return;
	}
	if (vm_object_grow(object, npages, order, NODE_ANY, false, NULL) != 0) {
		w->out_of_memory++;
		vm_object_destroy(object);
		return;
	}
	*item = (struct stress_item){
		.key = key,
		.handle = object,
		.words = vm_object_address(object, 0),
		.nwords = npages * PAGE_SIZE / 8,
	};
	stress_fill(item, MAP_STRIDE);
	w->done++;
}

/* A second mapping shows the same words, wherever they are by now. */
static void share(struct stress_worker *w, struct stress_item *item)
{
	struct vm_object *object = item->handle;

	if (object->nmappings < VM_MAPPINGS_MAX && vm_object_share(object, NULL) != 0)
		w->out_of_memory++;
	item->words = vm_object_address(object, object->nmappings - 1);
}

/* Maps stand at the end, so that one worker can hold other items too. */
static struct stress_item *map_item(struct stress_worker *w, unsigned i)
{
	return &w->items[STRESS_ITEMS - 1 - i];
}

static void step_mapper(struct stress_worker *w)
{
	struct stress_item *item = map_item(w, stress_random(w) % w->size->maps);

	if (item->words == NULL) {
		map(w, item);
		return;
	}
	stress_verify(w, item, MAP_STRIDE);
	switch (stress_random(w) % 4) {
	case 0:
		share(w, item);
		break;
	case 1:
		item->key = stress_random(w);
		stress_fill(item, MAP_STRIDE);
		break;
	default:
		vm_object_destroy(item->handle);
		item->words = NULL;
	}
}

static void unmap_all(struct stress_worker *w)
{
	for (unsigned i = 0; i < w->size->maps; i++) {
		struct stress_item *item = map_item(w, i);

		if (item->words == NULL)
			continue;
		stress_verify(w, item, MAP_STRIDE);
		vm_object_destroy(item->handle);
		item->words = NULL;
	}
}

/* --- all three in one thread --- */

static void step_mixed(struct stress_worker *w)
{
	switch (stress_random(w) % 3) {
	case 0:
		step_pages(w);
		break;
	case 1:
		step_object(w);
		break;
	default:
		step_mapper(w);
	}
}

static void give_back_mixed(struct stress_worker *w)
{
	free_items(w);
	unmap_all(w);
}

/* --- shrinker --- */

static void step_shrinker(struct stress_worker *w)
{
	if (stress_random(w) % 2 != 0)
		slab_shrink();
	else
		pages_settle();
	w->done++;
	thread_sleep_us(stress_random(w) % 4000);
}

static void nothing(struct stress_worker *w __unused)
{
}

/* --- blocks of plugged devices --- */

struct choice {
	struct block_range range;
	enum online_type type;
};

/* An online block of a plugged device, all alike likely; false: there is none. */
static bool choose_block(struct stress_worker *w, struct choice *choice)
{
	struct memory_device *device;
	uint64_t candidates = 0;

	mutex_lock(&hotplug_lock);
	for_each_device (device) {
		if (memory_device_is_boot(device))
			continue;
		for (unsigned b = 0; b < device->nblocks; b++) {
			const struct memory_block *block = &device->blocks[b];

			if (block->state != BLOCK_ONLINE || stress_random(w) % ++candidates != 0)
				continue;
			choice->range = (struct block_range){block->start, block->npages, true};
			choice->type =
				block->zone->type == ZONE_MOVABLE ? ONLINE_MOVABLE : ONLINE_KERNEL;
		}
	}
	mutex_unlock(&hotplug_lock);
	return candidates != 0;
}

/*
 * A block goes, and comes back to its zone.  Between any two steps the device may leave, come
 * again, and be put online by whoever plugs it: then it is gone or there already.
 */
static void step_blocks(struct stress_worker *w)
{
	struct block_result result;
	struct choice choice;
	int err;

	thread_sleep_us(stress_random(w) % BLOCK_WAIT_US);
	if (!choose_block(w, &choice))
		return;
	err = blocks_offline(&choice.range, 0, OFFLINE_US, &result, NULL);
	if (err != 0) {
		w->refused++;
		return;
	}
	thread_sleep_us(stress_random(w) % BLOCK_WAIT_US);
	err = blocks_online(&choice.range, choice.type, 0, &result, &w->why);
	if (err != 0 && err != -ENOENT && err != -EALREADY)
		w->err = err;
	else
		w->why = (struct refusal){0};
	w->done++;
}

const struct stress_role stress_pages = {"stress:pages", step_pages, free_items};
const struct stress_role stress_objects = {"stress:objects", step_object, free_items};
const struct stress_role stress_mapper = {"stress:mapper", step_mapper, unmap_all};
const struct stress_role stress_mixed = {"stress:mixed", step_mixed, give_back_mixed};
const struct stress_role stress_shrinker = {"stress:shrinker", step_shrinker, nothing};
const struct stress_role stress_blocks = {"stress:blocks", step_blocks, nothing};
