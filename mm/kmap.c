/*
 * mm/kmap.c - kernel mappings.
 *
 * One list of ranges sorted by address; a new one takes the first gap that leaves a page free
 * on both sides.  Neighbours may share that guard page.  Descriptors of ranges come from a
 * static pool while there is nothing else, then from a slab cache (which never maps anything,
 * so there is no way back into here).
 *
 * Lock: kmap_lock guards the list, the pool and the page tables of the area.  Memory is taken
 * under it (ranks SLAB and ZONE are above KMAP).
 */
#include "mm/kmap.h"

#include "kernel/fault.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/spinlock.h"
#include "mm/alloc.h"
#include "mm/init.h"
#include "mm/kasan/kasan.h"
#include "mm/slab.h"

#define STATIC_RANGES 32

FAULT_SITE(alloc_kmap, "a range of kernel mappings is wanted")

enum range_kind { RANGE_PAGES, RANGE_PHYS, RANGE_RESERVED };

struct area {
	vaddr_t start, end;
};

struct kmap_range { /* written under kmap_lock; kmap_describe() looks without it */
	struct list_head link;
	vaddr_t start;
	size_t size;
	const char *name;
	enum range_kind kind;
};

static struct spinlock kmap_lock = SPINLOCK_INIT("kmap", RANK_KMAP);
static struct list_head ranges GUARDED_BY(&kmap_lock) = LIST_HEAD_INIT(ranges);
static struct kmap_range static_ranges[STATIC_RANGES];
static struct list_head static_free GUARDED_BY(&kmap_lock) = LIST_HEAD_INIT(static_free);
static struct slab_cache range_cache;

void kmap_init(void)
{
	for (unsigned i = 0; i < STATIC_RANGES; i++)
		list_add_tail(&static_ranges[i].link, &static_free);
	slab_cache_init(&range_cache, "kmap-range", sizeof(struct kmap_range), 0);
}

static struct kmap_range *range_new(void) REQUIRES(&kmap_lock)
{
	struct list_head *first = static_free.next;

	if (FAULT_HIT(alloc_kmap))
		return NULL;
	if (list_empty(&static_free))
		return slab_alloc(&range_cache);
	list_del(first);
	return list_entry(first, struct kmap_range, link);
}

static void range_delete(struct kmap_range *r) REQUIRES(&kmap_lock)
{
	list_del(&r->link);
	if (r >= static_ranges && r < static_ranges + STATIC_RANGES)
		list_add(&r->link, &static_free);
	else
		slab_free(&range_cache, r);
}

/* The address sanitizer has shadow of the first part: memory lies there, and only memory. */
static struct area area_of(enum range_kind kind)
{
#ifdef CONFIG_KASAN
	if (kind == RANGE_PAGES)
		return (struct area){KMAP_BASE, KMAP_BASE + KASAN_KMAP_SIZE};
	return (struct area){KMAP_BASE + KASAN_KMAP_SIZE, KMAP_END};
#else
	(void)kind;
	return (struct area){KMAP_BASE, KMAP_END};
#endif
}

/* Takes `size` bytes of addresses at a multiple of `align`, a guard page around them. */
static struct kmap_range *range_take(size_t size, size_t align, const char *name,
				     enum range_kind kind) REQUIRES(&kmap_lock)
{
	const struct area area = area_of(kind);
	vaddr_t start = ALIGN_UP(area.start + PAGE_SIZE, align);
	struct kmap_range *r, *next;

	if (size == 0 || size > area.end - area.start)
		return NULL;
	list_for_each_entry (next, &ranges, link) {
		if (start + size + PAGE_SIZE <= next->start)
			break;
		start = MAX(start, ALIGN_UP(next->start + next->size + PAGE_SIZE, align));
	}
	if (start + size + PAGE_SIZE > area.end)
		return NULL;
	r = range_new();
	if (r == NULL)
		return NULL;
	*r = (struct kmap_range){.start = start, .size = size, .name = name, .kind = kind};
	list_add_tail(&r->link, &next->link);
	return r;
}

static struct kmap_range *range_find(vaddr_t va) REQUIRES(&kmap_lock)
{
	struct kmap_range *r;

	list_for_each_entry (r, &ranges, link)
		if (va >= r->start && va < r->start + r->size)
			return r;
	return NULL;
}

/* Unmaps [va, va + size), whose pages are mapped one by one, and frees them after the TLB was
 * flushed.  In between they are chained through their private words. */
static void pages_free_mapped(vaddr_t va, size_t size)
{
	struct page *first = NULL, *page;

	if (size == 0)
		return;
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		paddr_t pa;
		bool mapped = mmu_translate(va + done, &pa);

		ASSERT(mapped);
		page = pfn_to_page(paddr_to_pfn(pa));
		page->private = (uint64_t)first;
		first = page;
	}
	mmu_unmap(va, size, &pt_alloc_pages);
	kasan_unpoison((const void *)va, size); /* a thread may have ended in mid-function */
	while ((page = first) != NULL) {
		first = (struct page *)page->private;
		page_free(page);
	}
}

