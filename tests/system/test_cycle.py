"""The main job: a DIMM comes, is used, is held, is given back, and leaves without a trace."""
import re

import pytest

from harness import (BLOCK, DESCRIPTOR, GIB, MIB, OST_INSERT, OST_SUCCESS, PAGE, head_arrays,
                     offline_bytes)


def test_whole_life(boot):
    guest = boot()
    with guest.same_census() as before:
        mark = guest.qmp.mark()
        ident, name = guest.plug_named("1G")
        slot = str(guest.memory_devices()[ident]["slot"])
        assert guest.ost(mark, slot=slot, source=OST_INSERT)["status"] == OST_SUCCESS

        guest.ok(f"online {name} movable")
        free = guest.free()
        assert free["total"] - before["free"]["total"] == GIB
        guest.ok("hog start big 800M movable", scale=4)
        guest.ok("hog verify big", scale=4)

        error = guest.refused(f"offline {name}", scale=4)
        assert "0x" in error or "room" in error, "a refusal names a place"
        assert guest.free()["total"] == free["total"]
        guest.ok("hog verify big", scale=4)
        guest.refused(f"eject {name}", scale=4)
        assert ident in guest.memory_devices()

        guest.ok("hog stop big", scale=2)
        guest.ok(f"offline {name}", scale=2)
        assert guest.free()["total"] == before["free"]["total"]
        guest.eject(ident)
    guest.check()


def test_adding_costs_existing_memory_nothing(boot):
    """Not a byte: the descriptors lie in the DIMM."""
    guest = boot()
    for size in ("128M", "1G", "4G"):
        before = guest.free()
        guest.plug(size)
        after = guest.free()
        assert (after["total"], after["free"]) == (before["total"], before["free"])
    before = guest.free()
    for name in ("dimm0", "dimm1", "dimm2"):
        guest.ok(f"online {name}", scale=2)
    dimms = guest.lsdimm()
    after = guest.free()
    size = sum(d["size"] for d in dimms)
    heads = sum(d["head"] for d in dimms)
    assert after["total"] - before["total"] == size
    assert after["free"] - before["free"] == size - heads


def test_accounting_of_the_head(boot):
    guest = boot()
    _, name = guest.plug_named("1G")
    dimm = guest.lsdimm()[0]
    assert dimm["memmap"] >= GIB // PAGE * DESCRIPTOR
    assert dimm["memmap"] + dimm["pagetables"] + dimm["descriptors"] <= dimm["head"]
    assert head_arrays(GIB) < dimm["head"]
    assert dimm["head"] - head_arrays(GIB) <= GIB // 500, "the rest is next to nothing"
    before = guest.free()
    assert before["hotpluggable"] == offline_bytes(dimm)
    guest.ok(f"online {name}")
    after = guest.free()
    assert after["metadata"] - before["metadata"] == dimm["head"]
    assert after["hotpluggable"] == 0


def test_blocks_one_by_one(boot):
    guest = boot()
    _, name = guest.plug_named("1G")
    dimm = guest.lsdimm()[0]
    first = dimm["base"] // BLOCK
    before = guest.free()["total"]
    guest.ok(f"online memory{first + 3}")
    total = guest.free()["total"]
    assert total - before >= BLOCK
    guest.refused(f"online memory{first + 3}", "EALREADY")
    guest.ok(f"online memory{first + 4}-{first + 5} movable")
    rows = {row["base"]: row["state"] for row in guest.lsmem("-a")}
    assert [rows[(first + i) * BLOCK] for i in (3, 4, 5)] == ["online"] * 3
    assert rows[(first + 6) * BLOCK] == "offline"
    assert guest.lsdimm()[0]["state"] == "partial"
    guest.ok(f"online {name}")  # the rest
    guest.refused(f"online {name}", "EALREADY")
    assert guest.lsdimm()[0]["blocks_online"] == guest.lsdimm()[0]["blocks"]
    guest.ok(f"offline memory{first + 4}-{first + 5}")
    guest.ok(f"offline {name}")
    assert guest.free()["total"] == before


