/*
 * kernel/shell/history.c - the ring of entered lines.
 *
 * Owns nothing but the object it is given.  Lines lie end to end in one buffer; dropping the
 * oldest moves the rest down, which at 16 KiB costs less than any cleverness.  Looking one up
 * costs nothing: Ctrl-R looks at all of them for every key.
 */
#include "kernel/shell/history.h"

#include "kernel/lib/string.h"

_Static_assert(HISTORY_BYTES <= UINT16_MAX, "an offset fits");

static void drop_oldest(struct history *h)
{
	uint16_t len = (uint16_t)(strlen(h->text) + 1);

	memmove(h->text, h->text + len, h->used - len);
	h->used -= len;
	h->first++;
	h->count--;
	for (unsigned i = 0; i < h->count; i++)
		h->at[i] = (uint16_t)(h->at[i + 1] - len);
}

const char *history_at(const struct history *h, unsigned index)
{
	return index < h->count ? h->text + h->at[index] : NULL;
}

void history_add(struct history *h, const char *line)
{
	size_t len = strlen(line) + 1;

	if (len == 1 || len > sizeof(h->text))
		return;
	if (h->count != 0 && strcmp(h->text + h->at[h->count - 1], line) == 0)
		return;
	while (h->used + len > sizeof(h->text) || h->count == HISTORY_LINES)
		drop_oldest(h);
	memcpy(h->text + h->used, line, len);
	h->at[h->count] = (uint16_t)h->used;
	h->used += len;
	h->count++;
	if (h->first == 0)
		h->first = 1;
}
