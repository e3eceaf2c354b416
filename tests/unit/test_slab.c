/*
 * tests/unit/test_slab.c - caches and kmalloc against a model that keeps every object's bytes.
 *
 * The pages come from a one-zone page_alloc() of this file, which can be told to fail, so that
 * what a cache takes and gives back is seen page by page.
 */
/* sources: mm/slab.c mm/slab_take.c mm/slab_verify.c mm/kmalloc.c */
#include "tests/unit/mm_kit.h"

#include "mm/alloc.h"
#include "mm/alloc_watch.h"
#include "mm/slab_priv.h"

#define ARENA_PAGES 4096UL
#define OBJECTS	    3000U

/* --- the pages --- */

struct alloc_watch alloc_watch; /* nobody wants to know */

static uint64_t pages_used;
static unsigned fail_after = ~0U; /* allocations that still succeed */

struct page *page_alloc(unsigned order, unsigned flags, int node, const struct page_owner *owner)
{
	uint64_t n = 1UL << order;

	assert_int_equal(flags, 0);
	assert_int_equal(node, NODE_ANY);
	if (fail_after == 0)
		return NULL;
	fail_after -= fail_after != ~0U;
	for (pfn_t pfn = n; pfn + n <= ARENA_PAGES; pfn += n) {
		uint64_t used = 0;

		for (pfn_t p = pfn; p < pfn + n; p++)
			used += vmemmap[p].state == PAGE_USED;
		if (used != 0)
			continue;
		for (pfn_t p = pfn; p < pfn + n; p++)
			vmemmap[p].state = PAGE_USED;
		vmemmap[pfn].order = (uint8_t)order;
		vmemmap[pfn].owner = owner;
		pages_used += n;
		/* What was there before: anything. */
		memset(page_to_virt(&vmemmap[pfn]), (int)kit_random(), n * PAGE_SIZE);
		return &vmemmap[pfn];
	}
	return NULL;
}

void page_free(struct page *page)
{
	uint64_t n = 1UL << page->order;

	assert_int_equal(page->state, PAGE_USED);
	for (uint64_t i = 0; i < n; i++)
		page[i].state = PAGE_FREE;
	page->owner = NULL;
	pages_used -= n;
}

static int setup(void **unused)
{
	(void)unused;
	fail_after = ~0U;
	if (vmemmap != NULL)
		return 0;
	kit_make_memmap(ARENA_PAGES);
	kit_make_memory(ARENA_PAGES);
	slab_init();
	return 0;
}

static void check(void)
{
	char text[160];

	if (!slab_verify(text, sizeof(text)))
		fail_msg("%s", text);
	assert_int_equal(host_locks_held, 0);
}

/* --- kmalloc against the model --- */

struct object {
	unsigned char *p;
	size_t size;
	unsigned char fill;
};

static struct object objects[OBJECTS];
static unsigned nobjects;

static size_t random_size(void)
{
	switch (kit_below(8)) {
	case 0:
		return 1 + kit_below(64 * 1024);
	case 1:
		return 1 + kit_below(2048);
	default:
		return 1 + kit_below(300);
	}
}

static void object_new(void)
{
	struct object *o = &objects[nobjects];

	o->size = random_size();
	o->p = kmalloc(o->size);
	if (o->p == NULL)
		return;
	assert_int_equal((uintptr_t)o->p % 8, 0);
	assert_int_equal((uintptr_t)o->p % PAGE_SIZE == 0, o->size > 2048);
	o->fill = (unsigned char)kit_random();
	memset(o->p, o->fill, o->size);
	nobjects++;
}

static void object_end(unsigned i)
{
	struct object *o = &objects[i];

	for (size_t b = 0; b < o->size; b++)
		assert_int_equal(o->p[b], o->fill);
	kfree(o->p);
	*o = objects[--nobjects];
}

static uint64_t objects_in_caches(void)
{
	struct slab_info info;
	uint64_t n = 0;

	for (unsigned i = 0; slab_cache_info(i, &info); i++)
		n += info.objects;
	return n;
}

