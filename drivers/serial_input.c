/*
 * drivers/serial_input.c - input of COM1: an interrupt that moves bytes from the chip to a
 * ring, from which one reader takes them.
 *
 * The ring has one writer (the interrupt) and one reader (the shell's thread); each writes its
 * own count only, so the ring needs no lock.  Waiting does: readers.lock (rank WAITQUEUE).
 * The interceptor is set once, before the first reader waits.
 */
#include "arch/io.h"
#include "arch/irq.h"
#include "drivers/serial.h"
#include "drivers/serial_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/mutex.h"

#define INPUT_SIZE 16384U /* a power of two: the counts run freely */
#define DRAIN_MAX  64U	  /* bytes taken per interrupt: a broken chip must not hold us */

static bool (*interceptor)(uint8_t byte);
static struct wait_queue readers = WAIT_QUEUE_INIT(readers, "serial");
static uint8_t input[INPUT_SIZE];
static uint32_t input_in, input_out; /* bytes put in and taken out since boot */
static uint32_t input_lost;	     /* bytes that found the ring full */

static void receive(uint8_t byte)
{
	uint32_t out = __atomic_load_n(&input_out, __ATOMIC_ACQUIRE);

	if (interceptor != NULL && interceptor(byte))
		return;
	if (input_in - out == INPUT_SIZE) {
		input_lost++;
		return;
	}
	input[input_in % INPUT_SIZE] = byte;
	__atomic_store_n(&input_in, input_in + 1, __ATOMIC_RELEASE);
}

/*
 * The line is edge triggered: an interrupt that leaves bytes in the chip sees no other, since the
 * chip goes on asserting it.  Switched off and on, the chip makes a new edge if one is due.
 */
static void rearm(void)
{
	io_out8(COM1 + REG_IER, 0);
	io_out8(COM1 + REG_IER, IER_RECEIVE);
}

static bool on_interrupt(void *arg __unused)
{
	unsigned n = 0;

	while (n < DRAIN_MAX && (io_in8(COM1 + REG_LSR) & LSR_READY)) {
		receive(io_in8(COM1 + REG_DATA));
		n++;
	}
	if (n == DRAIN_MAX)
		rearm();
	if (n != 0)
		wait_queue_wake(&readers);
	return n != 0;
}

void serial_start_input(void)
{
	int err;

	if (!serial_present()) {
		klog(LOG_WARN, "serial: no COM1");
		return;
	}
	err = irq_register_isa(COM1_ISA, "serial", on_interrupt, NULL);
	if (err != 0) {
		klog(LOG_ERR, "serial: no input: irq %u: %s", COM1_ISA, errno_name(err));
		return;
	}
	io_out8(COM1 + REG_IER, IER_RECEIVE);
}

static bool input_ready(void *arg __unused)
{
	return __atomic_load_n(&input_in, __ATOMIC_ACQUIRE) != input_out;
}

bool serial_input_waits(void)
{
	return input_ready(NULL);
}

int serial_read(uint64_t timeout_us)
{
	int err = wait_event(&readers, input_ready, NULL, timeout_us, true);
	uint8_t byte;

	if (err != 0)
		return err;
	byte = input[input_out % INPUT_SIZE];
	__atomic_store_n(&input_out, input_out + 1, __ATOMIC_RELEASE);
	return byte;
}

void serial_set_interceptor(bool (*intercept)(uint8_t byte))
{
	interceptor = intercept;
}

uint32_t serial_input_lost(void)
{
	return __atomic_load_n(&input_lost, __ATOMIC_RELAXED);
}
