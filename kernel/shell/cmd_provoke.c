/*
 * kernel/shell/cmd_provoke.c - provoke: trips one protection, to see that it holds.
 *
 * Each case does one forbidden thing and should not come back: the kernel stops with a report
 * that names it.  A case that comes back is a hole, and an error of the command.
 */
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/x86_64/user_page.h"
#include "boot/image.h"
#include "drivers/acpi/tables/static.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/shell.h"
#include "kernel/spinlock.h"
#include "mm/alloc.h"
#include "mm/slab.h"
#include "mm/vm/object.h"

#define RET 0xc3 /* the instruction */

#define USER_VA 0x40000000UL

/* A case that the kernel survives, since it did not do what was asked. */
#define REFUSED 1

static uint8_t code_in_data[] = {RET};
static const uint8_t code_in_rodata[] = {RET};
static const struct page_owner provoke_owner = {.name = "provoke"};

/* Behind the compiler's back, which knows some of these mistakes when it sees them. */
static void *opaque(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

/* Writes what is there already, so that a hole does no harm. */
static int write_back(const void *address)
{
	volatile uint8_t *p = (volatile uint8_t *)(uintptr_t)address;

	*p = *p;
	return 0;
}

static int run(const void *address)
{
	/* What nobody seems to write to, clang moves to where constants are. */
	((void (*)(void))opaque((void *)(uintptr_t)address))();
	return 0;
}

static int read_word(vaddr_t address)
{
	(void)*(volatile uint64_t *)address;
	return 0;
}

static int write_text(void)
{
	return write_back(__text_start);
}

static int write_rodata(void)
{
	return write_back(code_in_rodata);
}

static int exec_data(void)
{
	return run(code_in_data);
}

static int exec_rodata(void)
{
	return run(code_in_rodata);
}

static int exec_stack(void)
{
	volatile uint8_t code[] = {RET};

	return run((const void *)code);
}

static int exec_heap(void)
{
	uint8_t *code = kmalloc(64);
	int err;

	if (code == NULL)
		return -ENOMEM;
	memset(code, RET, 64);
	err = run(code);
	kfree(code);
	return err;
}

static int exec_vm(void)
{
	struct vm_object *object;
	int err = vm_object_create("provoke", 1, false, &object, NULL);

	if (err == 0)
		err = vm_object_grow(object, 1, 0, NODE_ANY, false, NULL);
	if (err != 0)
		return err;
	memset(vm_object_address(object, 0), RET, PAGE_SIZE);
	return run(vm_object_address(object, 0));
}

static volatile unsigned overflow_depth = 1000000; /* volatile: the compiler can't see an end */

static int stack_overflow(void)
{
	volatile char frame[512];

	frame[0] = 1;
	if (overflow_depth-- == 0)
		return 0;
	return stack_overflow() + frame[0];
}

/* A stack that is nowhere: the page fault cannot push its frame. */
static int double_fault(void)
{
	__asm__ volatile("movq %0, %%rsp\n\tpushq $0" : : "r"(KMAP_END - 64) : "memory");
	__builtin_unreachable();
}

static int null_pointer(void)
{
	return read_word((vaddr_t)opaque((void *)16));
}

static int non_canonical(void)
{
	return read_word(0x8000000000000000);
}

static void free_pages(struct page **pages, unsigned n)
{
	while (n > 0)
		page_free(pages[--n]);
}

/* An executable page with the user bit, full of returns. */
static int make_user_page(void)
{
	struct page *pages[4];
	paddr_t tables[3];
	int err;

	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = page_alloc(0, 0, NODE_ANY, &provoke_owner);
		if (pages[i] == NULL) {
			free_pages(pages, i);
			return -ENOMEM;
		}
		if (i < ARRAY_SIZE(tables))
			tables[i] = page_to_paddr(pages[i]);
	}
	memset(page_to_virt(pages[3]), RET, PAGE_SIZE);
	err = user_page_map(USER_VA, page_to_paddr(pages[3]), tables);
	if (err != 0)
		free_pages(pages, ARRAY_SIZE(pages));
	return err;
}

