/*
 * tests/unit/test_madt.c - the MADT parser: of entries that contradict each other the first
 * counts, and what firmware pads the table with harms nobody.
 */
/* sources: drivers/acpi/tables/madt.c drivers/acpi/tables/tables.c */
#include "tests/unit/table_kit.h"

#include "drivers/acpi/tables/tables.h"
#include "kernel/lib/errno.h"

enum { ENABLED = 1, CAPABLE = 2 };

TABLE_UNDER_TEST(madt_parse, madt_info)

static void madt_begin(uint32_t lapic, uint32_t flags)
{
	table_begin(&table, "APIC", 3);
	put(&table, lapic, 4);
	put(&table, flags, 4);
}

static void lapic(uint8_t uid, uint8_t apic_id, uint32_t flags)
{
	put(&table, 0, 1);
	put(&table, 8, 1);
	put(&table, uid, 1);
	put(&table, apic_id, 1);
	put(&table, flags, 4);
}

static void x2apic(uint32_t uid, uint32_t apic_id, uint32_t flags)
{
	put(&table, 9, 1);
	put(&table, 16, 1);
	put(&table, 0, 2);
	put(&table, apic_id, 4);
	put(&table, flags, 4);
	put(&table, uid, 4);
}

static void ioapic(uint8_t id, uint32_t address, uint32_t gsi_base)
{
	put(&table, 1, 1);
	put(&table, 12, 1);
	put(&table, id, 1);
	put(&table, 0, 1);
	put(&table, address, 4);
	put(&table, gsi_base, 4);
}

static void override(uint8_t bus, uint8_t source, uint32_t gsi, uint16_t flags)
{
	put(&table, 2, 1);
	put(&table, 10, 1);
	put(&table, bus, 1);
	put(&table, source, 1);
	put(&table, gsi, 4);
	put(&table, flags, 2);
}

static void lapic_address(uint64_t address)
{
	put(&table, 5, 1);
	put(&table, 12, 1);
	put(&table, 0, 2);
	put(&table, address, 8);
}

/* As QEMU's q35 makes it for -smp 2,maxcpus=4. */
static void sample(void)
{
	madt_begin(0xfee00000, 1);
	lapic(0, 0, ENABLED);
	lapic(1, 1, ENABLED);
	lapic(2, 2, 0);
	lapic(3, 3, 0);
	ioapic(0, 0xfec00000, 0);
	override(0, 0, 2, 0);
	override(0, 5, 5, 0xd);
	override(0, 9, 9, 0xd);
	override(0, 10, 10, 0xd);
	override(0, 11, 11, 0xd);
	put(&table, 4, 1); /* local APIC NMI */
	put(&table, 6, 1);
	put(&table, 0xff, 1);
	put(&table, 0, 2);
	put(&table, 1, 1);
	table_end(&table);
}

static void check_info(int err)
{
	assert_true(err == 0 || err == -EINVAL);
	if (err)
		assert_int_equal(info.ncpus + info.nioapics + info.noverrides, 0);
	else
		assert_true(info.lapic != 0 && IS_ALIGNED(info.lapic, PAGE_SIZE));
	assert_in_range(info.ncpus, 0, MADT_CPUS_MAX);
	assert_in_range(info.nioapics, 0, MADT_IOAPICS_MAX);
	assert_in_range(info.noverrides, 0, MADT_OVERRIDES_MAX);
	for (unsigned i = 0; i < info.ncpus; i++)
		for (unsigned j = 0; j < i; j++)
			assert_true(info.cpu[i].apic_id != info.cpu[j].apic_id);
	for (unsigned i = 0; i < info.nioapics; i++) {
		assert_true(info.ioapic[i].address != 0);
		for (unsigned j = 0; j < i; j++)
			assert_true(info.ioapic[i].id != info.ioapic[j].id &&
				    info.ioapic[i].gsi_base != info.ioapic[j].gsi_base);
	}
	for (unsigned i = 0; i < info.noverrides; i++) {
		assert_in_range(info.override[i].source, 0, 15);
		assert_true(info.override[i].polarity != 2 && info.override[i].polarity <= 3);
		assert_true(info.override[i].trigger != 2 && info.override[i].trigger <= 3);
		for (unsigned j = 0; j < i; j++)
			assert_true(info.override[i].source != info.override[j].source);
	}
}

