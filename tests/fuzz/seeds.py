#!/usr/bin/python3
"""tests/fuzz/seeds.py DIR - writes the seeds of every fuzz target to DIR/TARGET/.

The tables are packed field by field (tests/firmware/tables.py), sound ones and broken ones; those
that real machines have come from capture.py.  Nothing binary is kept in the repository.
"""
import os
import struct
import sys

for folder in ("../firmware", "../../tools"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), folder))

# pylint: disable=wrong-import-position
from constants import GIB  # noqa: E402
from tables import (Q35_IRQS, cpu, ioapic, lapic, madt, memory, override, ring,  # noqa: E402
                    rsdp, sdt, slit, srat, table, x2cpu, x2lapic)

SRATS = {
    "two-nodes": srat(cpu(0, 0), cpu(1, 1), memory(0, 0xA0000, 0), memory(0x100000, GIB, 0),
                      memory(4 * GIB, GIB, 1), memory(0, 0, 0, 0), memory(5 * GIB, 24 * GIB, 1, 3)),
    "x2apic": srat(x2cpu(300, 7), x2cpu(301, 1 << 20), memory(0, GIB, 1 << 20), revision=3),
    "overlap": srat(memory(0, 2 * GIB, 0), memory(GIB, 2 * GIB, 1)),
    "same-domain": srat(memory(0, 2 * GIB, 0), memory(GIB, 2 * GIB, 0), memory(GIB, GIB, 0, 3)),
    "nonvolatile": srat(memory(0, GIB, 0, 5), memory(GIB, GIB, 0, 7)),
    "wrapping": srat(memory((1 << 64) - 4096, 8192, 0), memory(1 << 52, GIB, 1)),
    "length-0": srat(memory(0, GIB, 0), b"\1\0", memory(GIB, GIB, 1)),
    "short": srat(b"\1\x10" + bytes(14), b"\0\x08" + bytes(6), b"\x09\x14" + bytes(18)),
    "empty": srat(),
    "many-ranges": srat(*(memory(i * GIB, GIB, i % 9) for i in range(515))),
    "many-cpus": srat(*(x2cpu(i, i % 9) for i in range(515))),
}

SLITS = {
    "one": slit(1, [10]), "two": slit(2, [10, 21, 21, 10]), "ring-8": slit(8, ring(8)),
    "ring-70": slit(70, ring(70)), "diagonal": slit(2, [10, 20, 20, 11]),
    "below-10": slit(2, [10, 9, 20, 10]), "announced": slit(2, ring(2), 1 << 32),
    "none": slit(0, []),
}

LAPIC_NMI = struct.pack("<BBBHB", 4, 6, 255, 0, 1)
Q35 = (lapic(0, 0), lapic(1, 1), lapic(2, 2, 0), *Q35_IRQS, LAPIC_NMI)
MADTS = {
    "q35": madt(*Q35),
    "x2apic": madt(struct.pack("<BBHIII", 9, 16, 0, 300, 1, 5), ioapic(1, 0xFEC00000, 0),
                   struct.pack("<BBHQ", 5, 12, 0, 0x1FEE00000)),
    "two-ioapics": madt(lapic(0, 0), ioapic(1, 0xFEC00000, 0), ioapic(2, 0xFEC10000, 24)),
    "contradicting": madt(lapic(0, 0), lapic(1, 0), ioapic(1, 0xFEC00000, 0),
                          ioapic(1, 0xFEC10000, 24), override(9, 9, 13), override(9, 20, 15)),
    "length-0": madt(lapic(0, 0), b"\0\0", lapic(1, 1)),
    "short": madt(b"\1\6" + bytes(4), b"\2\4\0\0", b"\5\4\0\0", b"\x09\x08" + bytes(6)),
    "empty": madt(), "lapic": madt(lapic=0xFEE00001),
    "many-cpus": madt(*(x2lapic(i, i) for i in range(515))),
    "many-ioapics": madt(*(ioapic(i, 0xFEC00000 + i * 4096, i * 24) for i in range(18))),
}


