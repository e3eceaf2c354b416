"""Offline of memory in use: it moves under its users, or is refused at once and whole."""
import re
import time

import pytest

from harness import BLOCK, GIB, MIB, OST_EJECT, OST_NO_ROOM, OST_PENDING, PAGE


def back_and_forth(guest, rounds, eject_every):
    """A churning hog, mapped twice, is driven between two DIMMs; now and then one is ejected.

    Returns how many pages moved.
    """
    near = guest.plug_named("1G")
    guest.ok(f"online {near[1]} movable")
    guest.ok("hog start big 700M movable", scale=4)
    guest.ok("hog share big")
    guest.ok("hog churn big")
    far = guest.plug_named("1G")
    moves = 0
    for n in range(1, rounds + 1):
        began = time.monotonic()
        guest.ok(f"online {far[1]} movable", scale=2)
        if n % eject_every == 0:
            guest.eject(near[0], scale=8)
            near = guest.plug_named("1G")
        else:
            text = guest.ok(f"offline {near[1]}", scale=8)
            assert re.search(r"1[0-9]{5} pages moved", text), text
        hog = guest.hogs()["big"]
        assert hog["churning"] and hog["mappings"] == 2
        assert hog["moves"] - moves == 700 * MIB // PAGE, "all of it, once"
        moves = hog["moves"]
        print(f"round {n}: {time.monotonic() - began:.1f} s")
        near, far = far, near
    guest.ok("hog verify big")
    return moves


def churn_moves(guest, rounds, eject_every):
    with guest.same_census():
        back_and_forth(guest, rounds, eject_every)
        written = guest.hogs()["big"]["rounds"]
        guest.wait_until(lambda: guest.hogs()["big"]["rounds"] > written, "the churn to go on")
        guest.ok("hog stop big", scale=2)
        guest.check()
        guest.run("offline dimm0; offline dimm1", scale=4)
        for ident in list(guest.memory_devices()):
            guest.eject(ident)


def test_churn_moves_back_and_forth(boot):
    churn_moves(boot(), 4, eject_every=3)


@pytest.mark.full
@pytest.mark.timeout(4 * 3600)  # half a minute a round where the host has much else to do
def test_churn_moves_200_times(boot):
    churn_moves(boot(), 200, eject_every=10)


def test_eject_moves_what_is_in_use(boot):
    """The host asks for the DIMM in which a churning hog lives: it leaves, the hog stays."""
    guest = boot()
    first, name = guest.plug_named("512M")
    guest.ok(f"online {name} movable")
    guest.ok("hog start big 300M movable", scale=2)
    guest.ok("hog churn big")
    _, other = guest.plug_named("512M")
    guest.ok(f"online {other} movable")
    mark = guest.unplug(first)
    guest.gone(first, mark)
    assert guest.hogs()["big"]["moves"] > 0
    guest.ok("hog verify big")
    guest.ok("hog stop big", scale=2)


def test_no_room_is_refused_at_once(boot):
    """Shell and host get their refusal in no time; nothing has moved; the churn never stopped."""
    guest = boot()
    ident, name = guest.plug_named("2G")
    guest.ok(f"online {name} movable")
    guest.ok("hog start big 1G movable", scale=4)
    guest.ok("hog churn big")
    zones = guest.json("lsmem -J -a")
    assert "hog:big" in guest.refused(f"offline {name}", "ENOSPC", scale=2)
    assert guest.hogs()["big"]["moves"] == 0  # so it was at once; what it costs, the bench says
    mark = guest.unplug(ident)
    assert guest.ost(mark, source=OST_EJECT, status=OST_PENDING)
    assert guest.ost(mark, source=OST_EJECT, status=OST_NO_ROOM)
    assert guest.json("lsmem -J -a") == zones
    hog = guest.hogs()["big"]
    assert hog["moves"] == 0 and hog["churning"]
    guest.wait_until(lambda: guest.hogs()["big"]["rounds"] > hog["rounds"], "the churn to go on")
    guest.ok("hog verify big")
    guest.ok("hog stop big", scale=2)


@pytest.mark.parametrize("cpu", [None, "max"])
def test_large_chunks_move_whole(boot, cpu):
    """2 MiB and 1 GiB chunks keep their size; where no free one exists the refusal says so."""
    guest = boot(cpu=cpu) if cpu else boot()
    _, first = guest.plug_named("2G")
    guest.ok(f"online {first} movable")
    guest.ok("hog start huge 1G movable order=18 stride=4K", scale=4)
    guest.ok("hog start large 64M movable order=9", scale=2)
    error = guest.refused(f"offline {first}", "ENOSPC", scale=2)
    assert "order 18" in error and "hog:huge" in error
    _, second = guest.plug_named("2G")
    guest.ok(f"online {second} movable")
    guest.ok(f"offline {first}", scale=8)
    moved = guest.hogs()
    assert moved["huge"]["moves"] == 1 and moved["large"]["moves"] == 32
    guest.ok("hog verify huge", scale=2)
    guest.ok("hog verify large", scale=2)
    guest.ok("hog stop huge")
    guest.ok("hog stop large")


