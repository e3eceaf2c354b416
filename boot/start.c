/*
 * boot/start.c - the first C code: saves the loader's tags, seeds the stack guard.
 *
 * The tags may lie anywhere below 4 GiB that the image does not occupy, in its page gaps
 * even, so they are copied before anything else is written.  Runs on the boot page tables.
 *
 * To whoever writes the compiler flags: the kernel needs -mstack-protector-guard=global
 * beside -fstack-protector-strong, since it has no thread-local storage for the canary.
 */
#include "boot/start.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/percpu.h"
#include "kernel/lib/string.h"

struct boot_handover boot_handover;
uint8_t boot_tags[BOOT_TAGS_MAX] __aligned(8);

uintptr_t __stack_chk_guard = 0x5bd1e995a7c3f100;

__noreturn void boot_start(uint32_t magic, uint32_t tags);

/* The low byte stays 0, so that a run-away string copy cannot write the right value. */
static inline uintptr_t make_stack_guard(void)
{
	uint64_t x = cpu_cycles() ^ cpu_random();

	x ^= x >> 33;
	x *= 0xff51afd7ed558ccd; /* spreads a few changing bits over all [MurmurHash3 fmix64] */
	x ^= x >> 33;
	return (x ^ __stack_chk_guard) & ~0xffUL;
}

/* Called by entry.asm.  Has no guard of its own: it changes the guard. */
__attribute__((no_stack_protector)) void boot_start(uint32_t magic, uint32_t tags)
{
	percpu_load(0); /* cpu_id() */
	boot_handover.magic = magic;
	boot_handover.tags_paddr = tags;
	if (magic == BOOT_MAGIC) {
		boot_handover.tags_size = *(const uint32_t *)phys_to_virt(tags);
		memcpy(boot_tags, phys_to_virt(tags),
		       MIN(boot_handover.tags_size, (uint32_t)BOOT_TAGS_MAX));
	}
	__stack_chk_guard = make_stack_guard();
	kmain();
}