RSDPS = {
    "v1": rsdp(0, 0x7FE2000, 0)[:20], "v1-long": rsdp(1, 0x7FE2000, 0x123456000),
    "v2": rsdp(2, 0x7FE2000, 0x123456000),
    "nothing": rsdp(2, 0, 0), "xsdt": sdt(8, [0x1000, 1 << 40]), "rsdt": sdt(4, [0x1000, 0x2000]),
}


# --- physical memory with all of them in it, from 0x10000 on ---
def place_tables(head, root, tables, dsdt=None):
    """The RSDP, then the root, the tables in it and the DSDT one behind the other, at any byte;
    addresses in them are made to fit, and the target of the fuzzer mends the sums."""
    at, body, addresses = 0x10000 + len(root), b"", []
    for raw in [*tables] + [dsdt or b""]:
        addresses.append(at + len(body))
        body += raw + bytes(5)
    width, pointers = 8 if root.startswith(b"XSDT") else 4, []
    for raw, address in zip(tables, addresses):
        if raw.startswith(b"FACP"):
            pointers += [(address - at + place, size) for place, size in ((40, 4), (140, 8))
                         if len(raw) >= place + size]
    for place, size in pointers:
        body = body[:place] + addresses[-1].to_bytes(size, "little") + body[place + size:]
    return (head[:16] + struct.pack("<IIQ", 0x10000 * (width == 4), 36, 0x10000 * (width == 8))
            + head[32:] + root[:36] + b"".join(a.to_bytes(width, "little") for a in addresses[:-1])
            + body)


def static(tables, width=8, fadt=True):
    head = rsdp(2, 0, 1) if width == 8 else rsdp(0, 1, 0)
    if fadt:
        tables = [table(b"FACP", bytes(112), 6), *tables]
    return place_tables(head, sdt(width, [0] * len(tables)), tables,
                        table(b"DSDT", b"aml", 2) if fadt else None)


STATICS = {
    "xsdt": static([SRATS["two-nodes"], SLITS["two"], MADTS["q35"]]),
    "rsdt": static([MADTS["q35"]], 4, False),
    "twice": static([SRATS["x2apic"], SRATS["two-nodes"]]),
    "many": static([table(b"OEM1", b"")] * 66),
    "ioapic-in-ram": static([madt(lapic(0, 0), ioapic(0, 0x200000, 0))]),
}


# --- multiboot2 ---
def tag(kind, body):
    raw = struct.pack("<II", kind, 8 + len(body)) + body
    return raw + bytes(-len(raw) % 8)


def mmap(*entries, size=24):
    return tag(6, struct.pack("<II", size, 0)
               + b"".join(struct.pack("<QQII", *e, 0).ljust(size, b"\xee") for e in entries))


def info(*tags):
    body = b"".join(tags) + tag(0, b"")
    return struct.pack("<II", 8 + len(body), 0) + body


BIOS_MAP = ((0, 0x9FC00, 1), (0x9FC00, 0x400, 2), (0xF0000, 0x10000, 2), (0x100000, 0x7EE0000, 1),
            (0x7FE0000, 0x20000, 2), (0xFFFC0000, 0x40000, 2), (4 * GIB, GIB, 1))
EFI_MAP = tag(17, struct.pack("<II", 48, 1) + b"".join(
    struct.pack("<IIQQQQQ", kind, 0, base, 0, pages, 15, 0)
    for kind, base, pages in ((7, 0, 0xA0), (4, 0x100000, 256), (9, 0x200000, 1), (10, 0x201000, 1),
                              (6, 0x300000, 4), (14, 0x400000, 4))))
