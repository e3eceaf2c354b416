/*
 * tests/unit/shell_kit.h - what shell code prints, caught in a string.
 */
#ifndef TESTS_UNIT_SHELL_KIT_H
#define TESTS_UNIT_SHELL_KIT_H

#include "kernel/lib/errno.h"
#include "kernel/shell/shell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char printed[8192];
static size_t nprinted;

void shell_write(const char *text, size_t len)
{
	if (nprinted + len >= sizeof(printed))
		abort();
	memcpy(printed + nprinted, text, len);
	nprinted += len;
	printed[nprinted] = '\0';
}

void shell_printf(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	shell_write(text, strlen(text));
}

int shell_usage(const char *command, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	shell_printf("%s: %s\n", command, text);
	return SHELL_USAGE;
}

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, expr);
	abort();
}

bool thread_interrupted(void);
bool thread_interrupted(void)
{
	return false;
}

static inline const char *take_printed(void)
{
	static char text[sizeof(printed)];

	memcpy(text, printed, nprinted);
	text[nprinted] = '\0';
	nprinted = 0;
	return text;
}

#endif
