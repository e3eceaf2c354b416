/*
 * tests/unit/test_area.c - address space of vm objects: first fit, gaps, and true reasons.
 */
/* sources: mm/vm/area.c kernel/lib/refusal.c kernel/lib/errno.c */
#include "tests/unit/mm_kit.h"

#include "arch/mmu.h"
#include "kernel/lib/errno.h"
#include "mm/slab.h"
#include "mm/vm/area.h"

#define SPACE (VM_END - VM_BASE)

static unsigned live;
static bool no_memory;

void *kmalloc(size_t size)
{
	if (no_memory)
		return NULL;
	live++;
	return malloc(size);
}

void kfree(void *p)
{
	live -= p != NULL;
	free(p);
}

static vaddr_t reserve(size_t size)
{
	struct refusal why = {0};
	vaddr_t va = 0;

	if (vm_area_reserve(size, &va, &why) != 0)
		fail_msg("%s: %s", why.step, why.text);
	assert_true(IS_ALIGNED(va, SIZE_1G));
	assert_true(va >= VM_BASE && va + size < VM_END);
	return va;
}

static void refused(size_t size, int err, const char *words)
{
	struct refusal why = {0};
	unsigned before = live;
	vaddr_t va = 1;

	assert_int_equal(vm_area_reserve(size, &va, &why), err);
	assert_int_equal(why.err, err);
	assert_int_equal(va, 1);
	assert_int_equal(live, before);
	if (strstr(why.text, words) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", words, why.text);
}

static void holes_are_used_again(void **unused)
{
	vaddr_t a = reserve(SIZE_1G), b = reserve(PAGE_SIZE), c = reserve(5 * SIZE_1G - PAGE_SIZE);

	(void)unused;
	assert_int_equal(b - a, 2 * SIZE_1G); /* there is a gap behind each */
	assert_int_equal(c - b, SIZE_1G);
	vm_area_release(a);
	assert_int_equal(reserve(SIZE_1G), a);
	vm_area_release(b);
	assert_true(reserve(SIZE_1G) > c); /* does not fit into b's place */
	assert_int_equal(reserve(SIZE_1G - PAGE_SIZE), b);
	vm_area_release(c + 5 * SIZE_1G);
	vm_area_release(c);
	vm_area_release(b);
	vm_area_release(a);
	assert_int_equal(live, 0);
}

static void too_much_is_told_from_too_little_left(void **unused)
{
	vaddr_t half, rest;

	(void)unused;
	refused(0, -EINVAL, "none");
	refused(SPACE, -E2BIG, "16384 GiB are wanted, all that objects have is 16384 GiB");
	refused(UINT64_MAX, -E2BIG, "17179869184 GiB are wanted");
	refused(SPACE - PAGE_SIZE + 1, -E2BIG, "16384 GiB");
	half = reserve(SPACE / 2);
	refused(SPACE / 2, -ENOSPC,
		"8192 GiB are wanted, the largest hole in what objects have is 8191 GiB");
	rest = reserve(SPACE / 2 - 2 * SIZE_1G);
	refused(SIZE_1G, -ENOSPC, "is 0 GiB");
	vm_area_release(half);
	refused(SPACE - SPACE / 4, -ENOSPC, "is 8193 GiB");
	vm_area_release(rest);
	vm_area_release(reserve(SPACE - PAGE_SIZE));
	no_memory = true;
	refused(SIZE_1G, -ENOMEM, "no memory");
	no_memory = false;
	assert_int_equal(live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holes_are_used_again),
		cmocka_unit_test(too_much_is_told_from_too_little_left),
	};

	return cmocka_run_group_tests_name("area", tests, NULL, NULL);
}