static void probe(const uint8_t *bytes, size_t n)
{
	check_info(madt_parse(bytes, n, &info, say));
	if (info.rejected)
		assert_true(said_lines > 0);
}

static void test_sample(void **state)
{
	(void)state;
	sample();
	assert_int_equal(parse(), 0);
	assert_int_equal(said_lines, 0);
	assert_int_equal(info.lapic, 0xfee00000);
	assert_true(info.has_8259);
	assert_int_equal(info.ncpus, 4);
	assert_true(info.cpu[1].enabled && !info.cpu[2].enabled && !info.cpu[2].online_capable);
	assert_int_equal(info.nioapics, 1);
	assert_int_equal(info.ioapic[0].address, 0xfec00000);
	assert_int_equal(info.noverrides, 5);
	assert_int_equal(info.override[0].gsi, 2);
	assert_int_equal(info.override[0].polarity, 0);
	assert_int_equal(info.override[2].source, 9);
	assert_int_equal(info.override[2].polarity, 1);
	assert_int_equal(info.override[2].trigger, 3);
}

static void test_damage(void **state)
{
	(void)state;
	sample();
	probe_damage(&table, 44, 20000, probe);
}

static void test_contradicting_ioapics(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	ioapic(1, 0xfec00000, 0);
	ioapic(1, 0xfec01000, 24);
	ioapic(2, 0xfec02000, 0);
	ioapic(3, 0xfec00000, 48);
	ioapic(4, 0xfec03000, 24);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nioapics, 2);
	assert_int_equal(info.ioapic[1].id, 4);
	assert_int_equal(info.rejected, 3);
	assert_said("MADT: entry at offset 0x40: I/O APIC 1 at 0xfec01000, GSI base 24 contradicts "
		    "I/O APIC 1: skipped");
	assert_said("MADT: entry at offset 0x4c: I/O APIC 2 at 0xfec02000, GSI base 0 contradicts "
		    "I/O APIC 1: skipped");
}

static void test_misplaced_ioapic(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	ioapic(1, 0, 0);
	ioapic(2, 0xfec00004, 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nioapics, 0);
	assert_said("MADT: entry at offset 0x34: I/O APIC 1 at 0x0 is misplaced: skipped");
	assert_said("MADT: no I/O APIC is listed");
}

static void test_duplicate_override(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	ioapic(0, 0xfec00000, 0);
	override(0, 9, 9, 0xd);
	override(0, 9, 20, 0xd);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.noverrides, 1);
	assert_int_equal(info.override[0].gsi, 9);
	assert_said("MADT: entry at offset 0x4a: ISA interrupt 9 to GSI 20 was overridden to GSI 9 "
		    "before: skipped");
}

static void test_impossible_override(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	ioapic(0, 0xfec00000, 0);
	override(1, 9, 9, 0);
	override(0, 16, 9, 0);
	override(0, 9, 9, 2);
	override(0, 9, 9, 8);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.noverrides, 0);
	assert_int_equal(info.rejected, 4);
	assert_said("MADT: entry at offset 0x40: override on bus 1, not ISA: skipped");
	assert_said("MADT: entry at offset 0x4a: override of ISA interrupt 16: skipped");
	assert_said(
		"MADT: entry at offset 0x54: override of ISA interrupt 9 has reserved flags 0x2: "
		"skipped");
}

static void test_lapic_address(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	ioapic(0, 0xfec00000, 0);
	lapic_address(0x1fee00000);
	lapic_address(0x2fee00000);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.lapic, 0x1fee00000);
	assert_said("MADT: entry at offset 0x4c: a second local APIC address: skipped");

	madt_begin(0xfee00000, 0);
	lapic_address(1ULL << 52);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.lapic, 0xfee00000);
	assert_said("MADT: entry at offset 0x2c: local APIC address 0x10000000000000: skipped");

	madt_begin(0xfee00800, 0);
	assert_int_equal(parse(), -EINVAL);
	assert_said("MADT: local APIC address 0xfee00800 is not a page's: the table is rejected");
	madt_begin(0, 0);
	assert_int_equal(parse(), -EINVAL);
}

