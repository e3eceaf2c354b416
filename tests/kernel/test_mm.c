/*
 * tests/kernel/test_mm.c - page allocation and slabs on the real machine: real zones, real
 * memory behind them, interrupts and other threads about.
 *
 * The host tests (tests/unit) compare the same code with models; what can only be seen here is
 * that the pages are there, that nothing is lost, and what it is like when all memory is gone.
 */
#include "arch/percpu.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/clock.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/pcp.h"
#include "mm/slab.h"
#include "tests/kernel/selftest.h"

static const struct page_owner owner = {.name = "selftest"};

static int move_refused(const struct page_batch *batch __unused)
{
	return -1;
}

static const struct page_owner_ops movable_ops = {.move = move_refused};
static const struct page_owner movable_owner = {.name = "selftest-movable", .ops = &movable_ops};

/* A small generator of its own: the same in every run. */
static uint64_t random_state;

static uint64_t random_below(uint64_t n)
{
	random_state = random_state * 6364136223846793005UL + 1442695040888963407UL;
	return (random_state >> 33) % n;
}

static void check_zones(struct test *t)
{
	char text[160];
	struct zone *zone;
	bool clean;

	for_each_zone (zone)
		if (!buddy_verify(zone, text, sizeof(text)))
			test_fail(t, __FILE__, __LINE__, "%s", text);
	threads_freeze(); /* it reads what each CPU has for itself */
	clean = slab_verify(text, sizeof(text));
	threads_thaw();
	if (!clean)
		test_fail(t, __FILE__, __LINE__, "%s", text);
}

KERNEL_TEST(mm, every_order_is_aligned_and_there)
{
	uint64_t before = pages_free();
	unsigned largest = 0;

	preempt_disable();
	for (unsigned order = 0; order <= MAX_ORDER; order++) {
		struct page *page = page_alloc(order, 0, NODE_ANY, &owner);
		uint64_t *words;
		size_t last = ((PAGE_SIZE << order) - 8) / 8;

		if (page == NULL)
			break;
		largest = order;
		EXPECT(IS_ALIGNED(page_to_pfn(page), 1UL << order));
		EXPECT_EQ(page->order, order);
		EXPECT_EQ(page->state, PAGE_USED);
		EXPECT_EQ(before - pages_free(), 1UL << order);
		words = page_to_virt(page);
		words[0] = words[last] = 0x123456789abcdefUL + order;
		EXPECT(words[0] == words[last] && virt_to_page(words) == page);
		page_free(page);
	}
	EXPECT_EQ(pages_free(), before);
	preempt_enable();
	EXPECT(largest >= ORDER_2M);
	test_note(t, "largest chunk: order %u", largest);
	check_zones(t);
}

KERNEL_TEST(mm, zeroed_pages_are_zero)
{
	for (unsigned order = 0; order <= ORDER_2M; order += 3) {
		struct page *page = page_alloc(order, 0, NODE_ANY, &owner);
		const uint64_t *words;
		bool zero = true;

		REQUIRE(page != NULL);
		memset(page_to_virt(page), 0xa5, PAGE_SIZE << order);
		page_free(page);
		page = page_alloc(order, ALLOC_ZERO, NODE_ANY, &owner);
		REQUIRE(page != NULL);
		words = page_to_virt(page);
		for (size_t i = 0; i < (PAGE_SIZE << order) / sizeof(*words); i++)
			zero &= words[i] == 0;
		EXPECT(zero);
		page_free(page);
	}
}

KERNEL_TEST(mm, a_page_knows_its_owner_caller_and_age)
{
	struct page *page = page_alloc(0, 0, NODE_ANY, &owner);

	REQUIRE(page != NULL);
	EXPECT(page->owner == &owner);
	EXPECT(strstr(symbol_name(page_caller(page)), "a_page_knows") != NULL);
	EXPECT((uint32_t)clock_ticks() - page->birth <= CLOCK_HZ);
	page_free(page);
}

#define CHURN 512U

