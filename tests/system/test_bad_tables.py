"""Machines whose firmware lies: each boots, says which lie it saw, and still does its work.

The broken table replaces QEMU's own through GRUB (tests/firmware/iso.py).  A case names the
lines that the log must have and what `srat`, `slit` or `madt` must say afterwards.  Then the
machine has to prove itself: `check`, and a DIMM that is plugged, used and ejected.
"""
import re

import pytest

from harness import GIB, MIB
from tables import Q35_IRQS, cpu, ioapic, lapic, madt, memory, override, resum, slit, srat, x2cpu

ENABLED, HOTPLUG = 1, 2
RAM = 512 * MIB
SOUND_RAM = memory(0, RAM, 0)
WINDOW = memory(4 * GIB, 8 * GIB, 0, ENABLED | HOTPLUG)
SOUND_CPUS = (cpu(0, 0), cpu(1, 0))
Q35_CPUS = (lapic(0, 0), lapic(1, 1))


def broken(raw, at, value):
    """The table with the bytes at `at` replaced; its checksum stays wrong."""
    return raw[:at] + value + raw[at + len(value):]


def both_cpus_run(shown):
    return [(c["apic_id"], c["cpu"], c["state"]) for c in shown["cpus"]] \
        == [(0, 0, "running"), (1, 1, "running")]


class Case:
    """tables: what replaces QEMU's; says: regular expressions, one for each line the log must
    have; refused: commands that must fail with EINVAL; shows: {command: check of its JSON};
    plugs: a DIMM can be used."""

    def __init__(self, *tables, says, refused=(), shows=None, absent=(), plugs=True):
        self.tables, self.says, self.refused = tables, says, refused
        self.shows, self.absent, self.plugs = shows or {}, absent, plugs


