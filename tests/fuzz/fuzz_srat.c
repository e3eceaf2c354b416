/*
 * tests/fuzz/fuzz_srat.c - any bytes as an SRAT: what comes out is sorted, disjoint and bounded,
 * and it is what went in.
 *
 * A second walk follows the entries.  Each processor must be where its first entry put it.  Memory
 * is compared place by place, which says nothing of how ranges are joined and cut; that two domains
 * overlap is seen by comparing each range with each.
 */
/* sources: drivers/acpi/tables/srat.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/entries.h"

#define PLACES 64 /* of a long table not every border is looked at */

static struct srat_info info;
static struct srat_range given[SRAT_RANGES_MAX]; /* enabled, in the table's order */
static unsigned ngiven, ncpus, rejected;

static void follow_memory(const struct raw_entry *e, uint32_t pxm_mask)
{
	const uint8_t *b = e->bytes;
	struct srat_range r = {.base = field(b + 8, 8),
			       .size = field(b + 16, 8),
			       .pxm = (uint32_t)field(b + 2, 4) & pxm_mask,
			       .hotplug = b[28] & 2,
			       .nonvolatile = b[28] & 4};

	if (!(b[28] & 1) || r.size == 0)
		return;
	if ((unsigned __int128)r.base + r.size > 1ULL << 52 || ngiven == SRAT_RANGES_MAX)
		rejected++;
	else
		given[ngiven++] = r;
}

static void follow_cpu(uint32_t apic_id, uint32_t broadcast, uint32_t pxm)
{
	unsigned i = 0;

	while (i < ncpus && info.cpu[i].apic_id != apic_id)
		i++;
	if (apic_id == broadcast || (i == ncpus && i == SRAT_CPUS_MAX)) {
		rejected++;
	} else if (i < ncpus) {
		rejected += info.cpu[i].pxm != pxm;
	} else {
		MUST(i < info.ncpus && info.cpu[i].apic_id == apic_id && info.cpu[i].pxm == pxm);
		ncpus++;
	}
}

/* The domain of an old entry stands in two places. */
static uint32_t lapic_domain(const uint8_t *b)
{
	return (uint32_t)(b[2] | field(b + 9, 3) << 8);
}

static void follow(const uint8_t *table, size_t size, bool accepted)
{
	static const unsigned needs[] = {16, 40, 24};
	uint32_t mask = table[8] < 2 ? 0xff : UINT32_MAX; /* revision 1 */
	struct raw_entry e;
	size_t at = 48;

	ngiven = ncpus = rejected = 0;
	while (next_raw(table, size, &at, &e, &rejected)) {
		if (e.type < ARRAY_SIZE(needs) && e.length < needs[e.type])
			rejected++;
		else if (e.type == 1)
			follow_memory(&e, mask);
		else if (accepted && e.type == 0 && e.bytes[4] & 1)
			follow_cpu(e.bytes[3], 0xff, lapic_domain(e.bytes) & mask);
		else if (accepted && e.type == 2 && e.bytes[12] & 1)
			follow_cpu((uint32_t)field(e.bytes + 8, 4), UINT32_MAX,
				   (uint32_t)field(e.bytes + 4, 4) & mask);
	}
}

static bool holds(const struct srat_range *r, paddr_t place)
{
	return place >= r->base && place - r->base < r->size;
}

/* Does a byte belong to two domains? */
static bool contradicts(void)
{
	for (unsigned i = 0; i < ngiven; i++)
		for (unsigned j = 0; j < i; j++)
			if (given[i].pxm != given[j].pxm &&
			    (holds(&given[i], given[j].base) || holds(&given[j], given[i].base)))
				return true;
	return false;
}

/* One byte of memory: in and out the same is said of it. */
static void check_place(paddr_t place)
{
	const struct srat_range *out = NULL;
	bool in = false, alike = false;

	for (unsigned i = 0; i < info.nranges; i++)
		if (holds(&info.range[i], place))
			out = &info.range[i];
	for (unsigned i = 0; i < ngiven; i++) {
		if (!holds(&given[i], place))
			continue;
		in = true;
		alike |= out && out->pxm == given[i].pxm && out->hotplug == given[i].hotplug &&
			 out->nonvolatile == given[i].nonvolatile;
	}
	MUST(in ? alike : out == NULL);
}

static void check_memory(void)
{
	for (unsigned i = 0; i < ngiven; i += 1 + ngiven / PLACES) {
		check_place(given[i].base);
		check_place(given[i].base - 1);
		check_place(given[i].base + given[i].size);
		check_place(given[i].base + given[i].size - 1);
	}
	for (unsigned i = 0; i < info.nranges; i += 1 + info.nranges / PLACES) {
		check_place(info.range[i].base);
		check_place(info.range[i].base + info.range[i].size - 1);
	}
}

static void check_shape(void)
{
	MUST(info.nranges <= SRAT_RANGES_MAX && info.ncpus <= SRAT_CPUS_MAX);
	for (unsigned i = 0; i < info.nranges; i++) {
		const struct srat_range *r = &info.range[i];

		MUST(r->size > 0 && r->size <= 1ULL << 52 && r->base <= (1ULL << 52) - r->size);
		MUST(i == 0 || r[-1].base + r[-1].size <= r->base);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	lines_said = 0;
	err = srat_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL);
	MUST(!err || (info.nranges == 0 && info.ncpus == 0));
	MUST((!err && info.rejected == 0) || lines_said > 0);
	check_shape();
	if (size >= 48) {
		follow(data, size, err == 0);
		MUST((err != 0) == contradicts());
	} else {
		MUST(err != 0);
	}
	if (err == 0) {
		MUST(info.ncpus == ncpus && info.rejected == rejected);
		check_memory();
	}
	acpi_table_check(data, size, "SRAT", count_line);
	ACCEPTED(lines_said == 0 && info.nranges > 0 && info.ncpus > 0);
	return 0;
}
