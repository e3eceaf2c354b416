/*
 * tests/fuzz/fuzz_target.c - any words as TARGET, in machines with any devices: what a word names
 * is found a second time by comparing it with everything there is.
 *
 * The input is how many devices there are and which of them are boot memory, two bytes for each
 * (how far it is from the one before, and how long), and words, each with its NUL.
 */
/* sources: kernel/shell/target.c kernel/shell/args.c mm/hotplug/block.c mm/hotplug/device.c */
/* sources: kernel/lib/refusal.c kernel/lib/errno.c */
#include "arch/mmu.h"
#include "kernel/lib/assert.h"
#include "kernel/shell/target.h"
#include "mm/hotplug/hotplug_priv.h"
#include "tests/fuzz/wide.h"

#define DEVICES	   7
#define UNIT	   (BLOCK_PAGES / 8) /* so that up to eight devices share a window */
#define BLOCKS	   (256 / 8 + 2)     /* of the longest device */
#define WINDOWS	   (DIRECT_MAP_MAX / (BLOCK_PAGES * PAGE_SIZE))
#define WORD_BYTES 32

static struct memory_device device[DEVICES]; /* in address order */
static struct memory_block block[DEVICES][BLOCKS];
static unsigned ndevices;
static unsigned errors_said;
static bool locked;

/* --- what the shell and the lock are made of --- */

static void say(const char *fmt, va_list ap)
{
	char line[8192];

	MUST(vsnprintf(line, sizeof(line), fmt, ap) > 0);
	errors_said++;
}

int shell_error(const char *command, int err, const char *fmt, ...)
{
	va_list ap;

	MUST(strcmp(command, "fuzz") == 0 && err != 0);
	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return SHELL_FAIL;
}

int shell_usage(const char *command, const char *fmt, ...)
{
	(void)command, (void)fmt;
	MUST(!"a target has no options");
	return SHELL_USAGE;
}

void mutex_lock(struct mutex *m)
{
	MUST(m == &hotplug_lock && !locked);
	locked = true;
}

int mutex_lock_interruptible(struct mutex *m)
{
	mutex_lock(m);
	return 0;
}

void mutex_unlock(struct mutex *m)
{
	MUST(m == &hotplug_lock && locked);
	locked = false;
}

__noreturn void assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, expr);
	abort();
}

/* --- the machine --- */

static void make_device(unsigned i, pfn_t start, uint64_t npages, bool boot)
{
	device[i] = (struct memory_device){
		.start = start,
		.npages = npages,
		.slot = boot ? DEVICE_SLOT_NONE : (int)i,
		.blocks = block[i],
	};
	if (boot)
		strcpy(device[i].name, "boot");
	else
		snprintf(device[i].name, sizeof(device[i].name), "dimm%u", i);
	device_make_blocks(&device[i]);
	device_table_insert(&device[i]);
}

/* How many bytes of the input that took. */
static size_t make_machine(const uint8_t *data, size_t size)
{
	size_t at = MIN(size, (size_t)2);
	pfn_t start = 0;

	ndevices = size < 2 ? 0 : MIN(data[0] % (DEVICES + 1U), (unsigned)(size - 2) / 2);
	for (unsigned i = 0; i < ndevices; i++, at += 2) {
		start += data[at] * UNIT;
		make_device(i, start, (data[at + 1] + 1UL) * UNIT, data[1] >> i & 1);
		start += device[i].npages;
	}
	return at;
}

/* --- the second reading --- */

static const struct memory_block *nth_of_window(uint64_t window, uint64_t part)
{
	for (unsigned i = 0; i < ndevices; i++)
		for (unsigned b = 0; b < device[i].nblocks; b++)
			if (block[i][b].start / BLOCK_PAGES == window && part-- == 0)
				return &block[i][b];
	return NULL;
}

/* Up to ten decimal digits, which *word moves behind. */
static bool short_number(const char **word, uint64_t *value)
{
	size_t n = strspn(*word, "0123456789");

	if (n == 0 || n > 10)
		return false;
	*value = strtoull(*word, NULL, 10);
	*word += n;
	return true;
}

/* memoryN, memoryN.K */
static const struct memory_block *named_block(const char *word)
{
	uint64_t window, part = 0;
	bool has_part;

	if (strncmp(word, "memory", 6) != 0)
		return NULL;
	word += 6;
	if (!short_number(&word, &window))
		return NULL;
	word += has_part = *word == '.';
	if (has_part && !short_number(&word, &part))
		return NULL;
	return *word == '\0' ? nth_of_window(window, part) : NULL;
}

/* memoryN-M, memoryN-memoryM: SHELL_OK or SHELL_USAGE */
static int named_windows(const char *word, struct block_range *want)
{
	wide_t first, last;
	const char *start = word += 6;

	if (!digits(&word, true, &first) || *word != '-' || word - start > 11)
		return SHELL_USAGE;
	word++;
	word += strncmp(word, "memory", 6) == 0 ? 6 : 0;
	if (!digits(&word, true, &last) || *word != '\0' || last < first || last >= WINDOWS)
		return SHELL_USAGE;
	want->start = (uint64_t)first * BLOCK_PAGES;
	want->npages = (uint64_t)(last - first + 1) * BLOCK_PAGES;
	return SHELL_OK;
}

