#!/usr/bin/python3
"""tests/fuzz/capture.py firmware|loader DIR - seeds as a machine has them: files DIR/TARGET/real-*.

firmware: machines without anything to boot.  SeaBIOS has placed QEMU's tables by the time it finds
that out; they are read out of the guest's memory, from the RSDP on, and the directory of fw_cfg is
read from its ports.
loader: the boot image, by BIOS and by UEFI.  What GRUB handed over is found in the kernel's memory;
UEFI's tables, which hang on an XSDT, by the RSDP in it.

Exits 1 where anything that should be there is not.
"""
import os
import re
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../../tools"), HERE]

# pylint: disable=wrong-import-position
from constants import MIB  # noqa: E402
from guest import Guest, GuestError  # noqa: E402
from qmp import QmpClosed, QmpError  # noqa: E402
from seeds import place_tables  # noqa: E402


def machine(name, nodes, size, **more):
    """Nodes with distances, room for DIMMs, and one that is there from the start."""
    extra = ["-object", f"memory-backend-ram,id=mem0,size={size}",
             "-device", f"pc-dimm,id=dimm0,memdev=mem0,node={nodes - 1}"]
    for to in range(nodes):
        for source in range(to):
            extra += ["-numa", f"dist,src={source},dst={to},val={11 + 10 * (to - source)}"]
    return {"machine": name, "nodes": nodes, "extra": extra, **more}


FIRMWARE = {
    "q35": machine("q35", 2, "256M", mem="256M", smp=4, slots=4, maxmem="4G"),
    "pc": machine("pc", 3, "128M", mem="192M", smp=5, slots=16, maxmem="64G"),
}
LOADER = {
    "bios": machine("q35", 2, "256M", mem="256M", slots=4, maxmem="4G"),
    "uefi": machine("q35", 2, "256M", mem="256M", slots=4, maxmem="4G", firmware="uefi"),
}
FILES = {"cmdline": "maxcpus=2 numa=off", "script": "lsmem"}

BIOS_AREA = (0xE0000, 0x20000)        # where an RSDP lies [ACPI 6.5 5.2.5.1]
IMAGE_AREA = (MIB, 15 * MIB)          # the kernel, and in it its copy of the tags
TAGS_MAX, NEW_RSDP = 1 << 16, 15
FW_CFG_SELECT, FW_CFG_DATA, FW_CFG_DIRECTORY = 0x510, 0x511, 0x19

# Which target a table is for, and what it is called in memory.
TARGETS = {"srat": b"SRAT", "slit": b"SLIT", "madt": b"APIC"}


class Missing(Exception):
    """What a machine should have is not there."""


class Memory:
    """Physical memory of a guest; read(address, size) gives bytes."""

    def __init__(self, guest, folder):
        self.guest, self.path = guest, os.path.join(folder, "memory")

    def read(self, address, size):
        self.guest.qmp.command("pmemsave", val=address, size=size, filename=self.path)
        with open(self.path, "rb") as saved:
            return saved.read()

    def table(self, address):
        raw = self.read(address, struct.unpack("<4xI", self.read(address, 8))[0])
        if len(raw) < 36 or sum(raw) & 0xFF:
            raise Missing(f"no table at {address:#x}")
        return raw

    def rsdp(self):
        """The 36 bytes of SeaBIOS's; None before it is done, since the sum comes last."""
        area = self.read(*BIOS_AREA)
        for at in range(0, len(area) - 36, 16):
            if area.startswith(b"RSD PTR ", at) and not sum(area[at:at + 20]) & 0xFF:
                return area[at:at + 36]
        return None

    def tables(self, rsdp):
        """The table of tables that an RSDP names, those in it, and the DSDT."""
        revision, rsdt, xsdt = struct.unpack("<15xBI4xQ", rsdp[:32])
        root = self.table(xsdt if revision >= 2 and xsdt else rsdt)
        body, kind = root[36:], "Q" if root.startswith(b"XSDT") else "I"
        found = [self.table(a) for a, in struct.iter_unpack("<" + kind, body)]
        fadt = next((t for t in found if t.startswith(b"FACP")), None)
        if fadt is None:
            raise Missing("no FADT")
        wide = struct.unpack_from("<Q", fadt, 140)[0] if len(fadt) >= 148 else 0
        return root, found, self.table(wide or struct.unpack_from("<I", fadt, 40)[0])

    def tags(self):
        """What GRUB handed over: tags that end where their total size says [MB2 3.6]."""
        area = self.read(*IMAGE_AREA)
        for loader in re.finditer(rb"\x02\0\0\0..\0\0GRUB ", area, re.S):
            for at in range(loader.start() - 8, max(0, loader.start() - TAGS_MAX), -8):
                total, reserved = struct.unpack_from("<II", area, at)
                if reserved == 0 and total <= TAGS_MAX and tags_of(area[at:at + total]):
                    return area[at:at + total]
        raise Missing("GRUB's information is nowhere in the kernel")


