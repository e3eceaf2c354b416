"""A small machine and a huge DIMM: added and put online whole, used, and given back.

The machine has 64 MiB, or SMALLEST, the least with which SeaBIOS and GRUB still hand over. What the
host pays is told apart: pages of the DIMM that the guest touched are RssShmem (the backend is a
memfd), QEMU's own bookkeeping (under TCG three dirty bitmaps, 96 MiB a TiB) is there before the
guest has run one instruction.
"""
import re

import pytest

from harness import DEBUG_BUILD, GIB, MIB, OST_INSERT, OST_SUCCESS, SMALLEST, TIB

RSS_A_TIB = 64 * MIB         # of guest pages
INSTRUCTIONS_1T = 20_000_000  # to put 1 TiB online


def rss(guest):
    """Resident bytes of QEMU: {"all", "shared"}; shared is what the guest touched of a memfd."""
    with open(f"/proc/{guest.process.pid}/status", encoding="ascii") as status:
        kib = dict(re.findall(r"^(VmRSS|RssShmem):\s+(\d+) kB", status.read(), re.M))
    return {"all": int(kib["VmRSS"]) * 1024, "shared": int(kib["RssShmem"]) * 1024}


def plug(guest, size):
    """Plugs while the guest stands still; (id, what QEMU itself paid).  Sees the _OST."""
    before = rss(guest)["all"]
    mark = guest.qmp.mark()
    guest.qmp.command("stop")
    ident = guest.plug(size, backing="memfd", wait=False)
    bookkeeping = rss(guest)["all"] - before
    guest.qmp.command("cont")
    guest.ost(mark, source=OST_INSERT, status=OST_SUCCESS)
    guest.wait_until(lambda: guest.lsdimm(), f"{ident} to arrive")
    return ident, bookkeeping


def gib_chunks(guest):
    return sum(row["free_chunks"][18] for row in guest.json("buddyinfo -J")["zones"])


def grow(guest, size):
    """Plugs and puts online; every GiB but the head's is one free chunk.  Returns (id, GiB)."""
    before = rss(guest)
    ident, bookkeeping = plug(guest, size)
    guest.ok("online dimm0", scale=8)
    after = rss(guest)
    paid = max(after["shared"] - before["shared"], after["all"] - before["all"] - bookkeeping)
    dimm = guest.lsdimm()[0]
    assert (dimm["size"], dimm["state"], dimm["blocks_online"]) == (
        size, "online", dimm["blocks"])
    print(f"{size // TIB} TiB: the guest touched {paid / MIB:.0f} MiB of it,"
          f" QEMU's bookkeeping is {bookkeeping / MIB:.0f} MiB")
    # Builds with checks write more: descriptors before they are used, pages that were freed.
    assert DEBUG_BUILD or paid <= RSS_A_TIB * size // TIB
    chunks = gib_chunks(guest)
    assert chunks == (size - dimm["head"]) // GIB
    return ident, chunks


def life(guest, size):
    with guest.same_census():
        ident, _ = grow(guest, size)
        # Little, since what was used is scrubbed, which makes the host pay for all of it.
        guest.ok("hog start h 1G order=18 stride=64K", scale=4)
        guest.ok("hog verify h", scale=4)
        guest.ok("hog stop h", scale=4)
        guest.eject(ident, scale=8)
    guest.wait_until(lambda: rss(guest)["shared"] < MIB, "QEMU to let the memory go")
    _, chunks = grow(guest, size)
    guest.ok(f"hog start h {chunks}G order=18 stride=1G", scale=8)
    assert gib_chunks(guest) == 0
    guest.ok("hog verify h", scale=8)
    guest.ok("hog stop h", scale=8)
    assert gib_chunks(guest) == chunks


@pytest.mark.huge
@pytest.mark.parametrize("mem", [SMALLEST, pytest.param("64M", marks=pytest.mark.full)])
@pytest.mark.parametrize("size", [TIB, pytest.param(16 * TIB, marks=pytest.mark.full)])
def test_huge_dimm(boot, mem, size):
    life(boot(mem=mem, maxmem=f"{size // TIB + 1}T", cpu="max,phys-bits=46"), size)


@pytest.mark.skipif(DEBUG_BUILD, reason="a figure of the normal build")
def test_cost_of_one_tebibyte(boot):
    """Instructions, counted by QEMU: putting 1 TiB online follows its 8,192 blocks, not pages."""
    guest = boot(mem="64M", maxmem="2T", cpu="max,phys-bits=46", smp=1,
                 extra=["-icount", "shift=0,sleep=off"])
    plug(guest, TIB)
    guest.ok("online dimm0")
    cost = next(event["cycles"] for event in guest.json("events -J")["events"]
                if event["kind"] == "online")
    print(f"online of 1 TiB: {cost} instructions")
    assert 0 < cost <= INSTRUCTIONS_1T


def test_smallest_machine_lives(boot):
    """A DIMM's whole life on a machine that has about 2 MiB free."""
    guest = boot(mem=SMALLEST)
    free = guest.free()
    print(f"-m {SMALLEST}: {free['free'] / MIB:.1f} of {free['total'] / MIB:.1f} MiB free")
    assert free["free"] < 4 * MIB
    with guest.same_census():
        ident, name = guest.plug_named("512M")
        guest.ok(f"online {name} movable")
        guest.ok("hog start h 400M movable", scale=4)
        guest.ok("hog verify h", scale=4)
        guest.ok("hog stop h")
        guest.eject(ident, scale=4)
