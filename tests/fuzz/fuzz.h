/*
 * tests/fuzz/fuzz.h - what the fuzz targets share: a check that stops the fuzzer.
 *
 * libFuzzer hands over a heap block of exactly `size` bytes, so ASan sees every read outside.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "kernel/lib/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An invariant of the result; a broken one is a finding like a crash. */
#define MUST(expr)                                                                         \
	do {                                                                               \
		if (!(expr)) {                                                             \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #expr); \
			abort();                                                           \
		}                                                                          \
	} while (0)

/*
 * With FUZZ_ACCEPT set the inputs are what a real machine has (files real-*, capture.py): that one
 * of them is refused is a finding, too.
 */
#define ACCEPTED(expr) MUST(!must_accept() || (expr))

static inline bool must_accept(void)
{
	static int must = -1;

	if (must < 0)
		must = getenv("FUZZ_ACCEPT") != NULL;
	return must;
}

/* Lines said since the last reset.  Each must fit a log line and stay one line. */
static unsigned lines_said;

static inline void count_line(const char *line)
{
	lines_said++;
	MUST(strlen(line) > 0 && strlen(line) < 200);
	MUST(strchr(line, '\n') == NULL);
}

/* A number of `width` bytes, the lowest first. */
static inline uint64_t field(const uint8_t *bytes, unsigned width)
{
	uint64_t value = 0;

	while (width-- > 0)
		value = value << 8 | bytes[width];
	return value;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
