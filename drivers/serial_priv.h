/*
 * drivers/serial_priv.h - the UART's registers, for serial.c, serial_input.c and serial_wait.c.
 */
#ifndef DRIVERS_SERIAL_PRIV_H
#define DRIVERS_SERIAL_PRIV_H

#include "kernel/lib/types.h"

#define COM1	 0x3f8
#define COM1_ISA 4

/* Registers, as offsets [PC16550D 8.0]. */
enum { REG_DATA = 0, REG_IER = 1, REG_FCR = 2, REG_LCR = 3, REG_MCR = 4, REG_LSR = 5 };
enum { REG_IIR = 2 };				    /* as REG_FCR is read */
enum { REG_DIVISOR_LOW = 0, REG_DIVISOR_HIGH = 1 }; /* while LCR_DLAB is set */

#define LCR_8N1	    0x03
#define LCR_DLAB    0x80
#define FCR_ENABLE  0xc7 /* FIFOs on, both cleared; an interrupt at 14 bytes, or a pause */
#define IIR_FIFO    0xc0 /* both set: there are FIFOs that work */
#define FIFO_SIZE   16
#define MCR_ON	    0x0b /* DTR, RTS, and OUT2, which gates the interrupt line on a PC */
#define IER_RECEIVE 0x01
#define LSR_READY   0x01 /* a byte came */
#define LSR_EMPTY   0x20 /* the transmitter takes another */

/* False where nobody drives the bus. */
bool serial_present(void);
/* Whether the transmitter is empty, asked at most so many times. */
bool serial_poll_empty(unsigned polls);
/* Bytes that it then takes at once. */
unsigned serial_burst(void);

#endif
