/*
 * kernel/shell/history.c - the ring of entered lines.
 *
 * Owns nothing but the object it is given.  Lines lie end to end in one buffer; dropping the
 * oldest moves the rest down, which at 16 KiB costs less than any cleverness.
 */
#include "kernel/shell/history.h"

#include "kernel/lib/string.h"

static void drop_oldest(struct history *h)
{
	size_t len = strlen(h->text) + 1;

	memmove(h->text, h->text + len, h->used - len);
	h->used -= len;
	h->first++;
	h->count--;
}

const char *history_at(const struct history *h, unsigned index)
{
	const char *line = h->text;

	if (index >= h->count)
		return NULL;
	while (index-- > 0)
		line += strlen(line) + 1;
	return line;
}

void history_add(struct history *h, const char *line)
{
	size_t len = strlen(line) + 1;

	if (len == 1 || len > sizeof(h->text))
		return;
	if (h->count != 0 && strcmp(history_at(h, h->count - 1), line) == 0)
		return;
	while (h->used + len > sizeof(h->text))
		drop_oldest(h);
	memcpy(h->text + h->used, line, len);
	h->used += len;
	h->count++;
	if (h->first == 0)
		h->first = 1;
}
