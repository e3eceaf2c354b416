/*
 * mm/page_pin.h - pins: who knows a chunk by its physical address, so that it must not move.
 *
 * A pin is short - a copy or a device is at work on it and will be done in a moment - or long:
 * nobody knows for how long.  A chunk with short pins is waited for; one with long pins is as
 * unmovable as a page table, so it may only lie in ZONE_NORMAL (mm/vm/pin.h sees to that) and an
 * offline refuses it before anything has moved.
 *
 * Counts are in the descriptor of the chunk's head, 16 bits a kind.
 *
 * Lock: whoever pins or unpins holds the owner's lock, under which the owner also isolates: a
 * chunk that is isolated gets no pin, and one with a pin is not isolated.  The counts may be
 * read without it; the answer is then a moment old.
 */
#ifndef MM_PAGE_PIN_H
#define MM_PAGE_PIN_H

#include "mm/page.h"

enum pin_kind { PIN_SHORT, PIN_LONG };

/* 0, or -EOVERFLOW: 65,535 pins of that kind are on it already.  => owner's lock held */
int page_pin(struct page *page, enum pin_kind kind);
/* Takes one back.  => owner's lock held; there is one */
void page_unpin(struct page *page, enum pin_kind kind);

static inline unsigned page_pins(const struct page *page, enum pin_kind kind)
{
	return __atomic_load_n(kind == PIN_LONG ? &page->long_pins : &page->short_pins,
			       __ATOMIC_RELAXED);
}

static inline bool page_pinned(const struct page *page)
{
	return page_pins(page, PIN_SHORT) != 0 || page_pins(page, PIN_LONG) != 0;
}

/* Can the chunk in use be moved, now or in a moment? */
static inline bool page_movable(const struct page *page)
{
	return page_owner_movable(page->owner) && page_pins(page, PIN_LONG) == 0;
}

#endif
