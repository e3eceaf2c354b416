/*
 * tests/fuzz/breadth.c - the many inputs of `make fuzz-long`: no coverage is measured.
 *
 * breadth SEED INPUTS SECONDS LENGTH PREFIX SEEDS DIR...
 *
 * libFuzzer looks for new ways into a parser and keeps them; here what it kept (DIR), and in a
 * third of the inputs the SEEDS, which lead deepest, are changed at random: INPUTS times, or for
 * so many SECONDS (0: no limit).  The same SEED over the same files makes the same inputs.  A
 * file longer than LENGTH is taken once in LONG_ONE_IN times, others do not grow beyond LENGTH:
 * a table of eight entries finds most of what one of two hundred does, in a tenth of the time.
 * SIGTERM ends a run as its last input would.
 *
 * An input lies at the start or at the end of a mapping with an unmapped page on either side, and
 * is read-only there: what is read beyond it, or written, traps in any build; with ASan what lies
 * around it is poisoned too.  A finding leaves the input in PREFIX-SEED-NUMBER.
 *
 * The driver itself is built without sanitizers; ASan's functions are there or not (weak).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX   32768 /* bytes; whole pages */
#define GUARD	    4096
#define LONG_ONE_IN 256
#define HANG	    10 /* seconds of CPU time in one input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

void __asan_poison_memory_region(void const volatile *at, size_t size) __attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *at, size_t size) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
const char *__asan_default_options(void);

/* Blocks are few and small: a quarantine of 256 MiB, and who freed what, only cost time. */
const char *__asan_default_options(void)
{
	return "handle_abort=1:handle_sigill=1:quarantine_size_mb=1:malloc_context_size=2";
}

struct entry {
	uint8_t *bytes;
	size_t size;
};

static struct entry *entries;		/* short ones first */
static size_t nentries, nshort, nseeds; /* nseeds: of the short ones, these first */

static uint8_t *writable, *region; /* two mappings of the same pages */
static const uint8_t *input;	   /* in the region */
static size_t input_size, length_max;

static const char *prefix;
static unsigned long seed, inputs_done, inputs_at_tick;
static unsigned ticks;
static volatile sig_atomic_t stopped;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* splitmix64 */
static uint64_t state;

static uint64_t draw(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Below n, which is below 2^32. */
static size_t below(size_t n)
{
	return (size_t)((draw() >> 32) * n >> 32);
}

/* --- what goes wrong --- */
static void save_input(void)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s-%lu-%lu", prefix, seed, inputs_done);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, input, input_size) != (ssize_t)input_size)
		dprintf(2, "breadth: could not keep the input in %s\n", path);
	else
		dprintf(2, "breadth: a finding, kept in %s\n", path);
	close(fd);
}

static void on_fault(int signal)
{
	dprintf(2, "breadth: signal %d\n", signal);
	save_input();
	raise(signal); /* the handler is gone by now */
}

static void on_tick(int signal)
{
	(void)signal;
	ticks = inputs_at_tick == inputs_done ? ticks + 1 : 0;
	inputs_at_tick = inputs_done;
	if (ticks >= HANG) {
		dprintf(2, "breadth: an input takes more than %d s\n", HANG);
		abort();
	}
}

static void on_stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void catch_signals(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP};
	struct itimerval second = {{1, 0}, {1, 0}};
	struct sigaction fault = {.sa_handler = on_fault, .sa_flags = (int)SA_RESETHAND};

	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(save_input);
	for (size_t i = 0; !__sanitizer_set_death_callback && i < sizeof(faults) / sizeof(int); i++)
		sigaction(faults[i], &fault, NULL);
	signal(SIGVTALRM, on_tick);
	setitimer(ITIMER_VIRTUAL, &second, NULL);
	signal(SIGINT, on_stop);
	signal(SIGTERM, on_stop);
}

/* --- the corpus --- */
static void load_file(const char *path)
{
	struct entry entry = {malloc(INPUT_MAX), 0};
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 || !entry.bytes ? -1 : read(fd, entry.bytes, INPUT_MAX);

	if (n < 0)
		die(path);
	close(fd);
	entry.size = (size_t)n;
	entry.bytes = realloc(entry.bytes, entry.size + 1);
	entries = realloc(entries, (nentries + 1) * sizeof(*entries));
	if (!entries || !entry.bytes)
		die("realloc");
	entries[nentries] = entry;
	if (entry.size <= length_max) { /* to the end of the short ones */
		entries[nentries] = entries[nshort];
		entries[nshort++] = entry;
	}
	nentries++;
}

static int visible(const struct dirent *file)
{
	return file->d_name[0] != '.';
}

/* In the order of their names, so that a seed means something. */
static void load_directory(const char *directory)
{
	struct dirent **files;
	int n = scandir(directory, &files, visible, alphasort);

	if (n < 0)
		die(directory);
	for (int i = 0; i < n; i++) {
		char path[1024];

		snprintf(path, sizeof(path), "%s/%s", directory, files[i]->d_name);
		load_file(path);
		free(files[i]);
	}
	free(files);
}

static const struct entry *pick(void)
{
	size_t nlong = nentries - nshort;

	if (nlong != 0 && (nshort == 0 || below(LONG_ONE_IN) == 0))
		return &entries[nshort + below(nlong)];
	if (nseeds != 0 && below(3) == 0)
		return &entries[below(nseeds)];
	return &entries[below(nshort)];
}

