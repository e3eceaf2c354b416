"""Sizes and places that others refuse: 2 MiB, 130 MiB, packed at 2 MiB, holes used again."""
import re

import pytest

from harness import GIB


@pytest.mark.parametrize("size", ["2M", "4M", "126M", "128M", "130M", "254M", "258M", "1026M"])
def test_one_odd_size(boot, size):
    guest = boot()
    with guest.same_census() as before:
        ident, name = guest.plug_named(size)
        dimm = guest.lsdimm()[0]
        guest.ok(f"online {name}")
        free = guest.free()
        assert free["total"] - before["free"]["total"] == dimm["size"]
        assert free["free"] - before["free"]["free"] == dimm["size"] - dimm["head"]
        guest.check()
        guest.eject(ident)


def test_packed_and_holes_used_again(boot):
    """QEMU packs first-fit at 2 MiB: everything after the first odd one is odd."""
    guest = boot()
    with guest.same_census():
        idents = [guest.plug(size) for size in ("128M", "130M", "2M", "1G", "6M", "510M")]
        bases = {i: guest.memory_devices()[i]["addr"] for i in idents}
        guest.ok("online all movable", scale=2)
        guest.check()
        guest.ok("hog start h 600M movable", scale=4)
        guest.eject(idents[1], scale=8)  # 130M: a hole
        hole = guest.plug("66M")
        assert guest.memory_devices()[hole]["addr"] == bases[idents[1]], "first fit fills the hole"
        second = guest.plug("64M")
        guest.ok("online all movable", scale=2)
        guest.ok("hog verify h", scale=4)
        guest.check()
        guest.ok("hog stop h", scale=2)
        for ident in [hole, second] + idents[:1] + idents[2:]:
            guest.eject(ident)


def test_two_devices_share_a_window(boot):
    """The second device's part of a 128 MiB window has a name of its own."""
    guest = boot()
    guest.plug("66M")
    guest.plug("62M")
    blocks = [row["block"] for row in guest.lsmem("-a") if row["base"] >= 4 * GIB]
    assert len(blocks) == 2 and blocks[1] == blocks[0] + ".1"
    guest.ok(f"online memory{blocks[1]}")
    rows = {row["block"]: row["state"] for row in guest.lsmem("-a")}
    assert (rows[blocks[0]], rows[blocks[1]]) == ("offline", "online")
    guest.ok(f"offline memory{blocks[1]}")


@pytest.mark.parametrize("size", ["16G", "64G"])
def test_large(boot, size):
    guest = boot(mem="256M", maxmem="128G")
    with guest.same_census():
        ident, name = guest.plug_named(size, backing="memfd")
        guest.ok(f"online {name} movable", scale=4)
        assert guest.free()["total"] > 16 * GIB
        # Blocks that are all head are neither on line nor "already offline".
        assert re.fullmatch(r"offline: dimm0: \d+ blocks, [\d.]+G\n",
                            guest.ok(f"offline {name}", scale=4))
        guest.eject(ident, scale=4)


def test_given_address_and_slot(boot):
    guest = boot()
    guest.plug("256M", slot=5, addr=0x110400000)
    dimm = guest.lsdimm()[0]
    assert (dimm["base"], dimm["slot"]) == (0x110400000, 5)
    guest.ok(f"online {dimm['name']}; offline {dimm['name']}")