static int smep(void)
{
	int err = cpu_features.smep ? make_user_page() : -EOPNOTSUPP;

	return err ? err : run((const void *)USER_VA);
}

static int smap(void)
{
	int err = cpu_features.smap ? make_user_page() : -EOPNOTSUPP;

	return err ? err : read_word(USER_VA);
}

/* The same for checkers that know what kfree() does. */
static void (*volatile free_unseen)(void *p) = kfree;

static int double_free(void)
{
	void *p = kmalloc(64);

	if (p == NULL)
		return -ENOMEM;
	free_unseen(p);
	free_unseen(p);
	return 0;
}

static int wild_free(void)
{
	char *p = kmalloc(64);

	if (p == NULL)
		return -ENOMEM;
	kfree(opaque(p + 8));
	return 0;
}

/* The write is found when the object is given out again. */
static int use_after_free(void)
{
	char *p = kmalloc(64);

	if (p == NULL)
		return -ENOMEM;
	free_unseen(p);
	*(volatile char *)opaque(p + 20) = 'x';
	for (unsigned i = 0; i < 1000; i++)
		(void)kmalloc(64);
	return 0;
}

static int redzone(void)
{
	char *p = kmalloc(64);

	if (p == NULL)
		return -ENOMEM;
	*(volatile char *)opaque(p + 64) = 'x';
	kfree(p);
	return 0;
}

static volatile size_t beyond = 64; /* of what the next three have; the compiler can't see it */

/* Runs over the canary, too. */
static __noinline int stack_overrun(void)
{
	volatile char few[16] = {0};

	for (size_t i = 0; i < beyond; i++)
		few[i] = 'x';
	return few[0] == 0;
}

static int global_overrun(void)
{
#ifndef CONFIG_KASAN
	return -EOPNOTSUPP; /* only the address sanitizer keeps globals apart */
#else
	static volatile char few[64];

	few[beyond] = 'x';
	return few[0] != 0;
#endif
}

static int page_after_free(void)
{
	struct page *page = page_alloc(0, 0, NODE_ANY, &provoke_owner);

	if (page == NULL)
		return -ENOMEM;
#ifndef CONFIG_DEBUG
	page_free(page);
	return -EOPNOTSUPP; /* free pages are filled in debug builds only */
#endif
	page_free(page);
	*((volatile char *)page_to_virt(page) + beyond) = 'x';
	for (unsigned i = 0; i < 1000; i++)
		(void)page_alloc(0, 0, NODE_ANY, &provoke_owner);
	return 0;
}

static int lock_order(void)
{
	static struct spinlock inner = SPINLOCK_INIT("provoke-inner", RANK_IRQ);
	static struct spinlock outer = SPINLOCK_INIT("provoke-outer", RANK_KMAP);
	uint64_t inner_flags, outer_flags;

#ifndef CONFIG_DEBUG
	return -EOPNOTSUPP; /* ranks are checked in debug builds only */
#endif
	inner_flags = spin_lock(&inner);
	outer_flags = spin_lock(&outer);
	spin_unlock(&outer, outer_flags);
	spin_unlock(&inner, inner_flags);
	return 0;
}

/* The first 128 MiB of the hot-plug window that hold no memory, now or any more; 0: none. */
static paddr_t departed_block(void)
{
	const struct srat_info *srat = &acpi_static.srat;

	for (unsigned i = 0; acpi_static.has_srat && i < srat->nranges; i++) {
		const struct srat_range *r = &srat->range[i];
		paddr_t pa;

		for (uint64_t at = 0; r->hotplug && at < r->size; at += BLOCK_PAGES * PAGE_SIZE)
			if (!mmu_translate((vaddr_t)phys_to_virt(r->base + at), &pa))
				return r->base + at;
	}
	return 0;
}

