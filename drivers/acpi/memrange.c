/*
 * drivers/acpi/memrange.c - the one memory range of a device, out of the pieces that _CRS names.
 *
 * A DIMM is one contiguous range.  Firmware may cut it in pieces, in any order, since some
 * descriptors hold 32 bits only; what does not join to one range is refused, never guessed at.
 */
#include "drivers/acpi/memrange.h"

#include "kernel/lib/errno.h"

static int check_descriptor(const struct memrange_descriptor *d, struct refusal *why)
{
	if (d->length == 0)
		return refuse(why, -EINVAL, "_CRS", "an empty memory range at 0x%lx", d->minimum);
	if (d->minimum + (d->length - 1) < d->minimum)
		return refuse(why, -EOVERFLOW, "_CRS", "0x%lx bytes at 0x%lx wrap around",
			      d->length, d->minimum);
	if (d->translation != 0)
		return refuse(why, -EINVAL, "_CRS", "memory at 0x%lx is behind an offset of 0x%lx",
			      d->minimum, d->translation);
	if (!d->fixed || d->maximum != d->minimum + (d->length - 1))
		return refuse(why, -EINVAL, "_CRS",
			      "0x%lx bytes somewhere in 0x%lx-0x%lx are not one place", d->length,
			      d->minimum, d->maximum);
	return 0;
}

/* Keeps the pieces sorted by base. */
void memrange_add(struct memrange *ranges, const struct memrange_descriptor *descriptor)
{
	unsigned i = ranges->npieces;

	if (check_descriptor(descriptor, &ranges->why) != 0)
		return;
	if (ranges->npieces == MEMRANGE_PIECES_MAX) {
		refuse(&ranges->why, -EINVAL, "_CRS", "more than %u memory ranges",
		       MEMRANGE_PIECES_MAX);
		return;
	}
	for (; i > 0 && ranges->piece[i - 1].base > descriptor->minimum; i--)
		ranges->piece[i] = ranges->piece[i - 1];
	ranges->piece[i] = (struct memrange_piece){descriptor->minimum, descriptor->length};
	ranges->npieces++;
}

static int check_limit(const struct memrange_piece *piece, paddr_t limit, struct refusal *why)
{
	if (piece->base < limit && piece->size <= limit - piece->base)
		return 0;
	return refuse(why, -ERANGE, "_CRS", "0x%lx bytes at 0x%lx reach beyond 0x%lx", piece->size,
		      piece->base, limit);
}

int memrange_single(const struct memrange *ranges, paddr_t limit, struct memrange_piece *range,
		    struct refusal *why)
{
	struct memrange_piece whole = {0};

	if (ranges->why.err != 0)
		return refuse(why, ranges->why.err, ranges->why.step, "%s", ranges->why.text);
	if (ranges->npieces == 0)
		return refuse(why, -EINVAL, "_CRS", "names no memory");
	whole.base = ranges->piece[0].base;
	for (unsigned i = 0; i < ranges->npieces; i++) {
		const struct memrange_piece *piece = &ranges->piece[i];
		uint64_t offset = piece->base - whole.base; /* sorted: no wrap */
		int err = check_limit(piece, limit, why);   /* so the sum does not wrap */

		if (err != 0)
			return err;
		if (offset != whole.size)
			return refuse(why, -EINVAL, "_CRS", "memory %s at 0x%lx",
				      offset < whole.size ? "overlaps itself"
							  : "in two places, also",
				      piece->base);
		whole.size += piece->size;
	}
	*range = whole;
	return 0;
}
