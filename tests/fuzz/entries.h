/*
 * tests/fuzz/entries.h - a second walk over the entries of a table (SRAT, MADT), as naive as can
 * be: the targets follow it and ask for each entry where it went.
 */
#ifndef TESTS_FUZZ_ENTRIES_H
#define TESTS_FUZZ_ENTRIES_H

#include "tests/fuzz/fuzz.h"

struct raw_entry {
	const uint8_t *bytes;
	size_t length;
	uint8_t type;
};

/* The entry at *at, which moves behind it; false at the end, and where no other can be found,
 * which then counts as one entry rejected. */
static inline bool next_raw(const uint8_t *table, size_t size, size_t *at, struct raw_entry *e,
			    unsigned *rejected)
{
	if (*at >= size)
		return false;
	e->bytes = table + *at;
	e->type = table[*at];
	e->length = size - *at < 2 ? 0 : table[*at + 1];
	if (e->length < 2 || e->length > size - *at) {
		++*rejected;
		return false;
	}
	*at += e->length;
	return true;
}

#endif
