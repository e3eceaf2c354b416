/*
 * tests/unit/test_slab.c - caches and kmalloc against a model that keeps every object's bytes.
 *
 * The pages come from a one-zone page_alloc() of this file, which can be told to fail, so that
 * what a cache takes and gives back is seen page by page.
 */
/* sources: mm/slab.c mm/slab_magazine.c mm/slab_take.c mm/slab_verify.c mm/kmalloc.c */
/* sources: kernel/cpulock.c */
#include "tests/unit/mm_kit.h"
#include "tests/unit/steps.h"

#include "mm/alloc.h"
#include "mm/alloc_watch.h"
#include "mm/slab_priv.h"

#define ARENA_PAGES 4096UL
#define OBJECTS	    3000U
#define CPUS	    3U

/* --- the pages --- */

struct alloc_watch alloc_watch; /* nobody wants to know */

static uint64_t pages_used, pages_kept; /* kept: by the magazines, from the start */
static unsigned fail_after = ~0U;	/* allocations that still succeed */

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
	host_cpu = 0;
	if (vmemmap != NULL)
		return 0;
	kit_make_memmap(ARENA_PAGES);
	kit_make_memory(ARENA_PAGES);
	slab_init(CPUS);
	pages_kept = pages_used;
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
	unsigned long steps = model_steps(400000);
	unsigned large = 0;

	(void)unused;
	kit_seed = model_seed(kit_seed);
	for (unsigned long step = 0; step < steps; step++) {
		bool filling = step / 20000 % 2 == 0;

		host_cpu = kit_below(8) == 0 ? (unsigned)kit_below(CPUS) : host_cpu;
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
	assert_int_equal(pages_used, pages_kept);
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
	assert_int_equal(pages_used, pages_kept);
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

static struct slab_info info_of(const struct slab_cache *cache)
{
	struct slab_info info;

	for (unsigned i = 0; slab_cache_info(i, &info); i++)
		if (strcmp(info.name, cache->name) == 0)
			return info;
	fail_msg("no cache %s", cache->name);
	return info;
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
	assert_int_equal(info_of(&cache).objects, 6);
	slab_free(&cache, held[3]);
	assert_ptr_equal(slab_alloc(&cache), held[3]); /* needs no page */
	check();
	for (unsigned i = 0; i < 6; i++)
		slab_free(&cache, held[i]);
	/* What lies in magazines, and a slab without used objects, is kept until it is wanted. */
	assert_int_equal(info_of(&cache).objects, 0);
	assert_true(pages_used > before);
	assert_int_equal(slab_shrink() > 0, true);
	assert_int_equal(pages_used, before);
	assert_int_equal(cache.slabs, 0);
	check();
}

static struct slab_cache *fresh_cache(void)
{
	static struct slab_cache caches[16];
	static unsigned n;
	char name[SLAB_NAME_MAX];

	assert_true(n < ARRAY_SIZE(caches));
	snprintf(name, sizeof(name), "fresh-%u", n);
	slab_cache_init(&caches[n], name, 40, 0);
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
	for (unsigned i = 0; slab_cache_info(i, &info); i++) {
		assert_int_equal(info.objects, info.slabs * info.per_slab);
		assert_int_equal(info.cached, 0);
	}
	for (size_t size = 1; size <= 2048; size *= 2)
		assert_null(kmalloc(size));
	check();
	slab_give_back(chain);
	assert_int_equal(objects_in_caches(), before);
	check();
}

/* --- magazines --- */

/* The caches of kmalloc() have magazines, and were the first. */
static struct slab_cache *cache_of_64(void)
{
	char *p = kmalloc(64);
	struct slab_cache *cache = slab_of(p)->cache;

	kfree(p);
	assert_string_equal(cache->name, "kmalloc-64");
	assert_int_equal(cache->ncpus, CPUS);
	return cache;
}

/* A CPU that frees and allocates in turn goes to the depot for the first object alone, also where
 * a magazine ends. */
static void test_magazines_spare_the_depot(void **unused)
{
	struct slab_cache *cache = cache_of_64();
	char *held[2 * SLAB_MAGAZINE_MAX];
	struct slab_info before, after;

	(void)unused;
	slab_shrink();
	before = info_of(cache);
	assert_int_equal(before.cached, 0);
	for (unsigned n = 1; n <= ARRAY_SIZE(held); n++)
		for (unsigned round = 0; round < 100; round++) {
			for (unsigned i = 0; i < n; i++)
				held[i] = slab_alloc(cache);
			for (unsigned i = 0; i < n; i++)
				slab_free(cache, held[i]);
		}
	after = info_of(cache);
	assert_int_equal(after.allocs - before.allocs,
			 100 * ARRAY_SIZE(held) * (ARRAY_SIZE(held) + 1) / 2);
	assert_int_equal(after.frees - before.frees, after.allocs - before.allocs);
	/* Two magazines are filled, and that is all. */
	assert_int_equal(after.misses - before.misses, 2);
	assert_int_equal(after.objects, before.objects);
	assert_int_equal(after.cached, 2 * SLAB_MAGAZINE_MAX);
	check();
}

/* One CPU allocates what another frees: whole magazines travel, and the depot has an end. */
static void test_magazines_travel(void **unused)
{
	struct slab_cache *cache = cache_of_64();
	struct slab_info before = info_of(cache), after;
	char *p;

	(void)unused;
	for (unsigned i = 0; i < 10000; i++) {
		host_cpu = 0;
		p = slab_alloc(cache);
		host_cpu = 1;
		slab_free(cache, p);
	}
	after = info_of(cache);
	assert_in_range(after.misses - before.misses, 10000 / SLAB_MAGAZINE_MAX,
			2 * 10000 / SLAB_MAGAZINE_MAX + 4);
	assert_in_range(after.cached, 1, (2 * CPUS + 3) * SLAB_MAGAZINE_MAX);
	check();
	slab_shrink();
	assert_int_equal(info_of(cache).cached, 0);
	check();
}

/* No page is left, and what is wanted lies in another CPU's magazines, or in the depot. */
static void test_other_cpus_objects_are_had(void **unused)
{
	struct slab_cache *cache = cache_of_64();
	unsigned per_slab = cache->per_slab, had = 0;
	char *held[64];

	(void)unused;
	slab_shrink();
	host_cpu = 1;
	assert_true(per_slab <= ARRAY_SIZE(held));
	for (unsigned i = 0; i < per_slab; i++)
		held[i] = slab_alloc(cache);
	for (unsigned i = 0; i < per_slab; i++)
		slab_free(cache, held[i]);
	fail_after = 0;
	host_cpu = 2;
	while (had < ARRAY_SIZE(held) && (held[had] = slab_alloc(cache)) != NULL)
		had++;
	assert_int_equal(had, per_slab);
	check();
	while (had > 0)
		slab_free(cache, held[--had]);
	check();
}

/* Pages whose objects are all in magazines, of whichever CPU, are had back. */
static void test_pages_come_back_from_magazines(void **unused)
{
	struct slab_cache *cache = cache_of_64();
	uint64_t before;
	char *held[200];

	(void)unused;
	slab_shrink();
	before = pages_used;
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++) {
		host_cpu = i % CPUS;
		held[i] = slab_alloc(cache);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++) {
		host_cpu = (i + 1) % CPUS;
		slab_free(cache, held[i]);
	}
	check();
	assert_true(pages_used > before);
	slab_shrink();
	assert_int_equal(pages_used, before);
	check();
}

