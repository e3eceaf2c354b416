/*
 * mm/page_poison.h - debug builds fill a single page that is freed, and look when it is given out.
 *
 * For pages that go from and to the lists of a CPU, which are most; a chunk that the buddy
 * allocator cuts anew heads with a fresh descriptor and is not looked at.  That a page was filled
 * stands in page->birth, which a free page does not need.  The address sanitizer's build has
 * better: it sees the write itself.
 *
 * Lock: none; the page belongs to the caller.
 */
#ifndef MM_PAGE_POISON_H
#define MM_PAGE_POISON_H

#include "kernel/panic.h"
#include "kernel/symbols.h"
#include "mm/page.h"

#if defined(CONFIG_DEBUG) && !defined(CONFIG_KASAN) && !defined(HOST_BUILD)

#define PAGE_POISON	  0x6a6a6a6a6a6a6a6aUL
#define PAGE_POISON_BIRTH 0xf4eedeadU
#define PAGE_WORDS	  (PAGE_SIZE / sizeof(uint64_t))

/* The page is in use and about to be freed. */
static inline void page_poison(struct page *page)
{
	void *to = page_to_virt(page);
	uint64_t words = PAGE_WORDS;

	if (page->state != PAGE_USED || page->order != 0)
		return;
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(PAGE_POISON) : "memory");
	page->birth = PAGE_POISON_BIRTH;
}

/* The page was taken from where free ones are; its descriptor is as it was there. */
static inline void page_poison_check(const struct page *page)
{
	const uint64_t *word = page_to_virt(page);

	if (page->order != 0 || page->birth != PAGE_POISON_BIRTH)
		return;
	for (unsigned i = 0; i < PAGE_WORDS; i++)
		if (unlikely(word[i] != PAGE_POISON))
			panic("page poison: pfn 0x%lx was written after it was freed, at byte %zu; "
			      "allocated before by %s",
			      page_to_pfn(page), i * sizeof(*word), symbol_name(page_caller(page)));
}

#else

static inline void page_poison(struct page *page __unused)
{
}

static inline void page_poison_check(const struct page *page __unused)
{
}

#endif
#endif
