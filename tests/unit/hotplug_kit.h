/*
 * tests/unit/hotplug_kit.h - a machine for tests of the hot-plug core: boot memory on two of
 * three nodes, a hot-plug window of 64 GiB behind it, and DIMMs that may hold anything.
 *
 * Physical memory is a sparse file.  The direct map and the vmemmap are mappings of it that come
 * and go with the kernel's own page tables: whoever touches a DIMM before it is mapped, or after
 * it left, ends the test; and the descriptors of a DIMM are what its head holds.  The window is
 * one 2 MiB page of the file, moved when the kernel moves it.
 */
#ifndef TESTS_UNIT_HOTPLUG_KIT_H
#define TESTS_UNIT_HOTPLUG_KIT_H

#define _GNU_SOURCE
#include "tests/unit/mm_kit.h"

#include <fcntl.h>
#include <unistd.h>

#include "arch/cpu.h"
#include "arch/x86_64/pte.h"
#include "boot/bootinfo.h"
#include "kernel/clock.h"
#include "kernel/fault.h"
#include "kernel/lib/errno.h"
#include "kernel/log.h"
#include "kernel/options.h"
#include "kernel/symbols.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/early.h"
#include "mm/hotplug/hotplug_priv.h"
#include "mm/hotplug/listener.h"
#include "mm/hotplug/policy.h"
#include "mm/hotplug/scrub.h"
#include "mm/init_priv.h"
#include "mm/pcp.h"
#include "mm/slab.h"

/* A test that wants another machine defines these four before it includes this. */
#ifndef KIT_SLOTS
#define KIT_MEMORY	(128 * GiB)
#define KIT_WINDOW	(6 * GiB)
#define KIT_WINDOW_SIZE (64 * GiB)
#define KIT_SLOTS	16U
#endif
#define KIT_PHYS_BITS (KIT_MEMORY > 128 * GiB ? 42 : 37)
#define KIT_FAR	      (KIT_WINDOW + KIT_WINDOW_SIZE)
#define PAGES_2M      (SIZE_2M / PAGE_SIZE)

unsigned long host_invalidated, host_flushed;
struct cpu_features cpu_features = {.nx = true, .pge = true, .phys_bits = KIT_PHYS_BITS};
struct bootinfo bootinfo;

/* --- what else the core needs of a kernel: one thread, a clock, no log --- */

static struct thread *const kit_thread = (struct thread *)&kit_seed;
#define KIT_CPUS 3U

static uint64_t kit_time_us = 1000;
uint64_t clock_tick_count;
static bool kit_interrupt;
static unsigned kit_complaints;	  /* lines of the log that warn */
static const char *kit_option[2]; /* memhp_default_state, memhp_eject */

static void (*kit_locked)(void); /* what another thread did before the next lock was had */

void mutex_lock(struct mutex *m)
{
	void (*others)(void) = kit_locked;

	ASSERT(m->owner == NULL && spin_held_count() == 0);
	m->owner = kit_thread;
	kit_locked = NULL;
	if (others != NULL)
		others();
}

int mutex_lock_interruptible(struct mutex *m)
{
	if (kit_interrupt)
		return -EINTR;
	mutex_lock(m);
	return 0;
}

void mutex_unlock(struct mutex *m)
{
	ASSERT(m->owner == kit_thread);
	m->owner = NULL;
}

struct noalloc *noalloc_enter(struct noalloc *s)
{
	s->entered++;
	return NULL;
}

void noalloc_leave(struct noalloc *outer)
{
	(void)outer;
}

bool mutex_is_held(const struct mutex *m)
{
	return m->owner == kit_thread;
}

bool thread_interrupted(void)
{
	return kit_interrupt;
}

int thread_sleep_us(uint64_t us)
{
	ASSERT(spin_held_count() == 0);
	kit_time_us += us;
	clock_tick_count = kit_time_us / 10000;
	return 0;
}

void preempt_disable(void)
{
}

void preempt_enable(void)
{
}

void threads_freeze(void)
{
}

void threads_thaw(void)
{
}

uint64_t clock_us(void)
{
	clock_tick_count = ++kit_time_us / 10000;
	host_cpu = kit_time_us % KIT_CPUS;
	return kit_time_us;
}

void klog(enum log_level level, const char *fmt, ...)
{
	(void)fmt;
	kit_complaints += level <= LOG_WARN;
}