static void test_verify_sees_magazines(void **unused)
{
	struct slab_cache *cache = cache_of_64();
	struct slab_magazine *m = cache->cpus[0].loaded;
	char *top = m->object[m->count - 1];

	(void)unused;
	m->count--;
	expect_violation("magazines differ");
	m->count++;
	m->object[m->count - 1] = m->object[m->count - 1] + 8;
	expect_violation("no free object");
	m->object[m->count - 1] = top;
	m->count += SLAB_MAGAZINE_MAX;
	expect_violation("more than it can");
	m->count -= SLAB_MAGAZINE_MAX;
	cache->depot_empty->count++;
	expect_violation("empty magazine");
	cache->depot_empty->count--;
	top[20] ^= 1;
	expect_violation("a free object was written");
	expect_panic(slab_alloc(cache), "written after it was freed");
	top[20] ^= 1;
	slab_free_slow(cache, top); /* it was taken out before it was looked at */
	top[64] ^= 1;
	expect_violation("written past its end");
	expect_panic(slab_alloc(cache), "written past its 64 bytes");
	top[64] ^= 1;
	slab_free_slow(cache, top);
	check();
}

static void test_misuse_is_seen(void **unused)
{
	/* kfree() looks where a slab would begin: on the stack that may be a redzone. */
	static _Alignas(PAGE_SIZE) char nobodys[PAGE_SIZE];
	struct slab_cache *cache = fresh_cache();
	char *p = slab_alloc(cache), *other = slab_alloc(cache);
	char saved;

	(void)unused;
	saved = p[40];
	p[40] ^= 1;
	expect_violation("written past its end");
	expect_panic(slab_free(cache, p), "written past its 40 bytes");
	p[40] = saved;

	slab_free(cache, p);
	check();
	expect_panic(slab_free(cache, p), "double free");
	expect_panic(slab_free(cache, other + 8), "wild free");
	expect_panic(kfree(other + 8), "wild free");
	expect_panic(slab_free(fresh_cache(), other), "wild free");
	expect_panic(kfree(nobodys + 64), "wild free");

	saved = p[39];
	p[39] = 'x';
	expect_violation("a free object was written");
	expect_panic(slab_alloc(cache), "written after it was freed");
	p[39] = saved;
	slab_free_slow(cache, p); /* it was taken out before it was looked at */
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
		cmocka_unit_test_setup(test_magazines_spare_the_depot, setup),
		cmocka_unit_test_setup(test_magazines_travel, setup),
		cmocka_unit_test_setup(test_other_cpus_objects_are_had, setup),
		cmocka_unit_test_setup(test_pages_come_back_from_magazines, setup),
		cmocka_unit_test_setup(test_verify_sees_magazines, setup),
		cmocka_unit_test_setup(test_misuse_is_seen, setup),
		cmocka_unit_test_setup(test_large_misuse_is_seen, setup),
		cmocka_unit_test_setup(test_verify_sees, setup),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