/* Allocates and frees at random, every page holding its own number, then gives all back. */
KERNEL_TEST(mm, churn_loses_and_mixes_nothing)
{
	static struct page *pages[CHURN];
	unsigned mixed = 0;

	random_state = 1;
	memset(pages, 0, sizeof(pages));
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)random_below(CHURN);
		unsigned order = (unsigned)random_below(random_below(5) + 1);

		if (pages[i] != NULL) {
			mixed += *(uint64_t *)page_to_virt(pages[i]) != page_to_pfn(pages[i]);
			page_free(pages[i]);
			pages[i] = NULL;
			continue;
		}
		pages[i] = page_alloc(order, ALLOC_MOVABLE, NODE_ANY, &movable_owner);
		if (pages[i] != NULL)
			*(uint64_t *)page_to_virt(pages[i]) = page_to_pfn(pages[i]);
	}
	check_zones(t);
	for (unsigned i = 0; i < CHURN; i++)
		if (pages[i] != NULL)
			page_free(pages[i]);
	EXPECT_EQ(mixed, 0);
	check_zones(t);
}

/* The free chunks are the same before and after: everything is merged again. */
KERNEL_TEST(mm, chunks_merge_again)
{
	static struct zone_counts before, after;
	static struct page *pages[CHURN];
	struct zone *zone = &nodes[0].zone[ZONE_NORMAL];
	unsigned got = 0;

	preempt_disable();
	buddy_counts(zone, &before);
	while (got < CHURN && (pages[got] = buddy_alloc_for(zone, got % 3, NULL)) != NULL)
		got++;
	for (unsigned i = 0; i < got; i++)
		buddy_free(zone, pages[i]);
	buddy_counts(zone, &after);
	preempt_enable();
	EXPECT_EQ(got, CHURN);
	EXPECT_EQ(after.free, before.free);
	EXPECT(memcmp(before.area, after.area, sizeof(before.area)) == 0);
	EXPECT_EQ(after.allocs - before.allocs, after.frees - before.frees);
}

/* Links all free chunks into a chain through their memory, largest first; nothing is left. */
static struct page *take_everything(unsigned flags, const struct page_owner *who, uint64_t *pages)
{
	struct page *chain = NULL, *page;

	for (unsigned order = MAX_ORDER + 1; order-- > 0;)
		while ((page = page_alloc(order, flags, NODE_ANY, who)) != NULL) {
			page->private = (uint64_t)chain;
			chain = page;
			*pages += 1UL << order;
		}
	return chain;
}

static void give_back(struct page *chain)
{
	while (chain != NULL) {
		struct page *next = (struct page *)chain->private;

		page_free(chain);
		chain = next;
	}
}

/* Where nobody asks for a node, each CPU gets pages of its own. */
KERNEL_TEST(mm, pages_come_from_the_cpus_own_node)
{
	unsigned cpu, elsewhere = 0;

	if (nr_nodes == 1) {
		test_skip(t, "there is one node");
		return;
	}
	for_each_online_cpu (cpu) {
		struct page *page;
		int own = node_of_apic_id(&acpi_static.srat, percpu[cpu].apic_id);

		REQUIRE(thread_set_affinity(thread_current(), 1UL << cpu) == 0);
		page = page_alloc(0, 0, NODE_ANY, &owner);
		REQUIRE(page != NULL);
		EXPECT_EQ(page_zone(page)->node, own);
		elsewhere += own != 0;
		page_free(page);
	}
	EXPECT_EQ(thread_set_affinity(thread_current(), UINT64_MAX), 0);
	test_note(t, "%u CPUs are not in node 0", elsewhere);
}

/* With every page gone, requests are refused, counted and survived. */
KERNEL_TEST(mm, exhaustion_is_refused_and_undone)
{
	uint64_t before, taken = 0, after;
	struct page *all;
	void *large, *zeroed;

	slab_shrink();
	preempt_disable();
	before = pages_free();
	all = take_everything(ALLOC_MOVABLE, &movable_owner, &taken);
	EXPECT_EQ(taken, before);
	EXPECT_EQ(pages_free(), 0);
	EXPECT(page_alloc(0, 0, NODE_ANY, &owner) == NULL);
	EXPECT(page_alloc(0, ALLOC_MOVABLE, NODE_ANY, &movable_owner) == NULL);
	large = kmalloc(3 * PAGE_SIZE);
	zeroed = kzalloc(2048);
	EXPECT(large == NULL);
	give_back(all);
	kfree(large);
	kfree(zeroed);
	after = pages_free();
	preempt_enable();
	EXPECT(after == before || zeroed != NULL);
	check_zones(t);
}

