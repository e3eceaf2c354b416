/*
 * tests/unit/include/arch/io.h - ports on the host: the devices behind them are the test's own.
 */
#ifndef TESTS_UNIT_IO_H
#define TESTS_UNIT_IO_H

#include "kernel/lib/types.h"

uint8_t io_in8(uint16_t port);
void io_out16(uint16_t port, uint16_t v);

#endif
