/*
 * kernel/hog.c - the list of hogs: their start, their end and what is done with one by name.
 *
 * Lock: hogs_lock (mutex) guards the list and, as kernel/hog_priv.h says, the hogs.
 */
#include "kernel/hog_priv.h"
#include "kernel/lib/bits.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/slab.h"

static const struct page_owner spare_owner = {.name = "hog:spare"};
static struct mutex hogs_lock = MUTEX_INIT(hogs_lock, "hogs");
static struct list_head hogs GUARDED_BY(&hogs_lock) = LIST_HEAD_INIT(hogs);

/* --- life --- */

static struct hog *hog_find(const char *name)
{
	struct hog *hog;

	list_for_each_entry (hog, &hogs, link)
		if (strcmp(hog->name, name) == 0)
			return hog;
	return NULL;
}

int hog_apply(const char *name, int (*fn)(struct hog *hog, void *arg, struct refusal *why),
	      void *arg, struct refusal *why)
{
	struct hog *hog;
	int err;

	mutex_lock(&hogs_lock);
	hog = hog_find(name);
	err = hog != NULL ? fn(hog, arg, why)
			  : refuse(why, -ENOENT, "name", "there is no hog %s", name);
	mutex_unlock(&hogs_lock);
	return err;
}

static void free_spare_page(struct hog *hog)
{
	struct page *page = hog->spare;

	hog->spare = (struct page *)page->private;
	hog->spare_pages--;
	page_free(page);
}

static void hog_free(struct hog *hog)
{
	while (hog->spare != NULL)
		free_spare_page(hog);
	slab_give_back(hog->objects);
	vm_object_destroy(hog->object);
	kfree(hog);
}

static void take_spare(struct hog *hog, const struct hog_request *request, unsigned limit)
{
	unsigned flags = request->node != NODE_ANY ? ALLOC_THISNODE : 0;
	struct page *page;

	while (limit-- > 0 && (page = page_alloc(0, flags, request->node, &spare_owner)) != NULL) {
		page->private = (uint64_t)hog->spare;
		hog->spare = page;
		hog->spare_pages++;
	}
}

static void take_chunks(struct hog *hog, const struct hog_request *request, unsigned order)
{
	while (vm_object_grow(hog->object, 1UL << order, order, request->node,
			      request->node != NODE_ANY, NULL) == 0)
		continue;
}

#define TABLES_KEPT 8U

/*
 * Chunks of every order, the largest first.  Some pages are kept back for tables, or the last
 * pages of ZONE_MOVABLE could not be mapped.  Then the pages that no table is left to map; these
 * more than once, since what another CPU just gives back from its lists is nowhere meanwhile.
 */
static int take_all(struct hog *hog, const struct hog_request *request, struct refusal *why)
{
	unsigned order = MAX_ORDER + 1;

	take_spare(hog, request, TABLES_KEPT);
	while (order-- > 0)
		take_chunks(hog, request, order);
	while (hog->spare != NULL) {
		free_spare_page(hog);
		take_chunks(hog, request, 0);
	}
	take_spare(hog, request, ~0U);
	for (unsigned i = 0; i < 10 && pages_free() != 0; i++) {
		if (thread_sleep_us(2000) != 0)
			return refuse(why, -EINTR, "allocate", "interrupted");
		take_spare(hog, request, ~0U);
	}
	if (request->slabs)
		slab_take_all(&hog->objects);
	return 0;
}

static int populate(struct hog *hog, const struct hog_request *request, struct refusal *why)
{
	uint64_t npages = request->size >> PAGE_SHIFT;
	int err;

	if (npages > pages_managed())
		return refuse(why, -ENOMEM, "size", "%lu pages are wanted, all zones have %lu",
			      npages, pages_managed());
	if (npages == 0)
		err = take_all(hog, request, why);
	else
		err = vm_object_grow(hog->object, npages, request->order, request->node,
				     request->node != NODE_ANY, why);
	if (err == 0)
		err = hog_fill(hog, why);
	__atomic_store_n(&hog->filled, err == 0, __ATOMIC_RELEASE);
	return err;
}

/* NULL with *err: no memory or no address space. */
static struct hog *hog_create(const struct hog_request *request, int *err, struct refusal *why)
{
	uint64_t limit = request->size != 0 ? request->size >> PAGE_SHIFT : pages_managed();
	char name[VM_OBJECT_NAME_MAX];
	struct hog *hog = kzalloc(sizeof(*hog));