/* What may not move never lands in ZONE_MOVABLE, even when nothing else is left. */
KERNEL_TEST(mm, unmovable_pages_stay_out_of_movable_zones)
{
	uint64_t taken = 0, movable_before = 0, movable_after = 0;
	struct page *all;
	unsigned n;

	preempt_disable();
	for_each_node (n)
		movable_before += zone_free_pages(&nodes[n].zone[ZONE_MOVABLE]);
	all = take_everything(0, &owner, &taken);
	for_each_node (n)
		movable_after += zone_free_pages(&nodes[n].zone[ZONE_MOVABLE]);
	give_back(all);
	preempt_enable();
	EXPECT_EQ(movable_after, movable_before);
	EXPECT(taken > 0);
	check_zones(t);
}

/* Not slab_alloc() nor kmalloc(), which allocate pages for everybody. */
KERNEL_TEST(slab, pages_know_who_wanted_them)
{
	static struct slab_cache cache;
	void *object, *large = kmalloc(3 * PAGE_SIZE), *cleared = kzalloc(2 * PAGE_SIZE);

	if (cache.size == 0)
		slab_cache_init(&cache, "selftest-caller", 1000, 0);
	slab_shrink();
	object = slab_alloc(&cache);
	REQUIRE(object != NULL && large != NULL && cleared != NULL);
	EXPECT(strstr(symbol_name(page_caller(virt_to_page(object))), "who_wanted") != NULL);
	EXPECT(strstr(symbol_name(page_caller(virt_to_page(large))), "who_wanted") != NULL);
	EXPECT(strstr(symbol_name(page_caller(virt_to_page(cleared))), "who_wanted") != NULL);
	slab_free(&cache, object);
	kfree(large);
	kfree(cleared);
	slab_shrink();
}

#define OBJECTS 256U

KERNEL_TEST(slab, objects_keep_their_bytes)
{
	static struct {
		uint8_t *p;
		size_t size;
	} objects[OBJECTS];
	unsigned broken = 0;

	random_state = 2;
	memset(objects, 0, sizeof(objects));
	for (unsigned step = 0; step < 20000; step++) {
		unsigned i = (unsigned)random_below(OBJECTS);
		size_t size = 1 + random_below(step % 16 == 0 ? 9000 : 600);

		if (objects[i].p != NULL) {
			for (size_t b = 0; b < objects[i].size; b++)
				broken += objects[i].p[b] != (uint8_t)i;
			kfree(objects[i].p);
			objects[i].p = NULL;
			continue;
		}
		objects[i].p = kmalloc(size);
		objects[i].size = size;
		if (objects[i].p != NULL)
			memset(objects[i].p, (int)i, size);
	}
	check_zones(t);
	for (unsigned i = 0; i < OBJECTS; i++)
		kfree(objects[i].p);
	EXPECT_EQ(broken, 0);
	check_zones(t);
}

KERNEL_TEST(slab, shrink_gives_pages_back)
{
	static void *objects[64];
	uint64_t before, grown, after;

	slab_shrink();
	preempt_disable();
	before = pages_free();
	for (unsigned i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmalloc(1000);
	grown = pages_free();
	for (unsigned i = 0; i < ARRAY_SIZE(objects); i++)
		kfree(objects[i]);
	EXPECT(slab_shrink() >= 1);
	after = pages_free();
	preempt_enable();
	EXPECT(before - grown >= ARRAY_SIZE(objects) / 4);
	EXPECT_EQ(after, before);
}

static void churn_thread(void *arg)
{
	struct test *t = arg;

	for (unsigned i = 0; i < 4000; i++) {
		uint64_t *word = kmalloc(8 + i % 500);
		struct page *page = page_alloc(i % 3, 0, NODE_ANY, &owner);

		if (word != NULL)
			*word = i;
		if (i % 64 == 0)
			thread_yield();
		if (word != NULL)
			EXPECT_EQ(*word, i);
		kfree(word);
		if (page != NULL)
			page_free(page);
	}
}

KERNEL_TEST(mm, threads_do_not_disturb_each_other)
{
	struct thread *threads[4];
	unsigned n = 0;

	while (n < ARRAY_SIZE(threads) &&
	       (threads[n] = thread_create("mm-churn", churn_thread, t)) != NULL)
		n++;
	EXPECT_EQ(n, ARRAY_SIZE(threads));
	while (n > 0)
		thread_join(threads[--n]);
	check_zones(t);
}