CASES = {
    "srat-overlap": Case(
        srat(*SOUND_CPUS, SOUND_RAM, memory(RAM - MIB, GIB, 1), WINDOW),
        says=[r"SRAT: 0x1ff00000-0x5fefffff is in domain 1 and overlaps domain 0 below 0x20000000: "
              r"the table is rejected"],
        refused=["srat"]),
    "srat-length-0": Case(
        srat(*SOUND_CPUS, SOUND_RAM, b"\1\0" + bytes(38), WINDOW),
        says=[r"SRAT: entry at offset 0x78: length 0 is below 2: the rest is ignored"],
        shows={"srat -J": lambda j: len(j["memory"]) == 1 and j["rejected"] == 1}),
    "srat-length-1": Case(
        srat(*SOUND_CPUS, SOUND_RAM, b"\1\1" + bytes(38), WINDOW),
        says=[r"SRAT: entry at offset 0x78: length 1 is below 2: the rest is ignored"],
        shows={"srat -J": lambda j: len(j["memory"]) == 1}),
    "srat-past-the-end": Case(
        srat(*SOUND_CPUS, SOUND_RAM, WINDOW, b"\1\xff"),
        says=[r"SRAT: entry at offset 0xa0: length 255 is beyond the table's end \(2 bytes left\)"],
        shows={"srat -J": lambda j: len(j["memory"]) == 2}),
    "srat-checksum": Case(
        broken(srat(*SOUND_CPUS, SOUND_RAM, WINDOW), 60, b"\x55"),
        says=[r"SRAT: the checksum is off by 0x55"], refused=["srat"],
        shows={"acpi -J": lambda j: not next(t for t in j["tables"]
                                             if t["signature"] == "SRAT")["intact"]}),
    "srat-wrapping": Case(
        srat(*SOUND_CPUS, SOUND_RAM, memory((1 << 64) - MIB, 2 * MIB, 0), memory(1 << 52, GIB, 0),
             memory(GIB, 1 << 63, 0), WINDOW),
        says=[r"SRAT: entry at offset 0x78: 0x200000 bytes at 0xfffffffffff00000 reach past 52-bit",
              r"SRAT: entry at offset 0xa0: 0x40000000 bytes at 0x10000000000000 reach past 52-bit",
              r"SRAT: entry at offset 0xc8: 0x8000000000000000 bytes at 0x40000000 reach past"],
        shows={"srat -J": lambda j: len(j["memory"]) == 2 and j["rejected"] == 3}),
    "srat-two-domains-of-a-cpu": Case(
        srat(*SOUND_CPUS, x2cpu(1, 3), SOUND_RAM, WINDOW, revision=3),
        says=[r"SRAT: entry at offset 0x50: APIC 1 is in domain 0 and again in 3: skipped"]),
    "srat-too-many": Case(
        srat(*SOUND_CPUS, SOUND_RAM, *(memory((64 + i) * GIB, MIB, 0) for i in range(600)), WINDOW),
        says=[r"SRAT: 90 memory ranges beyond 512 are ignored"],
        shows={"srat -J": lambda j: len(j["memory"]) == 512}),
    "srat-many-domains": Case(
        srat(*SOUND_CPUS, SOUND_RAM, WINDOW,
             *(x2cpu(1000 + i, 0x80000000 + i * 7) for i in range(100)), revision=3),
        says=[r"node: .*domains"]),
    "srat-ten-thousand-processors": Case(
        srat(*SOUND_CPUS, SOUND_RAM, WINDOW,
             *(x2cpu(1000 + i, 0x80000000 + i * 7) for i in range(10000)), revision=3),
        says=[r"SRAT: 9490 processors beyond 512 are ignored", r"node: .*domains"]),
    "srat-ten-thousand-domains": Case(
        srat(*SOUND_CPUS, SOUND_RAM, WINDOW,
             *(memory(64 * GIB + i * GIB, GIB, 0x80000000 + i * 7) for i in range(10000)),
             revision=3),
        says=[r"SRAT: 9490 memory ranges beyond 512 are ignored", r"node: .*domains"],
        shows={"numa -J": lambda j: len(j["nodes"]) == 64}),
    "srat-window-over-all-ram": Case(
        srat(*SOUND_CPUS, memory(0, 12 * GIB, 0, ENABLED | HOTPLUG)),
        says=[r"SRAT: the hot-plug window lies over boot memory: only what is behind it counts",
              r"acpi: 8 memory slots, window 0x100000000-0x300000000"]),
    "srat-window-beyond-the-cpu": Case(
        srat(*SOUND_CPUS, SOUND_RAM, memory(1 << 51, GIB, 0, ENABLED | HOTPLUG), revision=3),
        says=[r"window: 0x8000000000000 is beyond physical address bits \d+"], plugs=False),
    "srat-endless-window": Case(
        srat(*SOUND_CPUS, SOUND_RAM, memory(4 * GIB, (1 << 52) - 4 * GIB, 0, ENABLED | HOTPLUG),
             revision=3),
        says=[r"memhp: hot-plug window 0x100000000\+0xfffff00000000 is cut at 0x"]),
    "srat-partly": Case(
        srat(cpu(0, 7), cpu(1, 7), memory(0, 256 * MIB, 7), WINDOW),
        says=[r"acpi: \d tables; SRAT: 2 ranges, 2 processors"],
        shows={"srat -J": lambda j: [m["domain"] for m in j["memory"]] == [7, 0]}),
    "srat-twice": Case(
        # GRUB lists its files in reverse.
        srat(SOUND_RAM, memory(8 * GIB, GIB, 5)), srat(*SOUND_CPUS, SOUND_RAM, WINDOW),
        says=[r"SRAT: a second table is ignored"],
        shows={"srat -J": lambda j: all(m["domain"] == 0 for m in j["memory"])}),
    "slit-diagonal": Case(
        slit(2, [10, 20, 20, 11]),
        says=[r"SLIT: distance 1 to 1 is 11, must be 10: the table is rejected"],
        refused=["slit"]),
    "slit-below-10": Case(
        slit(2, [10, 9, 20, 10]),
        says=[r"SLIT: distance 0 to 1 is 9, must be at least 10: the table is rejected"],
        refused=["slit"]),
    "slit-count-wraps": Case(
        slit(2, [10, 20, 20, 10], 1 << 32),
        says=[r"SLIT: 4294967296 localities do not fit into 48 bytes: the table is rejected"],
        refused=["slit"]),
    "madt-ioapic-in-ram": Case(
        madt(*Q35_CPUS, ioapic(0, 0x1000000, 0), *Q35_IRQS[1:]),
        says=[r"MADT: I/O APIC 0 at 0x1000000 lies in RAM: skipped"],
        shows={"madt -J": lambda j: j["ioapics"] == []}),
    "madt-contradicting": Case(
        madt(*Q35_CPUS, *Q35_IRQS, ioapic(0, 0xFEC01000, 24), ioapic(1, 0xFEC02000, 0),
             override(9, 20, 13), lapic(7, 1)),
        says=[r"MADT: entry at offset 0x7a: I/O APIC 0 at 0xfec01000, GSI base 24 contradicts I/O "
              r"APIC 0: skipped",
              r"MADT: entry at offset 0x86: I/O APIC 1 at 0xfec02000, GSI base 0 contradicts I/O "
              r"APIC 0: skipped",
              r"MADT: entry at offset 0x92: ISA interrupt 9 to GSI 20 was overridden to GSI 9",
              r"MADT: entry at offset 0x9c: APIC 1 was listed before: skipped"],
        shows={"madt -J": lambda j: len(j["ioapics"]) == 1 and j["rejected"] == 4}),
    "madt-without-the-boot-cpu": Case(
        madt(lapic(1, 1), *Q35_IRQS), says=[r"smp: 2 CPUs run"],
        shows={"cpus -J": both_cpus_run}),
    "madt-boot-cpu-disabled": Case(
        madt(lapic(0, 0, 0), lapic(1, 1), *Q35_IRQS), says=[r"smp: 2 CPUs run"],
        shows={"cpus -J": both_cpus_run}),
    "madt-lapic-misplaced": Case(
        madt(*Q35_CPUS, *Q35_IRQS, lapic=0xFEE00010),
        says=[r"MADT: local APIC address 0xfee00010 is not a page's: the table is rejected"],
        refused=["madt"]),
    "madt-lapic-in-ram": Case(
        madt(*Q35_CPUS, *Q35_IRQS, lapic=0x2000000),
        says=[r"MADT: the local APIC at 0x2000000 lies in RAM: the table is rejected"],
        refused=["madt"]),
    "madt-length-0": Case(
        madt(*Q35_CPUS, *Q35_IRQS, b"\0\0" + bytes(6)),
        says=[r"MADT: entry at offset 0x7a: length 0 is below 2: the rest is ignored"]),
    "madt-length-field": Case(
        resum(broken(madt(*Q35_CPUS, *Q35_IRQS), 4, b"\xff\xff\xff\xff")),
        says=[r"table at 0x[0-9a-f]+: length 4294967295 is impossible"],
        absent=["madt"]),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_table(boot, image, name):
    case = CASES[name]
    guest = boot(iso=image(case.tables))
    log = guest.ok("dmesg")
    for line in case.says:
        assert re.search(line, log), f"not in the log: {line}\n{log}"
    for command in case.refused:
        guest.refused(command, "EINVAL")
    for command in case.absent:
        guest.refused(command, "ENODEV")
    for command, check in case.shows.items():
        shown = guest.json(command)
        assert check(shown), f"{command} shows {shown}"
    if case.plugs:
        guest.prove()
    else:
        guest.plug("256M", wait=False)
        guest.check()
        assert guest.lsdimm() == []


def test_dimm_of_a_domain_nobody_knows(boot, image):
    """_PXM names a domain that the SRAT does not: the DIMM is refused, and told so."""
    guest = boot(iso=image([srat(cpu(0, 7), cpu(1, 7), memory(0, RAM, 7),
                                 memory(4 * GIB, 8 * GIB, 7, ENABLED | HOTPLUG))]))
    mark = guest.qmp.mark()
    guest.plug("256M", wait=False)
    assert guest.ost(mark, source=1)["status"] != 0
    assert guest.lsdimm() == []
    assert re.search(r"domain 0\b", guest.ok("dmesg"))
    guest.check()
