/*
 * kernel/hog.c - hogs.
 *
 * Every written word holds a function of the hog's seed, its offset and the round in which it
 * was written, so a stale, torn or foreign word shows.
 *
 * Lock: hogs_lock (mutex) guards the list and every hog's fields; a churning thread owns
 * `round` and the bad word until it was joined, and reads the rest, which stays.
 */
#include "kernel/hog.h"

#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/slab.h"
#include "mm/vm/object.h"

struct hog {
	struct list_head link;
	char name[HOG_NAME_MAX];
	struct vm_object *object;
	struct page *spare; /* chained; what no page table could be had for (size "max") */
	uint64_t spare_pages;
	uint64_t seed, stride;
	unsigned order;
	uint64_t round; /* complete writes */
	struct thread *churner;
	bool stop, failed;
	uint64_t bad_offset, bad_value;
};

static const struct page_owner spare_owner = {.name = "hog:spare"};
static struct mutex hogs_lock = MUTEX_INIT(hogs_lock, "hogs");
static struct list_head hogs = LIST_HEAD_INIT(hogs);

/* --- the pattern --- */

static uint64_t pattern(const struct hog *hog, uint64_t offset, uint64_t round)
{
	return (offset + hog->seed + round * 0x100000001b3UL) * 0x9e3779b97f4a7c15UL;
}

/* A page's words, by the mappings in turn, so that a shared hog is used through all of them. */
static volatile uint64_t *words_at(const struct hog *hog, uint64_t offset)
{
	unsigned mapping = (unsigned)(offset >> PAGE_SHIFT) % hog->object->nmappings;

	return (volatile uint64_t *)((char *)vm_object_address(hog->object, mapping) + offset);
}

static void write_page(struct hog *hog, uint64_t at, uint64_t round)
{
	volatile uint64_t *words = words_at(hog, at);

	for (uint64_t i = 0; i < PAGE_SIZE; i += hog->stride)
		words[i / 8] = pattern(hog, at + i, round);
}

static bool verify_page(struct hog *hog, uint64_t at, uint64_t round)
{
	volatile uint64_t *words = words_at(hog, at);

	for (uint64_t i = 0; i < PAGE_SIZE; i += hog->stride) {
		uint64_t value = words[i / 8];

		if (value != pattern(hog, at + i, round)) {
			hog->bad_offset = at + i;
			hog->bad_value = value;
			hog->failed = true;
			return false;
		}
	}
	return true;
}

static uint64_t hog_bytes(const struct hog *hog)
{
	return hog->object->npages << PAGE_SHIFT;
}

static uint64_t page_step(const struct hog *hog)
{
	return MAX(hog->stride, PAGE_SIZE);
}

static int fill(struct hog *hog, struct refusal *why)
{
	for (uint64_t at = 0; at < hog_bytes(hog); at += page_step(hog)) {
		if (thread_interrupted())
			return refuse(why, -EINTR, "fill", "interrupted");
		write_page(hog, at, hog->round);
	}
	return 0;
}

static int refuse_bad_word(const struct hog *hog, struct refusal *why)
{
	return refuse(why, -EBADMSG, "verify", "%s: the word at offset 0x%lx is 0x%lx: wrong",
		      hog->name, (unsigned long)hog->bad_offset, (unsigned long)hog->bad_value);
}

static int verify(struct hog *hog, struct refusal *why)
{
	for (uint64_t at = 0; at < hog_bytes(hog); at += page_step(hog)) {
		if (thread_interrupted())
			return refuse(why, -EINTR, "verify", "interrupted");
		if (!verify_page(hog, at, hog->round))
			return refuse_bad_word(hog, why);
	}
	return 0;
}

/* --- life --- */

static struct hog *hog_find(const char *name)
{
	struct hog *hog;

	list_for_each_entry (hog, &hogs, link)
		if (strcmp(hog->name, name) == 0)
			return hog;
	return NULL;
}

static struct hog *hog_find_or_refuse(const char *name, struct refusal *why)
{
	struct hog *hog = hog_find(name);

