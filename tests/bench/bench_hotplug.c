/*
 * tests/bench/bench_hotplug.c - what the hot-plug core is asked by the allocator.
 */
#include "kernel/bench.h"
#include "mm/hotplug/block.h"
#include "mm/hotplug/device.h"

#define LOOKUPS 256U

/* The block over a page frame, every device in turn, whether near in the table or far. */
KERNEL_BENCH(block_lookup, "lookup")
{
	static pfn_t pfns[LOOKUPS];
	unsigned ndevices = 1, missed = 0; /* boot memory is the first */

	while (memory_device_at(ndevices) != NULL)
		ndevices++;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		const struct memory_device *device = memory_device_at(i * 97 % ndevices);

		pfns[i] = device->start + device->npages / 2;
	}
	bench_begin(b);
	for (unsigned i = 0; i < LOOKUPS; i++)
		missed += block_by_pfn(pfns[i]) == NULL;
	bench_end(b, LOOKUPS);
	if (missed != 0)
		bench_fail(b, "%u frames of devices have no block", missed);
}
