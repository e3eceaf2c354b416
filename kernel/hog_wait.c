/*
 * kernel/hog_wait.c - a hog that gets its memory in a thread of its own, and waits where there
 * is none.
 *
 * Until it is filled the hog is its filler's, but for being looked at and stopped.
 *
 * Lock: hogs_lock over what is called from kernel/hog.c; the filler takes none.
 */
#include "kernel/hog_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/log.h"
#include "kernel/thread.h"
#include "mm/node.h"

/* -EINTR: hog_stop() told it to end, and frees what it has. */
static void fill_waiting(void *arg)
{
	struct hog *hog = arg;
	struct refusal why = {0};
	int err = vm_object_grow_wait(hog->object, hog->size >> PAGE_SHIFT, hog->order, hog->node,
				      hog->node != NODE_ANY, &why);

	if (err == 0)
		err = hog_fill(hog, &why);
	if (err == 0)
		__atomic_store_n(&hog->filled, true, __ATOMIC_RELEASE);
	else if (err != -EINTR)
		klog(LOG_ERR, "hog: %s: %s", hog->name, why.text);
}

int hog_fill_later(struct hog *hog, struct refusal *why)
{
	char thread[THREAD_NAME_MAX];

	snprintf(thread, sizeof(thread), "fill:%s", hog->name);
	hog->filler = thread_create(thread, fill_waiting, hog);
	return hog->filler != NULL ? 0 : refuse(why, -ENOMEM, "fill", "no memory for a thread");
}

bool hog_is_waiting(const struct hog *hog)
{
	return !__atomic_load_n(&hog->filled, __ATOMIC_ACQUIRE);
}

int hog_check_whole(const struct hog *hog, struct refusal *why)
{
	if (!hog_is_waiting(hog))
		return 0;
	return refuse(why, -EAGAIN, "fill", "%s waits for memory: it has %lu of %lu MiB", hog->name,
		      hog_bytes(hog) / MiB, hog->size / MiB);
}

void hog_stop_filling(struct hog *hog)
{
	if (hog->filler == NULL)
		return;
	thread_interrupt(hog->filler);
	thread_join(hog->filler);
}