static int from_first_to_last(bool plugged, struct block_range *want)
{
	for (unsigned i = 0; i < ndevices; i++) {
		if (plugged && device[i].slot == DEVICE_SLOT_NONE)
			continue;
		if (want->npages == 0)
			want->start = device[i].start;
		want->npages = device[i].start + device[i].npages - want->start;
	}
	return want->npages != 0 ? SHELL_OK : SHELL_FAIL;
}

static int named_device(const char *word, struct block_range *want)
{
	for (unsigned i = 0; i < ndevices; i++)
		if (strcmp(device[i].name, word) == 0)
			*want = (struct block_range){device[i].start, device[i].npages, false};
	return want->npages != 0 ? SHELL_OK : SHELL_FAIL;
}

/* Blocks that lie in a range in whole, and in part. */
static void count_blocks(wide_t base, wide_t end, unsigned *whole, unsigned *cut)
{
	*whole = *cut = 0;
	for (unsigned i = 0; i < ndevices; i++)
		for (unsigned b = 0; b < device[i].nblocks; b++) {
			wide_t first = block[i][b].start * PAGE_SIZE;
			wide_t behind = first + block[i][b].npages * PAGE_SIZE;

			*whole += base <= first && behind <= end;
			*cut += base < behind && first < end && !(base <= first && behind <= end);
		}
}

static int address_range(const char *word, struct block_range *want)
{
	wide_t base, end;
	unsigned whole, cut;

	if (wide_range(word, &base, &end) != 0)
		return SHELL_USAGE;
	count_blocks(base, end, &whole, &cut);
	if (base % PAGE_SIZE != 0 || end % PAGE_SIZE != 0 || cut != 0)
		return SHELL_FAIL;
	want->start = (uint64_t)(base / PAGE_SIZE);
	want->npages = (uint64_t)((end - base) / PAGE_SIZE);
	return SHELL_OK;
}

static int read_target(const char *word, bool plugged, struct target *want)
{
	const struct memory_block *found;

	*want = (struct target){.idempotent = true};
	if (strcmp(word, "all") == 0)
		return from_first_to_last(plugged, &want->range);
	if (strncmp(word, "memory", 6) == 0 && strchr(word, '-') != NULL)
		return named_windows(word, &want->range);
	if (strncmp(word, "memory", 6) == 0) {
		found = named_block(word);
		if (found == NULL)
			return SHELL_FAIL;
		*want = (struct target){{found->start, found->npages, true}, false};
		return SHELL_OK;
	}
	if (strncmp(word, "dimm", 4) == 0) {
		want->idempotent = false;
		return named_device(word, &want->range);
	}
	return address_range(word, &want->range);
}

/* --- what the kernel says --- */

static void check_word(const char *word, bool plugged)
{
	struct target got, want;
	int status = read_target(word, plugged, &want);
	unsigned whole, cut;

	errors_said = 0;
	MUST(target_parse("fuzz", word, plugged, &got) == status);
	MUST(!locked && errors_said == (status != SHELL_OK));
	MUST(block_by_name(word) == named_block(word));
	if (status != SHELL_OK)
		return;
	MUST(got.range.start == want.range.start && got.range.npages == want.range.npages);
	MUST(got.range.single == want.range.single && got.idempotent == want.idempotent);
	count_blocks((wide_t)got.range.start * PAGE_SIZE,
		     (wide_t)(got.range.start + got.range.npages) * PAGE_SIZE, &whole, &cut);
	MUST(range_count(&got.range, BLOCK_OFFLINE) == whole + cut);
}

/* What a block is called must lead to it, in words of our own as well. */
static void check_names(void)
{
	char name[WORD_BYTES], ours[WORD_BYTES];

	for (unsigned i = 0; i < ndevices; i++)
		for (unsigned b = 0; b < device[i].nblocks; b += 1 + device[i].nblocks / 4) {
			uint64_t window = block[i][b].start / BLOCK_PAGES, part = 0;

			while (nth_of_window(window, part) != &block[i][b])
				part++;
			snprintf(ours, sizeof(ours), part ? "memory%lu.%lu" : "memory%lu", window,
				 part);
			block_name(&block[i][b], name, sizeof(name));
			MUST(strcmp(name, ours) == 0 && block_by_name(name) == &block[i][b]);
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t used = make_machine(data, size);
	char *text = malloc(size - used + 1), *end = text + (size - used);

	memcpy(text, data + used, size - used);
	*end = '\0';
	for (char *word = text; word <= end; word += strlen(word) + 1)
		check_word(word, (word - text) % 2);
	check_names();
	for (unsigned i = 0; i < ndevices; i++)
		device_table_remove(&device[i]);
	free(text);
	return 0;
}
