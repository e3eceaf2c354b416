/*
 * kernel/options.h - options: words `name=value` of the multiboot2 command line and of
 * fw_cfg opt/org.headroom/cmdline (the latter wins).
 *
 * Written by options_parse() at boot, immutable afterwards.  Unknown or malformed words are
 * reported in the log and ignored.  Known names are declared once, in options.c.
 */
#ifndef KERNEL_OPTIONS_H
#define KERNEL_OPTIONS_H

#include "kernel/lib/types.h"

/* Parses `line` (any bytes, up to 4 KiB used; `from` names it in the log). */
void options_parse(const char *line, size_t len, const char *from);

/* The value of a known option, or NULL where it was not given. */
const char *option_string(const char *name);
/* Its value as a number / a switch (0, 1, on, off; a bare word is on), or the default. */
long option_number(const char *name, long otherwise);
bool option_bool(const char *name, bool otherwise);

#endif
