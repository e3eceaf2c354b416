/*
 * drivers/fw_cfg.h - QEMU's firmware configuration device [QEMU docs/specs/fw_cfg].
 *
 * Files by name over the port interface (0x510, 0x511); absent device: every call says -ENODEV.
 */
#ifndef DRIVERS_FW_CFG_H
#define DRIVERS_FW_CFG_H

#include "kernel/lib/types.h"

/* Reads up to `max` bytes of file `name`; returns its full size, or -ENODEV / -ENOENT. */
long fw_cfg_read(const char *name, void *buf, size_t max);

#endif
