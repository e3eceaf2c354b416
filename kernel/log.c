/*
 * kernel/log.c - the kernel log: a static ring of lines, and the console sink.
 *
 * Lines are numbered from 1; line n lives in ring[n % LOG_LINES] until n + LOG_LINES comes.
 *
 * Locks used to protect variables in this file:
 *	l	log_lock (spin, rank LOG); a panic reads and writes without it, since whoever
 *		holds it may never run again
 *	p	set once or by one writer, read whole
 */
#include "kernel/log.h"

#include "kernel/lib/format.h"
#include "kernel/lib/string.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"

#define LOG_LINES 1024U

static struct spinlock log_lock = SPINLOCK_INIT("log", RANK_LOG);
static struct log_line ring[LOG_LINES] GUARDED_BY(&log_lock); /* [l] */
static uint64_t next_seq GUARDED_BY(&log_lock) = 1;	      /* [l] */
static log_sink_fn console_sink;			      /* [p] */
static int console_level = LOG_INFO;			      /* [p] */
static uint64_t (*log_clock)(void);			      /* [p] */

/* In a panic the others stand still, and one of them may have the lock. */
static uint64_t ring_lock(void) ACQUIRE(&log_lock) NO_TSA
{
	return panic_in_progress() ? 0 : spin_lock(&log_lock);
}

static void ring_unlock(uint64_t flags) RELEASE(&log_lock) NO_TSA
{
	if (!panic_in_progress())
		spin_unlock(&log_lock, flags);
}

/* Cuts at the first newline, and marks what did not fit. */
static void fill(struct log_line *line, enum log_level level, const char *fmt, va_list ap)
{
	int wanted = vsnprintf(line->text, sizeof(line->text), fmt, ap);

	if ((size_t)wanted >= sizeof(line->text))
		memcpy(line->text + sizeof(line->text) - 4, "...", 4);
	line->text[strcspn(line->text, "\n")] = '\0';
	line->level = level;
	line->time_us = log_clock != NULL ? log_clock() : 0;
}

void vklog(enum log_level level, const char *fmt, va_list ap)
{
	struct log_line line;
	uint64_t flags;

	fill(&line, level, fmt, ap);
	flags = ring_lock();
	line.seq = next_seq++;
	ring[line.seq % LOG_LINES] = line;
	ring_unlock(flags);

	if (console_sink != NULL && (int)level <= console_level && !panic_in_progress())
		console_sink(&line);
}

void klog(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vklog(level, fmt, ap);
	va_end(ap);
}

bool log_read(uint64_t *seq, struct log_line *line)
{
	uint64_t flags = ring_lock();
	uint64_t oldest = next_seq > LOG_LINES ? next_seq - LOG_LINES : 1;
	bool found;

	if (*seq < oldest)
		*seq = oldest;
	found = *seq < next_seq;
	if (found)
		*line = ring[(*seq)++ % LOG_LINES];
	ring_unlock(flags);
	return found;
}

uint64_t log_next_seq(void)
{
	return __atomic_load_n(&next_seq, __ATOMIC_RELAXED);
}

void log_set_sink(log_sink_fn sink)
{
	console_sink = sink;
}

void log_set_clock(uint64_t (*clock)(void))
{
	log_clock = clock;
}

void log_set_console_level(int level)
{
	console_level = level;
}

int log_console_level(void)
{
	return console_level;
}
