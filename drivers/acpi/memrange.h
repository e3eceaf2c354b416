/*
 * drivers/acpi/memrange.h - the one memory range of a device, out of the pieces that _CRS names.
 *
 * Pure functions; they run on the host too.
 */
#ifndef DRIVERS_ACPI_MEMRANGE_H
#define DRIVERS_ACPI_MEMRANGE_H

#include "kernel/lib/refusal.h"
#include "kernel/lib/types.h"

#define MEMRANGE_PIECES_MAX 16U

struct memrange_piece {
	paddr_t base;
	uint64_t size;
};

struct memrange {
	struct memrange_piece piece[MEMRANGE_PIECES_MAX];
	unsigned npieces;
	struct refusal why; /* of the first piece that was wrong */
};

/* What an address descriptor says [ACPI 6.5 6.4.3.5]: inclusive ends, a length, an offset that
 * bridges add.  A wrong one spoils the whole: memrange_single() then refuses. */
struct memrange_descriptor {
	uint64_t minimum, maximum, length, translation;
	bool fixed; /* both ends: only then is there one place that it means */
};
void memrange_add(struct memrange *ranges, const struct memrange_descriptor *descriptor);

/*
 * Joins the pieces into the device's single range below `limit` (exclusive).  -EINVAL: none,
 * several, empty, not fixed, overlapping; -EOVERFLOW: wraps; -ERANGE: beyond the limit.
 */
int memrange_single(const struct memrange *ranges, paddr_t limit, struct memrange_piece *range,
		    struct refusal *why);

#endif
