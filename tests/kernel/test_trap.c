/*
 * tests/kernel/test_trap.c - what a fault's report rests on: loads that may fault, backtraces,
 * symbols, the log, and the rights of the kernel image.
 */
#include "arch/mmu.h"
#include "arch/trap.h"
#include "boot/image.h"
#include "kernel/lib/string.h"
#include "kernel/log.h"
#include "kernel/symbols.h"
#include "tests/kernel/selftest.h"

KERNEL_TEST(trap, probe_tells_mapped_from_unmapped)
{
	static const uint64_t known = 0x1122334455667788;
	uint64_t value = 0;

	EXPECT(probe_read64((vaddr_t)&known, &value));
	EXPECT(value == known);
	EXPECT(!probe_read64(8, &value));			    /* page fault */
	EXPECT(!probe_read64(0x8000000000000000, &value));	    /* non-canonical */
	EXPECT(!probe_read64((vaddr_t)__boot_stack_guard, &value)); /* the guard is there */
	EXPECT(value == known);
}

__attribute__((noinline)) static unsigned innermost(vaddr_t *addrs, unsigned max)
{
	unsigned n = backtrace((uint64_t)__builtin_frame_address(0), addrs, max);

	__asm__ volatile("" : : "r"(addrs) : "memory"); /* keeps this from being a tail call */
	return n;
}

KERNEL_TEST(trap, backtrace_names_the_caller)
{
	vaddr_t addrs[16];
	unsigned n = innermost(addrs, ARRAY_SIZE(addrs));
	const char *name = symbol_lookup(addrs[0], NULL);

	REQUIRE(n >= 2);
	REQUIRE(name != NULL);
	EXPECT(strcmp(name, "selftest_trap_backtrace_names_the_caller") == 0);
	EXPECT_EQ(innermost(addrs, 1), 1);
}

KERNEL_TEST(trap, backtrace_survives_garbage)
{
	uint64_t loop[2] = {(uint64_t)loop, (vaddr_t)&innermost};
	vaddr_t addrs[16];

	EXPECT_EQ(backtrace(0, addrs, 16), 0);
	EXPECT_EQ(backtrace(3, addrs, 16), 0);
	EXPECT_EQ(backtrace((uint64_t)__boot_stack_guard, addrs, 16), 0);
	EXPECT_EQ(backtrace(UINT64_MAX - 7, addrs, 16), 0);
	EXPECT_EQ(backtrace((uint64_t)loop, addrs, 16), 1); /* a frame that is its own caller */
}

/* Every page of [start, end) is mapped with just these rights. */
static bool has_rights(const char *start, const char *end, bool writable, bool executable)
{
	struct mmu_step steps[4];

	for (const char *p = start; p < end; p += PAGE_SIZE) {
		struct mmu_step *last = &steps[mmu_walk((vaddr_t)p, steps) - 1];

		if (!last->present || last->writable != writable || last->executable != executable)
			return false;
	}
	return true;
}

KERNEL_TEST(image, rights_are_those_of_the_sections)
{
	EXPECT(has_rights(__text_start, __text_end, false, true));
	EXPECT(has_rights(__rodata_start, __rodata_end, false, false));
	EXPECT(has_rights(__data_start, __data_end, true, false));
	EXPECT(has_rights(__bss_start, __bss_end, true, false));
}

KERNEL_TEST(symbols, know_functions_and_nothing_else)
{
	size_t offset;
	const char *name = symbol_lookup((vaddr_t)&klog + 1, &offset);

	REQUIRE(name != NULL);
	EXPECT(strcmp(name, "klog") == 0);
	EXPECT_EQ(offset, 1);
	EXPECT(symbol_lookup((vaddr_t)__rodata_start, NULL) == NULL);
	EXPECT(strcmp(symbol_name(0), "?") == 0);
}

KERNEL_TEST(log, keeps_lines_in_order_and_cuts_long_ones)
{
	static struct log_line line;
	uint64_t seq = log_next_seq();
	uint64_t last = 0;

	klog(LOG_DEBUG, "selftest: one\nand what follows a newline is cut");
	klog(LOG_DEBUG, "selftest: %0300d", 2);
	for (unsigned i = 0; i < 2; i++) {
		do { /* other threads may log in between */
			REQUIRE(log_read(&seq, &line));
			EXPECT(line.seq > last);
			last = line.seq;
		} while (strncmp(line.text, "selftest: ", 10) != 0);
		if (i == 0)
			EXPECT(strcmp(line.text, "selftest: one") == 0);
	}
	EXPECT_EQ(strlen(line.text), LOG_LINE_MAX - 1);
	EXPECT(strcmp(line.text + LOG_LINE_MAX - 4, "...") == 0);
}