/* Room for processors that are not there: never a contradiction, replaced by a real one. */
static void test_placeholders(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	lapic(1, 0, 0);
	lapic(2, 7, 0);
	lapic(3, 7, ENABLED);
	lapic(4, 0xff, 0);
	x2apic(5, UINT32_MAX, 0);
	x2apic(6, 300, CAPABLE);
	ioapic(0, 0xfec00000, 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(said_lines, 0);
	assert_int_equal(info.ncpus, 3);
	assert_int_equal(info.cpu[0].acpi_uid, 0);
	assert_int_equal(info.cpu[1].acpi_uid, 3);
	assert_true(info.cpu[1].enabled);
	assert_int_equal(info.cpu[2].apic_id, 300);
	assert_true(info.cpu[2].online_capable && !info.cpu[2].enabled);
}

static void test_duplicate_processors(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	lapic(1, 0, ENABLED);
	x2apic(2, 0, CAPABLE);
	lapic(3, 255, ENABLED);
	ioapic(0, 0xfec00000, 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.ncpus, 1);
	assert_int_equal(info.rejected, 3);
	assert_said("MADT: entry at offset 0x34: APIC 0 was listed before: skipped");
	assert_said("MADT: entry at offset 0x4c: APIC 255 is the broadcast id: skipped");
}

static void test_too_many(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	for (unsigned i = 0; i < MADT_CPUS_MAX + 4; i++)
		x2apic(i, i, ENABLED);
	for (unsigned i = 0; i < MADT_IOAPICS_MAX + 2; i++)
		ioapic((uint8_t)i, 0xfec00000 + i * 0x1000, i * 24);
	for (unsigned i = 0; i < 16; i++)
		override(0, (uint8_t)i, i, 0);
	assert_int_equal(parse(), 0);
	check_info(0);
	assert_int_equal(info.ncpus, MADT_CPUS_MAX);
	assert_int_equal(info.cpus_left, 4);
	assert_int_equal(info.nioapics, MADT_IOAPICS_MAX);
	assert_int_equal(info.noverrides, 16);
	assert_int_equal(info.rejected, 6);
	assert_said("MADT: 4 processors beyond 512 are ignored");
	assert_said("MADT: 2 I/O APICs beyond 16 are ignored");
}

static void test_broken_lengths(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	ioapic(0, 0xfec00000, 0);
	put(&table, 0, 1);
	put(&table, 0, 1);
	lapic(1, 1, ENABLED);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.ncpus, 1);
	assert_said("MADT: entry at offset 0x40: length 0 is below 2: the rest is ignored");

	madt_begin(0xfee00000, 0);
	lapic(0, 0, ENABLED);
	put(&table, 1, 1);
	put(&table, 6, 1);
	put_zeroes(&table, 4);
	ioapic(0, 0xfec00000, 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(info.nioapics, 1);
	assert_said("MADT: entry at offset 0x34: type 1 needs 12 bytes and has 6: skipped");

	table.n = 43;
	assert_int_equal(parse(), -EINVAL);
	assert_said("MADT: length 43 is below 44: the table is rejected");
}

static void test_nothing_listed(void **state)
{
	(void)state;
	madt_begin(0xfee00000, 0);
	assert_int_equal(parse(), 0);
	assert_said("MADT: no processor is listed");
	assert_said("MADT: no I/O APIC is listed");
	assert_false(info.has_8259);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_contradicting_ioapics),
		cmocka_unit_test(test_misplaced_ioapic),
		cmocka_unit_test(test_duplicate_override),
		cmocka_unit_test(test_impossible_override),
		cmocka_unit_test(test_lapic_address),
		cmocka_unit_test(test_placeholders),
		cmocka_unit_test(test_duplicate_processors),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_broken_lengths),
		cmocka_unit_test(test_nothing_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
