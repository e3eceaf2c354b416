/*
 * tests/unit/table_kit.h - builds firmware tables byte by byte, and runs parsers over damaged
 * copies of them.
 *
 * Every parse is of a heap block of exactly the length told, so that ASan sees a read of one
 * byte too many.
 */
#ifndef TESTS_UNIT_TABLE_KIT_H
#define TESTS_UNIT_TABLE_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct blob {
	uint8_t bytes[65536];
	size_t n;
};

static inline void put(struct blob *b, uint64_t value, unsigned width)
{
	assert_true(b->n + width <= sizeof(b->bytes));
	for (unsigned i = 0; i < width; i++)
		b->bytes[b->n++] = (uint8_t)(value >> (8 * i));
}

static inline void put_text(struct blob *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(b, (uint8_t)text[i], 1);
}

static inline void put_zeroes(struct blob *b, size_t n)
{
	while (n--)
		put(b, 0, 1);
}

/* The common header; length and checksum come with table_end(). */
static inline void table_begin(struct blob *b, const char *signature, uint8_t revision)
{
	b->n = 0;
	put_text(b, signature, 4);
	put(b, 0, 4);
	put(b, revision, 1);
	put(b, 0, 1);
	put_text(b, "BOCHS ", 6);
	put_text(b, "BXPC    ", 8);
	put(b, 1, 4);
	put_text(b, "BXPC", 4);
	put(b, 1, 4);
}

static inline void table_end(struct blob *b)
{
	uint8_t sum = 0;
	size_t n = b->n;

	for (unsigned i = 0; i < 4; i++)
		b->bytes[4 + i] = (uint8_t)(n >> (8 * i));
	b->bytes[9] = 0;
	for (size_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + b->bytes[i]);
	b->bytes[9] = (uint8_t)-sum;
}

/* --- what the parser complained about --- */
static char said_text[1 << 16];
static unsigned said_lines;

static inline void said_reset(void)
{
	said_text[0] = '\0';
	said_lines = 0;
}

static inline void say(const char *line)
{
	size_t used = strlen(said_text);

	assert_null(strchr(line, '\n'));
	said_lines++;
	snprintf(said_text + used, sizeof(said_text) - used, "%s\n", line);
}

/* Fails unless exactly this line was said. */
#define assert_said(line)                                                    \
	do {                                                                 \
		if (!strstr(said_text, line "\n"))                           \
			fail_msg("not said: %s\nsaid: %s", line, said_text); \
	} while (0)

/* --- the table under test --- */

/*
 * Defines `table`, `info` and parse(), which ends the table and runs the parser over a copy of
 * exactly its length: 0 or what the parser says.
 */
#define TABLE_UNDER_TEST(parser, type)                     \
	static struct blob table;                          \
	static struct type info;                           \
	static int parse(void)                             \
	{                                                  \
		uint8_t *copy = malloc(table.n);           \
		int err;                                   \
                                                           \
		assert_non_null(copy);                     \
		table_end(&table);                         \
		memcpy(copy, table.bytes, table.n);        \
		said_reset();                              \
		err = (parser)(copy, table.n, &info, say); \
		free(copy);                                \
		return err;                                \
	}

/* --- damaged copies --- */
/* Parses `n` bytes and checks every invariant of the result; must not fail a sound result. */
typedef void (*probe_fn)(const uint8_t *bytes, size_t n);

static inline void probe_copy(const uint8_t *bytes, size_t n, probe_fn probe)
{
	uint8_t *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	said_reset();
	probe(n ? copy : copy + 1, n);
	free(copy);
}

/* Every length from nothing to all of it. */
static inline void probe_truncations(const struct blob *b, probe_fn probe)
{
	for (size_t n = 0; n <= b->n; n++)
		probe_copy(b->bytes, n, probe);
}

/* Every byte replaced by every other value. */
static inline void probe_corruptions(const struct blob *b, probe_fn probe)
{
	struct blob *damaged = malloc(sizeof(*damaged));

	assert_non_null(damaged);
	*damaged = *b;
	for (size_t i = 0; i < b->n; i++) {
		for (unsigned v = 0; v < 256; v++) {
			damaged->bytes[i] = (uint8_t)v;
			probe_copy(damaged->bytes, damaged->n, probe);
		}
		damaged->bytes[i] = b->bytes[i];
	}
	free(damaged);
}

/* Random bytes behind a sound start: `rounds` of them, the same ones in every run. */
static inline void probe_noise(const struct blob *b, size_t keep, unsigned rounds, probe_fn probe)
{
	struct blob *noise = malloc(sizeof(*noise));
	uint64_t state = 0x9e3779b97f4a7c15;

	assert_non_null(noise);
	*noise = *b;
	while (rounds--) {
		for (size_t i = keep; i < noise->n; i++) {
			state = state * 6364136223846793005 + 1442695040888963407;
			/* Small values are likelier to be lengths and types that mean something. */
			noise->bytes[i] = (uint8_t)(state >> 60 ? state >> 40 & 0x1f : state >> 40);
		}
		probe_copy(noise->bytes, noise->n, probe);
	}
	free(noise);
}

/* All of them; from byte `keep` on the noise begins. */
static inline void probe_damage(const struct blob *b, size_t keep, unsigned rounds, probe_fn probe)
{
	probe_truncations(b, probe);
	probe_corruptions(b, probe);
	probe_noise(b, keep, rounds, probe);
}

#endif
