"""A machine with nothing left still grows: no free page, every slab full, and a DIMM comes.

The event is heard and answered, the DIMM is added and put online, and allocations that were
waiting get their memory.  That none of it asked the page allocator or a slab for anything is
counted by the kernel (`reserves`), not concluded from its having worked.
"""
import pytest

from harness import GIB, KASAN_BUILD, MIB, OST_INSERT, OST_SUCCESS


def exhaust(guest):
    """Takes everything.  Two hogs wait: `large` for a chunk that no free memory has, `many` for
    the rest of its 2 MiB chunks; `rest` has the pages and objects that are too small for them."""
    guest.ok("hog start large 512M order=17 wait movable")
    guest.ok("hog start many 640M order=9 wait kernel stride=4K")
    guest.wait_until(lambda: not any(
        sum(row["free_chunks"][9:]) for row in guest.json("buddyinfo -J")["zones"]
        if row["zone"] == "Normal"), "many to take every 2 MiB chunk")
    guest.ok("hog start rest max slabs movable stride=4K", scale=4)


def assert_exhausted(guest):
    assert guest.free()["free"] == 0
    for row in guest.json("buddyinfo -J")["zones"]:
        assert not any(row["free_chunks"]), f"{row['zone']} has free chunks"
    for row in guest.json("slabinfo -J")["slabs"]:
        assert row["active_objs"] == row["num_objs"], f"{row['name']} has free objects"
        assert row["failures"] > 0, f"{row['name']} was never refused a page"
    guest.refused("hog start more 4K", "ENOMEM")
    waiting = {name: row["size"] for name, row in guest.hogs().items() if row["waiting"]}
    assert set(waiting) == {"large", "many"}
    assert waiting["large"] == 0 and 0 < waiting["many"] < 640 * MIB


def plug_and_hear(guest, size, slot):
    """Plugs; the host sees _OST success, and only then the kernel is asked."""
    mark = guest.qmp.mark()
    ident = guest.plug(size, wait=False, slot=slot)
    guest.ost(mark, slot=str(slot), source=OST_INSERT, status=OST_SUCCESS)
    return ident


@pytest.mark.parametrize("machine", ["q35", "pc"])
@pytest.mark.parametrize("who", ["shell", "policy"])
def test_exhausted_machine_grows(boot, machine, who):
    guest = boot(machine=machine)
    with guest.same_census():
        guest.plug("258M", slot=7)
        guest.ok("online dimm7 movable")  # a zone of the other kind, to be exhausted too
        before = guest.reserves()
        if who == "policy":
            guest.ok("policy online online_kernel")
        exhaust(guest)
        assert_exhausted(guest)

        ident = plug_and_hear(guest, GIB, slot=0)
        if who == "shell":
            assert guest.free()["free"] == 0, "adding gives nothing to the free lists"
            assert_exhausted(guest)
            guest.ok("online dimm0 kernel")

        guest.wait_until(lambda: not any(row["waiting"] for row in guest.hogs().values()),
                         "the waiting allocations to succeed")
        after = guest.reserves()
        assert after["sections"] > before["sections"], "the path is not watched"
        assert (after["foreign_allocations"], after["foreign_caller"]) == (0, "")
        assert after["arena_refused"] == 0
        sizes = {name: row["size"] for name, row in guest.hogs().items()}
        assert (sizes["large"], sizes["many"]) == (512 * MIB, 640 * MIB)
        for name in ("large", "many", "rest"):
            guest.ok(f"hog verify {name}", scale=4)
        guest.check()

        for name in ("rest", "large", "many"):
            guest.ok(f"hog stop {name}", scale=4)
        guest.eject(ident, scale=8)
        guest.eject("d0", scale=8)


def test_nothing_left_and_four_dimms_at_once(boot):
    """They come while the machine stands still, odd sizes, and each needs tables of the pool."""
    guest = boot()
    guest.ok("hog start rest max slabs kernel stride=4K", scale=4)
    assert guest.free()["free"] == 0
    guest.qmp.command("stop")
    mark = guest.qmp.mark()
    for size in ("130M", "2M", "1026M", "510M"):
        guest.plug(size, wait=False)
    guest.qmp.command("cont")
    for slot in range(4):
        guest.ost(mark, slot=str(slot), source=OST_INSERT, status=OST_SUCCESS)
    guest.ok("online all")
    assert len(guest.lsdimm()) == 4
    counts = guest.reserves()
    assert (counts["foreign_allocations"], counts["arena_refused"]) == (0, 0)
    assert counts["tables_low"] < counts["tables"], "the pool was needed"
    came = guest.free()["free"]
    assert came >= (1392 if KASAN_BUILD else 1640) * MIB
    guest.ok(f"hog start big {came // MIB * 15 // 16}M", scale=4)
    guest.ok("hog verify big", scale=4)


def test_waiting_gives_up_when_told(boot):
    """A hog that waits in vain can be stopped, and keeps nothing."""
    guest = boot()
    with guest.same_census():
        guest.ok("hog start big 4G wait")
        guest.wait_until(lambda: guest.free()["free"] == 0, "big to take all there is")
        assert guest.hogs()["big"]["waiting"]
        guest.refused("hog verify big", "EAGAIN")
        guest.refused("hog churn big", "EAGAIN")
        guest.ok("hog stop big", scale=4)


def test_freed_memory_ends_a_wait(boot):
    """Not only DIMMs bring memory: what another gives back does, too."""
    guest = boot()
    with guest.same_census():
        guest.ok("hog start first 300M")
        guest.ok("hog start second 300M wait")
        guest.wait_until(lambda: guest.free()["free"] == 0, "second to take all there is")
        assert guest.hogs()["second"]["waiting"]
        guest.ok("hog stop first")
        guest.wait_until(lambda: not guest.hogs()["second"]["waiting"], "second to be whole")
        guest.ok("hog verify second", scale=4)
        guest.ok("hog stop second")
