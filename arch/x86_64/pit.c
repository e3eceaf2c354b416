/*
 * arch/x86_64/pit.c - the 8254 timer: measures the TSC, and ticks where there is no LAPIC.
 *
 * Owns the PIT's ports and the gate of channel 2 in port 0x61.  Used by one CPU at boot.
 *
 * A virtual machine may be stopped by its host at any instruction.  So the measure is not "how
 * many cycles until the PIT's output rises": the counter itself is read between two readings of
 * the TSC, at both ends, and an end whose readings lie far apart is read again.
 */
#include "arch/x86_64/pit.h"

#include "arch/cpu.h"
#include "arch/io.h"
#include "arch/timing.h"

#define PIT_HZ 1193182U /* [8254] */

enum {
	PIT_CHANNEL0 = 0x40,
	PIT_CHANNEL2 = 0x42,
	PIT_COMMAND = 0x43,
	PORT_B = 0x61,
	PORT_B_GATE2 = 1 << 0,
	PORT_B_SPEAKER = 1 << 1,
	PORT_B_OUT2 = 1 << 5,
	/* Command byte: channel << 6 | access << 4 | mode << 1. */
	COMMAND_ONESHOT0 = 0 << 6 | 3 << 4 | 0 << 1, /* interrupt on terminal count */
	COMMAND_RATE0 = 0 << 6 | 3 << 4 | 2 << 1,    /* rate generator; low and high byte */
	COMMAND_ONESHOT2 = 2 << 6 | 3 << 4 | 0 << 1,
	COMMAND_LATCH2 = 2 << 6,
};

#define SAMPLE_COUNTS (PIT_HZ / 100) /* 10 ms, a fifth of the counter's range */
#define SAMPLES	      3U
#define TRIES	      12U /* a sample is refused when the host stole time from it */
#define POLLS_MAX     2000000U
#define READS	      8U

struct pit_reading {
	uint32_t count; /* what is left of 0xffff */
	uint64_t tsc;	/* middle of the two around the reading */
	uint64_t width; /* their distance */
};

static void channel2_start(void)
{
	uint8_t port = io_in8(PORT_B) & (uint8_t) ~(PORT_B_GATE2 | PORT_B_SPEAKER);

	io_out8(PORT_B, port);
	io_out8(PIT_COMMAND, COMMAND_ONESHOT2);
	io_out8(PIT_CHANNEL2, 0xff);
	io_out8(PIT_CHANNEL2, 0xff);
	io_out8(PORT_B, port | PORT_B_GATE2);
}

static void channel2_stop(void)
{
	io_out8(PORT_B, io_in8(PORT_B) & (uint8_t)~PORT_B_GATE2);
}

static bool channel2_expired(void)
{
	return (io_in8(PORT_B) & PORT_B_OUT2) != 0;
}

static uint32_t channel2_count(void)
{
	uint32_t low;

	io_out8(PIT_COMMAND, COMMAND_LATCH2);
	low = io_in8(PIT_CHANNEL2);
	return low | (uint32_t)io_in8(PIT_CHANNEL2) << 8;
}

/* The tightest of several readings. */
static struct pit_reading read_counter(void)
{
	struct pit_reading best = {.width = UINT64_MAX};

	for (unsigned i = 0; i < READS; i++) {
		uint64_t before = cpu_cycles();
		uint32_t count = channel2_count();
		uint64_t width = cpu_cycles() - before;

		if (width < best.width)
			best = (struct pit_reading){count, before + width / 2, width};
	}
	return best;
}

/* One measurement in TSC counts a second; 0: the counter stands still or time was stolen. */
static uint64_t measure_once(void)
{
	struct pit_reading first, last;
	unsigned polls = 0;
	uint64_t hz = 0;

	channel2_start();
	first = read_counter();
	do
		last = read_counter();
	while (first.count - last.count < SAMPLE_COUNTS && !channel2_expired() &&
	       ++polls < POLLS_MAX / READS);

	/* Past zero the counter wraps, and the difference says nothing. */
	if (first.count > last.count && !channel2_expired() && polls < POLLS_MAX / READS)
		hz = (last.tsc - first.tsc) * PIT_HZ / (first.count - last.count);
	channel2_stop();
	return hz;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The one of three that has another nearest to it; 0 if even these differ by over 1/64. */
static uint64_t agree(const uint64_t hz[SAMPLES])
{
	uint64_t best = 0, best_distance = UINT64_MAX;

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t other = hz[(i + 1) % SAMPLES];

		if (distance(hz[i], other) < best_distance) {
			best_distance = distance(hz[i], other);
			best = hz[i] / 2 + other / 2;
		}
	}
	return best_distance <= best / 64 ? best : 0;
}

uint64_t timing_tsc_hz(const char **source)
{
	uint64_t hz[SAMPLES] = {0};
	unsigned good = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t sample = measure_once();
		uint64_t agreed;

		if (sample == 0) {
			if (i >= SAMPLES && good == 0)
				break; /* there is no PIT */
			continue;
		}
		hz[good++ % SAMPLES] = sample;
		agreed = good >= SAMPLES ? agree(hz) : 0;
		if (agreed != 0) {
			*source = "PIT";
			return agreed;
		}
	}
	return 0;
}

void pit_start_periodic(unsigned hz)
{
	unsigned divisor = PIT_HZ / hz;

	io_out8(PIT_COMMAND, COMMAND_RATE0);
	io_out8(PIT_CHANNEL0, (uint8_t)divisor);
	io_out8(PIT_CHANNEL0, (uint8_t)(divisor >> 8));
}

void pit_stop(void)
{
	io_out8(PIT_COMMAND, COMMAND_ONESHOT0); /* waits for a count that never comes [8254] */
}
