/*
 * mm/page_pin.c - counting pins.  Owns nothing; the lock is the owner's (mm/page_pin.h).
 *
 * The counts are written atomically only for the sake of those who look without the lock.
 */
#include "mm/page_pin.h"

#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"

static uint16_t *pin_count(struct page *page, enum pin_kind kind)
{
	return kind == PIN_LONG ? &page->long_pins : &page->short_pins;
}

int page_pin(struct page *page, enum pin_kind kind)
{
	uint16_t *count = pin_count(page, kind);

	ASSERT(page->state == PAGE_USED);
	if (*count == UINT16_MAX)
		return -EOVERFLOW;
	__atomic_store_n(count, (uint16_t)(*count + 1), __ATOMIC_RELAXED);
	return 0;
}

void page_unpin(struct page *page, enum pin_kind kind)
{
	uint16_t *count = pin_count(page, kind);

	ASSERT(page->state == PAGE_USED && *count != 0);
	__atomic_store_n(count, (uint16_t)(*count - 1), __ATOMIC_RELAXED);
}