	if (hog == NULL) {
		*err = refuse(why, -ENOMEM, "create", "no memory for a hog's descriptor");
		return NULL;
	}
	snprintf(name, sizeof(name), "hog:%s", request->name);
	*err = vm_object_create(name, limit, request->movable, &hog->object, why);
	if (*err != 0) {
		kfree(hog);
		return NULL;
	}
	strncpy(hog->name, request->name, HOG_NAME_MAX - 1);
	hog->seed = request->seed;
	hog->stride = request->stride != 0 ? request->stride : sizeof(uint64_t);
	hog->order = request->order;
	hog->size = request->size;
	hog->node = request->node;
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
			      "0x%lx is not a multiple of a chunk of order %u", request->size,
			      request->order);
	if (request->stride != 0 && (request->stride < 8 || !is_power_of_two(request->stride)))
		return refuse(why, -EINVAL, "stride", "0x%lx is not a power of two of 8 or more",
			      request->stride);
	if (request->node != NODE_ANY && (unsigned)request->node >= nr_nodes)
		return refuse(why, -ENOENT, "node", "there is no node %d", request->node);
	if (request->wait && request->size == 0)
		return refuse(why, -EINVAL, "size", "what is free now needs no waiting");
	if (request->slabs && request->size != 0)
		return refuse(why, -EINVAL, "size", "slabs are taken whole: by `max`");
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
	hog = hog_create(request, &err, why);
	if (hog == NULL)
		goto out;
	err = request->wait ? hog_fill_later(hog, why) : populate(hog, request, why);
	if (err != 0)
		hog_free(hog);
	else
		list_add_tail(&hog->link, &hogs);
out:
	mutex_unlock(&hogs_lock);
	return err;
}

static int verify(struct hog *hog, void *arg __unused, struct refusal *why)
{
	int err = hog_check_whole(hog, why);

	if (err != 0)
		return err;
	if (hog->failed)
		return hog_refuse_bad_word(hog, why);
	/* A churning hog verifies itself all the time. */
	return hog->churner != NULL ? 0 : hog_read(hog, why);
}

int hog_verify(const char *name, struct refusal *why)
{
	return hog_apply(name, verify, NULL, why);
}

static void churn_thread(void *arg)
{
	struct hog *hog = arg;

	while (!__atomic_load_n(&hog->stop, __ATOMIC_ACQUIRE) && !hog->failed)
		hog_rewrite(hog);
}

/* arg: the CPU's number; NULL: any. */
static int churn(struct hog *hog, void *arg, struct refusal *why)
{
	const unsigned *cpu = arg;
	char thread[THREAD_NAME_MAX];
	int err = hog_check_whole(hog, why);

	if (err != 0)
		return err;
	if (hog->churner != NULL)
		return refuse(why, -EALREADY, "churn", "%s is churning", hog->name);
	snprintf(thread, sizeof(thread), "churn:%s", hog->name);
	hog->churner = cpu == NULL ? thread_create(thread, churn_thread, hog)
				   : thread_create_on(*cpu, thread, churn_thread, hog);
	return hog->churner != NULL ? 0 : refuse(why, -ENOMEM, "churn", "no memory for a thread");
}

int hog_churn(const char *name, struct refusal *why)
{
	return hog_apply(name, churn, NULL, why);
}

int hog_churn_on(const char *name, unsigned cpu, struct refusal *why)
{
	if (cpu >= MAX_CPUS || !smp_is_online(cpu))
		return refuse(why, -ENODEV, "cpu", "no CPU %u runs", cpu);
	return hog_apply(name, churn, &cpu, why);
}

static int share(struct hog *hog, void *arg __unused, struct refusal *why)
{
	int err = hog_check_whole(hog, why);

	return err != 0 ? err : vm_object_share(hog->object, why);
}

int hog_share(const char *name, struct refusal *why)
{
	return hog_apply(name, share, NULL, why);
}

/* Its pin goes with it, as a device is told to stop before its driver ends. */
static int stop(struct hog *hog, void *arg __unused, struct refusal *why)
{
	int err = 0;

	list_del(&hog->link);
	hog_stop_filling(hog);
	if (hog->churner != NULL) {
		__atomic_store_n(&hog->stop, true, __ATOMIC_RELEASE);
		thread_join(hog->churner);
	}
	if (hog->failed)
		err = hog_refuse_bad_word(hog, why);
	hog_drop_pin(hog);
	hog_free(hog);
	return err;
}

int hog_stop(const char *name, struct refusal *why)
{
	return hog_apply(name, stop, NULL, why);
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
		.pinned = "no",
		.movable = hog->object->owner.ops != NULL,
		.churning = hog->churner != NULL,
		.waiting = hog_is_waiting(hog),
	};
	if (__atomic_load_n(&hog->pin.held, __ATOMIC_ACQUIRE)) {
		info->pinned_pages = hog->pin.range.npages;
		info->pinned = hog->pin.kind == PIN_LONG ? "long" : "short";
	}
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
