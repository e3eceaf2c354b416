"""Pinned pages: short pins are waited for, long ones refuse an offline before anything moves."""
import re

from harness import MIB, OST_BUSY, OST_EJECT, OST_IN_USE, OST_PENDING, PAGE

# Time counts instructions: how long an offline waits does not depend on the host.
COUNTED = ("-icount", "shift=0,sleep=off")


def movable_dimm(guest, size="1G", used="32M"):
    """A DIMM in ZONE_MOVABLE with the hog `a` in it."""
    ident, name = guest.plug_named(size)
    guest.ok(f"online {name} movable")
    guest.ok(f"hog start a {used} movable", scale=4)
    return ident, name


def pfn_of(text):
    return int(re.search(r"pfn (0x[0-9a-f]+)", text).group(1), 16)


def test_offline_waits_for_a_short_pin(boot):
    """All but the pinned page moves at once; the offline ends when the pin does, and well."""
    guest = boot(extra=COUNTED)
    _, name = movable_dimm(guest)
    text = guest.ok(f"hog pin a 0.3 offset=8M size=4K; time offline {name}", scale=8)
    micros = int(re.search(r"^time: \d+ ticks (\d+) us", text, re.M).group(1))
    assert 200_000 < micros < 1_000_000, text
    assert guest.hogs()["a"]["moves"] == 32 * MIB // PAGE
    assert guest.hogs()["a"]["pinned"] == "no"
    guest.ok("hog verify a", scale=4)
    guest.ok("hog stop a", scale=2)


def test_short_pin_without_end_is_refused(boot):
    """Named with page and holder after bounded tries; the host hears `in use`; then it leaves."""
    guest = boot()
    ident, name = movable_dimm(guest)
    guest.ok("hog churn a")
    pinned = pfn_of(guest.ok("hog pin a offset=8M size=4K"))
    before = guest.json("lsmem -J -a"), guest.lsdimm()
    error = guest.refused(f"offline {name}", "EBUSY", scale=8)
    assert "migrate:" in error and "pinned by hog:a, short" in error
    assert pfn_of(error) == pinned
    assert (guest.json("lsmem -J -a"), guest.lsdimm()) == before
    assert "1 short, 0 long" in guest.ok(f"page {pinned:#x}")
    mark = guest.unplug(ident)
    assert guest.ost(mark, source=OST_EJECT, status=OST_PENDING)
    assert guest.ost(mark, source=OST_EJECT, status=OST_IN_USE)
    assert ident in guest.memory_devices()
    assert (guest.json("lsmem -J -a"), guest.lsdimm()) == before
    guest.check()
    guest.ok("hog unpin a")
    guest.gone(ident, guest.unplug(ident))
    guest.ok("hog verify a")
    guest.ok("hog stop a", scale=2)


def test_long_pin_leaves_movable_memory(boot):
    """What is pinned for long moves to a Normal zone first: the DIMM stays one that can leave."""
    guest = boot()
    ident, name = movable_dimm(guest)
    guest.ok("hog churn a")
    text = guest.ok("hog pin a long offset=8M size=1M", scale=2)
    assert "256 pages pinned, long" in text and "256 chunks left ZONE_MOVABLE" in text
    assert pfn_of(text) < guest.lsdimm()[0]["base"] // PAGE
    assert guest.hogs()["a"]["moves"] == 256
    assert all(row["removable"] or row["state"] == "memmap" for row in guest.lsmem("-a")
               if row["base"] >= 1 << 32)
    assert "no page refuses" in guest.ok(f"why {name}", scale=2)
    guest.eject(ident, scale=4)
    guest.ok("hog verify a")
    guest.ok("hog stop a", scale=2)


