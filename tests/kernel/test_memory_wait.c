/*
 * tests/kernel/test_memory_wait.c - waiting for memory, and sections that must not ask for any.
 */
#include "kernel/lib/errno.h"
#include "kernel/thread.h"
#include "kernel/thread_noalloc.h"
#include "kernel/wait_memory.h"
#include "mm/alloc.h"
#include "mm/slab.h"
#include "mm/vm/object.h"
#include "tests/kernel/selftest.h"

#define ROUNDS 50U
#define ORDER  3U /* no list of a CPU keeps it: it comes free at once */

static const struct page_owner owner = {.name = "memory-wait"};

/* Sleeps through a retry or more, so that its free finds the waiter asleep. */
static void free_later(void *page)
{
	(void)thread_sleep_us(250000);
	page_free(page);
}

static void free_a_page(void *arg __unused)
{
	struct page *page = page_alloc(ORDER, 0, NODE_ANY, &owner);

	if (page != NULL)
		page_free(page);
}

KERNEL_TEST(memory_wait, what_another_thread_frees_ends_it)
{
	struct page *page = page_alloc(ORDER, 0, NODE_ANY, &owner);
	struct memory_wait wait;
	struct thread *thread;
	uint64_t seen;
	unsigned rounds = 0;

	REQUIRE(page != NULL);
	memory_wait_begin(&wait);
	seen = wait.seen;
	thread = thread_create("free-later", free_later, page);
	/* Others may free as well; but somebody has to, and a retry changes nothing. */
	while (thread != NULL && wait.seen == seen && rounds++ < ROUNDS)
		EXPECT_EQ(memory_wait(&wait), 0);
	memory_wait_end(&wait);
	EXPECT(thread != NULL && wait.seen != seen);
	if (thread != NULL)
		thread_join(thread);
	else
		page_free(page);
}

KERNEL_TEST(memory_wait, what_comes_before_the_sleep_is_not_missed)
{
	struct memory_wait wait;
	struct thread *thread;
	uint64_t seen;

	memory_wait_begin(&wait);
	seen = wait.seen;
	thread = thread_create("free-now", free_a_page, NULL);
	if (thread != NULL)
		thread_join(thread);
	EXPECT_EQ(memory_wait(&wait), 0);
	memory_wait_end(&wait);
	EXPECT(thread != NULL && wait.seen != seen);
}

static void interrupt(void *arg)
{
	(void)thread_sleep_us(10000);
	thread_interrupt(arg);
}

KERNEL_TEST(memory_wait, an_interrupt_ends_it)
{
	struct thread *thread = thread_create("interrupt", interrupt, thread_current());
	struct memory_wait wait;
	unsigned rounds = 0;
	int err = 0;

	REQUIRE(thread != NULL);
	memory_wait_begin(&wait);
	while (err == 0 && rounds++ < ROUNDS)
		err = memory_wait(&wait);
	memory_wait_end(&wait);
	thread_join(thread);
	thread_clear_interrupt();
	EXPECT_EQ(err, -EINTR);
}

/* As `hog stop` ends a hog that waits: that is no want of memory. */
KERNEL_TEST(memory_wait, growth_that_is_interrupted_says_so)
{
	const uint64_t npages = 1UL << MAX_ORDER;
	struct refusal why = {0};
	struct vm_object *object;
	struct thread *thread;
	int err;

	REQUIRE(vm_object_create("memory-wait", 1 * TiB / PAGE_SIZE, false, &object, &why) == 0);
	do /* until there is no chunk of 1 GiB left */
		err = vm_object_grow(object, npages, MAX_ORDER, NODE_ANY, false, NULL);
	while (err == 0);
	EXPECT_EQ(err, -ENOMEM);
	thread = thread_create("interrupt", interrupt, thread_current());
	if (err == -ENOMEM && thread != NULL)
		EXPECT_EQ(vm_object_grow_wait(object, npages, MAX_ORDER, NODE_ANY, false, &why),
			  -EINTR);
	EXPECT(thread != NULL && why.err == -EINTR);
	if (thread != NULL)
		thread_join(thread);
	thread_clear_interrupt();
	vm_object_destroy(object);
}

/* --- sections without allocations --- */

static struct noalloc outer_section = {.name = "outer"};
static struct noalloc inner_section = {.name = "inner"};

KERNEL_TEST(noalloc, every_call_is_counted_where_it_was_made)
{
	uint64_t inner = inner_section.calls, outer = outer_section.calls;
	struct noalloc *before = noalloc_enter(&outer_section), *middle;

	kfree(kmalloc(32)); /* one, or two where the cache has to grow */
	EXPECT(outer_section.calls - outer >= 1 && outer_section.calls - outer <= 2);
	EXPECT(outer_section.caller != 0);
	outer = outer_section.calls;

	middle = noalloc_enter(&inner_section);
	EXPECT(middle == &outer_section);
	free_a_page(NULL);
	noalloc_leave(middle);
	EXPECT_EQ(inner_section.calls, inner + 1);
	EXPECT_EQ(outer_section.calls, outer);

	free_a_page(NULL);
	EXPECT_EQ(outer_section.calls, outer + 1);
	noalloc_leave(before);
	free_a_page(NULL);
	EXPECT_EQ(outer_section.calls, outer + 1);
	EXPECT_EQ(inner_section.calls, inner + 1);
}

KERNEL_TEST(noalloc, other_threads_are_not_counted)
{
	struct thread *thread = thread_create("free-now", free_a_page, NULL);
	uint64_t calls = outer_section.calls;
	struct noalloc *before = noalloc_enter(&outer_section);

	if (thread != NULL)
		thread_join(thread);
	noalloc_leave(before);
	EXPECT(thread != NULL);
	EXPECT_EQ(outer_section.calls, calls);
}