	if (hog == NULL)
		refuse(why, -ENOENT, "name", "there is no hog %s", name);
	return hog;
}

static void free_spare(struct hog *hog)
{
	while (hog->spare != NULL) {
		struct page *next = (struct page *)hog->spare->private;

		page_free(hog->spare);
		hog->spare = next;
	}
}

static void hog_free(struct hog *hog)
{
	free_spare(hog);
	vm_object_destroy(hog->object);
	kfree(hog);
}

/* Chunks of every order, the largest first; then the pages that no table is left to map. */
static int take_all(struct hog *hog, const struct hog_request *request)
{
	struct page *page;
	unsigned order = MAX_ORDER + 1;

	while (order-- > 0)
		while (vm_object_grow(hog->object, 1UL << order, order, request->node,
				      request->node != NODE_ANY, NULL) == 0)
			continue;
	while ((page = page_alloc(0, request->node != NODE_ANY ? ALLOC_THISNODE : 0, request->node,
				  &spare_owner)) != NULL) {
		page->private = (uint64_t)hog->spare;
		hog->spare = page;
		hog->spare_pages++;
	}
	return 0;
}

static int populate(struct hog *hog, const struct hog_request *request, struct refusal *why)
{
	int err;

	if (request->size == 0)
		err = take_all(hog, request);
	else
		err = vm_object_grow(hog->object, request->size >> PAGE_SHIFT, request->order,
				     request->node, request->node != NODE_ANY, why);
	return err != 0 ? err : fill(hog, why);
}

static struct hog *hog_create(const struct hog_request *request)
{
	uint64_t limit = request->size != 0 ? request->size >> PAGE_SHIFT : pages_managed();
	char name[VM_OBJECT_NAME_MAX];
	struct hog *hog = kzalloc(sizeof(*hog));

	if (hog == NULL)
		return NULL;
	snprintf(name, sizeof(name), "hog:%s", request->name);
	hog->object = vm_object_create(name, limit, request->movable);
	if (hog->object == NULL) {
		kfree(hog);
		return NULL;
	}
	strncpy(hog->name, request->name, HOG_NAME_MAX - 1);
	hog->seed = request->seed;
	hog->stride = request->stride != 0 ? request->stride : sizeof(uint64_t);
	hog->order = request->order;
	return hog;
}

static int check_request(const struct hog_request *request, struct refusal *why)
{
	if (request->name[0] == '\0' || strlen(request->name) >= HOG_NAME_MAX)
		return refuse(why, -EINVAL, "name", "'%s' is not of 1 to %d characters",
			      request->name, HOG_NAME_MAX - 1);
	if (request->order > MAX_ORDER)
		return refuse(why, -EINVAL, "order", "%u is above %u", request->order, MAX_ORDER);
	if (!IS_ALIGNED(request->size, PAGE_SIZE << request->order))
		return refuse(why, -EINVAL, "size",
			      "0x%lx is not a multiple of a chunk of order %u",
			      (unsigned long)request->size, request->order);
	if (request->stride != 0 && (request->stride < 8 || !is_power_of_two(request->stride)))
		return refuse(why, -EINVAL, "stride", "0x%lx is not a power of two of 8 or more",
			      (unsigned long)request->stride);
	if (request->node != NODE_ANY && (unsigned)request->node >= nr_nodes)
		return refuse(why, -ENOENT, "node", "there is no node %d", request->node);
	if (hog_find(request->name) != NULL)
		return refuse(why, -EEXIST, "name", "there is a hog %s", request->name);
	return 0;
}

int hog_start(const struct hog_request *request, struct refusal *why)
{
	struct hog *hog;
	int err;

	mutex_lock(&hogs_lock);
	err = check_request(request, why);
	if (err != 0)
		goto out;
	hog = hog_create(request);
	if (hog == NULL) {
		err = refuse(why, -ENOMEM, "create", "no memory for a hog's descriptor");
		goto out;
	}
	err = populate(hog, request, why);
	if (err != 0)
		hog_free(hog);
	else
		list_add_tail(&hog->link, &hogs);
out:
	mutex_unlock(&hogs_lock);
	return err;
}

