"""tests/firmware/lies.py - broken tables by the hundred, each with the line the log must have.

lies(seed) makes the same list for the same seed: what kind of damage is done where is written
down below, how much of it and at which offset is drawn.  A case is (name, tables, pattern).
"""
import random
import struct

from constants import GIB, MIB
from tables import (Q35_IRQS, cpu, ioapic, lapic, madt, memory, override, resum, ring, slit,
                    srat, table, x2cpu, x2lapic)

RAM = 512 * MIB
HOTPLUG = 3
CPUS = (cpu(0, 0), cpu(1, 0))
SOUND_RAM = memory(0, RAM, 0)
WINDOW = memory(4 * GIB, 8 * GIB, 0, HOTPLUG)
LAPICS = (lapic(0, 0), lapic(1, 1))
SKIPPED, REFUSED = ": skipped", ": the table is rejected"


def sound(name):
    return {"SRAT": srat(*CPUS, SOUND_RAM, WINDOW), "SLIT": slit(2, [10, 20, 20, 10]),
            "APIC": madt(*LAPICS, *Q35_IRQS)}[name]


def said(name):
    return "MADT" if name == "APIC" else name


# --- what may be wrong with any table ---
def headers(draw):
    for name, short in (("SRAT", 48), ("SLIT", 44), ("APIC", 44)):
        whole = sound(name)
        for _ in range(12):
            at, value = draw.randrange(36, len(whole)), draw.randrange(1, 256)
            raw = bytearray(whole)
            raw[at] = (raw[at] + value) & 0xFF
            yield f"{name}-sum-{at}+{value}", [bytes(raw)], \
                rf"{name}: the checksum is off by 0x{value:02x}"
        for length in [0, 1, 35, 0x7FFFFFFF, 0xFFFFFFFF] + draw.sample(range(2, 35), 3):
            yield f"{name}-length-{length:#x}", [resum(
                whole[:4] + struct.pack("<I", length) + whole[8:])], \
                rf"table at 0x[0-9a-f]+: length {length} is impossible"
        for length in draw.sample(range(36, short), 4):
            yield f"{name}-short-{length}", [table(name.encode(), whole[36:length])], \
                rf"{said(name)}: length {length} is below {short}{REFUSED}"


def entries(draw):
    """Lists of entries that lead nowhere."""
    parts = {"SRAT": ([*CPUS, SOUND_RAM, WINDOW], srat, 48),
             "APIC": ([*LAPICS, *Q35_IRQS], madt, 44)}
    for name, (good, pack, first) in parts.items():
        for place in range(len(good) + 1):
            at = first + sum(map(len, good[:place]))
            for length in (0, 1):
                kind = draw.randrange(256)
                yield f"{name}-entry-{place}-length-{length}", \
                    [pack(*good[:place], bytes([kind, length]), *good[place:])], \
                    rf"{said(name)}: entry at offset {at:#x}: length {length} is below 2"
        at = first + sum(map(len, good))
        for _ in range(8):
            left = draw.randrange(2, 60)
            length = draw.randrange(left + 1, 256)
            yield f"{name}-past-{left}-{length}", \
                [pack(*good, bytes([9, length]) + bytes(left - 2))], \
                rf"{said(name)}: entry at offset {at:#x}: length {length} is beyond the table's end"
        yield f"{name}-one-byte", [pack(*good, b"\1")], \
            rf"{said(name)}: entry at offset {at:#x}: a single byte is left over"
    for kind, need in ((0, 16), (1, 40), (2, 24)):
        for length in draw.sample(range(2, need), 4):
            yield f"SRAT-type-{kind}-of-{length}", \
                [srat(*CPUS, SOUND_RAM, WINDOW, bytes([kind, length]) + bytes(length - 2))], \
                rf"SRAT: .*type {kind} needs {need} bytes and has {length}: skipped"
    for kind, need in ((0, 8), (1, 12), (2, 10), (5, 12), (9, 16)):
        for length in draw.sample(range(2, need), 2):
            yield f"APIC-type-{kind}-of-{length}", \
                [madt(*LAPICS, *Q35_IRQS, bytes([kind, length]) + bytes(length - 2))], \
                rf"MADT: .*type {kind} needs {need} bytes and has {length}: skipped"


