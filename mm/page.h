/*
 * mm/page.h - struct page, the 32-byte descriptor of a page frame, and its owners.
 *
 * A descriptor speaks only for the chunk it heads (2^order naturally aligned pages).  It is
 * written when its page becomes the head of a chunk and cleared (all 32 bytes) when a merge
 * swallows the head; any other descriptor holds whatever was in that memory before: nothing
 * may read it.  Two exceptions make walks possible: chunks tile every online block without a
 * gap from block->usable on, and the descriptor at the first page of every online 128 MiB
 * block heads a chunk or is PAGE_COVERED (a chunk of order > BLOCK_ORDER from below covers it).
 *
 * Locks used to protect struct members in this file:
 *	z	the zone's lock; between PAGE_USED and PAGE_PCP the state changes under that of
 *		the per-CPU list instead
 *	o	who owns the chunk (between page_alloc() and page_free())
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "arch/mmu.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"

#define MAX_ORDER   18U /* 1 GiB */
#define ORDER_2M    9U
#define BLOCK_ORDER 15U /* 128 MiB, the window of a memory block */
#define BLOCK_PAGES (1UL << BLOCK_ORDER)

/* What debug builds leave in descriptors that head nothing: its state is none of ours. */
#define HEAD_POISON 0xdb

enum page_state {
	PAGE_NONE = 0, /* heads nothing */
	PAGE_FREE,     /* heads a chunk on a free list */
	PAGE_USED,     /* heads an allocated chunk */
	PAGE_PCP,      /* heads a free chunk on a per-CPU list: mm/pcp.h */
	PAGE_ISOLATED, /* heads a free chunk of a block that is going offline: on no list */
	PAGE_COVERED,  /* first page of a block inside a chunk that starts in an earlier one */
};

struct page;

struct page_owner;

/*
 * Chunks of one owner that move together.  Who touches one of them waits for all: 64 pages are
 * about 120,000 instructions, a tenth of a millisecond.  A larger chunk is a batch of its own.
 */
#define PAGE_BATCH_MAX 64U

struct page_batch {
	const struct page_owner *owner;
	unsigned count;
	struct page *from[PAGE_BATCH_MAX];
	struct page *to[PAGE_BATCH_MAX]; /* of the same orders */
};

/*
 * Who a used chunk belongs to.  Instances live as long as any page points at them, and then until
 * page_owner_retire() (mm/alloc.h) returns: so who finds a chunk in use by page_in_use(), under
 * the lock of its zone, may follow page->owner until he drops that lock, and no longer.
 * `move` NULL: unmovable, and `name` is the reason that `why` prints ("slab:thread").
 *
 * isolate   from now until putback() no chunk of the owner comes, goes, moves or gets pinned.
 *	     Called under the lock of a zone in which the owner has a chunk, so it may not wait;
 *	     0, -EAGAIN (busy: try again later) or -EBUSY.
 * move	     contents, private words and mappings, of all chunks or, with an errno, of none
 * putback   ends what isolate() began, whether the chunks moved or not; `from` is the caller's
 */
struct page_owner_ops {
	int (*isolate)(const struct page_owner *owner);
	int (*move)(const struct page_batch *batch);
	void (*putback)(const struct page_owner *owner);
};
#define PAGE_OWNER_NAME_MAX 40 /* for a copy: what is longer is cut there */

struct page_owner {
	const char *name;
	const struct page_owner_ops *ops; /* NULL: unmovable */
};

struct page {
	uint8_t state;	 /* [z] enum page_state */
	uint8_t order;	 /* [z] of the chunk it heads */
	uint8_t limit;	 /* [z] merges stop at this order; see mm/buddy.h */
	uint8_t zone;	 /* [z] zone id: zone_by_id() */
	uint32_t caller; /* [o] low half of the allocating function's address */
	union {
		struct list_head link; /* [z] PAGE_FREE: the free list */
		struct {
			const struct page_owner *owner; /* [o] PAGE_USED */
			uint64_t private; /* [o] the owner's own word; PAGE_PCP: next */
		};
	};
	uint32_t birth;	     /* [o] clock_ticks() at allocation, low half */
	uint16_t short_pins; /* [o] users of its address, for a moment: mm/page_pin.h */
	uint16_t long_pins;  /* [o] ... and without an end */
};
_Static_assert(sizeof(struct page) == 32, "a descriptor is 32 bytes: the tax of a DIMM");

#ifdef HOST_BUILD
extern struct page *vmemmap; /* the test's arena: vmemmap[pfn] */
#else
#define vmemmap ((struct page *)VMEMMAP_BASE)
#endif

static inline struct page *pfn_to_page(pfn_t pfn)
{
	return &vmemmap[pfn];
}

static inline pfn_t page_to_pfn(const struct page *page)
{
	return (pfn_t)(page - vmemmap);
}

static inline paddr_t page_to_paddr(const struct page *page)
{
	return pfn_to_paddr(page_to_pfn(page));
}

/* The direct-map address of the chunk's memory. */
static inline void *page_to_virt(const struct page *page)
{
	return phys_to_virt(page_to_paddr(page));
}

static inline struct page *virt_to_page(const void *va)
{
	return pfn_to_page(paddr_to_pfn(virt_to_phys(va)));
}

/* How many pages the chunk has that `page` heads, and what heads the next where chunks tile. */
static inline uint64_t chunk_pages(const struct page *page)
{
	return 1UL << page->order;
}

static inline struct page *chunk_next(struct page *page)
{
	return page + chunk_pages(page);
}

/* The allocating function's address, for symbol_name(). */
static inline vaddr_t page_caller(const struct page *page)
{
	return KERNEL_BASE | page->caller;
}

/* Has the chunk an owner?  Asked before page->owner is read: another CPU may just be taking the
 * chunk from its list, and writes the owner first. */
static inline bool page_in_use(const struct page *page)
{
	return __atomic_load_n(&page->state, __ATOMIC_ACQUIRE) == PAGE_USED;
}

/* Is the chunk free, on a free list or on a CPU's? */
static inline bool page_is_free(const struct page *page)
{
	return page->state == PAGE_FREE || page->state == PAGE_PCP;
}

/* Where the owner allocates for somebody else: who that is. */
static inline void page_set_caller(struct page *page, const void *caller)
{
	page->caller = (uint32_t)(uintptr_t)caller;
}

/* The chunk moves to another head: `why` goes on naming who allocated it, and when. */
static inline void page_set_origin(struct page *to, const struct page *from)
{
	to->caller = from->caller;
	to->birth = from->birth;
}

static inline bool page_owner_movable(const struct page_owner *owner)
{
	return owner != NULL && owner->ops != NULL && owner->ops->move != NULL;
}

#endif
