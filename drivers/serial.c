/*
 * drivers/serial.c - COM1, a 16550 UART [PC16550D]: setting it up, and output.
 *
 * Output polls the transmitter, so that it works from the first line to the last of a panic.  An
 * empty transmitter takes as many bytes as its FIFO has places [PC16550D 8.4.2]: one poll for all.
 *
 * Whoever reads the other end may stop (a terminal after Ctrl-S, a busy host), and QEMU then keeps
 * the transmitter full.  A thread that may sleep waits for as long as that lasts, and before it
 * takes any lock (drivers/serial_wait.c).  All others wait for a bounded time, once; what they
 * write until the transmitter is empty again is dropped, so that a CPU is not held up at each byte.
 * (The log's lines stay in its ring.)
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
static bool stopped;	     /* nobody took them the last time; the same */
static uint32_t output_lost; /* bytes dropped; the same */

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

bool serial_poll_empty(unsigned polls)
{
	for (unsigned i = 0; i < polls; i++)
		if (io_in8(COM1 + REG_LSR) & LSR_EMPTY)
			return true;
	return false;
}

/* In a panic nobody else is held up: each byte has the whole time. */
static void wait_empty(void)
{
	stopped = !serial_poll_empty(stopped && !panic_in_progress() ? 1 : TRANSMIT_SPIN);
	room = stopped ? 0 : burst;
}

static void write_byte(uint8_t byte)
{
	if (room == 0)
		wait_empty();
	if (room == 0) {
		output_lost++;
		return;
	}
	room--;
	io_out8(COM1 + REG_DATA, byte);
}

uint32_t serial_output_lost(void)
{
	return __atomic_load_n(&output_lost, __ATOMIC_RELAXED);
}

void serial_write_unlocked(const char *text, size_t len)
{
	if (absent)
		return;
	if (room < burst && serial_poll_empty(1)) /* as serial_wait_room() found it */
		room = burst;
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

unsigned serial_burst(void)
{
	return burst;
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
