/*
 * drivers/serial_wait.c - threads that have output wait for whoever reads it.
 *
 * The UART could say by an interrupt that it is empty, but hardly anybody ever waits: looking
 * again a hundred times a second does, and leaves output as it is in a panic, all polled.
 *
 * Owns the queue of those who wait; nobody wakes them.  No lock is held while waiting.
 */
#include "drivers/serial.h"
#include "drivers/serial_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/thread.h"

#define POLLS_AWAKE 20000U /* a FIFO of 16 bytes is out in 1.4 ms */
#define POLL_US	    10000

static struct wait_queue writers = WAIT_QUEUE_INIT(writers, "serial-out");

static bool transmitter_empty(void *arg __unused)
{
	return serial_poll_empty(1);
}

/* Ctrl-C does not end it: what the command says of that is to be seen, too. */
unsigned serial_wait_room(void)
{
	if (serial_present() && !serial_poll_empty(1) && thread_may_sleep() &&
	    !serial_poll_empty(POLLS_AWAKE))
		while (wait_event(&writers, transmitter_empty, NULL, POLL_US, false) == -ETIMEDOUT)
			;
	return serial_burst();
}
