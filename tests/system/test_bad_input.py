"""Too much, too far, or not true: refused with the reason, the host told, nothing lost.

Some of it QEMU refuses itself, and then the guest must not even notice.  The rest arrives: DIMMs
beyond what the kernel can map, windows that the SRAT makes too small or too large, and more
page tables than a tiny machine has.
"""
import re

import pytest

import qemu
from harness import (GIB, KASAN_BUILD, MIB, OST_EJECT, OST_FAILURE, OST_INSERT, OST_SUCCESS, PAGE,
                     SHADOW_SHARE, SMALLEST, TIB)
from qmp import QmpError
from tables import cpu, memory, srat

ENABLED, HOTPLUG = 1, 2
SMALL = "128M" if KASAN_BUILD else "64M"  # the shadow of 64 TiB has 32 MiB of page tables


@pytest.fixture
def with_srat(boot, image):
    """with_srat(ram, base, size, **machine): boots with an SRAT that puts the window there."""
    def start(ram, base, size, **machine):
        table = srat(cpu(0, 0), cpu(1, 0), memory(0, qemu.parse_size(ram), 0),
                     memory(base, size, 0, ENABLED | HOTPLUG))
        return boot(iso=image([table]), mem=ram, **machine)
    return start


def use(guest, size="256M", **where):
    """A DIMM comes, is used, and goes."""
    with guest.same_census():
        ident, name = guest.plug_named(size, **where)
        guest.ok(f"online {name} movable")
        guest.ok("hog start h 32M movable")
        guest.ok("hog verify h")
        guest.ok("hog stop h")
        guest.eject(ident, scale=4)


def refused(guest, size, words, **where):
    """Plugs what the kernel refuses: the host hears so, the log says why, nothing changes, and
    the host gets the DIMM back."""
    with guest.same_census():
        mark, start = guest.qmp.mark(), len(guest.text)
        ident = guest.plug(size, wait=False, backing="memfd", **where)
        slot = guest.memory_devices()[ident]["slot"]
        guest.ost(mark, slot=str(slot), source=OST_INSERT, status=OST_FAILURE)
        guest.expect(rf"dimm{slot} refused: [^\n]*(?:{words})[^\n]*\[E[A-Z]+\]", start=start)
        events = [e for e in guest.json("events -J")["events"]
                  if e["kind"] == "add" and e["device"] == f"dimm{slot}"]
        assert events[-1]["outcome"] != "ok" and re.search(words, events[-1]["text"])
        assert f"dimm{slot}" not in [d["name"] for d in guest.lsdimm()]
        guest.check()
        mark = guest.unplug(ident)
        guest.ost(mark, slot=str(slot), source=OST_EJECT, status=OST_SUCCESS)
        guest.gone(ident, mark)


@pytest.mark.parametrize("full,words", [("slots", "no free slots"), ("window", "enough space")])
def test_the_host_refuses(boot, full, words):
    """QEMU has no slot or no room left: the guest hears nothing, and goes on."""
    guest = boot(slots=2, maxmem="2G") if full == "slots" else boot(slots=8, maxmem="768M")
    size = "128M"
    idents = [guest.plug(size), guest.plug(size)]
    guest.ok("online all movable")
    with guest.same_census():
        before = guest.json("events -J")["events"]
        with pytest.raises(QmpError, match=words) as refusal:
            guest.plug(size, wait=False)
        print(f"{full} full: {refusal.value}")
        guest.ok("sleep 1")
        assert guest.json("events -J")["events"] == before
    for ident in idents:
        guest.eject(ident)
    guest.eject(guest.plug(size))


def test_beyond_the_direct_map(boot):
    """With 52 physical address bits a DIMM can lie above 64 TiB, partly or wholly."""
    guest = boot(mem=SMALL, maxmem="65T", cpu="max,phys-bits=52")
    assert re.search(r"hot-plug window \S+ is cut at 0x400000000000", guest.ok("dmesg"))
    refused(guest, "1G", "beyond 0x400000000000", addr=64 * TIB - 512 * MIB)
    refused(guest, "1G", "beyond 0x400000000000", addr=64 * TIB)
    use(guest, addr=64 * TIB - 256 * MIB)
    use(guest)


