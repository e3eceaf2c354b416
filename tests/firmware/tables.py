"""tests/firmware/tables.py - packs ACPI tables field by field, sound ones and broken ones.

The layouts are the specification's [ACPI 6.5 5.2]; the fuzzers' seeds and the system tests of
bad firmware are both made of these.
"""
import struct


def table(signature, body, revision=3):
    """A table with the common header [ACPI 6.5 5.2.6], length and checksum right."""
    header = struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), revision, 0, b"BOCHS ",
                         b"BXPC    ", 1, b"BXPC", 1)
    return resum(header + body)


def resum(raw):
    """The table with the checksum that it must have [ACPI 6.5 5.2.6]."""
    raw = bytearray(raw)
    raw[9] = 0
    raw[9] = -sum(raw) & 0xFF
    return bytes(raw)


# --- SRAT ---
def memory(base, size, pxm, flags=1):
    return struct.pack("<BBIHQQIIQ", 1, 40, pxm, 0, base, size, 0, flags, 0)


def cpu(apic, pxm, flags=1):
    return struct.pack("<BBBBIB3sI", 0, 16, pxm & 0xFF, apic, flags, 0,
                       (pxm >> 8).to_bytes(3, "little"), 0)


def x2cpu(apic, pxm, flags=1):
    return struct.pack("<BBHIIIQ", 2, 24, 0, pxm, apic, flags, 0)


def srat(*entries, revision=1):
    return table(b"SRAT", struct.pack("<IQ", 1, 0) + b"".join(entries), revision)


# --- SLIT ---
def slit(n, distances, announced=None):
    return table(b"SLIT", struct.pack("<Q", n if announced is None else announced)
                 + bytes(distances), 1)


def ring(n):
    return [10 if i == j else 11 + abs(i - j) % 240 for i in range(n) for j in range(n)]


# --- MADT ---
def madt(*entries, lapic=0xFEE00000, flags=1):
    return table(b"APIC", struct.pack("<II", lapic, flags) + b"".join(entries))


def lapic(uid, apic, flags=1):
    return struct.pack("<BBBBI", 0, 8, uid, apic, flags)


def x2lapic(uid, apic, flags=1):
    return struct.pack("<BBHIII", 9, 16, 0, apic, flags, uid)


def ioapic(ident, address, base):
    return struct.pack("<BBBBII", 1, 12, ident, 0, address, base)


def override(source, gsi, flags):
    return struct.pack("<BBBBIH", 2, 10, 0, source, gsi, flags)


# What QEMU's own MADT lists behind its processors.
Q35_IRQS = (ioapic(0, 0xFEC00000, 0), override(0, 2, 0), override(5, 5, 13), override(9, 9, 13),
            override(10, 10, 13), override(11, 11, 13))


# --- RSDP and the tables of tables ---
def rsdp(revision, rsdt, xsdt):
    raw = bytearray(struct.pack("<8sB6sBIIQB3x", b"RSD PTR ", 0, b"BOCHS ", revision, rsdt, 36,
                                xsdt, 0))
    raw[8] = -sum(raw[:20]) & 0xFF
    raw[32] = -sum(raw) & 0xFF
    return bytes(raw)


def sdt(width, addresses):
    signature = b"XSDT" if width == 8 else b"RSDT"
    return table(signature, b"".join(a.to_bytes(width, "little") for a in addresses), 1)
