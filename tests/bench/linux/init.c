/*
 * tests/bench/linux/init.c - the only program of the Linux guest of make bench-linux.
 *
 * Runs as /init of the initramfs, loads hrbench.ko, and answers lines on the serial port:
 *	cat PATH		prints a file
 *	write PATH TEXT		writes it by one call
 *	state FIRST COUNT TEXT	writes TEXT to the `state` of COUNT memory blocks, one by one
 *	hold BYTES small|huge	maps and touches memory, a word a page, with 4 KiB or 2 MiB pages
 *	verify			reads every word of it
 *	drop			gives it back
 *	off			powers off
 * Each answer ends in a line `@ RESULT COUNTS`: 0 or an errno, and what the TSC counted in the
 * system calls that did the work, the CPU's idle time taken off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>
#include <x86intrin.h>

#define BLOCK "/sys/devices/system/memory/memory%lu/state"

static uint64_t counts;
static char *held;
static size_t held_bytes, held_step;

static int load_module(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 ? -1 : (int)syscall(SYS_finit_module, fd, "", 0);
}

/* Counts that the CPU waited, since the module was loaded. */
static uint64_t idle(void)
{
	char text[64] = "";
	int fd = open("/proc/hrbench", O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (got <= 0) {
		printf("no /proc/hrbench\n");
		exit(1);
	}
	close(fd);
	return strtoull(text + strlen("idle "), NULL, 10);
}

static int cat(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return errno;
	while ((got = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)got, stdout);
	close(fd);
	return got < 0 ? errno : 0;
}

/* Only the write itself is counted. */
static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;
	uint64_t waited, began;

	if (fd < 0)
		return errno;
	waited = idle();
	began = __rdtsc();
	if (write(fd, text, strlen(text)) < 0)
		err = errno;
	counts += __rdtsc() - began;
	counts -= idle() - waited;
	close(fd);
	return err;
}

static int write_states(unsigned long first, unsigned long count, const char *text)
{
	char path[64];
	int err = 0;

	for (unsigned long i = first; err == 0 && i < first + count; i++) {
		snprintf(path, sizeof(path), BLOCK, i);
		err = write_file(path, text);
	}
	return err;
}

static int hold(size_t bytes, bool huge)
{
	held_bytes = bytes;
	held_step = huge ? 2UL << 20 : 4096;
	held = mmap(NULL, bytes + held_step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (held == MAP_FAILED)
		return errno;
	held = (char *)(((uintptr_t)held + held_step - 1) & ~(held_step - 1));
	if (madvise(held, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0)
		return errno;
	for (size_t at = 0; at < bytes; at += held_step)
		*(uint64_t *)(held + at) = at ^ 0x9e3779b97f4a7c15UL;
	return 0;
}

static int verify(void)
{
	for (size_t at = 0; at < held_bytes; at += held_step)
		if (*(volatile uint64_t *)(held + at) != (at ^ 0x9e3779b97f4a7c15UL))
			return EBADMSG;
	return 0;
}

static int drop(void)
{
	int err = munmap(held, held_bytes) != 0 ? errno : 0;

	held_bytes = 0;
	return err;
}

static int obey(char *line)
{
	char path[128], text[64];
	unsigned long first, count;

	if (sscanf(line, "cat %127s", path) == 1)
		return cat(path);
	if (sscanf(line, "write %127s %63[^\n]", path, text) == 2)
		return write_file(path, text);
	if (sscanf(line, "state %lu %lu %63s", &first, &count, text) == 3)
		return write_states(first, count, text);
	if (sscanf(line, "hold %lu %63s", &first, text) == 2)
		return hold(first, strcmp(text, "huge") == 0);
	if (strcmp(line, "verify\n") == 0)
		return verify();
	if (strcmp(line, "drop\n") == 0)
		return drop();
	if (strcmp(line, "off\n") == 0)
		return reboot(RB_POWER_OFF);
	return EINVAL;
}

int main(void)
{
	struct termios raw;
	char line[256];

	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	if (tcgetattr(0, &raw) == 0) {
		cfmakeraw(&raw);
		tcsetattr(0, TCSANOW, &raw);
	}
	if (load_module("/hrbench.ko") != 0) {
		printf("hrbench.ko: %s\n", strerror(errno));
		return 1;
	}
	printf("ready\n@ 0 0\n");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		int result;

		counts = 0;
		result = obey(line);
		printf("@ %d %lu\n", result, counts);
		fflush(stdout);
	}
	return 1; /* the kernel panics: the end of this machine, and it is seen */
}
