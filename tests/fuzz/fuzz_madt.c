/*
 * tests/fuzz/fuzz_madt.c - any bytes as a MADT: no two entries of the result contradict.
 */
/* sources: drivers/acpi/tables/madt.c drivers/acpi/tables/tables.c */
#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

static struct madt_info info;

static void check_cpus(void)
{
	MUST(info.ncpus <= MADT_CPUS_MAX);
	for (unsigned i = 0; i < info.ncpus; i++)
		for (unsigned j = 0; j < i; j++)
			MUST(info.cpu[i].apic_id != info.cpu[j].apic_id);
}

static void check_ioapics(void)
{
	MUST(info.nioapics <= MADT_IOAPICS_MAX);
	for (unsigned i = 0; i < info.nioapics; i++) {
		MUST(info.ioapic[i].address != 0);
		for (unsigned j = 0; j < i; j++)
			MUST(info.ioapic[i].id != info.ioapic[j].id &&
			     info.ioapic[i].address != info.ioapic[j].address &&
			     info.ioapic[i].gsi_base != info.ioapic[j].gsi_base);
	}
}

static void check_overrides(void)
{
	MUST(info.noverrides <= 16);
	for (unsigned i = 0; i < info.noverrides; i++) {
		MUST(info.override[i].source < 16);
		MUST(info.override[i].polarity < 4 && info.override[i].polarity != 2);
		MUST(info.override[i].trigger < 4 && info.override[i].trigger != 2);
		for (unsigned j = 0; j < i; j++)
			MUST(info.override[i].source != info.override[j].source);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int err;

	lines_said = 0;
	err = madt_parse(data, size, &info, count_line);
	MUST(err == 0 || err == -EINVAL);
	MUST(!err || (info.lapic == 0 && info.ncpus == 0 && info.nioapics == 0));
	MUST(err || (info.lapic != 0 && IS_ALIGNED(info.lapic, PAGE_SIZE)));
	MUST((!err && info.rejected == 0) || lines_said > 0);
	check_cpus();
	check_ioapics();
	check_overrides();
	return 0;
}