MULTIBOOTS = {
    "bios": info(tag(1, b"maxcpus=2 numa=off\0"), tag(2, b"GRUB 2.06\0"), mmap(*BIOS_MAP),
                 tag(14, rsdp(0, 0x7FE2000, 0)[:20])),
    "efi": info(tag(1, b"\0"), tag(12, bytes(8)), EFI_MAP, mmap(*BIOS_MAP, (0x200000, 4096, 20)),
                tag(14, rsdp(2, 1, 2)[:20]), tag(15, rsdp(2, 0x7FE2000, 0x7FE3000)),
                tag(20, bytes(8))),
    "efi-map": info(EFI_MAP),
    "overlaps": info(mmap((0, GIB, 1), (4096, 8192, 2), (8192, 4096, 5), (0, 100, 4),
                          (50, 100, 3))),
    "wide": info(mmap(*BIOS_MAP, size=40)),
    "many": info(mmap(*((i << 16, 1 << 15, 1) for i in range(300)))),
    "long-line": info(tag(1, b"numa=off " * 500 + b"\0"), tag(2, b"L" * 80), mmap(*BIOS_MAP)),
    "empty": info(), "no-end": info(mmap(*BIOS_MAP))[:-8],
}

OPTIONS = {
    "all": b"memhp_default_state=online_movable movable_node numa=off maxcpus=3 memhp_eject=manual "
           b"color=1 loglevel=7 shell=0",
    "bad": b"maxcpus=0 maxcpus=x numa= =on quiet memhp_default_state=onlin shell=2",
    "watchdog": b"watchdog=0 watchdog=3600 watchdog=3601 watchdog=-1 watchdog= watchdog=30 "
                b"watchdog",
    "switches": b"movable_node color=off color shell=1 numa shell=0 movable_node=no\0numa=0",
    "blank": b" \t\n",
    "flood": b"x " * 100, "endless": b"maxcpus=2 " * 420,
}

# Keys and lines of the shell.
EDITORS = {
    "edit": b"online dimm0\x01\x1b[C\x1b[3~\x1b[F\x17\x19\x14\x7f\x1bb\x1bd\x15\r\x1b[A\x12on\x07",
    "long": b"x" * 200 + b"\x01y\x0b\x19\x0c\x1b[5;132R\r",
    "utf8": "h\u00e9 \u4e2d\u6587 \U0001f600 e\u0301\x1b[D\x1b[D\x7f".encode() * 12 + b"\x03",
    "doubling": b"x" * 70 + b"\x15\x19\x19" * 7 + b"\r\x10\x12x\x12\x07",
    "tab": b"of\t\tmem\t\r\n\x10\x0e\x04\x1bOA\x1b[[A\x1b[1;5D",
}
LINES = {
    "words": b"echo a\\ b 'c  d' \"e \\\" $?\" # f",
    "filters": b"lsmem -a | grep -v on | grep -ic 'x y'; time offline dimm0",
    "mistakes": b"| grep; a | sort 'b;c'; 'd",
    "too-long": b"a " * 2100, "many-words": b"w " * 70, "many-filters": b"a" + b"|grep b" * 20,
}

WORDS = {
    "numbers": b"0\x000x7f\x0018446744073709551615\x0018446744073709551616\x000x\x00-1\x00",
    "sizes": b"128M\x001GiB\x004KB\x0016777216T\x0099p\x001kB2\x00",
    "ranges": b"0x100000000-0x107ffffff\x001G-2G\x002G-1G\x000-0xffffffffffffffff\x00",
    "seconds": b"0.5\x001.2345678\x00.5\x0018446744073709.551615\x0018446744073709.551616\x00",
    "options": b"-nk\x00-t\x003\x00-t5\x00memory32\x00--\x00-n\x00-x\x00",
}


# Of fuzz_target.c: devices (how far behind the one before and how long in units of 16 MiB, boot
# memory or not), then words.
def targets(devices, *words):
    boot = sum((is_boot != 0) << i for i, (_, _, is_boot) in enumerate(devices))
    return bytes([len(devices), boot]) + b"".join(
        bytes([gap, units - 1]) for gap, units, _ in devices) + b"\0".join(words)