static int page_map_new(vaddr_t va, const struct page_owner *owner, const void *caller)
{
	struct page *page = page_alloc(0, ALLOC_ZERO, NODE_ANY, owner);
	int err;

	if (page == NULL)
		return -ENOMEM;
	page_set_caller(page, caller);
	err = mmu_map(va, page_to_paddr(page), PAGE_SIZE, MMU_WRITE, PAGE_SIZE, &pt_alloc_pages);
	if (err != 0)
		page_free(page);
	return err;
}

static int pages_map_new(vaddr_t va, size_t size, const struct page_owner *owner,
			 const void *caller)
{
	for (size_t done = 0; done < size; done += PAGE_SIZE) {
		int err = page_map_new(va + done, owner, caller);

		if (err != 0) {
			pages_free_mapped(va, done);
			return err;
		}
	}
	return 0;
}

void *kmap_alloc(size_t size, const struct page_owner *owner, const char *name)
{
	uint64_t flags = spin_lock(&kmap_lock);
	struct kmap_range *r = range_take(ALIGN_UP(size, PAGE_SIZE), PAGE_SIZE, name, RANGE_PAGES);
	void *va = NULL;

	if (r != NULL) {
		if (pages_map_new(r->start, r->size, owner, __builtin_return_address(0)) == 0)
			va = (void *)r->start;
		else
			range_delete(r);
	}
	spin_unlock(&kmap_lock, flags);
	return va;
}

void kmap_free(void *va)
{
	uint64_t flags = spin_lock(&kmap_lock);
	struct kmap_range *r = range_find((vaddr_t)va);

	ASSERT(r != NULL && r->kind == RANGE_PAGES && r->start == (vaddr_t)va);
	pages_free_mapped(r->start, r->size);
	range_delete(r);
	spin_unlock(&kmap_lock, flags);
}

void *kmap_phys(paddr_t pa, size_t size, enum mmu_flags map_flags, const char *name)
{
	paddr_t start = ALIGN_DOWN(pa, PAGE_SIZE);
	struct kmap_range *r;
	void *va = NULL;
	uint64_t flags;

	if (size == 0 || pa >= mmu_phys_end() || size > mmu_phys_end() - pa)
		return NULL;
	flags = spin_lock(&kmap_lock);
	r = range_take(ALIGN_UP(pa + size, PAGE_SIZE) - start, PAGE_SIZE, name, RANGE_PHYS);
	if (r != NULL) {
		if (mmu_map(r->start, start, r->size, map_flags, PAGE_SIZE, &pt_alloc_pages) == 0)
			va = (void *)(r->start + (pa - start));
		else
			range_delete(r);
	}
	spin_unlock(&kmap_lock, flags);
	return va;
}

void kmap_phys_free(void *va)
{
	uint64_t flags = spin_lock(&kmap_lock);
	struct kmap_range *r = range_find((vaddr_t)va);

	ASSERT(r != NULL && r->kind == RANGE_PHYS);
	mmu_unmap(r->start, r->size, &pt_alloc_pages);
	range_delete(r);
	spin_unlock(&kmap_lock, flags);
}

vaddr_t kmap_reserve(size_t size, size_t align, const char *name)
{
	uint64_t flags = spin_lock(&kmap_lock);
	struct kmap_range *r =
		range_take(ALIGN_UP(size, PAGE_SIZE), MAX(align, PAGE_SIZE), name, RANGE_RESERVED);
	vaddr_t va = r != NULL ? r->start : 0;

	spin_unlock(&kmap_lock, flags);
	return va;
}

void kmap_release(vaddr_t va)
{
	uint64_t flags = spin_lock(&kmap_lock);
	struct kmap_range *r = range_find(va);

	ASSERT(r != NULL && r->kind == RANGE_RESERVED && r->start == va);
	range_delete(r);
	spin_unlock(&kmap_lock, flags);
}

bool kmap_info(unsigned index, struct kmap_info *info)
{
	uint64_t flags = spin_lock(&kmap_lock);
	struct kmap_range *r;
	bool found = false;

	list_for_each_entry (r, &ranges, link) {
		if (index-- > 0)
			continue;
		*info = (struct kmap_info){r->start, r->size, r->name};
		found = true;
		break;
	}
	spin_unlock(&kmap_lock, flags);
	return found;
}

const char *kmap_describe(vaddr_t va, char *buf, size_t size)
{
	struct kmap_range *r;

	if (va < KMAP_BASE || va >= KMAP_END)
		return NULL;
	list_for_each_entry (r, &ranges, link) {
		const char *name = r->name != NULL ? r->name : "?";

		if (va >= r->start && va < r->start + r->size) {
			snprintf(buf, size, "%s", name);
			return buf;
		}
		/* Stacks grow down: a guard page is first of all that of what lies above. */
		if (va >= r->start - PAGE_SIZE && va < r->start) {
			snprintf(buf, size, "guard page of %s", name);
			return buf;
		}
		if (va >= r->start + r->size && va < r->start + r->size + PAGE_SIZE &&
		    (r->link.next == &ranges ||
		     list_entry(r->link.next, struct kmap_range, link)->start - PAGE_SIZE > va)) {
			snprintf(buf, size, "guard page after %s", name);
			return buf;
		}
	}
	return NULL;
}