static int departed_dimm(void)
{
	paddr_t pa = departed_block();

	return pa != 0 ? read_word((vaddr_t)phys_to_virt(pa)) : -ENODEV;
}

static int departed_page(void)
{
	paddr_t pa = departed_block();

	return pa != 0 ? read_word((vaddr_t)pfn_to_page(paddr_to_pfn(pa))) : -ENODEV;
}

/* %n would write to memory by a pointer that a format's owner may not have meant to give. */
static int format_n(void)
{
	static const char *volatile unseen = "%n";
	int written = 0x5a5a;
	char text[8];

	snprintf(text, sizeof(text), unseen, &written);
	return written == 0x5a5a && strcmp(text, "%n") == 0 ? REFUSED : 0;
}

static int undefined(void)
{
#ifndef CONFIG_UBSAN
	return -EOPNOTSUPP;
#else
	volatile int big = 0x7fffffff;

	big = big + 1;
	return 0;
#endif
}

static const struct provocation {
	const char *name, *what;
	int (*run)(void);
} provocations[] = {
	{"write-text", "writes to kernel code", write_text},
	{"write-rodata", "writes to a constant", write_rodata},
	{"exec-data", "runs kernel data", exec_data},
	{"exec-stack", "runs the stack", exec_stack},
	{"exec-rodata", "runs a constant", exec_rodata},
	{"exec-heap", "runs an allocated object", exec_heap},
	{"exec-vm", "runs the memory of a vm object", exec_vm},
	{"stack-overflow", "recurses without end", stack_overflow},
	{"double-fault", "faults on a stack that is not there", double_fault},
	{"null", "follows a null pointer", null_pointer},
	{"non-canonical", "follows a pointer that is no address", non_canonical},
	{"smap", "reads a user page (-cpu max)", smap},
	{"smep", "runs a user page (-cpu max)", smep},
	{"double-free", "frees memory twice", double_free},
	{"wild-free", "frees an address that no allocation returned", wild_free},
	{"use-after-free", "writes to freed memory", use_after_free},
	{"redzone", "writes past the end of an object", redzone},
	{"stack-overrun", "writes past the end of a variable on the stack", stack_overrun},
	{"global-overrun", "writes past the end of a global (SAN=kasan)", global_overrun},
	{"page-after-free", "writes to a freed page (DEBUG=1)", page_after_free},
	{"lock-order", "takes locks in the wrong order (DEBUG=1)", lock_order},
	{"departed-dimm", "reads where a DIMM could be and is not", departed_dimm},
	{"departed-page", "reads the descriptor of a page that is not there", departed_page},
	{"format-n", "prints with the conversion that writes", format_n},
	{"undefined", "computes what the language leaves undefined (SAN=ubsan)", undefined},
};

static int list_cases(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(provocations); i++)
		shell_printf("%-15s %s\n", provocations[i].name, provocations[i].what);
	return SHELL_OK;
}

SHELL_COMMAND(provoke, "[CASE]", "trip one protection of the kernel; alone: lists them",
	      "provoke write-text", SHELL_NORMAL)
{
	int err;

	if (argc == 1)
		return list_cases();
	if (argc > 2)
		return shell_usage("provoke", "no such operand: %s", argv[2]);
	for (unsigned i = 0; i < ARRAY_SIZE(provocations); i++) {
		if (strcmp(provocations[i].name, argv[1]) != 0)
			continue;
		err = provocations[i].run();
		if (err == REFUSED) {
			shell_printf("provoke: %s: refused\n", argv[1]);
			return SHELL_OK;
		}
		if (err != 0)
			return shell_error("provoke", err, "%s: not possible here", argv[1]);
		return shell_error("provoke", -EFAULT, "%s: nothing stopped it", argv[1]);
	}
	return shell_usage("provoke", "no such case: %s", argv[1]);
}