THREE = ((0, 20, 1), (4, 8, 0), (3, 32, 0))
TARGETS = {
    "blocks": targets(THREE, b"memory0", b"memory2.1", b"memory3", b"memory2.2", b"memory9"),
    "windows": targets(THREE, b"memory0-2", b"memory1-memory3", b"memory0x1-9", b"memory2-1"),
    "devices": targets(THREE, b"dimm1", b"dimm2", b"dimm0", b"boot", b"all", b"all"),
    "ranges": targets(THREE, b"0-0x7ffffff", b"128M-320M", b"0-64T", b"1-2", b"0-100M"),
    "shared": targets(((1, 1, 0),) * 7, b"memory0.3", b"memory0.6", b"memory0", b"memory1.2"),
    "none": targets((), b"all", b"memory0", b"0-1G", b"memory524287-524288"),
    "far": targets(THREE, b"memory9999999999", b"memory0-524287", b"memory00000000000",
                   b"0-0xffffffffffffefff", b"memory000000000001-2"),
}


# Of fuzz_fw_cfg.c: what is asked for, then the directory [QEMU docs/specs/fw_cfg].
def directory(*files, asked=0, room=20, announced=None):
    count = len(files) if announced is None else announced
    return struct.pack(">BBBI", 0, asked, room, count) + b"".join(
        struct.pack(">IHH56s", size, select, 0, name) for size, select, name in files)


CMDLINE = b"opt/org.headroom/cmdline"
FW_CFGS = {
    "qemu": directory((24, 0x20, b"bootorder"), (4096, 0x2A, b"etc/acpi/rsdp"),
                      (5, 0x2B, CMDLINE), (5000, 0x2C, b"opt/org.headroom/script"), asked=3),
    "twice": directory((5, 0x21, CMDLINE), (6, 0x22, CMDLINE), asked=1),
    "endless": directory(*[(9, 0x21, b"x" * 56)] * 9, announced=0xFFFFFFFF),
    "last": directory(*((i, 0x20 + i, b"file%d" % i) for i in range(20)), (8, 0x40, CMDLINE)),
    "beyond": directory((5, 0x21, b"a"), (5, 0x22, CMDLINE), announced=1),
    "size": directory((0xFFFFFFFF, 0xFFFF, CMDLINE), (0, 0x19, b"empty"), asked=1, room=255),
    "name": directory((1, 1, CMDLINE + b"\0x"), (1, 2, b"y" * 55 + b"z"), asked=1),
    "absent": b"\x0f" + directory((5, 0x21, CMDLINE))[1:], "none": directory(),
}


# Of fuzz_memrange.c: two numbers of 16 bits a piece; the upper three bits shift the others.
def pieces(*ranges):
    return b"".join(struct.pack("<HH", *r).ljust(18, b"\0") for r in ranges)


MEMRANGES = {
    "one": pieces((0x4001, 0x4010)), "joined": pieces((0x4001, 0x4010), (0x4011, 0x4001)),
    "backwards": pieces((0x4011, 0x4001), (0x4001, 0x4010)), "empty": pieces((0x4001, 0)),
    "gap": pieces((0x4001, 0x4010), (0x4012, 0x4001)), "twice": pieces(*[(0x4001, 0x4010)] * 2),
    "wrapping": pieces((0xFFFF, 0xFFFF)),
    "many": pieces(*((0x4000 + i, 0x4001) for i in range(17))),
}
SYMBOLS = {
    "few": bytes((0x10, 0, 0x10, 0, 1, 0, 0xDF, 0, 0xFF, 0, 9)), "many": bytes(range(1, 130)),
    "dense": bytes(128), "none": b"",
}

SEEDS = {"editor": EDITORS, "parse": LINES, "args": WORDS, "memrange": MEMRANGES,
         "symbols": SYMBOLS, "fw_cfg": FW_CFGS, "target": TARGETS,
         "srat": SRATS, "slit": SLITS, "madt": MADTS, "rsdp": RSDPS, "static": STATICS,
         "multiboot2": MULTIBOOTS, "options": OPTIONS}


def main(top):
    for target, seeds in SEEDS.items():
        folder = os.path.join(top, target)
        os.makedirs(folder, exist_ok=True)
        for name, raw in seeds.items():
            with open(os.path.join(folder, name), "wb") as out:
                out.write(raw)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    main(sys.argv[1])
