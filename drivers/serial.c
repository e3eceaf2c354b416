/*
 * drivers/serial.c - COM1, a 16550 UART [PC16550D]: setting it up, and output.
 *
 * Output polls the transmitter, so that it works from the first line to the last of a panic.  An
 * empty transmitter takes as many bytes as its FIFO has places [PC16550D 8.4.2]: one poll for all.
 *
 * Lock: serial_lock (spin, rank SERIAL) around one call's bytes; not taken in a panic.
 */
#include "drivers/serial.h"

#include "arch/io.h"
#include "drivers/serial_priv.h"
#include "kernel/lib/errno.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"

#define DIVISOR	      1 /* 115200 baud */
#define TRANSMIT_SPIN 4000000U

static struct spinlock serial_lock = SPINLOCK_INIT("serial", RANK_SERIAL);
static bool absent;	   /* set once at boot */
static unsigned burst = 1; /* bytes that an empty transmitter takes; the same */

/* Bytes that the transmitter takes before it is asked again; under serial_lock, or in a panic. */
static unsigned room;

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
	if ((io_in8(COM1 + REG_IIR) & IIR_FIFO) == IIR_FIFO)
		burst = FIFO_SIZE;
}

static void wait_empty(void)
{
	for (unsigned i = 0; i < TRANSMIT_SPIN; i++) {
		if (io_in8(COM1 + REG_LSR) & LSR_EMPTY) {
			room = burst;
			return;
		}
	}
	room = 1; /* nobody takes it: lose a byte, not a FIFO full */
}

static void write_byte(uint8_t byte)
{
	if (room == 0)
		wait_empty();
	room--;
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

bool serial_present(void)
{
	return !absent;
}

int serial_poll(void)
{
	if (absent || !(io_in8(COM1 + REG_LSR) & LSR_READY))
		return -EAGAIN;
	return io_in8(COM1 + REG_DATA);
}