int hog_verify(const char *name, struct refusal *why)
{
	struct hog *hog;
	int err = -ENOENT;

	mutex_lock(&hogs_lock);
	hog = hog_find_or_refuse(name, why);
	if (hog != NULL && hog->failed)
		err = refuse_bad_word(hog, why);
	else if (hog != NULL) /* a churning hog verifies itself all the time */
		err = hog->churner != NULL ? 0 : verify(hog, why);
	mutex_unlock(&hogs_lock);
	return err;
}

static void churn(void *arg)
{
	struct hog *hog = arg;

	while (!__atomic_load_n(&hog->stop, __ATOMIC_ACQUIRE) && !hog->failed) {
		for (uint64_t at = 0; at < hog_bytes(hog) && !hog->failed; at += page_step(hog)) {
			if (verify_page(hog, at, hog->round))
				write_page(hog, at, hog->round + 1);
			else
				klog(LOG_ERR, "hog: %s: wrong word 0x%lx at offset 0x%lx",
				     hog->name, (unsigned long)hog->bad_value,
				     (unsigned long)hog->bad_offset);
		}
		hog->round++;
	}
}

int hog_churn(const char *name, struct refusal *why)
{
	struct hog *hog;
	int err = 0;

	mutex_lock(&hogs_lock);
	hog = hog_find_or_refuse(name, why);
	if (hog == NULL) {
		err = -ENOENT;
	} else if (hog->churner != NULL) {
		err = refuse(why, -EALREADY, "churn", "%s is churning", name);
	} else {
		char thread[THREAD_NAME_MAX];

		snprintf(thread, sizeof(thread), "churn:%s", name);
		hog->churner = thread_create(thread, churn, hog);
		if (hog->churner == NULL)
			err = refuse(why, -ENOMEM, "churn", "no memory for a thread");
	}
	mutex_unlock(&hogs_lock);
	return err;
}

int hog_share(const char *name, struct refusal *why)
{
	struct hog *hog;
	int err = -ENOENT;

	mutex_lock(&hogs_lock);
	hog = hog_find_or_refuse(name, why);
	if (hog != NULL)
		err = vm_object_share(hog->object, why);
	mutex_unlock(&hogs_lock);
	return err;
}

int hog_stop(const char *name, struct refusal *why)
{
	struct hog *hog;
	int err = 0;

	mutex_lock(&hogs_lock);
	hog = hog_find_or_refuse(name, why);
	if (hog == NULL) {
		err = -ENOENT;
	} else {
		list_del(&hog->link);
		if (hog->churner != NULL) {
			__atomic_store_n(&hog->stop, true, __ATOMIC_RELEASE);
			thread_join(hog->churner);
		}
		if (hog->failed)
			err = refuse_bad_word(hog, why);
		hog_free(hog);
	}
	mutex_unlock(&hogs_lock);
	return err;
}

static void fill_info(const struct hog *hog, struct hog_info *info)
{
	*info = (struct hog_info){
		.bytes = hog_bytes(hog) + (hog->spare_pages << PAGE_SHIFT),
		.stride = hog->stride,
		.rounds = hog->round,
		.moves = hog->object->moves,
		.mappings = hog->object->nmappings,
		.order = hog->order,
		.movable = hog->object->owner.ops != NULL,
		.churning = hog->churner != NULL,
	};
	memcpy(info->name, hog->name, sizeof(info->name));
}

bool hog_info(unsigned index, struct hog_info *info)
{
	struct hog *hog;
	bool found = false;

	mutex_lock(&hogs_lock);
	list_for_each_entry (hog, &hogs, link) {
		if (index-- == 0) {
			fill_info(hog, info);
			found = true;
			break;
		}
	}
	mutex_unlock(&hogs_lock);
	return found;
}
