/*
 * drivers/acpi/osl_event.c - ACPICA's deferred work and its interrupt, the SCI.
 *
 * The SCI's handler reads and masks general-purpose events and defers their methods by
 * acpi_os_execute(), which may be called with interrupts off and therefore only writes to a
 * static ring.  One thread, "acpi", runs what stands there, in order.  What was cut short, by a
 * full ring or a full arena, is told to whoever asked for that, so that no event is missed.
 *
 * Lock: ring_lock (spin, rank ACPI) guards the ring and the counts.
 */
#include "arch/irq.h"
#include "drivers/acpi/osl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"
#include "mm/hotplug/hotplug.h"

struct event {
	acpi_osd_exec_callback run;
	void *context;
};

static struct spinlock ring_lock = SPINLOCK_INIT("acpi ring", RANK_ACPI);
static struct event ring[OSL_EVENTS_MAX] GUARDED_BY(&ring_lock);
static uint64_t ring_head GUARDED_BY(&ring_lock); /* events taken out since boot */
static uint64_t ring_tail GUARDED_BY(&ring_lock); /* events put in since boot */
static bool ring_running GUARDED_BY(&ring_lock);  /* the one before ring_head is still at work */
static uint64_t ring_dropped GUARDED_BY(&ring_lock);
static struct wait_queue ring_wait = WAIT_QUEUE_INIT(ring_wait, "acpi ring");
static struct wait_queue drained_wait = WAIT_QUEUE_INIT(drained_wait, "acpi drained");
static struct thread *ring_thread;

/* Losses that on_loss was told of; the thread's own, as is on_loss once events are enabled. */
static uint64_t losses_told;
static void (*on_loss)(void);

static acpi_osd_handler sci_handler;
static void *sci_context;
static unsigned sci_number;
static uint64_t sci_count;

static bool ring_has_event(void *arg __unused)
{
	uint64_t flags = spin_lock(&ring_lock);
	bool has = ring_head != ring_tail;

	spin_unlock(&ring_lock, flags);
	return has;
}

static bool ring_is_idle(void *arg __unused)
{
	uint64_t flags = spin_lock(&ring_lock);
	bool idle = ring_head == ring_tail && !ring_running;

	spin_unlock(&ring_lock, flags);
	return idle;
}

/* On the thread "acpi", after an event that may have been cut short. */
static void tell_of_losses(void)
{
	struct acpi_status status = {0};
	uint64_t losses;

	osl_memory_status(&status);
	osl_event_status(&status);
	losses = status.arena_refused + status.events_dropped;
	if (losses == losses_told)
		return;
	losses_told = losses;
	if (on_loss != NULL)
		on_loss();
}

static void run_next_event(void)
{
	struct noalloc *outer;
	uint64_t flags = spin_lock(&ring_lock);
	struct event event = ring[ring_head % OSL_EVENTS_MAX];

	ASSERT(ring_head != ring_tail);
	ring_head++;
	ring_running = true;
	spin_unlock(&ring_lock, flags);

	outer = noalloc_enter(&hotplug_noalloc);
	event.run(event.context);
	tell_of_losses();
	noalloc_leave(outer);

	flags = spin_lock(&ring_lock);
	ring_running = false;
	spin_unlock(&ring_lock, flags);
	wait_queue_wake(&drained_wait);
}

static void ring_main(void *arg __unused)
{
	for (;;) {
		wait_event(&ring_wait, ring_has_event, NULL, 0, false);
		run_next_event();
	}
}

int osl_event_init(void)
{
	ring_thread = thread_create("acpi", ring_main, NULL);
	return ring_thread != NULL ? 0 : -ENOMEM;
}

/*
 * A Notify leaves room for the methods of general-purpose events: ACPICA turns an event off for
 * good whose method it cannot queue, and only that method resets what the firmware has to say.
 */
acpi_status acpi_os_execute(acpi_execute_type type, acpi_osd_exec_callback function, void *context)
{
	unsigned limit = type == OSL_GPE_HANDLER ? OSL_EVENTS_MAX : OSL_NOTIFIES_MAX;
	uint64_t flags;
	bool room;

	if (function == NULL)
		return AE_BAD_PARAMETER;
	flags = spin_lock(&ring_lock);
	room = ring_tail - ring_head < limit;
	if (room)
		ring[ring_tail++ % OSL_EVENTS_MAX] = (struct event){function, context};
	else
		ring_dropped++;
	spin_unlock(&ring_lock, flags);
	if (!room)
		return AE_NO_MEMORY;
	wait_queue_wake(&ring_wait);
	return AE_OK;
}

/* ACPICA calls it before it forgets a handler.  The thread itself must not wait for itself. */
void acpi_os_wait_events_complete(void)
{
	if (thread_current() != ring_thread)
		wait_event(&drained_wait, ring_is_idle, NULL, 0, false);
}

void osl_event_on_loss(void (*fn)(void))
{
	on_loss = fn;
}

void osl_event_status(struct acpi_status *status)
{
	status->sci = sci_number;
	status->sci_count = __atomic_load_n(&sci_count, __ATOMIC_RELAXED);
	status->events_dropped = __atomic_load_n(&ring_dropped, __ATOMIC_RELAXED);
}

/* --- the SCI --- */

static bool sci_interrupt(void *arg __unused)
{
	struct noalloc *outer = noalloc_enter(&hotplug_noalloc);
	bool handled = sci_handler(sci_context) == ACPI_INTERRUPT_HANDLED;

	noalloc_leave(outer);
	if (!handled)
		return false;
	__atomic_fetch_add(&sci_count, 1, __ATOMIC_RELAXED);
	return true;
}

acpi_status acpi_os_install_interrupt_handler(u32 interrupt_number,
					      acpi_osd_handler service_routine, void *context)
{
	int err;

	if (sci_handler != NULL)
		return AE_ALREADY_EXISTS;
	sci_handler = service_routine;
	sci_context = context;
	sci_number = interrupt_number;
	err = irq_register_sci(interrupt_number, "acpi", sci_interrupt, NULL);
	if (err == 0)
		return AE_OK;
	sci_handler = NULL;
	klog(LOG_ERR, "acpi: interrupt %u cannot be had: %s", interrupt_number, errno_name(err));
	return AE_NOT_ACQUIRED;
}

acpi_status acpi_os_remove_interrupt_handler(u32 interrupt_number, acpi_osd_handler service_routine)
{
	if (sci_handler != service_routine)
		return AE_NOT_EXIST;
	irq_unregister_isa(interrupt_number, sci_interrupt);
	sci_handler = NULL;
	return AE_OK;
}