def test_maxmem_of_64_tib(boot):
    """A window of 64 TiB costs its upper page tables, 5 a half TiB, and nothing else (but for a
    table a GiB of the address sanitizer's shadow)."""
    small = boot(mem=SMALL, maxmem="2G", cpu="max,phys-bits=47").free()["free"]
    guest = boot(mem=SMALL, maxmem="64T", cpu="max,phys-bits=47")
    cost = small - guest.free()["free"]
    print(f"maxmem=64T costs {cost / MIB:.2f} MiB")
    assert cost < 3 * MIB + (64 * TIB // SHADOW_SHARE // GIB * PAGE if KASAN_BUILD else 0)
    use(guest)
    use(guest, addr=63 * TIB)


def test_srat_with_too_small_a_window(with_srat):
    """1 GiB, where QEMU has 24: what fits is taken whatever its alignment, the rest refused."""
    guest = with_srat("512M", 4 * GIB, GIB)
    # One PD, four vmemmap PTs: all that such a window can need (and 16 PTs of its shadow).
    tables = 5 + (16 if KASAN_BUILD else 0)
    assert guest.reserves()["tables"] == tables
    refused(guest, "1G", "outside the hot-plug window", addr=4 * GIB + 512 * MIB)
    idents = [guest.plug(size) for size in ("2M", "130M", "258M", "126M", "506M")]
    refused(guest, "128M", "outside the hot-plug window")
    guest.ok("online all movable")
    guest.ok("hog start h 700M movable", scale=4)
    guest.ok("hog verify h", scale=4)
    guest.ok("hog stop h")
    for ident in idents:
        guest.eject(ident)
    assert guest.reserves()["tables_free"] == tables
    use(guest)


def test_srat_with_too_large_a_window(with_srat):
    """64 TiB for a CPU of 40 bits and a machine of a few MiB: cut, and memory is left."""
    guest = with_srat(SMALLEST, 4 * GIB, 64 * TIB)
    assert re.search(r"hot-plug window \S+ is cut at 0x10000000000\b", guest.ok("dmesg"))
    use(guest)


def test_window_that_nobody_can_pay(with_srat):
    """The CPU could, but the tables would take all memory there is."""
    guest = with_srat(SMALLEST, 4 * GIB, 60 * TIB, cpu="max,phys-bits=52")
    assert re.search(r"is cut at \S+: no memory for its page tables", guest.ok("dmesg"))
    free = guest.free()
    print(f"free: {free['free'] >> 10} KiB of {free['total'] >> 10}")
    assert free["free"] >= 512 << 10
    use(guest)


@pytest.mark.skipif(KASAN_BUILD, reason="its smallest machine has tables for more DIMMs")
def test_the_table_pool_runs_out(boot):
    """256 slots may need more page tables than a tiny machine has: it keeps what it can, and a
    DIMM for which there is no table is refused, until another has left."""
    guest = boot(mem=SMALLEST, slots=256)
    wanted = re.search(r"memhp: (\d+) page tables reserved for DIMMs; (\d+) could be needed",
                       guest.ok("dmesg"))
    assert wanted and int(wanted[1]) < int(wanted[2]), "this machine has all it needs"
    total = guest.reserves()["tables"]
    assert total == int(wanted[1])
    held = [guest.plug("4M", backing="memfd", wait=False, addr=place * GIB + GIB - 2 * MIB)
            for place in range(4, 4 + 2 * (total // 4), 2)]  # over a border of gigabytes: 4 tables
    guest.wait_until(lambda: len(guest.lsdimm()) == len(held), "all of them", pause=2)
    assert guest.reserves()["tables_free"] == total % 4
    print(f"{len(held)} DIMMs took {total} tables")
    beyond = (4 + 2 * len(held)) * GIB + GIB - 2 * MIB
    refused(guest, "4M", "pool tables free", addr=beyond)
    assert guest.reserves()["tables_free"] == total % 4
    guest.ok("online all")
    guest.eject(held.pop(len(held) // 2))
    held.append(guest.plug("4M", backing="memfd", addr=beyond))
    guest.ok("online all")
    guest.check()
