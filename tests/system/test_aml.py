"""Firmware objects that make no sense, or change their mind: refused, said, and survived.

The devices stand in an SSDT of our own.  Where one must have real memory behind it, an NVDIMM
lends its range: QEMU maps it in the hot-plug window and says nothing of it by PNP0C80.
"""
import re

import aml
import pytest
import tables
from harness import GIB, MIB

WINDOW = 4 * GIB
NVDIMM = ["-machine", "nvdimm=on", "-object", "memory-backend-ram,id=nv,size=256M",
          "-device", "nvdimm,id=nvd,memdev=nv,unarmed=off"]

BAD = {
    # uid: (parts of the device, what the refusal says)
    40: (dict(crs=[]), "names no memory"),
    41: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB), aml.qword(WINDOW + 2 * GIB, 128 * MIB)]),
         "in two places"),
    42: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB),
                   aml.qword(WINDOW + GIB + 64 * MIB, 128 * MIB)]), "overlaps itself"),
    43: (dict(crs=[aml.qword((1 << 64) - 64 * MIB, 128 * MIB)]), "wrap"),
    44: (dict(crs=[aml.qword(1 << 50, GIB)]), "beyond"),
    45: (dict(crs=[aml.qword(WINDOW + GIB, 0, last=WINDOW + GIB)]), "_CRS"),
    46: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB, flags=0)]), "not one place"),
    47: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB, translation=GIB)]), "offset"),
    48: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB, last=WINDOW + 2 * GIB)]), "not one place"),
    49: (dict(crs=[aml.dword_fixed(16 * MIB, 128 * MIB)]), "range: "),
    50: (dict(crs=[aml.qword(WINDOW + 512 * GIB, GIB)]), "outside the hot-plug window"),
    51: (dict(crs=[aml.qword(WINDOW + 4096, 128 * MIB)]), "multiples of 2 MiB"),
    52: (dict(), "_CRS"),
    53: (dict(parts=[aml.name("_CRS", aml.ONE)]), "_CRS"),
    54: (dict(parts=[aml.name("_CRS", aml.buffer(b"\x8a\xff\xff\x00"))]), "_CRS"),
    55: (dict(status=1, crs=[aml.qword(WINDOW + GIB, 128 * MIB)]), "_STA"),
    56: (dict(crs=[aml.qword(WINDOW, 128 * MIB)],
              parts=[aml.name("_PXM", aml.integer(77))]), "domain 77"),
    57: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB)]), "no memory"),
    58: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB)],
              parts=[aml.name("_PXM", aml.packaged(b"\x12", b"\x00"))]), "_PXM"),
    59: (dict(crs=[aml.qword(WINDOW + GIB, 128 * MIB, kind=1)]), "names no memory"),
}


def bad_devices():
    parts = []
    for uid, (spec, _) in BAD.items():
        spec = dict(spec)
        more = spec.pop("parts", [])
        parts.append(aml.memory_device(f"HB{uid}", uid, *more, **spec))
    return parts


def test_what_makes_no_sense_is_refused_once_and_said(boot, tmp_path):
    guest = boot(extra=NVDIMM + aml.arguments_for(tmp_path, *bad_devices()))
    with guest.same_census():
        assert guest.lsdimm() == []
        for uid, (_, words) in BAD.items():
            lines = [line for line in guest.text.splitlines()
                     if f"HB{uid}: dimm{uid} refused" in line]
            assert len(lines) == 1, f"HB{uid}: {lines}"
            assert any(word in lines[0] for word in words.split("|")), lines[0]
        # Real DIMMs come and go among them, and none of them is tried again meanwhile.
        ident, name = guest.plug_named("256M")
        guest.ok(f"online {name}")
        guest.eject(ident)
    for uid in BAD:
        assert guest.text.count(f"dimm{uid} refused") == 1


def test_slot_numbers_are_unique(boot, tmp_path):
    """Two devices of one _UID, one of none, one beyond all numbers: each has its own."""
    crs = [aml.qword(WINDOW + GIB, 0)]
    extra = aml.arguments_for(
        tmp_path,
        aml.memory_device("HU00", 77, crs=crs), aml.memory_device("HU01", 77, crs=crs),
        aml.memory_device("HU02", 1 << 40, crs=crs),
        aml.device("HUZZ", aml.name("_HID", aml.MEMORY_DEVICE)))
    guest = boot(extra=extra)
    text = guest.ok("acpi")
    assert "slots: 12" in text, text
    ident, name = guest.plug_named("128M")
    guest.eject(ident)
    assert name == "dimm0"


