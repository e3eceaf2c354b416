/*
 * drivers/acpi/osl_sync.c - ACPICA's spin locks and semaphores; its mutexes are semaphores.
 *
 * Both live in ACPICA's arena.  ACPICA holds its spin locks around acpi_os_execute(), which
 * wakes a thread, so their rank (RANK_ACPICA) is below that of wait queues.
 */
#include "drivers/acpi/osl.h"
#include "kernel/mutex.h"
#include "kernel/spinlock.h"
#include "kernel/thread.h"

acpi_thread_id acpi_os_get_thread_id(void)
{
	return (acpi_thread_id)(uintptr_t)thread_current(); /* must not be 0 */
}

/* --- spin locks --- */

acpi_status acpi_os_create_lock(acpi_spinlock *out_handle)
{
	struct spinlock *lock = acpi_os_allocate(sizeof(*lock));

	if (lock == NULL)
		return AE_NO_MEMORY;
	spin_init(lock, "acpica", RANK_ACPICA);
	*out_handle = lock;
	return AE_OK;
}

void acpi_os_delete_lock(acpi_spinlock handle)
{
	acpi_os_free(handle);
}

acpi_cpu_flags acpi_os_acquire_lock(acpi_spinlock handle) NO_TSA
{
	return spin_lock(handle);
}

void acpi_os_release_lock(acpi_spinlock handle, acpi_cpu_flags flags) NO_TSA
{
	spin_unlock(handle, flags);
}

/* --- semaphores --- */

struct osl_semaphore {
	struct wait_queue wait; /* its lock guards `units` */
	uint32_t units, max;
};

/* What a waiter wants; take_units() is evaluated under the wait queue's lock. */
struct take_request {
	struct osl_semaphore *semaphore;
	uint32_t units;
};

static bool take_units(void *arg)
{
	struct take_request *request = arg;

	if (request->semaphore->units < request->units)
		return false;
	request->semaphore->units -= request->units;
	return true;
}

acpi_status acpi_os_create_semaphore(u32 max_units, u32 initial_units, acpi_semaphore *out_handle)
{
	struct osl_semaphore *semaphore;

	if (initial_units > max_units || out_handle == NULL)
		return AE_BAD_PARAMETER;
	semaphore = acpi_os_allocate(sizeof(*semaphore));
	if (semaphore == NULL)
		return AE_NO_MEMORY;
	wait_queue_init(&semaphore->wait, "acpica semaphore");
	semaphore->units = initial_units;
	semaphore->max = max_units;
	*out_handle = semaphore;
	return AE_OK;
}

acpi_status acpi_os_delete_semaphore(acpi_semaphore handle)
{
	if (handle == NULL)
		return AE_BAD_PARAMETER;
	acpi_os_free(handle);
	return AE_OK;
}

/* `timeout` in milliseconds; 0: do not wait, ACPI_WAIT_FOREVER: for ever. */
acpi_status acpi_os_wait_semaphore(acpi_semaphore handle, u32 units, u16 timeout)
{
	struct osl_semaphore *semaphore = handle;
	struct take_request request = {semaphore, units};
	uint64_t flags, us;
	bool taken;

	if (semaphore == NULL || units == 0)
		return AE_BAD_PARAMETER;
	if (timeout == ACPI_DO_NOT_WAIT) {
		flags = spin_lock(&semaphore->wait.lock);
		taken = take_units(&request);
		spin_unlock(&semaphore->wait.lock, flags);
		return taken ? AE_OK : AE_TIME;
	}
	us = timeout == ACPI_WAIT_FOREVER ? 0 : timeout * 1000UL;
	return wait_event(&semaphore->wait, take_units, &request, us, false) == 0 ? AE_OK : AE_TIME;
}

acpi_status acpi_os_signal_semaphore(acpi_semaphore handle, u32 units)
{
	struct osl_semaphore *semaphore = handle;
	acpi_status status = AE_OK;
	uint64_t flags;

	if (semaphore == NULL || units == 0)
		return AE_BAD_PARAMETER;
	flags = spin_lock(&semaphore->wait.lock);
	if (units > semaphore->max - semaphore->units)
		status = AE_LIMIT;
	else
		semaphore->units += units;
	spin_unlock(&semaphore->wait.lock, flags);
	if (ACPI_SUCCESS(status))
		wait_queue_wake(&semaphore->wait);
	return status;
}
