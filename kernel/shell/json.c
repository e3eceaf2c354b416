/*
 * kernel/shell/json.c - one JSON document on one line [RFC 8259].
 *
 * The caller owns the struct json; bit d of not_first says that a comma is due at depth d.
 */
#include "kernel/lib/assert.h"
#include "kernel/shell/shell.h"

#define DEPTH_MAX 31

/* A string in quotes.  What is not ASCII passes as it is: the document is UTF-8. */
static void put_string(const char *s)
{
	shell_write("\"", 1);
	while (*s != '\0') {
		size_t plain = 0;

		while ((uint8_t)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\')
			plain++;
		shell_write(s, plain);
		s += plain;
		if (*s == '"' || *s == '\\')
			shell_printf("\\%c", *s++);
		else if (*s != '\0')
			shell_printf("\\u%04x", (unsigned)(uint8_t)*s++);
	}
	shell_write("\"", 1);
}

/* The comma and the key in front of a value. */
static void put_key(struct json *j, const char *key)
{
	if (j->not_first & 1U << j->depth)
		shell_write(",", 1);
	j->not_first |= 1U << j->depth;
	if (key != NULL) {
		put_string(key);
		shell_write(":", 1);
	}
}

static void open(struct json *j, const char *bracket)
{
	ASSERT(j->depth < DEPTH_MAX);
	shell_write(bracket, 1);
	j->depth++;
	j->not_first &= ~(1U << j->depth);
}

static void close(struct json *j, const char *bracket)
{
	ASSERT(j->depth > 0);
	j->depth--;
	shell_write(bracket, 1);
}

void json_begin(struct json *j)
{
	j->depth = 0;
	j->not_first = 0;
	open(j, "{");
}

void json_end(struct json *j)
{
	close(j, "}");
	ASSERT(j->depth == 0);
	shell_write("\n", 1);
}

void json_array(struct json *j, const char *key)
{
	put_key(j, key);
	open(j, "[");
}

void json_array_end(struct json *j)
{
	close(j, "]");
}

void json_object(struct json *j, const char *key)
{
	put_key(j, key);
	open(j, "{");
}

void json_object_end(struct json *j)
{
	close(j, "}");
}

void json_string(struct json *j, const char *key, const char *value)
{
	put_key(j, key);
	put_string(value);
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	put_key(j, key);
	shell_printf("%lu", value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	shell_printf("%s", value ? "true" : "false");
}
