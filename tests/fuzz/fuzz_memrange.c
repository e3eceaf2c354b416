/*
 * tests/fuzz/fuzz_memrange.c - any pieces of memory as the _CRS of a memory device.
 *
 * What is accepted is one range that the pieces fill, each once; a second look, with no more than
 * intervals in 128 bits, must agree.
 */
/* sources: drivers/acpi/memrange.c kernel/lib/refusal.c kernel/lib/errno.c */
#include "drivers/acpi/memrange.h"
#include "tests/fuzz/wide.h"

#define PIECE_BYTES 18
#define PIECES	    (MEMRANGE_PIECES_MAX + 4)

/* Sixteen bits are a number here: a few high ones, so that ends meet and wrap often. */
static uint64_t number(const uint8_t *data)
{
	uint16_t raw;

	memcpy(&raw, data, sizeof(raw));
	return (uint64_t)(raw & 0x1fff) << (raw >> 13) * 9;
}

static struct memrange_descriptor descriptor(const uint8_t *data)
{
	struct memrange_descriptor d = {
		.minimum = number(data),
		.length = number(data + 2),
		.translation = data[4] == 1 ? number(data + 5) : 0,
		.fixed = data[7] != 1,
	};

	d.maximum = data[8] == 1 ? number(data + 9) : d.minimum + d.length - 1;
	return d;
}

static bool sound(const struct memrange_descriptor *d)
{
	wide_t last = (wide_t)d->minimum + d->length - 1;

	return d->length != 0 && last <= UINT64_MAX && d->maximum == (uint64_t)last &&
	       d->translation == 0 && d->fixed;
}

/* Do all of them together fill [base, base + size), nothing twice? */
static bool fills(const struct memrange_descriptor *all, unsigned n, uint64_t base, uint64_t size)
{
	wide_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		sum += all[i].length;
		if (all[i].minimum < base ||
		    (wide_t)all[i].minimum + all[i].length > (wide_t)base + size)
			return false;
		for (unsigned j = 0; j < i; j++)
			if (all[i].minimum < all[j].minimum + all[j].length &&
			    all[j].minimum < all[i].minimum + all[i].length)
				return false;
	}
	return sum == size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memrange_descriptor all[PIECES];
	struct memrange ranges = {0};
	struct memrange_piece whole = {77, 77};
	struct refusal why = {0};
	uint64_t limit = 1UL << 40;
	unsigned n = 0;
	bool good = true;
	int err;

	for (; n < PIECES && size >= PIECE_BYTES; n++, data += PIECE_BYTES, size -= PIECE_BYTES) {
		all[n] = descriptor(data);
		good = good && sound(&all[n]);
		memrange_add(&ranges, &all[n]);
	}
	err = memrange_single(&ranges, limit, &whole, &why);
	MUST(err == 0 || err == -EINVAL || err == -EOVERFLOW || err == -ERANGE);
	MUST(err == why.err && (err == 0 || (why.step != NULL && why.text[0] != '\0')));
	if (err != 0) {
		MUST(whole.base == 77 && whole.size == 77);
		MUST(n != 1 || !good || (wide_t)all[0].minimum + all[0].length > limit);
		return 0;
	}
	MUST(good && n > 0 && n <= MEMRANGE_PIECES_MAX);
	MUST(whole.base < limit && whole.size <= limit - whole.base);
	MUST(fills(all, n, whole.base, whole.size));
	return 0;
}