const char *symbol_name(vaddr_t addr)
{
	(void)addr;
	return "test";
}

const char *option_string(const char *name)
{
	return strcmp(name, "memhp_default_state") == 0 ? kit_option[0]
	       : strcmp(name, "memhp_eject") == 0	? kit_option[1]
							: NULL;
}

bool option_bool(const char *name, bool otherwise)
{
	(void)name;
	return otherwise;
}

void *kzalloc(size_t size)
{
	return calloc(1, size);
}

uint64_t slab_shrink(void)
{
	return 0;
}

bool slab_verify(char *text, size_t size)
{
	(void)text, (void)size;
	return true;
}

/* --- physical memory, and the mappings of it that follow the page tables --- */

static int kit_file;
static uint8_t *kit_memory; /* always there: what a test looks through, and the DIMM's maker */
static struct listener_change kit_changing;
static uint64_t kit_scrubbed; /* bytes */

static inline void kit_view(void *at, size_t size, paddr_t pa, bool there)
{
	void *p = there ? mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, kit_file,
			       (off_t)pa)
			: mmap(at, size, PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	assert_ptr_equal(p, at);
}

/* Zeroes as a hole in the file, where that is cheaper. */
static inline void kit_zero(paddr_t pa, size_t size)
{
	if (size < 16 * PAGE_SIZE)
		memset(kit_memory + pa, 0, size);
	else
		assert_int_equal(fallocate(kit_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					   (off_t)pa, (off_t)size),
				 0);
}

void host_scrub(void *va, size_t size)
{
	uint8_t *p = va;

	kit_scrubbed += size;
	if (p >= host_direct_map && p < host_direct_map + KIT_MEMORY && size >= 16 * PAGE_SIZE) {
		p[0] = p[size - 1] = 0; /* mapped, or this is the end */
		kit_zero((paddr_t)(p - host_direct_map), size);
	} else {
		memset(p, 0, size);
	}
}

/* Maps the vmemmap of [start, start + npages) to the frames that the page tables name. */
static inline void kit_view_memmap(pfn_t start, uint64_t npages)
{
	vaddr_t va = VMEMMAP_BASE + start * sizeof(struct page);
	vaddr_t end = va + npages * sizeof(struct page);

	while (va < end) {
		paddr_t pa = 0, next = 0;
		size_t size = PAGE_SIZE;

		assert_true(mmu_translate(va, &pa));
		while (va + size < end && mmu_translate(va + size, &next) && next == pa + size)
			size += PAGE_SIZE;
		kit_view((uint8_t *)vmemmap + (va - VMEMMAP_BASE), size, pa, true);
		va += size;
	}
}

static inline void kit_close(pfn_t start, uint64_t npages)
{
	kit_view(&vmemmap[start], npages * sizeof(struct page), 0, false);
	kit_view(host_direct_map + pfn_to_paddr(start), npages * PAGE_SIZE, 0, false);
}

/* Is `va` mapped?  The tables themselves may not be in the direct map yet. */
static inline bool kit_is_mapped(vaddr_t va)
{
	paddr_t table = mmu_root();

	for (unsigned level = MMU_LEVELS; level >= 1; level--) {
		pte_t entry = ((const pte_t *)(kit_memory + table))[level_index(va, level)];

		if (!pte_present(entry) || pte_is_leaf(entry, level))
			return pte_present(entry);
		table = pte_table(entry);
	}
	return false;
}

/* The window moved; when it closes, the direct map of the device in hand has changed. */
void host_page_invalidated(vaddr_t va)
{
	paddr_t base = pfn_to_paddr(kit_changing.start), pa = 0;

	if (va != MMU_WINDOW_BASE)
		return;
	if (mmu_translate(MMU_WINDOW_BASE, &pa)) {
		kit_view((void *)MMU_WINDOW_BASE, SIZE_2M, pa, true);
		return;
	}
	kit_view((void *)MMU_WINDOW_BASE, SIZE_2M, 0, false);
	if (kit_changing.npages == 0)
		return;
	if (kit_is_mapped(DIRECT_MAP_BASE + base))
		kit_view(host_direct_map + base, kit_changing.npages * PAGE_SIZE, base, true);
	else
		kit_close(kit_changing.start, kit_changing.npages);
}