def test_long_pin_without_room_is_refused(boot):
    """Nowhere to move to: refused with page, zone and order; nothing stays pinned."""
    guest = boot(mem="256M")
    _, name = movable_dimm(guest, used="500M")
    error = guest.refused("hog pin a long", "ENOSPC", scale=8)
    assert "ZONE_MOVABLE of node 0" in error and "order 0" in error and "pfn 0x" in error
    assert guest.hogs()["a"]["pinned"] == "no"
    assert "pinned" not in guest.ok("why all", scale=2)
    guest.ok("hog verify a", scale=4)
    guest.check()
    _, other = guest.plug_named("1G")
    guest.ok(f"online {other} movable")
    guest.ok(f"offline {name}", scale=8)
    guest.ok("hog verify a", scale=4)
    guest.ok("hog stop a", scale=2)


def test_long_pin_in_normal_memory_is_named_and_refused(boot):
    """Before the first page moves; why, lsmem and a dry run say the same; the host hears `busy`."""
    guest = boot(nodes=2, smp=1)  # the kernel's own pages come from node 0
    ident, name = guest.plug_named("1G", node=1)
    guest.ok(f"online {name} kernel")
    guest.ok("hog start a 400M movable node=1", scale=4)
    assert all(row["removable"] for row in dimm_rows(guest, name))
    assert "ZONE_MOVABLE" not in guest.ok("hog pin a long", scale=4)
    assert "hog:a (pinned, long)" in guest.ok(f"why {name}", scale=2)
    for option in ("-n", ""):
        error = guest.refused(f"offline {name} {option}", "EBUSY", scale=2)
        assert "check:" in error and "pinned by hog:a, long" in error
    assert guest.hogs()["a"]["moves"] == 0
    assert not all(row["removable"] for row in dimm_rows(guest, name))
    mark = guest.unplug(ident)
    assert guest.ost(mark, source=OST_EJECT, status=OST_PENDING)
    assert guest.ost(mark, source=OST_EJECT, status=OST_BUSY)
    assert guest.hogs()["a"]["moves"] == 0 and ident in guest.memory_devices()
    guest.check()
    guest.ok("hog unpin a", scale=2)
    _, other = guest.plug_named("1G")
    guest.ok(f"online {other} movable")
    guest.gone(ident, guest.unplug(ident))
    guest.ok("hog verify a", scale=4)
    guest.ok("hog stop a", scale=2)


def dimm_rows(guest, name):
    dimm = next(d for d in guest.lsdimm() if d["name"] == name)
    return [row for row in guest.lsmem("-a") if row["state"] == "online"
            and dimm["base"] <= row["base"] < dimm["base"] + dimm["size"]]


def test_pins_end_with_their_hog(boot):
    """A hog stopped while pinned, by whatever pin, leaves nothing behind."""
    guest = boot()
    guest.ok("hog start t 64K; hog pin t 0.01; hog stop t")  # makes the thread that ends pins
    with guest.same_census():
        for pin in ("", "long", "0.05", "1000", "long size=8K offset=4K"):
            guest.ok(f"hog start t 64K movable; hog pin t {pin}; hog stop t")
        guest.ok("hog start t 64K")
        guest.refused("hog unpin t", "EALREADY")
        guest.ok("hog pin t")
        assert guest.hogs()["t"]["pinned"] == "short" and guest.hogs()["t"]["pinned_pages"] == 16
        guest.refused("hog pin t long", "EALREADY")
        guest.ok("hog unpin t")
        guest.ok("hog pin t 0.02")
        guest.wait_until(lambda: guest.hogs()["t"]["pinned"] == "no", "the pin to end by itself")
        guest.refused("hog pin t offset=64K", "ERANGE")
        guest.refused("hog pin t size=68K", "ERANGE")
        guest.refused("hog pin t size=100", "EINVAL")
        guest.refused("hog pin nobody", "ENOENT")
        for wrong in ("hog pin", "hog pin t often", "hog pin t 0", "hog pin t long 5"):
            assert guest.run(wrong)[0] == 2
        guest.ok("hog stop t")
