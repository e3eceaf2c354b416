/*
 * kernel/shell/cmd_top.c - top: devices, the map of one of them, counters and events, live.
 *
 * Keys choose a device and do to it what the commands do.  While somebody else holds hotplug_lock
 * (an eject that the host asked for) the picture stands, and a bar says how far that is.
 *
 * Owns the record of the operation that runs; it is written with hotplug_lock held and read
 * without, since a bar may be wrong by a moment.
 */
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/shell/map.h"
#include "kernel/shell/shell.h"
#include "kernel/shell/target.h"
#include "kernel/thread.h"
#include "mm/alloc.h"
#include "mm/hotplug/events.h"

#define MAP_ROWS    8
#define DEVICE_ROWS 6
#define EVENTS	    4
#define FRAME_US    1000000
#define BAR_US	    100000
#define BAR_CELLS   22
#define KEY_US	    50000 /* between the bytes of a key's sequence */

#define LINE_END "\x1b[K\n" /* clears the rest of the line [ECMA-48 8.3.41] */

struct counters {
	uint64_t us, allocs, frees;
};

struct top {
	unsigned selected;	/* memory_device_at() */
	uint64_t offline_bytes; /* when hotplug_lock was last had */
	struct counters before;
	char message[160]; /* how the last key's operation went */
};

static struct {
	const char *step;
	uint64_t moved, total, us;
} running;
static struct thread *top_thread;
static uint64_t bar_due;

static void count(struct counters *c)
{
	const struct zone *zone;

	*c = (struct counters){.us = clock_us()};
	for_each_zone (zone) {
		c->allocs += zone->allocs;
		c->frees += zone->frees;
	}
}

static uint64_t rate(uint64_t now, uint64_t before, uint64_t us)
{
	return us != 0 ? (now - before) * 1000000 / us : 0;
}

static void print_counters(const struct counters *now, const struct counters *before,
			   uint64_t offline_bytes)
{
	char present[24], free[24], offline[24];
	uint64_t us = now->us - before->us;

	shell_printf("up %lu s  online %s  free %s  offline %s  %lu allocs/s  %lu frees/s" LINE_END,
		     now->us / 1000000,
		     format_size(pages_present() * PAGE_SIZE, false, present, sizeof(present)),
		     format_size(pages_free() * PAGE_SIZE, false, free, sizeof(free)),
		     format_size(offline_bytes, false, offline, sizeof(offline)),
		     rate(now->allocs, before->allocs, us), rate(now->frees, before->frees, us));
}

/* [######------] */
static void print_bar(uint64_t part, uint64_t all, enum shell_color color)
{
	unsigned full = all != 0 ? (unsigned)(part * BAR_CELLS / all) : 0;

	shell_printf("[%s", shell_color(color));
	for (unsigned i = 0; i < BAR_CELLS; i++) {
		if (i == full)
			shell_printf("%s", shell_color(COLOR_NONE));
		shell_write(i < full ? "#" : "-", 1);
	}
	shell_printf("%s]", shell_color(COLOR_NONE));
}

/* --- devices --- */

static void add_used(const struct page *page, pfn_t first __unused, uint64_t npages, void *ctx)
{
	if (page_in_use(page))
		*(uint64_t *)ctx += npages;
}

static uint64_t used_pages(const struct memory_device *device)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < device->nblocks; i++)
		if (device->blocks[i].zone != NULL)
			block_for_each_chunk(&device->blocks[i], add_used, &used);
	return used;
}

static void print_device(const struct memory_device *device, bool selected)
{
	uint64_t used = used_pages(device);
	char size[24], text[24], blocks[24];

	snprintf(blocks, sizeof(blocks), "%u/%u", device->blocks_online, device->nblocks);
	shell_printf("%s %-6s %7s  node %u  %9s blocks ", selected ? ">" : " ", device->name,
		     format_size(device->npages * PAGE_SIZE, false, size, sizeof(size)),
		     device->node, blocks);
	print_bar(used, device->npages, COLOR_GREEN);
	shell_printf(" %s used" LINE_END, format_size(used * PAGE_SIZE, false, text, sizeof(text)));
}

/* Those around the selected one, as many as there is room for. */
static void print_devices(const struct top *top)
{
	const struct memory_device *device;
	unsigned first = top->selected < DEVICE_ROWS ? 0 : top->selected - DEVICE_ROWS + 1;

	for (unsigned i = first; i < first + DEVICE_ROWS; i++) {
		device = memory_device_at(i);
		if (device != NULL)
			print_device(device, i == top->selected);
	}
}

/* A device may have left since it was chosen: the last one is chosen then. */
static const struct memory_device *selected_device(struct top *top)
{
	while (top->selected > 0 && memory_device_at(top->selected) == NULL)
		top->selected--;
	return memory_device_at(top->selected);
}

/* --- the picture --- */

static void print_last_events(void)
{
	static struct hotplug_event event;
	uint64_t seq = 0, last = 0;

	while (event_read(&seq, &event))
		last = event.seq;
	seq = last > EVENTS ? last - EVENTS + 1 : 0;
	while (event_read(&seq, &event)) {
		shell_printf("[%5lu.%06lu] %-8s %-8s %-8s %.34s" LINE_END, event.time_us / 1000000,
			     event.time_us % 1000000, event_kind_name(event.kind), event.device,
			     event.err == 0 ? "ok" : errno_name(event.err), event.text);
	}
}