def tags_of(raw):
    """{type: body}, if the tags lead exactly to the end of the information; else None."""
    at, found = 8, {}
    while at + 8 <= len(raw):
        kind, size = struct.unpack_from("<II", raw, at)
        if size < 8:
            return None
        found.setdefault(kind, raw[at + 8:at + size])
        at += -(-size // 8) * 8
        if kind == 0:
            return found if at == len(raw) else None
    return None


def fw_cfg_directory(guest):
    """The directory, read as the kernel does, by the monitor's words for ports."""
    def take(count):
        return bytes(int(guest.qmp.human(f"i /xb {FW_CFG_DATA:#x}").split()[-1], 16)
                     for _ in range(count))

    guest.qmp.human(f"o /xh {FW_CFG_SELECT:#x} {FW_CFG_DIRECTORY:#x}")
    count = take(4)
    return count + take(int.from_bytes(count, "big") * 64)


def table_seeds(memory, rsdp):
    root, tables, dsdt = memory.tables(rsdp)
    seeds = {"static": place_tables(rsdp, root, tables, dsdt), "rsdp": rsdp, "rsdp/root": root}
    for target, signature in TARGETS.items():
        found = [t for t in tables if t.startswith(signature)]
        if len(found) != 1:
            raise Missing(f"{len(found)} tables {signature.decode()}, not one")
        seeds[target] = found[0]
    return seeds


def firmware(name, folder):
    """Seeds by target of a machine that boots from an empty CD."""
    nothing = os.path.join(folder, "nothing")
    with open(nothing, "wb"):
        pass
    with Guest(iso=nothing, paused=True, fw_cfg=FILES, **FIRMWARE[name]) as guest:
        directory = fw_cfg_directory(guest)
        guest.qmp.command("cont")
        memory = Memory(guest, folder)
        rsdp = guest.wait_until(memory.rsdp, "SeaBIOS's RSDP", tries=1200, pause=0.1)
        script = [entry[8:].rstrip(b"\0") for entry, in struct.iter_unpack("64s", directory[4:])
                  ].index(b"opt/org.headroom/script")
        return {"fw_cfg": bytes((0, script, 20)) + directory, **table_seeds(memory, rsdp)}


def loader(name, folder):
    """Seeds by target of what GRUB gave a kernel that has booted; of UEFI, its tables too."""
    with Guest(**LOADER[name]) as guest:
        guest.wait_prompt()
        memory = Memory(guest, folder)
        tags = memory.tags()
        seeds = {"multiboot2": tags}
        if name == "uefi":
            seeds.update(table_seeds(memory, tags_of(tags)[NEW_RSDP]))
        return seeds


def main(what, top):
    capture, machines = {"firmware": (firmware, FIRMWARE), "loader": (loader, LOADER)}[what]
    for name in machines:
        try:
            with tempfile.TemporaryDirectory() as folder:
                seeds = capture(name, folder)
        except (Missing, GuestError, QmpClosed, QmpError, OSError) as why:
            sys.exit(f"capture: {name}: {why}")
        for target, raw in seeds.items():
            target, _, part = target.partition("/")
            os.makedirs(os.path.join(top, target), exist_ok=True)
            path = os.path.join(top, target, "-".join(filter(None, ("real", name, part))))
            with open(path, "wb") as out:
                out.write(raw)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("firmware", "loader"):
        sys.exit(__doc__.splitlines()[0])
    main(*sys.argv[1:])