static void test_kmalloc_model(void **unused)
{
	unsigned large = 0;

	(void)unused;
	for (unsigned step = 0; step < 400000; step++) {
		bool filling = step / 20000 % 2 == 0;

		if (nobjects > 0 && (nobjects == OBJECTS || kit_below(10) < (filling ? 4 : 6)))
			object_end((unsigned)kit_below(nobjects));
		else
			object_new();
		if (step % 20000 == 0)
			check();
	}
	for (unsigned i = 0; i < nobjects; i++)
		large += objects[i].size > 2048;
	assert_int_equal(objects_in_caches(), nobjects - large);
	while (nobjects > 0)
		object_end(0);
	check();
	assert_int_equal(objects_in_caches(), 0);
	slab_shrink();
	assert_int_equal(pages_used, 0);
}

static void test_every_size(void **unused)
{
	(void)unused;
	for (size_t size = 0; size <= 5000; size++) {
		unsigned char *p = kzalloc(size);

		assert_non_null(p);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		kfree(p);
	}
	check();
	kfree(NULL);
	slab_shrink();
	assert_int_equal(pages_used, 0);
	assert_null(kmalloc(~0UL));
	assert_null(kmalloc((PAGE_SIZE << MAX_ORDER) + 1));
}

/* --- one cache --- */

static void test_alignment_and_fill(void **unused)
{
	static struct slab_cache caches[64];
	unsigned n = 0;

	(void)unused;
	for (size_t align = 0; align <= 64; align = align == 0 ? 8 : align * 2)
		for (size_t size = 1; size <= 2048; size = size * 5 / 2 + 1) {
			struct slab_cache *cache = &caches[n++];
			char *first = NULL, *last = NULL;

			assert_true(n <= ARRAY_SIZE(caches));
			slab_cache_init(cache, "fill", size, align);
			for (unsigned i = 0; i < cache->per_slab; i++) {
				char *p = slab_alloc(cache);

				assert_int_equal((uintptr_t)p % MAX(align, 8UL), 0);
				memset(p, 0xa5, size);
				first = first == NULL || p < first ? p : first;
				last = p > last ? p : last;
			}
			assert_int_equal(cache->slabs, 1);
			assert_true((uintptr_t)first / PAGE_SIZE == (uintptr_t)last / PAGE_SIZE);
			assert_true((uintptr_t)last % PAGE_SIZE + size <= PAGE_SIZE);
			assert_true((uintptr_t)first % PAGE_SIZE >= sizeof(struct slab));
			check();
			assert_string_equal(virt_to_page(slab_of(first))->owner->name, "slab:fill");
		}
}

static void test_failures_counted(void **unused)
{
	static struct slab_cache cache;
	uint64_t before = pages_used;
	char *held[8];

	(void)unused;
	slab_cache_init(&cache, "fails", 2000, 0);
	assert_int_equal(cache.per_slab, 2);
	fail_after = 3;
	for (unsigned i = 0; i < 6; i++)
		assert_non_null(held[i] = slab_alloc(&cache));
	assert_null(slab_alloc(&cache));
	assert_null(slab_alloc(&cache));
	assert_int_equal(cache.failures, 2);
	assert_int_equal(cache.objects, 6);
	slab_free(&cache, held[3]);
	assert_ptr_equal(slab_alloc(&cache), held[3]); /* needs no page */
	check();
	for (unsigned i = 0; i < 6; i++)
		slab_free(&cache, held[i]);
	/* One slab without used objects is kept, and given back when somebody wants it. */
	assert_int_equal(pages_used, before + 1);
	assert_int_equal(slab_shrink() > 0, true);
	assert_int_equal(pages_used, before);
	assert_int_equal(cache.slabs, 0);
	check();
}

static struct slab_cache *fresh_cache(void)
{
	static struct slab_cache caches[16];
	static unsigned n;

	assert_true(n < ARRAY_SIZE(caches));
	slab_cache_init(&caches[n], "fresh", 40, 0);
	return &caches[n++];
}