/* --- mutations of work[0, size): each returns the new size --- */
static uint8_t work[INPUT_MAX];

/* Of so many bytes most often a few. */
static size_t some(size_t n)
{
	size_t most = (size_t)1 << below(8);

	return n == 0 ? 0 : 1 + below(most < n ? most : n);
}

static uint64_t odd_value(void)
{
	uint64_t value;

	switch (below(4)) {
	case 0:
		value = draw();
		break;
	case 1:
		value = 0;
		break;
	default:
		value = 1ULL << below(64);
		break;
	}
	return value + below(5) - 2;
}

static void change_value(size_t size)
{
	size_t width = (size_t)1 << below(4), at;
	uint64_t value = 0;

	if (width > size)
		return;
	at = below(size - width + 1);
	memcpy(&value, work + at, width);
	value = below(2) ? value + below(33) - 16 : odd_value();
	memcpy(work + at, &value, width);
}

static size_t erase(size_t size)
{
	size_t at = below(size), n = some(size - at);

	memmove(work + at, work + at + n, size - at - n);
	return size - n;
}

/* Puts in, or over what is there, a part of another entry, or of the input itself. */
static size_t put(size_t size, size_t limit, bool other, bool over)
{
	const struct entry *from = other ? pick() : &(struct entry){work, size};
	size_t at = below(size + 1), source, n;
	uint8_t part[128]; /* as much as some() says at most */

	if (from->size == 0)
		return size;
	source = below(from->size);
	n = some(from->size - source);
	memcpy(part, from->bytes + source, n);
	if (over) {
		n = n < size - at ? n : size - at;
		memcpy(work + at, part, n);
		return size;
	}
	n = n < limit - size ? n : limit - size;
	memmove(work + at + n, work + at, size - at);
	memcpy(work + at, part, n);
	return size + n;
}

/* Goes on as another entry does from the same place. */
static size_t cross(size_t size, size_t limit)
{
	const struct entry *other = pick();
	size_t at = below(size + 1), end = other->size < limit ? other->size : limit;

	if (at >= end)
		return size;
	memcpy(work + at, other->bytes + at, end - at);
	return end;
}

static size_t mutate(size_t size, size_t limit)
{
	switch (size == 0 ? 6 + below(2) : below(9)) {
	case 0:
		work[below(size)] ^= (uint8_t)(1 << below(8));
		return size;
	case 1:
		work[below(size)] = (uint8_t)draw();
		return size;
	case 2:
	case 3:
		change_value(size);
		return size;
	case 4:
		return erase(size);
	case 5:
		return put(size, limit, below(2), true);
	case 6:
		return put(size, limit, true, false);
	case 7:
		return cross(size, limit);
	default:
		return put(size, limit, false, false);
	}
}

/* --- running --- */
static void map_region(void)
{
	int fd = memfd_create("input", 0);
	uint8_t *all =
		mmap(NULL, INPUT_MAX + 2 * GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd < 0 || all == MAP_FAILED || ftruncate(fd, INPUT_MAX) != 0)
		die("memfd");
	region = mmap(all + GUARD, INPUT_MAX, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	writable = mmap(NULL, INPUT_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (region == MAP_FAILED || writable == MAP_FAILED)
		die("mmap");
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(region, INPUT_MAX);
}

static void run(const uint8_t *bytes, size_t size)
{
	size_t at = inputs_done % 2 ? INPUT_MAX - size : 0;

	memcpy(writable + at, bytes, size);
	input = region + at;
	input_size = size;
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(input, size);
	LLVMFuzzerTestOneInput(input, size);
	inputs_done++;
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(input, size);
}

static void run_mutated(void)
{
	const struct entry *entry = pick();
	size_t size = entry->size, limit = size > length_max ? size : length_max;

	memcpy(work, entry->bytes, size);
	for (int n = 1 + __builtin_ctz((unsigned)draw() | 16); n > 0; n--)
		size = mutate(size, limit);
	run(work, size);
}

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_all(unsigned long inputs, double seconds)
{
	double end = seconds_of(CLOCK_MONOTONIC) + seconds;

	for (size_t i = 0; i < nentries && i < inputs; i++)
		run(entries[i].bytes, entries[i].size);
	while (inputs_done < inputs && !stopped) {
		run_mutated();
		if (seconds != 0 && inputs_done % 256 == 0 && seconds_of(CLOCK_MONOTONIC) > end)
			break;
	}
}

int main(int argc, char **argv)
{
	if (argc < 7) {
		fprintf(stderr, "breadth SEED INPUTS SECONDS LENGTH PREFIX SEEDS DIR...\n");
		return 2;
	}
	state = seed = strtoul(argv[1], NULL, 0);
	length_max = strtoul(argv[4], NULL, 0);
	prefix = argv[5];
	load_directory(argv[6]);
	nseeds = nshort;
	for (int i = 7; i < argc; i++)
		load_directory(argv[i]);
	if (nentries == 0 || length_max > INPUT_MAX) {
		fprintf(stderr, "breadth: no files to begin with, or a LENGTH above %d\n",
			INPUT_MAX);
		return 2;
	}
	map_region();
	catch_signals();
	run_all(strtoul(argv[2], NULL, 0), strtod(argv[3], NULL));
	printf("breadth: %lu inputs in %.3f s, seed %lu, %zu files\n", inputs_done,
	       seconds_of(CLOCK_PROCESS_CPUTIME_ID), seed, nentries);
	return 0;
}