def test_kernel_page_in_the_last_block(boot):
    """Found before the first page moves, named with its owner and its allocating function."""
    guest = boot(nodes=2)
    _, name = guest.plug_named("1G", node=1)
    dimm = guest.lsdimm()[0]
    last = (dimm["base"] + dimm["size"]) // BLOCK - 1
    guest.ok("hog start own max kernel node=1", scale=4)  # what node 1 had before
    guest.ok(f"online memory{last} kernel")
    guest.ok("hog start pin 4K kernel node=1")
    guest.ok(f"online memory{last - 7}-{last - 1} movable")
    guest.ok("hog start big 100M movable node=1", scale=2)
    error = guest.refused(f"offline {name}", "EBUSY", scale=2)
    assert "hog:" in error and "from " in error
    pfn = int(re.search(r"pfn (0x[0-9a-f]+)", error).group(1), 16)
    assert last == pfn >> 15
    assert guest.hogs()["big"]["moves"] == 0
    guest.ok("hog stop pin")
    guest.ok(f"offline {name}", scale=4)
    guest.ok("hog verify big", scale=2)
    guest.ok("hog stop big")
    guest.ok("hog stop own")


def test_ctrl_c_leaves_everything_as_it_was(boot):
    guest = boot()
    _, name = guest.plug_named("2G")
    guest.ok(f"online {name} movable")
    guest.ok("hog start big 1G movable", scale=4)
    guest.plug_named("2G")
    guest.ok("online dimm1 movable")
    zones = guest.json("lsmem -J -a")
    start = len(guest.text)
    guest.send(f"offline {name}\r")
    guest.wait_until(lambda: "pages moved" in guest.text[start:], "the offline to move pages",
                     tries=400, pause=0.02)
    guest.send("\x03")
    guest.expect(r"\[EINTR\]", start=start)
    guest.wait_prompt(start=start)
    time.sleep(0.2)
    assert guest.json("lsmem -J -a") == zones
    moves = guest.hogs()["big"]["moves"]
    assert 0 < moves < GIB // PAGE, "interrupted in the middle"
    guest.ok("hog verify big", scale=4)
    guest.ok(f"offline {name}", scale=8)
    guest.ok("hog verify big", scale=4)
    guest.ok("hog stop big")


def test_auto_movable_keeps_its_ratio(boot):
    """Movable while within the ratio of kernel memory, Normal beyond it, and that is said."""
    guest = boot()
    guest.ok("policy online_policy auto-movable")
    guest.refused("policy auto_movable_ratio 0", "EINVAL")
    guest.refused("policy auto_movable_ratio 12x", "EINVAL")
    guest.ok("policy auto_movable_ratio 300")
    _, first = guest.plug_named("1G")
    _, second = guest.plug_named("1G")
    guest.ok(f"online {first}")
    guest.ok(f"online {second}")
    events = [e["text"] for e in guest.json("events -J")["events"] if e["kind"] == "online"]
    assert "to Movable" in events[0]
    assert "to Normal" in events[1] and "auto_movable_ratio" in events[1]
    assert "300" in guest.ok("policy")


def test_small_pages_leave_the_last_large_chunk_alone(boot):
    """What was promised order by order is kept: small pages move last, and to another node."""
    guest = boot(nodes=2, mem="256M")
    own = guest.free()["free"] // 1024 - 8192  # what is left is for page tables
    guest.ok(f"hog start own {own}K kernel stride=4K", scale=4)
    _, full = guest.plug_named("512M", node=1)
    guest.ok(f"online {full} movable")
    guest.ok("hog start small 140M movable node=1 stride=4K", scale=4)
    guest.ok("hog start large 128M movable node=1 order=15 stride=4K", scale=4)
    _, near = guest.plug_named("256M", node=1)  # one chunk of order 15, and smaller ones
    _, far = guest.plug_named("128M", node=0)   # smaller ones only
    guest.ok(f"online {near} movable; online {far} movable")
    guest.ok(f"offline {full}", scale=8)
    assert guest.hogs()["large"]["moves"] == 1 and guest.hogs()["small"]["moves"] == 140 << 8
    guest.ok("hog verify small; hog verify large", scale=4)
    guest.ok("hog stop small; hog stop large; hog stop own")