static int kit_prepare(const struct listener_change *change, struct refusal *why)
{
	(void)why;
	if (change->event == LISTENER_ADD || change->event == LISTENER_REMOVE)
		kit_changing = *change;
	return 0;
}

static void kit_commit(const struct listener_change *change)
{
	if (change->event == LISTENER_ADD)
		kit_view_memmap(change->start, change->npages);
}

static struct listener kit_listener = {.name = "kit", .prepare = kit_prepare, .commit = kit_commit};

/* --- boot --- */

static paddr_t kit_next_table = 16 * MiB;

static paddr_t kit_table(struct pt_alloc *pt, unsigned level, vaddr_t va)
{
	(void)pt, (void)level, (void)va;
	kit_next_table += PAGE_SIZE;
	return kit_next_table;
}

static void kit_no_free(struct pt_alloc *pt, paddr_t table, unsigned level, vaddr_t va)
{
	(void)pt, (void)level, (void)va;
	fail_msg("table 0x%lx is given back at boot", table);
}

static struct pt_alloc kit_boot_tables = {.alloc = kit_table, .free = kit_no_free, .keep_level = 4};

static inline void kit_boot_ram(paddr_t base, uint64_t size)
{
	early_add_ram(&early, base, size);
	bootinfo.range[bootinfo.nranges++] = (struct boot_range){base, size, BOOT_RAM};
	kit_view(host_direct_map + base, size, base, true);
}

static inline void kit_reserve_address_space(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	size_t memmap = KIT_MEMORY / PAGE_SIZE * sizeof(struct page);

	kit_file = memfd_create("dimms", 0);
	assert_true(kit_file >= 0 && ftruncate(kit_file, KIT_MEMORY) == 0);
	kit_memory = mmap(NULL, KIT_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			  kit_file, 0);
	host_direct_map = mmap(NULL, KIT_MEMORY, PROT_NONE, flags, -1, 0);
	vmemmap = mmap(NULL, memmap, PROT_NONE, flags, -1, 0);
	assert_true(kit_memory != MAP_FAILED && host_direct_map != MAP_FAILED &&
		    vmemmap != MAP_FAILED);
}

/* Nodes 0, 1, 2 are domains 0, 5 and 9; the last has no boot memory. */
static struct srat_info kit_srat = {
	.range = {{0, 2 * GiB, 0, false, false},
		  {4 * GiB, GiB, 5, false, false},
		  {KIT_WINDOW, KIT_WINDOW_SIZE, 9, true, false}},
	.nranges = 3,
};

/* Per-CPU lists of every zone; which CPU runs changes with the time. */
static void kit_use_lists(void)
{
	static struct pcp lists[MAX_NODES * ZONE_TYPES][KIT_CPUS];

	for (unsigned id = 0; id < nr_nodes * ZONE_TYPES; id++)
		pages_use_lists(zone_by_id(id), lists[id], KIT_CPUS);
}

static int kit_boot(void **state)
{
	struct refusal why = {0};

	(void)state;
	kit_reserve_address_space();
	kit_boot_ram(0, 640 * KiB);
	kit_boot_ram(MiB, 511 * MiB);
	kit_boot_ram(4 * GiB, 260 * MiB); /* ends inside a window */
	early.limit = KIT_MEMORY;
	assert_int_equal(early_reserve(&early, 0, PAGE_SIZE, "page0"), 0); /* as the kernel does */
	assert_int_equal(early_reserve(&early, 16 * MiB, MiB, "tables"), 0);
	assert_int_equal(mmu_init(kit_table(NULL, 0, 0), &kit_boot_tables), 0);
	node_init(&kit_srat, NULL, &hotplug_zone_hooks);
	boot_spans_make(&kit_srat);
	for (unsigned i = 0; i < nr_boot_spans; i++) {
		assert_int_equal(mprotect(&vmemmap[boot_spans[i].start],
					  boot_spans[i].npages * sizeof(struct page),
					  PROT_READ | PROT_WRITE),
				 0);
		boot_span_feed(&boot_spans[i]);
	}
	kit_use_lists();
	hotplug_init_boot(boot_spans, nr_boot_spans);
	assert_int_equal(hotplug_init_slots(KIT_SLOTS, KIT_WINDOW, KIT_WINDOW_SIZE, &why), 0);
	listener_register(&kit_listener);
	return 0;
}

#endif