def borrowed(*parts, status=None):
    """A device over the NVDIMM's memory, in two pieces that join."""
    crs = [aml.qword(WINDOW + 128 * MIB, 128 * MIB), aml.qword(WINDOW, 128 * MIB)]
    return aml.memory_device("HN00", 99, *parts, status=status, crs=crs)


def test_ej0_that_does_nothing(boot, tmp_path):
    """The core takes the device back, blocks and zones as they were."""
    extra = NVDIMM + aml.arguments_for(
        tmp_path, borrowed(aml.method("_EJ0", aml.give(aml.ZERO), 1), status=aml.PRESENT))
    guest = boot(extra=extra)
    guest.wait_until(lambda: [d["name"] for d in guest.lsdimm()] == ["dimm99"], "the device")
    guest.ok("online dimm99 movable")
    with guest.same_census():
        status, text = guest.run("eject dimm99", scale=2)
        assert status == 1 and "still there" in text, text


def test_a_domain_of_32_bits(boot, image, tmp_path):
    """The SRAT's and the DIMM's _PXM: the same number, of which no byte may be lost."""
    domain = 0x89ABCDEF
    srat = tables.srat(tables.x2cpu(0, domain), tables.x2cpu(1, domain),
                       tables.memory(0, 512 * MIB, domain ^ 0xFF000000),
                       tables.memory(WINDOW, 8 * GIB, domain, 3), revision=3)
    extra = NVDIMM + aml.arguments_for(tmp_path, stateful(
        aml.name("_PXM", aml.integer(domain)),
        aml.method("_EJ0", aml.store(aml.ZERO, "HST_"), 1)))
    guest = boot(iso=image([srat]), extra=extra)
    guest.wait_until(guest.lsdimm, "the device")
    dimm = guest.lsdimm()[0]
    nodes = {node["node"]: node for node in guest.json("numa -J")["nodes"]}
    assert nodes[dimm["node"]]["cpus"] == [0, 1], "that of the processors, not of boot memory"
    assert len(nodes) == 2
    guest.ok("online dimm99 movable")
    guest.ok("hog start h 64M movable")
    guest.ok("hog verify h; hog stop h")
    guest.ok("eject dimm99", scale=2)
    assert guest.lsdimm() == []


def test_no_ej0_at_all(boot, tmp_path):
    extra = NVDIMM + aml.arguments_for(tmp_path, borrowed(status=aml.PRESENT))
    guest = boot(extra=extra)
    guest.wait_until(guest.lsdimm, "the device")
    with guest.same_census():
        status, text = guest.run("eject dimm99", scale=2)
        assert status == 1 and "EOPNOTSUPP" in text, text


def test_ej0_that_fails_and_a_status_that_cannot_be_read(boot, tmp_path):
    """Nothing says that it is gone: it stays."""
    extra = NVDIMM + aml.arguments_for(tmp_path, borrowed(
        aml.name("HST_", aml.integer(aml.PRESENT)),
        aml.method("_STA", aml.if_equal(b"HST_", aml.ZERO, aml.fatal(1, 2, 3))
                   + aml.give(b"HST_")),
        aml.method("_EJ0", aml.store(aml.ZERO, "HST_") + aml.fatal(1, 2, 3), 1)))
    guest = boot(extra=extra)
    guest.wait_until(guest.lsdimm, "the device")
    guest.ok("online dimm99 movable")
    with guest.same_census():
        guest.refused("eject dimm99", "EIO", scale=2)
    assert "dimm99 ejected" not in guest.text