# --- tables that lie ---
def srats(draw):
    for i in range(16):
        base = draw.choice([draw.randrange(1 << 52, 1 << 64), (1 << 64) - MIB, 1 << 52]) & ~0xFFF
        size = draw.choice([MIB, GIB, 1 << 51, (1 << 64) - MIB])
        yield f"SRAT-far-{i}", [srat(*CPUS, SOUND_RAM, memory(base, size, 0), WINDOW)], \
            rf"SRAT: .*{size:#x} bytes at {base:#x} reach past 52-bit addresses{SKIPPED}"
    for i in range(24):
        base = draw.randrange(0, RAM, MIB)
        domain = draw.randrange(1, 1 << 32)
        size = draw.randrange(1, 4096) * MIB
        yield f"SRAT-overlap-{i}", \
            [srat(*CPUS, SOUND_RAM, memory(base, size, domain), WINDOW, revision=3)], \
            rf"SRAT: 0x[0-9a-f]+-0x[0-9a-f]+ is in domain \d+ and overlaps domain \d+ .*{REFUSED}"
    for i in range(8):
        base = draw.randrange(0, RAM, MIB)
        yield f"SRAT-twice-{i}", [srat(*CPUS, SOUND_RAM, memory(base, MIB, 0), WINDOW)], \
            r"SRAT: 0x[0-9a-f]+-0x[0-9a-f]+ is listed twice in domain 0"
    for i in range(6):
        extra = draw.randrange(1, 300)
        many = (memory((64 + j) * GIB, MIB, 0) for j in range(510 + extra))
        yield f"SRAT-ranges-{i}", [srat(*CPUS, SOUND_RAM, *many, WINDOW)], \
            rf"SRAT: {extra} memory ranges beyond 512 are ignored"
    for i in range(6):
        extra = draw.randrange(1, 9500)
        many = (x2cpu(1000 + j, j * 429497 & 0xFFFFFFFF) for j in range(510 + extra))
        yield f"SRAT-domains-{i}", [srat(*CPUS, *many, SOUND_RAM, WINDOW, revision=3)], \
            rf"SRAT: {extra} processors beyond 512 are ignored"
    for i in range(10):
        other = draw.randrange(1, 1 << 32)
        yield f"SRAT-cpu-twice-{i}", \
            [srat(*CPUS, x2cpu(1, other), SOUND_RAM, WINDOW, revision=3)], \
            rf"SRAT: .*APIC 1 is in domain 0 and again in {other}{SKIPPED}"
    yield "SRAT-broadcast", [srat(*CPUS, cpu(255, 0), SOUND_RAM, WINDOW)], \
        r"SRAT: .*APIC 255 is the broadcast id: skipped"
    yield "SRAT-x2-broadcast", [srat(*CPUS, x2cpu(0xFFFFFFFF, 0), SOUND_RAM, WINDOW)], \
        r"SRAT: .*x2APIC 0xffffffff is the broadcast id: skipped"
    yield "SRAT-second", [srat(SOUND_RAM), sound("SRAT")], r"SRAT: a second table is ignored"
    yield "SRAT-window-over-ram", \
        [srat(*CPUS, memory(0, RAM, 0), memory(RAM // 2, 8 * GIB, 0, HOTPLUG))], \
        r"SRAT: 0x[0-9a-f]+-0x[0-9a-f]+ is listed twice in domain 0"
    yield "SRAT-window-beyond-the-cpu", \
        [srat(*CPUS, SOUND_RAM, memory(4 * GIB, (1 << 51) - 4 * GIB, 0, HOTPLUG), revision=3)], \
        r"memhp: hot-plug window .* is cut at 0x"


def slits(draw):
    for i in range(12):
        n = draw.randrange(1, 64)
        cells, row = ring(n), draw.randrange(n)
        cells[row * n + row] = draw.choice([0, 9, 11, 255])
        yield f"SLIT-diagonal-{i}", [slit(n, cells)], \
            rf"SLIT: distance {row} to {row} is \d+, must be 10{REFUSED}"
    for i in range(12):
        n = draw.randrange(2, 64)
        cells, row = ring(n), draw.randrange(n - 1)
        cells[row * n + row + 1] = draw.randrange(10)
        yield f"SLIT-near-{i}", [slit(n, cells)], \
            rf"SLIT: distance {row} to {row + 1} is \d, must be at least 10{REFUSED}"
    for i in range(12):
        told = draw.choice([3, 255, 1 << 31, 1 << 32, 1 << 63, (1 << 64) - 1,
                            draw.randrange(3, 1 << 64)])
        yield f"SLIT-count-{i}", [slit(2, [10, 20, 20, 10], told)], \
            rf"SLIT: {told} localities do not fit into 48 bytes{REFUSED}"
    yield "SLIT-none", [slit(0, [])], rf"SLIT: 0 localities{REFUSED}"
    for n in draw.sample(range(65, 256), 4):
        yield f"SLIT-many-{n}", [slit(n, ring(n))], \
            rf"SLIT: {n} localities: those from 64 on are ignored"


def madts(draw):
    for n in (300, *draw.sample(range(66, 400), 3)):
        # Usable by nobody here: machines of this size list what they could have.
        many = (x2lapic(100 + j, 1000 + j, 1) for j in range(n - 2))
        yield f"APIC-cpus-{n}", [madt(*LAPICS, *many, *Q35_IRQS)], \
            r"(MADT|cpu|smp): .*(processors|CPUs) (beyond|are left|that)"
    yield "APIC-no-cpu", [madt(*Q35_IRQS)], r"MADT: no processor is listed"
    yield "APIC-no-ioapic", [madt(*LAPICS)], r"MADT: no I/O APIC is listed"
    for i in range(12):
        kind = draw.randrange(3)
        extra = [ioapic(0, 0xFEC01000, 24), ioapic(1, 0xFEC00000, 24),
                 ioapic(1, 0xFEC02000, 0)][kind]
        yield f"APIC-ioapic-{kind}-{i}", [madt(*LAPICS, *Q35_IRQS, extra)], \
            rf"MADT: .*I/O APIC \d at 0x[0-9a-f]+, GSI base \d+ contradicts I/O APIC 0{SKIPPED}"
    for i in range(10):
        address = draw.randrange(0x100000, RAM - MIB, 4096)
        yield f"APIC-ioapic-in-ram-{i}", [madt(*LAPICS, ioapic(0, address, 0), *Q35_IRQS[1:])], \
            rf"MADT: I/O APIC 0 at {address:#x} lies in RAM: skipped"
    for i in range(10):
        address = 0xFEE00000 + draw.randrange(1, 4096)
        yield f"APIC-lapic-{i}", [madt(*LAPICS, *Q35_IRQS, lapic=address)], \
            rf"MADT: local APIC address {address:#x} is not a page's{REFUSED}"
    for i in range(8):
        source, flags = draw.randrange(16, 256), draw.choice([2, 8, 6, 9])
        yield f"APIC-isa-{i}", [madt(*LAPICS, *Q35_IRQS, override(source, 20, 13))], \
            rf"MADT: .*override of ISA interrupt {source}{SKIPPED}"
        yield f"APIC-flags-{i}", [madt(*LAPICS, *Q35_IRQS, override(3, 3, flags))], \
            rf"MADT: .*override of ISA interrupt 3 has reserved flags {flags:#x}{SKIPPED}"
    for i in range(6):
        gsi = draw.randrange(12, 200)
        yield f"APIC-override-{i}", [madt(*LAPICS, *Q35_IRQS, override(9, gsi, 13))], \
            rf"MADT: .*ISA interrupt 9 to GSI {gsi} was overridden to GSI 9 before{SKIPPED}"
    yield "APIC-cpu-twice", [madt(*LAPICS, *Q35_IRQS, lapic(7, 1))], \
        r"MADT: .*APIC 1 was listed before: skipped"
    yield "APIC-broadcast", [madt(*LAPICS, *Q35_IRQS, lapic(7, 255))], \
        r"MADT: .*APIC 255 is the broadcast id: skipped"


def lies(seed):
    """All of them, as a list."""
    draw = random.Random(seed)
    return [case for make in (headers, entries, srats, slits, madts) for case in make(draw)]
