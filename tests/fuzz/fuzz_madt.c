/*
 * tests/fuzz/fuzz_madt.c - any bytes as a MADT: what comes out is what went in, of two entries
 * that contradict each other the first.
 *
 * A second walk follows the entries through the result, whose order is theirs: each must be the
 * next that comes out, or contradict one before it, or be unsound by itself.
 */
/* sources: drivers/acpi/tables/madt.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/entries.h"

#define USABLE 3 /* flags of a processor: enabled, or able to be */

static struct madt_info info;

/* How much of the result the walk has met, and what it says besides. */
static struct {
	unsigned ncpus, nioapics, noverrides, left, rejected;
	uint32_t uid[MADT_CPUS_MAX], flags[MADT_CPUS_MAX];
	paddr_t lapic;
	bool address_seen;
} met;

/* An entry that nobody can use gives way to one of the same APIC that somebody can. */
static void follow_cpu(uint32_t apic_id, uint32_t broadcast, uint32_t uid, uint32_t flags)
{
	unsigned i = 0;

	flags &= USABLE;
	if (apic_id == broadcast) {
		met.rejected += flags != 0;
		return;
	}
	while (i < met.ncpus && info.cpu[i].apic_id != apic_id)
		i++;
	if (i == MADT_CPUS_MAX) {
		met.left++;
	} else if (i == met.ncpus) {
		MUST(i < info.ncpus && info.cpu[i].apic_id == apic_id);
		met.ncpus++;
		met.uid[i] = uid;
		met.flags[i] = flags;
	} else if (flags != 0 && met.flags[i] != 0) {
		met.rejected++;
	} else if (flags != 0) {
		met.uid[i] = uid;
		met.flags[i] = flags;
	}
}

static void follow_ioapic(uint8_t id, uint32_t address, uint32_t gsi_base)
{
	bool refused = address == 0 || address % 16 != 0 || met.nioapics == MADT_IOAPICS_MAX;

	for (unsigned i = 0; i < met.nioapics; i++)
		refused |= info.ioapic[i].id == id || info.ioapic[i].address == address ||
			   info.ioapic[i].gsi_base == gsi_base;
	if (refused) {
		met.rejected++;
		return;
	}
	MUST(met.nioapics < info.nioapics);
	MUST(info.ioapic[met.nioapics].id == id);
	MUST(info.ioapic[met.nioapics].address == address);
	MUST(info.ioapic[met.nioapics].gsi_base == gsi_base);
	met.nioapics++;
}

static void follow_override(uint8_t bus, uint8_t source, uint32_t gsi, unsigned flags)
{
	unsigned polarity = flags & 3, trigger = flags >> 2 & 3;
	bool refused = bus != 0 || source >= 16 || polarity == 2 || trigger == 2;

	for (unsigned i = 0; i < met.noverrides; i++)
		refused |= info.override[i].source == source;
	if (refused) {
		met.rejected++;
		return;
	}
	MUST(met.noverrides < info.noverrides);
	MUST(info.override[met.noverrides].source == source);
	MUST(info.override[met.noverrides].gsi == gsi);
	MUST(info.override[met.noverrides].polarity == polarity);
	MUST(info.override[met.noverrides].trigger == trigger);
	met.noverrides++;
}

static void follow_address(uint64_t address)
{
	if (met.address_seen || address == 0 || address % PAGE_SIZE != 0 || address >> 52 != 0)
		met.rejected++;
	else
		met.lapic = address;
	met.address_seen = true;
}

static void follow_entry(const struct raw_entry *e)
{
	static const uint8_t needs[] = {[0] = 8, [1] = 12, [2] = 10, [5] = 12, [9] = 16};
	const uint8_t *b = e->bytes;

	if (e->type >= ARRAY_SIZE(needs) || needs[e->type] == 0)
		return;
	if (e->length < needs[e->type])
		met.rejected++;
	else if (e->type == 0)
		follow_cpu(b[3], 0xff, b[2], b[4]);
	else if (e->type == 1)
		follow_ioapic(b[2], (uint32_t)field(b + 4, 4), (uint32_t)field(b + 8, 4));
	else if (e->type == 2)
		follow_override(b[2], b[3], (uint32_t)field(b + 4, 4), b[8]);
	else if (e->type == 5)
		follow_address(field(b + 4, 8));
	else
		follow_cpu((uint32_t)field(b + 4, 4), UINT32_MAX, (uint32_t)field(b + 12, 4), b[8]);
}

static void follow(const uint8_t *table, size_t size)
{
	struct raw_entry e;
	size_t at = 44;

	met.ncpus = met.nioapics = met.noverrides = met.left = met.rejected = 0;
	met.lapic = field(table + 36, 4);
	met.address_seen = false;
	while (next_raw(table, size, &at, &e, &met.rejected))
		follow_entry(&e);
}

static void check_all_met(void)
{
	MUST(info.ncpus == met.ncpus && info.cpus_left == met.left);
	MUST(info.nioapics == met.nioapics && info.noverrides == met.noverrides);
	MUST(info.rejected == met.rejected + met.left && info.lapic == met.lapic);
	for (unsigned i = 0; i < info.ncpus; i++) {
		MUST(info.cpu[i].acpi_uid == met.uid[i]);
		MUST(info.cpu[i].enabled == (met.flags[i] & 1));
		MUST(info.cpu[i].online_capable == met.flags[i] >> 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	lines_said = 0;
	err = madt_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL);
	MUST((err == 0) ==
	     (size >= 44 && field(data + 36, 4) != 0 && field(data + 36, 4) % PAGE_SIZE == 0));
	MUST((!err && info.rejected == 0) || lines_said > 0);
	ACCEPTED(err == 0);
	if (err != 0) {
		MUST(info.lapic == 0 && info.ncpus == 0 && info.nioapics == 0);
		return 0;
	}
	MUST(info.has_8259 == (data[40] & 1));
	follow(data, size);
	check_all_met();
	ACCEPTED(lines_said == 0 && info.ncpus > 0 && info.nioapics > 0 && info.noverrides > 0);
	return 0;
}
