/*
 * drivers/serial.c - COM1, a 16550 UART [PC16550D].
 *
 * Output polls the transmitter.  Input is an interrupt that moves bytes from the chip to a
 * ring, from which one reader takes them.
 *
 * Locks used to protect variables in this file:
 *	s	serial_lock (spin, rank SERIAL), around one call's output
 *	w	readers.lock: wait_event() evaluates its condition under it
 *	p	set once at boot
 * The ring has one writer (the interrupt) and one reader, whose indices only they write.
 */
#include "drivers/serial.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/irq.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/mutex.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"

#define COM1	 0x3f8
#define COM1_ISA 4

/* Registers, as offsets [PC16550D 8.0]. */
enum { REG_DATA = 0, REG_IER = 1, REG_FCR = 2, REG_LCR = 3, REG_MCR = 4, REG_LSR = 5 };
enum { REG_DIVISOR_LOW = 0, REG_DIVISOR_HIGH = 1 }; /* while LCR_DLAB is set */

#define LCR_8N1	      0x03
#define LCR_DLAB      0x80
#define FCR_ENABLE    0x07 /* FIFOs on, both cleared; an interrupt at each byte */
#define MCR_ON	      0x0b /* DTR, RTS, and OUT2, which gates the interrupt line on a PC */
#define IER_RECEIVE   0x01
#define LSR_READY     0x01 /* a byte came */
#define LSR_EMPTY     0x20 /* the transmitter takes another */
#define DIVISOR	      1	   /* 115200 baud */
#define TRANSMIT_SPIN 1000000U
#define DRAIN_MAX     64U /* bytes taken per interrupt: a broken chip must not hold us */

#define INPUT_SIZE 4096U /* a power of two: indices run freely */

static struct spinlock serial_lock = SPINLOCK_INIT("serial", RANK_SERIAL);
static bool absent;					   /* [p] */
static bool (*interceptor)(uint8_t byte);		   /* [p] */
static struct wait_queue readers = WAIT_QUEUE_INIT(readers, "serial");
static uint8_t input[INPUT_SIZE];
static uint32_t input_in, input_out; /* counts of bytes; the interrupt's and the reader's */
static uint32_t input_lost;	     /* bytes that found the ring full */

void serial_init(void)
{
	io_out8(COM1 + REG_IER, 0);
	io_out8(COM1 + REG_LCR, LCR_DLAB);
	io_out8(COM1 + REG_DIVISOR_LOW, DIVISOR);
	io_out8(COM1 + REG_DIVISOR_HIGH, 0);
	io_out8(COM1 + REG_LCR, LCR_8N1);
	io_out8(COM1 + REG_FCR, FCR_ENABLE);
	io_out8(COM1 + REG_MCR, MCR_ON);
	absent = io_in8(COM1 + REG_LSR) == 0xff; /* nobody drives the bus */
}

static void write_byte(uint8_t byte)
{
	for (unsigned i = 0; i < TRANSMIT_SPIN; i++) {
		if (io_in8(COM1 + REG_LSR) & LSR_EMPTY)
			break;
	}
	io_out8(COM1 + REG_DATA, byte);
}

void serial_write_unlocked(const char *text, size_t len)
{
	if (absent)
		return;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			write_byte('\r');
		write_byte((uint8_t)text[i]);
	}
}

void serial_write(const char *text, size_t len)
{
	uint64_t flags;

	if (panic_in_progress()) { /* whoever holds the lock may never run again */
		serial_write_unlocked(text, len);
		return;
	}
	flags = spin_lock(&serial_lock);
	serial_write_unlocked(text, len);
	spin_unlock(&serial_lock, flags);
}

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

static bool on_interrupt(void *arg __unused)
{
	bool any = false;

	for (unsigned i = 0; i < DRAIN_MAX && (io_in8(COM1 + REG_LSR) & LSR_READY); i++) {
		receive(io_in8(COM1 + REG_DATA));
		any = true;
	}
	if (any)
		wait_queue_wake(&readers);
	return any;
}

void serial_start_input(void)
{
	int err;

	if (absent) {
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

int serial_poll(void)
{
	if (absent || !(io_in8(COM1 + REG_LSR) & LSR_READY))
		return -EAGAIN;
	return io_in8(COM1 + REG_DATA);
}

void serial_set_interceptor(bool (*intercept)(uint8_t byte))
{
	interceptor = intercept;
}

uint32_t serial_input_lost(void)
{
	return __atomic_load_n(&input_lost, __ATOMIC_RELAXED);
}
