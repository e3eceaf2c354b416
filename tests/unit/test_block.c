/*
 * tests/unit/test_block.c - what may follow what, and how blocks are named and found.
 */
#include "tests/unit/hotplug_dimms.h"

/* --- states --- */

/* What block.h promises: the next state, or an errno (negative). */
static const int expected[BLOCK_STATES][BLOCK_EVENTS] = {
	[BLOCK_OFFLINE] = {BLOCK_GOING_ONLINE, -EALREADY, -EBUSY, -EBUSY},
	[BLOCK_GOING_ONLINE] = {-EBUSY, -EBUSY, BLOCK_ONLINE, BLOCK_OFFLINE},
	[BLOCK_ONLINE] = {-EALREADY, BLOCK_GOING_OFFLINE, -EBUSY, -EBUSY},
	[BLOCK_GOING_OFFLINE] = {-EBUSY, -EBUSY, BLOCK_OFFLINE, BLOCK_ONLINE},
	[BLOCK_MEMMAP] = {-EINVAL, -EINVAL, -EINVAL, -EINVAL},
};

static void try_event(struct memory_block *block, unsigned state, unsigned event)
{
	char name[24], text[64];
	struct refusal why = {0};
	int want = expected[state][event];

	block->state = (enum block_state)state;
	assert_int_equal(block_request(block, (enum block_event)event, &why), MIN(want, 0));
	assert_int_equal(block->state, want < 0 ? (int)state : want);
	assert_int_equal(why.err, MIN(want, 0));
	if (want >= 0)
		return;
	snprintf(text, sizeof(text), "%s is %s", block_name(block, name, sizeof(name)),
		 block_state_name((enum block_state)state));
	assert_string_equal(why.text, text);
	assert_string_equal(why.step, "state");
	assert_true(why.has_pfn && why.pfn == block->start);
	/* A caller that does not ask why is refused as well. */
	assert_int_equal(block_request(block, (enum block_event)event, NULL), want);
}

static void every_state_meets_every_event(void **unused)
{
	struct memory_device *device = dimm_plug(0, KIT_WINDOW, 256 * MiB);
	struct memory_block block = device->blocks[1];

	(void)unused;
	for (unsigned state = 0; state < BLOCK_STATES; state++)
		for (unsigned event = 0; event < BLOCK_EVENTS; event++)
			try_event(&block, state, event);
	dimm_remove(device);
}

static void states_have_names(void **unused)
{
	(void)unused;
	assert_string_equal(block_state_name(BLOCK_OFFLINE), "offline");
	assert_string_equal(block_state_name(BLOCK_GOING_ONLINE), "going-online");
	assert_string_equal(block_state_name(BLOCK_ONLINE), "online");
	assert_string_equal(block_state_name(BLOCK_GOING_OFFLINE), "going-offline");
	assert_string_equal(block_state_name(BLOCK_MEMMAP), "memmap");
	assert_string_equal(block_state_name(BLOCK_STATES), "?");
	assert_string_equal(block_state_name((enum block_state) - 1), "?");
}

/* --- names --- */

#define BLOCK_BYTES (BLOCK_PAGES * PAGE_SIZE)
#define FIRST	    (KIT_WINDOW / BLOCK_BYTES) /* number of the window's first block */

static void assert_name(const struct memory_block *block, const char *want)
{
	char name[24];

	assert_ptr_equal(block_name(block, name, sizeof(name)), name);
	assert_string_equal(name, want);
	assert_ptr_equal(block_by_name(want), block);
}

/* Three devices meet in the second window, with a gap between the last two. */
static void devices_that_share_a_window(void **unused)
{
	struct memory_device *a = dimm_plug(0, KIT_WINDOW, BLOCK_BYTES + 16 * MiB);
	struct memory_device *b = dimm_plug(1, KIT_WINDOW + BLOCK_BYTES + 16 * MiB, 32 * MiB);
	struct memory_device *c = dimm_plug(2, KIT_WINDOW + 2 * BLOCK_BYTES - 32 * MiB, 256 * MiB);
	char text[32];

	(void)unused;
	snprintf(text, sizeof(text), "memory%lu", FIRST);
	assert_name(&a->blocks[0], text);
	snprintf(text, sizeof(text), "memory%lu", FIRST + 1);
	assert_name(&a->blocks[1], text);
	snprintf(text, sizeof(text), "memory%lu.1", FIRST + 1);
	assert_name(&b->blocks[0], text);
	snprintf(text, sizeof(text), "memory%lu.2", FIRST + 1);
	assert_name(&c->blocks[0], text);
	snprintf(text, sizeof(text), "memory%lu.3", FIRST + 1);
	assert_null(block_by_name(text));
	snprintf(text, sizeof(text), "memory%lu.0", FIRST + 1);
	assert_ptr_equal(block_by_name(text), &a->blocks[1]);
	snprintf(text, sizeof(text), "memory%lu", FIRST + 3);
	assert_name(&c->blocks[2], text);
	/* The first one gone, the others move up. */
	dimm_remove(a);
	snprintf(text, sizeof(text), "memory%lu", FIRST + 1);
	assert_name(&b->blocks[0], text);
	snprintf(text, sizeof(text), "memory%lu", FIRST);
	assert_null(block_by_name(text));
	dimm_remove(b);
	dimm_remove(c);
}