def test_movable_contents_are_moved(boot):
    """With room elsewhere, an offline moves what is there; nothing is lost."""
    guest = boot(mem="768M")
    _, name = guest.plug_named("512M")
    _, other = guest.plug_named("512M")
    guest.ok(f"online {name} movable; online {other} movable")
    guest.ok("hog start a 300M movable seed=7", scale=4)
    guest.ok("hog start b 100M movable seed=8", scale=4)
    guest.ok(f"offline {name}", scale=8)
    guest.ok(f"online {name} movable; offline {other}", scale=8)
    guest.ok("hog verify a; hog verify b", scale=4)
    guest.ok("hog stop a; hog stop b")


def test_dry_run_changes_nothing(boot):
    guest = boot()
    _, name = guest.plug_named("256M")
    guest.ok(f"online {name} movable")
    with guest.same_census():
        guest.ok(f"offline {name} -n")
    guest.ok("hog start k 64M kernel")
    with guest.same_census():
        guest.run(f"offline {name} -n")


def test_kernel_memory_refuses_and_is_named(boot):
    guest = boot(mem="256M")
    _, name = guest.plug_named("512M")
    guest.ok(f"online {name} kernel")
    guest.ok("hog start pin 300M kernel", scale=4)
    with guest.same_census():
        error = guest.refused(f"offline {name}", "EBUSY", scale=4)
        assert re.search(r"pfn 0x[0-9a-f]+ is held by [a-z]+", error), error
    assert "hog" in guest.ok(f"why {name}", scale=2)
    guest.ok("hog stop pin")
    guest.ok(f"offline {name}", scale=2)


def test_partial_refusal_takes_all_back(boot):
    """A refused part of a target undoes the rest; -k keeps what could be done."""
    guest = boot(mem="256M")
    _, name = guest.plug_named("1G")
    guest.ok(f"online {name} kernel")
    guest.ok("hog start pin 4M kernel")
    # Something of the kernel's own may lie in the DIMM or not; the hog may, too.
    status, _ = guest.run(f"offline {name}", scale=4)
    if status != 0:
        dimm = guest.lsdimm()[0]
        assert dimm["blocks_online"] == dimm["blocks"], "undone"
        guest.run(f"offline {name} -k", scale=4)
        assert 0 < guest.lsdimm()[0]["blocks_online"] < dimm["blocks"]
    guest.ok("hog stop pin")
    guest.run(f"offline {name}", scale=4)
    assert guest.lsdimm()[0]["state"] == "offline"


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_twenty_cycles(boot, machine):
    guest = boot(machine=machine)
    guest.plug("128M")
    guest.eject("d0")  # slabs and stacks are warm from here on
    with guest.same_census():
        for _ in range(20):
            ident, name = guest.plug_named("256M")
            guest.ok(f"online {name} movable")
            guest.ok("hog start h 100M movable", scale=2)
            guest.ok("hog stop h")
            guest.eject(ident)


@pytest.mark.full
def test_hundred_cycles_under_load(boot):
    guest = boot(mem="1G")
    guest.ok("hog start load 200M movable; hog churn load", scale=4)
    for _ in range(100):
        ident, name = guest.plug_named("512M")
        guest.ok(f"online {name} movable", scale=2)
        guest.eject(ident, scale=8)
    guest.ok("hog verify load", scale=4)
    guest.ok("hog stop load")


def test_zero_free_pages(boot):
    """Hot-add and online need not a single free page."""
    guest = boot()
    guest.ok("hog start all max", scale=8)
    left = guest.free()["free"]
    assert left < 2 * MIB
    ident, name = guest.plug_named("1G")
    guest.ok(f"online {name}")
    assert guest.free()["free"] - left >= GIB - guest.lsdimm()[0]["head"] - MIB
    guest.ok("hog start more 850M movable", scale=4)
    guest.ok("hog verify all", scale=8)
    guest.ok("hog stop more")
    guest.eject(ident)
    guest.ok("hog stop all", scale=2)


@pytest.mark.full
def test_every_slot(boot):
    guest = boot(slots=256, maxmem="64G")
    for number in range(256):
        guest.plug("128M", wait=number % 32 == 31)
    guest.wait_until(lambda: len(guest.lsdimm()) == 256, "256 DIMMs")
    guest.ok("online all movable", scale=8)
    guest.ok("offline dimm7; eject dimm7", scale=4)
