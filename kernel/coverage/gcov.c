/*
 * kernel/coverage/gcov.c - the command that gives the host what the compiler counted.
 *
 * Part of `make coverage` only.  With -fprofile-arcs every branch has a counter; a word in the
 * section gcov_info points at the counters of each source file [GCC manual, "Profiling and Test
 * Coverage in Freestanding Environments"].  libgcov turns them into the bytes of a .gcda file,
 * and those go out of QEMU's debug console (port 0xe9), framed:
 *
 *	F length:u32 name		a file begins
 *	D length:u32 bytes		a part of it
 *	E				all files are complete
 *
 * Counting is not atomic: what two CPUs count at once may be counted once.  No lock.
 */
#include "arch/cpu.h"
#include "arch/io.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/shell/shell.h"

#define DEBUGCON 0xe9 /* reads 0xe9 where QEMU has one */

/* libgcov's, as the manual has it; its gcov.h is not where every compiler looks. */
struct gcov_info;
void __gcov_info_to_gcda(const struct gcov_info *info, void (*filename)(const char *, void *),
			 void (*dump)(const void *, unsigned, void *),
			 void *(*allocate)(unsigned, void *), void *arg);

extern const struct gcov_info *const __gcov_info_start[], *const __gcov_info_end[];

static void put(const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		io_out8(DEBUGCON, ((const uint8_t *)bytes)[i]);
}

static void put_frame(char kind, const void *bytes, uint32_t n)
{
	put(&kind, 1);
	put(&n, sizeof(n));
	put(bytes, n);
}

static void begin_file(const char *name, void *arg __unused)
{
	put_frame('F', name, (uint32_t)strlen(name));
}

static void add_to_file(const void *bytes, unsigned n, void *arg __unused)
{
	put_frame('D', bytes, n);
}

/* Only the counters of values, which are not compiled in, need memory. */
static void *no_memory(unsigned n, void *arg __unused)
{
	panic("gcov: %u bytes wanted", n);
}

/* --- what libgcov wants of a C library, and never uses here --- */

__noreturn void abort(void);
__noreturn void abort(void)
{
	panic("gcov: libgcov gave up");
}

void *mmap(void);
void *mmap(void)
{
	panic("gcov: libgcov wants memory");
}

/* Adding to a file's old counts is the host's work (gcov-tool). */
void __gcov_merge_add(void *counters, unsigned n);
void __gcov_merge_add(void *counters __unused, unsigned n __unused)
{
	panic("gcov: libgcov would merge");
}

SHELL_COMMAND(gcov, "", "write what ran to QEMU's debug console (coverage builds)", "gcov",
	      SHELL_PANIC)
{
	uint64_t flags;

	if (io_in8(DEBUGCON) != DEBUGCON)
		return shell_error("gcov", -ENODEV, "there is no debug console (-debugcon)");
	/* libgcov was compiled for a program: an interrupt would write over its red zone. */
	flags = cpu_irq_save();
	for (const struct gcov_info *const *info = __gcov_info_start; info < __gcov_info_end;
	     info++)
		__gcov_info_to_gcda(*info, begin_file, add_to_file, no_memory, NULL);
	put("E", 1);
	cpu_irq_restore(flags);
	return SHELL_OK;
}