static void names_that_are_none(void **unused)
{
	static const char *const bad[] = {
		"",
		"m",
		"memory",
		"memory.",
		"memory.1",
		"memoryx",
		"Memory0",
		" memory0",
		"memory0 ",
		"memory0x",
		"memory-1",
		"memory+0",
		"memory0.",
		"memory0.x",
		"memory0.1",
		"memory0..0",
		"memory0.0.0",
		"memory0.-1",
		"memory9999999999",
		"memory00000000000",
		"memory18446744073709551616",
		"memory4294967296",
		"memory0.4294967296",
		"dimm0",
		"boot",
		"memory0\n",
		"memory0x0",
		"memory4",
	};

	(void)unused;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		if (block_by_name(bad[i]) != NULL)
			fail_msg("\"%s\" names a block", bad[i]);
	assert_ptr_equal(block_by_name("memory0"), block_by_pfn(0));
	assert_ptr_equal(block_by_name("memory0000000000"), block_by_pfn(0));
	assert_ptr_equal(block_by_name("memory3.0"), block_by_pfn(3 * BLOCK_PAGES));
	for (unsigned i = 0; i < 20000; i++) { /* whatever it is, it is looked at to its end */
		static const char letters[] = "memory0123456789.x";
		char *name = malloc(24);
		size_t length = kit_below(23);

		memcpy(name, "memory", 6);
		for (size_t n = kit_below(2) ? 6 : 0; n < length; n++)
			name[n] = letters[kit_below(sizeof(letters) - 1)];
		name[length] = '\0';
		block_by_name(name);
		free(name);
	}
}

/* --- finding --- */

/* Looks one frame up and compares with the devices' own words. */
static void look_up(pfn_t pfn)
{
	struct memory_block *found = block_by_pfn(pfn), *want = NULL;
	struct memory_device *device;

	for_each_device (device) {
		for (unsigned b = 0; b < device->nblocks; b++)
			if (pfn >= device->blocks[b].start && pfn < block_end(&device->blocks[b]))
				want = &device->blocks[b];
	}
	assert_ptr_equal(found, want);
	assert_ptr_equal(memory_device_by_pfn(pfn), want != NULL ? want->device : NULL);
}

static void every_border_is_found(void **unused)
{
	struct memory_device *d[] = {
		dimm_plug(3, KIT_WINDOW + SIZE_2M, 3 * BLOCK_BYTES),
		dimm_plug(1, KIT_WINDOW + SIZE_2M + 3 * BLOCK_BYTES, 4 * SIZE_2M),
		dimm_plug(2, KIT_WINDOW + 10 * BLOCK_BYTES, BLOCK_BYTES),
		dimm_plug(0, KIT_WINDOW + KIT_WINDOW_SIZE - 6 * SIZE_2M, 6 * SIZE_2M),
	};
	struct memory_device *device;

	(void)unused;
	for_each_device (device) {
		for (unsigned b = 0; b < device->nblocks; b++) {
			look_up(device->blocks[b].start - 1);
			look_up(device->blocks[b].start);
			look_up(device->blocks[b].usable);
			look_up(block_end(&device->blocks[b]) - 1);
			look_up(block_end(&device->blocks[b]));
		}
	}
	look_up(0);
	look_up(~0UL);
	look_up(paddr_to_pfn(KIT_FAR));
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(memory_device_by_name(d[i]->name), d[i]);
	assert_null(memory_device_by_name("boot"));
	assert_null(memory_device_by_name("dimm4"));
	assert_null(memory_device_by_slot(DEVICE_SLOT_NONE));
	for (unsigned i = 0; i < 4; i++)
		dimm_remove(d[i]);
}

/* --- blocks_for_each() --- */