/* What runs now, on the line that is kept for it; the cursor stands at its start. */
static void print_running(void)
{
	const char *step = running.step;

	if (step != NULL && clock_us() - running.us < FRAME_US) {
		shell_printf("%-10.10s ", step);
		print_bar(running.moved, running.total, COLOR_YELLOW);
		if (running.total != 0)
			shell_printf(" %lu of %lu pages", running.moved, running.total);
	}
}

/* Called at every step of an offline, by whoever runs it, with hotplug_lock held. */
static void record_progress(const char *step, uint64_t moved, uint64_t total)
{
	running.step = step;
	running.moved = moved;
	running.total = total;
	running.us = clock_us();
	if (thread_current() != top_thread || running.us < bar_due)
		return;
	bar_due = running.us + BAR_US;
	shell_printf("\x1b[2;1H");
	print_running();
	shell_printf("\x1b[K");
	shell_flush();
}

static void print_picture(struct top *top) REQUIRES(&hotplug_lock)
{
	const struct memory_device *device = selected_device(top);
	struct block_range range = {.start = device->start, .npages = device->npages};

	print_devices(top);
	map_draw(&range, MAP_ROWS, "\x1b[K");
	map_legend("\x1b[K");
}

/* Without hotplug_lock a device may just be leaving: the figure stays what it was. */
static void note_offline(struct top *top, bool locked)
{
	if (locked)
		top->offline_bytes = hotplug_offline_bytes();
}

/* One frame; false: interrupted. */
static bool draw(struct top *top)
{
	struct counters now;
	bool free = mutex_trylock(&hotplug_lock);

	count(&now);
	shell_printf("\x1b[H");
	note_offline(top, free);
	print_counters(&now, &top->before, top->offline_bytes);
	print_running();
	shell_printf(LINE_END);
	if (free) {
		print_picture(top);
		mutex_unlock(&hotplug_lock);
		shell_printf("%s" LINE_END, top->message);
		print_last_events();
		shell_printf("up, down: choose  o: online  k, m: to Normal, Movable  f: offline  "
			     "e: eject  q\x1b[K\x1b[J");
	}
	shell_flush();
	top->before = now;
	return !thread_interrupted();
}

/* --- keys --- */

/* What was refused, on one line, whose last column stays free. */
static void say_refusal(struct top *top, const char *name, const struct refusal *why)
{
	char text[REFUSAL_TEXT + 96];
	size_t columns = MIN(shell_columns(), 120U), used = strlen(name) + strlen(": ") + 1;

	snprintf(top->message, sizeof(top->message), "%s%s: %s%s", shell_color(COLOR_RED), name,
		 refusal_fit(why, columns > used ? columns - used : 0, text, sizeof(text)),
		 shell_color(COLOR_NONE));
}

static void say(struct top *top, const char *name, const char *done, int err,
		const struct refusal *why)
{
	if (err == 0)
		snprintf(top->message, sizeof(top->message), "%s: %s", name, done);
	else
		say_refusal(top, name, why);
}

/* What a key does to the device chosen.  It may leave meanwhile; the operation then refuses. */
static void act(struct top *top, int key)
{
	struct block_result result = {0};
	struct refusal why = {0};
	struct block_range range;
	char name[DEVICE_NAME_MAX];
	const struct memory_device *device;

	mutex_lock(&hotplug_lock);
	device = selected_device(top);
	range = (struct block_range){.start = device->start, .npages = device->npages};
	strcpy(name, device->name);
	mutex_unlock(&hotplug_lock);
	switch (key) {
	case 'o':
	case 'k':
	case 'm':
		say(top, name, "online",
		    blocks_online(&range,
				  key == 'm'   ? ONLINE_MOVABLE
				  : key == 'k' ? ONLINE_KERNEL
					       : ONLINE_DEFAULT,
				  0, &result, &why),
		    &why);
		break;
	case 'f':
		say(top, name, "offline", blocks_offline(&range, 0, 0, &result, &why), &why);
		break;
	default:
		say(top, name, "ejected", memory_device_eject(name, &why), &why);
	}
}

/* Arrows are ESC [ A and so on; returned as 'A' with bit 8 set. */
static int read_key(void)
{
	int key = shell_read_key(FRAME_US);

	if (key != 0x1b)
		return key;
	if (shell_read_key(KEY_US) != '[')
		return -ETIMEDOUT;
	key = shell_read_key(KEY_US);
	return key < 0 ? key : key | 0x100;
}

/* False: the end. */
static bool handle_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
	case 'Q':
	case -EINTR:
		return false;
	case 'A' | 0x100:
		top->selected -= top->selected > 0;
		return true;
	case 'B' | 0x100:
		top->selected++;
		return true;
	case 'o':
	case 'k':
	case 'm':
	case 'f':
	case 'e':
		act(top, key);
		return !thread_interrupted();
	default:
		return true;
	}
}

SHELL_COMMAND(top, "", "devices, map and counters, live, with keys; q ends", "top", SHELL_NORMAL)
{
	struct top top = {0};

	if (argc > 1)
		return shell_usage("top", "no such operand: %s", argv[1]);
	count(&top.before);
	top_thread = thread_current();
	hotplug_set_progress(record_progress);
	shell_printf("\x1b[2J");
	while (draw(&top) && handle_key(&top, read_key()))
		;
	hotplug_set_progress(NULL);
	shell_printf("\n");
	return SHELL_OK;
}