static void expect_violation(const char *words)
{
	char text[160] = "";

	assert_false(slab_verify(text, sizeof(text)));
	if (strstr(text, words) == NULL)
		fail_msg("verify says \"%s\", not \"%s\"", text, words);
}

/* Everything: no free object is left, and all come back. */
static void test_take_all(void **unused)
{
	uint64_t before = objects_in_caches(), taken, chained = 0;
	struct slab_info info;
	void *chain = NULL;

	(void)unused;
	kfree(kmalloc(100)); /* a slab that has objects, but none in use */
	fail_after = 5;
	taken = slab_take_all(&chain);
	assert_true(taken >= PAGE_SIZE / 128);
	for (void *p = chain; p != NULL; p = *(void **)p)
		chained++;
	assert_int_equal(chained, taken);
	for (unsigned i = 0; slab_cache_info(i, &info); i++)
		assert_int_equal(info.objects, info.slabs * info.per_slab);
	for (size_t size = 1; size <= 2048; size *= 2)
		assert_null(kmalloc(size));
	check();
	slab_give_back(chain);
	assert_int_equal(objects_in_caches(), before);
	check();
}

static void test_misuse_is_seen(void **unused)
{
	struct slab_cache *cache = fresh_cache();
	char *p = slab_alloc(cache), *other = slab_alloc(cache);
	char saved;

	(void)unused;
	saved = p[40];
	p[40] ^= 1;
	expect_violation("written past its end");
	expect_panic(slab_free(cache, p), "written past its 40 bytes");
	p[40] = saved;
	cache->lock.cpu = 0;

	slab_free(cache, p);
	check();
	expect_panic(slab_free(cache, p), "double free");
	cache->lock.cpu = 0;
	expect_panic(slab_free(cache, other + 8), "wild free");
	cache->lock.cpu = 0;
	expect_panic(kfree(other + 8), "wild free");
	cache->lock.cpu = 0;
	expect_panic(slab_free(fresh_cache(), other), "wild free");
	expect_panic(kfree(&saved), "wild free");

	saved = p[39];
	p[39] = 'x';
	expect_violation("a free object was written");
	expect_panic(slab_alloc(cache), "written after it was freed");
	cache->lock.cpu = 0;
	p[39] = saved;
	check();
	slab_free(cache, other);
	check();
}

static void test_large_misuse_is_seen(void **unused)
{
	char *p = kmalloc(10000);

	(void)unused;
	expect_panic(kfree(p + PAGE_SIZE), "wild free");
	expect_panic(kfree(p + 100), "wild free");
	kfree(p);
	expect_panic(kfree(p), "double free");
}

static void test_verify_sees(void **unused)
{
	struct slab_cache *cache = fresh_cache();
	char *p = slab_alloc(cache);
	struct slab *slab = slab_of(p);

	(void)unused;
	cache->objects++;
	expect_violation("counts differ");
	cache->objects--;
	slab->used++;
	expect_violation("bitmap differs");
	slab->used--;
	slab->free[0] ^= 2;
	expect_violation("bitmap differs");
	slab->free[0] ^= 2;
	slab->magic++;
	expect_violation("no slab of it");
	slab->magic--;
	virt_to_page(slab)->owner = NULL;
	expect_violation("somebody else");
	virt_to_page(slab)->owner = &cache->owner;
	list_del(&slab->link);
	list_add(&slab->link, &cache->full);
	expect_violation("wrong list");
	list_del(&slab->link);
	list_add(&slab->link, &cache->partial);
	check();
	slab_free(cache, p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_kmalloc_model, setup),
		cmocka_unit_test_setup(test_every_size, setup),
		cmocka_unit_test_setup(test_alignment_and_fill, setup),
		cmocka_unit_test_setup(test_failures_counted, setup),
		cmocka_unit_test_setup(test_take_all, setup),
		cmocka_unit_test_setup(test_misuse_is_seen, setup),
		cmocka_unit_test_setup(test_large_misuse_is_seen, setup),
		cmocka_unit_test_setup(test_verify_sees, setup),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