struct visit {
	struct memory_block *seen[64];
	unsigned n, stop_at; /* 0: never */
};

static int visit(struct memory_block *block, void *arg)
{
	struct visit *v = arg;

	assert_true(v->n < ARRAY_SIZE(v->seen));
	v->seen[v->n++] = block;
	return v->n == v->stop_at ? -EINTR : 0;
}

/* What a range holds, by the tables; in address order. */
static void assert_visits(pfn_t start, uint64_t npages)
{
	struct block_range range = {start, npages, false};
	struct visit v = {.n = 0};
	int err = blocks_for_each(&range, visit, &v);
	struct memory_device *device;
	unsigned n = 0;

	for_each_device (device) {
		for (unsigned b = 0; b < device->nblocks; b++) {
			struct memory_block *block = &device->blocks[b];

			if (block->start >= start + npages || block_end(block) <= start ||
			    npages == 0)
				continue;
			assert_true(n < v.n);
			assert_ptr_equal(v.seen[n], block);
			n++;
		}
	}
	assert_int_equal(v.n, n);
	assert_int_equal(err, n == 0 ? -ENOENT : 0);
	for (v.stop_at = 1; v.stop_at <= n; v.stop_at++) {
		unsigned stop_at = v.stop_at;

		v.n = 0;
		assert_int_equal(blocks_for_each(&range, visit, &v), -EINTR);
		assert_int_equal(v.n, stop_at);
	}
}

static void ranges_over_gaps_and_devices(void **unused)
{
	struct memory_device *d[] = {
		dimm_plug(0, KIT_WINDOW + 6 * MiB, 2 * BLOCK_BYTES),
		dimm_plug(1, KIT_WINDOW + 6 * MiB + 2 * BLOCK_BYTES, 8 * MiB),
		dimm_plug(2, KIT_WINDOW + 4 * BLOCK_BYTES, 2 * BLOCK_BYTES + 2 * MiB),
		dimm_plug(3, KIT_WINDOW + 8 * BLOCK_BYTES - 8 * MiB, 16 * MiB),
	};
	pfn_t first = paddr_to_pfn(KIT_WINDOW);

	(void)unused;
	for (pfn_t start = first; start < first + 9 * BLOCK_PAGES; start += 7 * PAGES_2M)
		for (uint64_t npages = 0; npages < 9 * BLOCK_PAGES; npages += 13 * PAGES_2M)
			assert_visits(start, npages);
	for (unsigned i = 0; i < 4; i++)
		for (int from = -1; from <= 1; from++)
			for (int to = -1; to <= 1; to++)
				assert_visits(d[i]->start + (pfn_t)from,
					      d[i]->npages + (uint64_t)to);
	assert_visits(0, paddr_to_pfn(KIT_FAR));
	assert_visits(paddr_to_pfn(KIT_FAR), 1000);
	for (unsigned i = 0; i < 4; i++)
		dimm_remove(d[i]);
}

/* The buddy of what is freed lies in a device that is leaving, and may be gone already. */
static void a_neighbour_s_blocks_are_not_looked_at(void **unused)
{
	static const struct page_owner owner = {.name = "test"};
	struct memory_device *own = dimm_plug(0, KIT_WINDOW, 3 * BLOCK_BYTES);
	struct memory_device *other = dimm_plug(1, KIT_WINDOW + 3 * BLOCK_BYTES, BLOCK_BYTES);
	struct memory_block *blocks = other->blocks;
	struct page *page[2];

	(void)unused;
	dimm_online(own, ONLINE_KERNEL);
	for (unsigned i = 0; i < 2; i++) {
		page[i] = page_alloc(BLOCK_ORDER, ALLOC_THISNODE, own->node, &owner);
		assert_non_null(page[i]);
	}
	assert_true(page_to_pfn(page[0]) == own->blocks[2].start ||
		    page_to_pfn(page[1]) == own->blocks[2].start);
	other->blocks = (struct memory_block *)PAGE_SIZE; /* nothing is mapped there */
	page_free(page[0]);
	page_free(page[1]);
	other->blocks = blocks;
	dimm_offline(own);
	dimm_remove(own);
	dimm_remove(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(every_state_meets_every_event),
		world_test(states_have_names),
		world_test(devices_that_share_a_window),
		world_test(names_that_are_none),
		world_test(every_border_is_found),
		world_test(a_neighbour_s_blocks_are_not_looked_at),
		world_test(ranges_over_gaps_and_devices),
	};

	return cmocka_run_group_tests_name("block", tests, kit_boot, NULL);
}
