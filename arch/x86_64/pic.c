/*
 * arch/x86_64/pic.c - the two 8259 interrupt controllers: masked where there are IOAPICs, used
 * where there are none.
 *
 * Owns their ports.  Callers hold irq_lock or are the interrupt itself.
 */
#include "arch/x86_64/pic.h"

#include "arch/io.h"

enum {
	PIC1_COMMAND = 0x20,
	PIC1_DATA = 0x21,
	PIC2_COMMAND = 0xa0,
	PIC2_DATA = 0xa1,
	ELCR = 0x4d0, /* edge/level control, a bit a line */
	ICW1_INIT_ICW4 = 0x11,
	ICW4_8086 = 0x01,
	OCW2_EOI = 0x20,
	OCW3_READ_ISR = 0x0b,
	CASCADE = 2, /* the line of the first that the second hangs on */
};

static uint16_t masks = 0xffff;

static void write_masks(void)
{
	io_out8(PIC1_DATA, (uint8_t)masks);
	io_out8(PIC2_DATA, (uint8_t)(masks >> 8));
}

void pic_init(unsigned vector_base)
{
	io_out8(PIC1_COMMAND, ICW1_INIT_ICW4);
	io_out8(PIC2_COMMAND, ICW1_INIT_ICW4);
	io_out8(PIC1_DATA, (uint8_t)vector_base);
	io_out8(PIC2_DATA, (uint8_t)(vector_base + 8));
	io_out8(PIC1_DATA, 1 << CASCADE);
	io_out8(PIC2_DATA, CASCADE);
	io_out8(PIC1_DATA, ICW4_8086);
	io_out8(PIC2_DATA, ICW4_8086);
	masks = 0xffff;
	write_masks();
}

void pic_set_masked(unsigned line, bool masked)
{
	uint16_t bit = (uint16_t)(1U << line);

	masks = masked ? masks | bit : masks & (uint16_t)~bit;
	/* The second controller speaks only through the cascade. */
	if ((masks >> 8) != 0xff)
		masks &= (uint16_t) ~(1U << CASCADE);
	else
		masks |= 1U << CASCADE;
	write_masks();
}

void pic_set_level(unsigned line, bool level)
{
	uint16_t port = (uint16_t)(ELCR + line / 8);
	uint8_t bit = (uint8_t)(1U << line % 8);
	uint8_t now = io_in8(port);

	io_out8(port, level ? now | bit : now & (uint8_t)~bit);
}

bool pic_is_real(unsigned line)
{
	uint16_t command = line < 8 ? PIC1_COMMAND : PIC2_COMMAND;

	if (line % 8 != 7)
		return true;
	io_out8(command, OCW3_READ_ISR);
	if ((io_in8(command) & (1U << 7)) != 0)
		return true;
	if (line == 15)
		io_out8(PIC1_COMMAND, OCW2_EOI); /* the cascade's request was real */
	return false;
}

void pic_eoi(unsigned line)
{
	if (line >= 8)
		io_out8(PIC2_COMMAND, OCW2_EOI);
	io_out8(PIC1_COMMAND, OCW2_EOI);
}
