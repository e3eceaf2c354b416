/*
 * kernel/hog_pin.c - a hog whose memory is used by its physical address, as a device would.
 *
 * A pin of so many seconds is ended by a timer, which in an interrupt may not take the object's
 * lock: it queues a work, on a thread that is made when the first such pin is.
 *
 * Lock: hogs_lock; the work takes none and only ends a pin that nobody else has ended.
 */
#include "kernel/hog_priv.h"
#include "kernel/lib/errno.h"

static struct workqueue pins_queue;
static bool pins_queue_runs; /* under hogs_lock */

/* False: somebody else did, or there was none. */
static bool end_pin(struct hog_pin *pin, struct vm_object *object)
{
	if (!__atomic_exchange_n(&pin->held, false, __ATOMIC_ACQ_REL))
		return false;
	vm_object_unpin(object, pin->range, pin->kind);
	return true;
}

static void time_is_over(struct work *work)
{
	struct hog *hog = container_of(work, struct hog, pin.work);

	end_pin(&hog->pin, hog->object);
}

static void timer_fired(void *arg)
{
	struct hog *hog = arg;

	work_queue(&pins_queue, &hog->pin.work);
}

/* Afterwards neither the timer nor the work looks at the pin. */
static void settle(struct hog_pin *pin)
{
	timer_cancel(&pin->timer);
	if (pins_queue_runs)
		workqueue_flush(&pins_queue);
}

bool hog_drop_pin(struct hog *hog)
{
	settle(&hog->pin);
	return end_pin(&hog->pin, hog->object);
}

static int check_request(const struct hog *hog, const struct hog_pin_request *request,
			 struct vm_range *range, struct refusal *why)
{
	if (!IS_ALIGNED(request->offset, PAGE_SIZE) || !IS_ALIGNED(request->size, PAGE_SIZE))
		return refuse(why, -EINVAL, "pin", "0x%lx bytes at 0x%lx are not whole pages",
			      request->size, request->offset);
	if (__atomic_load_n(&hog->pin.held, __ATOMIC_ACQUIRE))
		return refuse(why, -EALREADY, "pin", "%s is pinned", hog->name);
	if (request->for_us != 0 && !pins_queue_runs) {
		int err = workqueue_init(&pins_queue, "pins");

		if (err != 0)
			return refuse(why, err, "pin", "no memory for the thread that ends it");
		pins_queue_runs = true;
	}
	range->offset = request->offset >> PAGE_SHIFT;
	range->npages = request->size >> PAGE_SHIFT;
	if (request->size == 0 && range->offset < hog->object->npages)
		range->npages = hog->object->npages - range->offset;
	return 0;
}

static int pin(struct hog *hog, void *arg, struct refusal *why)
{
	struct hog_pin_request *request = arg;
	struct hog_pin *pin = &hog->pin;
	struct vm_range range = {0};
	int err = hog_check_whole(hog, why);

	if (err == 0)
		err = check_request(hog, request, &range, why);
	if (err != 0)
		return err;
	err = vm_object_pin(hog->object, range, request->kind, &request->moved, why);
	if (err != 0)
		return err;
	settle(pin); /* an earlier pin's end may still be under way */
	request->pages = range.npages;
	request->pfn = vm_object_pinned_pfn(hog->object, range.offset);
	pin->kind = request->kind;
	pin->range = range;
	pin->work.fn = time_is_over;
	__atomic_store_n(&pin->held, true, __ATOMIC_RELEASE);
	if (request->for_us != 0)
		timer_start(&pin->timer, request->for_us, timer_fired, hog);
	return 0;
}

int hog_pin(const char *name, struct hog_pin_request *request, struct refusal *why)
{
	return hog_apply(name, pin, request, why);
}

static int unpin(struct hog *hog, void *arg __unused, struct refusal *why)
{
	return hog_drop_pin(hog) ? 0
				 : refuse(why, -EALREADY, "unpin", "%s is not pinned", hog->name);
}

int hog_unpin(const char *name, struct refusal *why)
{
	return hog_apply(name, unpin, NULL, why);
}
