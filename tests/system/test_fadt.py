"""Registers of the FADT that lie in memory, not in I/O space [ACPI 6.5 5.2.3.2]: no firmware of
QEMU's has them.  They are put into VGA text memory behind the page shown: it is there, nobody
else writes it, and it is not RAM, so the kernel has to map it."""
import struct

import aml
from tables import resum

GPE1, RESET = 0xBFF00, 0xBFF20
RESET_VALUE = 0x5A
PORT = 0xF4  # where the method says that it ran
RESET_SUPPORTED = 1 << 10  # of the flags at offset 112 [5.2.9.1]


def memory_register(address, bits):
    """A generic address structure for memory, accessed by bytes [5.2.3.2]."""
    return struct.pack("<BBBBQ", 0, bits, 0, 1, address)


def read_physical(guest, tmp_path, address, size):
    path = tmp_path / "memory.bin"
    guest.qmp.command("pmemsave", val=address, size=size, filename=str(path))
    return path.read_bytes()


def changed_fadt(raw):
    """The machine's own FADT with a second block of GPEs and the reset register in memory."""
    assert raw[:4] == b"FACP" and len(raw) >= 244, raw
    raw = bytearray(raw)
    raw[93:95] = bytes((2, 0x40))  # GPE1: a byte of status, one of enable bits, from GPE 0x40 on
    raw[232:244] = memory_register(GPE1, 16)
    raw[112:116] = struct.pack("<I", struct.unpack_from("<I", raw, 112)[0] | RESET_SUPPORTED)
    raw[116:129] = memory_register(RESET, 8) + bytes((RESET_VALUE,))
    raw[8] = max(raw[8], 3)
    return resum(raw)


def test_registers_in_memory(boot, image, tmp_path):
    """The GPE of a method is enabled there, read there at each interrupt, and its status cleared
    by a 1; `reboot` writes the reset register."""
    plain = boot(machine="q35")
    facp = next(t for t in plain.json("acpi -J")["tables"] if t["signature"] == "FACP")
    fadt = read_physical(plain, tmp_path, facp["address"], facp["length"])
    said = tmp_path / "said"
    method = aml.scope("\\_GPE", aml.region("HDBG", 1, PORT, 1), aml.field8("HDBG", "HOUT"),
                       aml.method("_L40", aml.store(aml.integer(ord("x")), "HOUT")))
    output = ["-chardev", f"file,id=said,path={said}",
              "-device", f"isa-debugcon,iobase={PORT},chardev=said"]
    guest = boot(machine="q35", iso=image([changed_fadt(fadt)]),
                 extra=output + aml.arguments_for(tmp_path, elsewhere=[method]))
    assert read_physical(guest, tmp_path, GPE1, 2) == b"\xff\x01"  # cleared: RAM keeps the 1s
    before = said.read_bytes().count(b"x")
    ident, _ = guest.plug_named("256M")
    guest.wait_until(lambda: said.read_bytes().count(b"x") > before, "_L40")
    guest.eject(ident)

    guest.qmp.command("set-action", shutdown="pause")
    assert read_physical(guest, tmp_path, RESET, 1) != bytes((RESET_VALUE,))
    mark = guest.qmp.mark()
    guest.send("reboot\r")
    event = guest.qmp.wait_event("SHUTDOWN", mark, 240)
    assert event and event["data"]["reason"] == "guest-reset"
    assert read_physical(guest, tmp_path, RESET, 1) == bytes((RESET_VALUE,))
