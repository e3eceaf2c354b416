/*
 * drivers/serial.h - COM1, 115200 8N1, a 16550 [PC16550D].
 *
 * Output polls; input is interrupt driven into a ring once serial_start_input() ran.
 * Lock: serial_lock (spin, rank SERIAL) around one call's bytes.
 */
#ifndef DRIVERS_SERIAL_H
#define DRIVERS_SERIAL_H

#include "kernel/lib/types.h"

void serial_init(void);				 /* from the first C line on */
void serial_write(const char *text, size_t len); /* "\n" goes out as "\r\n" */
/* The same without the lock: panics. */
void serial_write_unlocked(const char *text, size_t len);
/* Waits until as many bytes as it returns go out at once ("\n" is two), for as long as nobody takes
 * them.  Where the caller may not sleep it does not wait: serial_write() does, but not for ever,
 * and then drops bytes. */
unsigned serial_wait_room(void);
void serial_start_input(void); /* needs irq_init() and threads */
/* Whether serial_read() has a byte to give at once. */
bool serial_input_waits(void);
/* The next input byte; waits for it (timeout_us 0: for ever): 0..255, -ETIMEDOUT or -EINTR. */
int serial_read(uint64_t timeout_us);
/* Polls without interrupts, for the panic shell: -EAGAIN where nothing is there. */
int serial_poll(void);
/* Called in interrupt context for every byte before it is queued; true: swallowed (Ctrl-C). */
void serial_set_interceptor(bool (*intercept)(uint8_t byte));
/* Input bytes dropped since boot because nobody took them in time. */
uint32_t serial_input_lost(void);
/* Output bytes dropped since boot because nobody read them and the writer could not wait. */
uint32_t serial_output_lost(void);

#endif