@pytest.mark.parametrize("size, cpu", [("256M", "max"), ("1G", "qemu64")])
def test_ej0_that_takes_the_memory_and_a_status_that_denies_it(boot, image, tmp_path, size, cpu):
    """The DIMM has left and _STA says that it is there.  QEMU's own slot has a domain that the SRAT
    does not know, so that the DIMM comes by a device of ours, which ejects it by QEMU's registers:
    selector, control bit 3 (docs/specs/acpi_mem_hotplug of QEMU)."""
    srat = tables.srat(tables.cpu(0, 7), tables.cpu(1, 7), tables.memory(0, 512 * MIB, 7),
                       tables.memory(WINDOW, 8 * GIB, 7, 3))
    ours = aml.memory_device(
        "HN00", 99, aml.region("HSEL", 1, 0xA00, 1), aml.field8("HSEL", "HSLT"),
        aml.region("HCTL", 1, 0xA14, 1), aml.field8("HCTL", "HCMD"),
        aml.method("_EJ0", aml.store(aml.ZERO, "HSLT") + aml.store(aml.integer(8), "HCMD"), 1),
        crs=[aml.qword(WINDOW, int(size[:-1]) * (GIB if size[-1] == "G" else MIB))])
    guest = boot(iso=image([srat]), extra=aml.arguments_for(tmp_path, ours), cpu=cpu)
    guest.plug(size, wait=False)
    guest.ok("acpi rescan")
    guest.wait_until(lambda: [d["name"] for d in guest.lsdimm()] == ["dimm99"], "the device")
    guest.ok("online dimm99 movable")
    guest.ok("eject dimm99", scale=2)
    assert guest.memory_devices() == {} and guest.lsdimm() == []
    assert "dimm99 has no memory any more, but _STA is 0xf" in guest.ok("dmesg")
    guest.ok("acpi rescan")
    assert guest.lsdimm() == []
    guest.check()


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_methods_that_wait_and_look_at_pci(boot, tmp_path, machine):
    """What QEMU's own methods never do: Sleep, Stall, Fatal, PCI configuration space, an extended
    descriptor.  The vendor of the host bridge is read, and cannot be written."""
    vendor = aml.path("_SB_", "PCI0", "HRPC", "VEND")
    bridge = aml.scope(aml.path("_SB_", "PCI0"), aml.device(
        "HRPC", aml.name("_ADR", aml.ZERO), aml.region("HREG", 2, 0, 4),
        aml.field16("HREG", "VEND")))
    status = aml.method("_STA", aml.stall(50) + aml.store(aml.integer(0x1234), vendor)
                        + aml.if_equal(vendor.encode(), aml.integer(0x8086), aml.give(b"HST_"))
                        + aml.give(aml.ZERO))
    leave = aml.method("_EJ0", aml.sleep(300) + aml.increment("NTH_")
                       + aml.if_equal(b"NTH_", aml.ONE, aml.fatal(1, 2, 3))
                       + aml.store(aml.ZERO, "HST_"), 1)
    extra = NVDIMM + aml.arguments_for(
        tmp_path, aml.memory_device("HN00", 99, aml.name("HST_", aml.integer(aml.PRESENT)),
                                    aml.name("NTH_", aml.ZERO), status, leave, status=None,
                                    crs=[aml.extended(WINDOW, 256 * MIB)]),
        elsewhere=[bridge])
    guest = boot(extra=extra, machine=machine)
    guest.wait_until(lambda: [(d["name"], d["size"]) for d in guest.lsdimm()]
                     == [("dimm99", 256 * MIB)], "the device")
    guest.ok("online dimm99 movable")
    with guest.same_census():  # Fatal ends the method, and what was to leave is back
        guest.refused("eject dimm99", "EIO", scale=2)
        assert "acpi: the firmware says Fatal(0x1, 0x2, 0x3)" in guest.ok("dmesg")
    text = guest.ok("time eject dimm99", scale=2)
    assert int(re.search(r"ticks (\d+) us", text).group(1)) >= 300_000, text
    assert guest.lsdimm() == []


def stateful(*parts):
    """_STA returns the name HST, which methods may store to."""
    return borrowed(aml.name("HST_", aml.integer(aml.PRESENT)),
                    aml.method("_STA", aml.give(b"HST_")), *parts)


def test_ejected_from_inside_is_reported_as_such(boot, tmp_path):
    """Nobody asked: source 0x103, in progress and then success."""
    extra = NVDIMM + aml.arguments_for(tmp_path, stateful(
        aml.method("_EJ0", aml.store(aml.ZERO, "HST_"), 1), aml.method("_OST", b"\xa3", 3)))
    guest = boot(extra=extra)
    guest.wait_until(guest.lsdimm, "the device")
    guest.ok("eject dimm99", scale=2)
    assert guest.lsdimm() == []
    events = guest.ok("events")
    for words in ("source 0x200 status 0x0", "source 0x103 status 0x84", "source 0x103 status 0x0"):
        assert words in events, events


