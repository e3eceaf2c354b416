/*
 * tests/kernel/test_owner.c - the owner of a chunk and those who look at it under the zone's lock,
 * while another CPU frees the chunk and ends the owner.
 */
#include "arch/cpu.h"
#include "kernel/clock.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/vm/object.h"
#include "tests/kernel/selftest.h"

#define GIVE_UP_US 5000000U
#define LOOK_US	   50000U /* longer than what is left of an end takes */

struct look {
	struct test *t;
	const struct page *page;
	struct zone *zone;
	volatile bool holds; /* the lock, and has seen the owner */
	volatile bool ended; /* the owner */
	bool freed, too_early, garbled;
};

static bool name_is_whole(const struct page_owner *owner)
{
	return strcmp(owner->name, "selftest:owner") == 0;
}

/* Sees the chunk in use under the zone's lock, and then looks at its owner for as long as it may.
 */
static void look_at_owner(void *arg)
{
	struct look *l = arg;
	uint64_t flags = spin_lock(&l->zone->lock), start = clock_us(), freed_at;
	const struct page_owner *owner = l->page->owner;

	l->garbled = !page_in_use(l->page) || !name_is_whole(owner);
	l->holds = true;
	while (page_in_use(l->page) && clock_us() - start < GIVE_UP_US)
		cpu_wait();
	l->freed = !page_in_use(l->page);
	freed_at = clock_us();
	while (clock_us() - freed_at < LOOK_US) {
		l->garbled |= !name_is_whole(owner);
		l->too_early |= l->ended;
		cpu_wait();
	}
	spin_unlock(&l->zone->lock, flags);
}

/* What is freed from now on stays on this CPU's list, and needs no zone's lock. */
static void make_room_on_lists(void)
{
	static const struct page_owner spare = {.name = "selftest"};
	struct page *page = page_alloc(0, 0, NODE_ANY, &spare);

	if (page != NULL)
		page_free(page);
	pages_settle();
}

KERNEL_TEST(owner, outlives_whoever_saw_it_under_the_zones_lock)
{
	static struct look look;
	struct vm_object *object;
	struct thread *thread;
	uint64_t start;
	paddr_t pa;

	if (smp_count() < 2) {
		test_skip(t, "one CPU can't free what another looks at");
		return;
	}
	REQUIRE(thread_set_affinity(thread_current(), 1) == 0);
	if (vm_object_create("selftest:owner", 1, false, &object, NULL) != 0 ||
	    vm_object_grow(object, 1, 0, NODE_ANY, false, NULL) != 0 ||
	    !mmu_translate((vaddr_t)vm_object_address(object, 0), &pa)) {
		test_fail(t, __FILE__, __LINE__, "no object");
		return;
	}
	make_room_on_lists();
	look = (struct look){.t = t, .page = pfn_to_page(paddr_to_pfn(pa))};
	look.zone = page_zone(look.page);
	thread = thread_create_on(1, "look", look_at_owner, &look);
	start = clock_us();
	while (thread != NULL && !look.holds && clock_us() - start < GIVE_UP_US)
		cpu_wait();
	vm_object_destroy(object);
	look.ended = true;
	EXPECT(thread != NULL);
	if (thread != NULL)
		thread_join(thread);
	EXPECT_EQ(thread_set_affinity(thread_current(), UINT64_MAX), 0);
	EXPECT(look.freed);
	EXPECT(!look.too_early);
	EXPECT(!look.garbled);
}