@pytest.mark.parametrize("online", [False, True])
def test_surprise_removal(boot, tmp_path, online):
    """_STA turns to 0 at its fifth reading or so: said once, and nothing is touched."""
    counted = borrowed(
        aml.name("HCT_", aml.ZERO),
        aml.method("_STA", aml.increment("HCT_")
                   + packaged_if_beyond("HCT_", 6, aml.give(aml.ZERO))
                   + aml.give(aml.integer(aml.PRESENT))))
    guest = boot(extra=NVDIMM + aml.arguments_for(tmp_path, counted), expect_trouble=True)
    guest.wait_until(guest.lsdimm, "the device")
    if online:
        guest.ok("online dimm99")
    for _ in range(8):
        guest.ok("acpi rescan")
    assert guest.text.count("dimm99 was removed while in use") == 1
    assert [d["name"] for d in guest.lsdimm()] == ["dimm99"]
    guest.check()


def packaged_if_beyond(target, limit, body):
    """If (target > limit) { body }."""
    return aml.packaged(b"\xa0", b"\x94" + target.encode() + aml.integer(limit) + body)


def test_unknown_notify_is_answered(boot, tmp_path):
    """Notify 0x81 once, from _STA; _OST gets status 2, unrecognized."""
    extra = aml.arguments_for(tmp_path, aml.memory_device(
        "HY00", 90, aml.name("HCT_", aml.ZERO),
        aml.method("_STA", aml.increment("HCT_")
                   + aml.if_equal(b"HCT_", aml.integer(4), aml.notify("HY00", 0x81))
                   + aml.give(aml.ZERO)),
        aml.method("_OST", b"\xa3", 3), status=None))
    guest = boot(extra=extra)
    for _ in range(4):
        guest.ok("acpi rescan")
    guest.wait_until(lambda: "source 0x81 status 0x2" in guest.ok("events"), "the answer")


def arena_used(guest):
    """KiB that ACPICA holds; the least of a few looks, as the worker may be at work."""
    return min(int(re.search(r"(\d+) KiB of", guest.ok("acpi")).group(1)) for _ in range(4))


@pytest.mark.parametrize("method", ["_STA", "_CRS", "_PXM", "_OST", "_EJ0"])
def test_methods_that_call_themselves(boot, tmp_path, method):
    """Recursion without an end runs into a limit, and is given up.

    ACPICA loses 80 bytes a level of it, so a slot that does it is soon left alone.
    """
    count = {"_OST": 3, "_EJ0": 1}.get(method, 0)
    call = aml.give(method.encode() + aml.ZERO * count)
    parts = [aml.method(method, call, count)]
    if method in ("_OST", "_EJ0"):
        extra = NVDIMM + aml.arguments_for(tmp_path, borrowed(*parts, status=aml.PRESENT))
    else:
        crs = None if method == "_CRS" else [aml.qword(WINDOW, 128 * MIB)]
        status = None if method == "_STA" else aml.PRESENT
        extra = NVDIMM + aml.arguments_for(
            tmp_path, aml.memory_device("HN00", 99, *parts, status=status, crs=crs))
    guest, used = boot(extra=extra), []
    if method == "_EJ0":
        status, text = guest.run("eject dimm99", scale=2)
        assert status == 1 and "EIO" in text, text
    for _ in range(4):
        ident, _ = guest.plug_named("128M")
        guest.eject(ident)
        used.append(arena_used(guest))
    assert used[-1] == used[1], used
    assert [d["name"] for d in guest.lsdimm()] == (
        ["dimm99"] if method in ("_OST", "_EJ0") else [])


@pytest.mark.full
def test_methods_that_never_end(boot, tmp_path):
    """A loop is given up after 30 seconds, twice; then DIMMs of other slots no longer wait."""
    forever = aml.packaged(b"\xa2", aml.ONE + b"\xa3")  # While (One) { Noop }
    guest = boot(extra=aml.arguments_for(
        tmp_path, aml.memory_device("HL00", 99, aml.method("_STA", forever), status=None)))
    for _ in range(4):
        guest.eject(guest.plug("128M"))
    assert guest.text.count("_STA failed") == 2
