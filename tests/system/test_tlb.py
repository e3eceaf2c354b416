"""QEMU's own walk of the guest's page tables against what `vmemmap` and `pte` say."""
import re

import pytest

from harness import DESCRIPTOR, DIRECT_MAP, GIB, KMAP, MIB, PAGE, VMEMMAP

SLOT = 2 * MIB // DESCRIPTOR * PAGE  # what one 2 MiB page of descriptors describes: 256 MiB


def memmap_of(base, size):
    start = VMEMMAP + base // PAGE * DESCRIPTOR
    return start, start + size // PAGE * DESCRIPTOR


@pytest.mark.parametrize("size", [256 * MIB, GIB])
def test_memmap_is_in_the_dimm_by_large_pages(boot, size):
    guest = boot()
    _, name = guest.plug_named(size)
    dimm = guest.lsdimm()[0]
    start, end = memmap_of(dimm["base"], size)
    entries = guest.tlb(start, end)
    assert len(entries) == size // SLOT
    for _, physical, page, flags in entries:
        assert page == 2 * MIB and "W" in flags and "X" in flags and "U" not in flags
        assert dimm["base"] <= physical and physical + page <= dimm["base"] + dimm["head"]
    text = guest.ok(f"pte {start:#x}")
    assert re.search(rf"{entries[0][1]:x}", text), "pte names the same physical address"
    assert re.search(rf"{entries[0][1]:x}", guest.ok(f"vmemmap {name}"))


def test_ragged_dimms_use_small_pages_at_their_edges_only(boot):
    guest = boot()
    guest.plug("130M")  # moves the next one off its alignment
    guest.plug("1G")
    dimm = max(guest.lsdimm(), key=lambda d: d["size"])
    assert dimm["base"] % SLOT != 0
    entries = guest.tlb(*memmap_of(dimm["base"], dimm["size"]))
    large = [e for e in entries if e[2] == 2 * MIB]
    small = [e for e in entries if e[2] == PAGE]
    first = -dimm["base"] % SLOT
    assert len(large) == (dimm["size"] - first) // SLOT
    assert sum(e[2] for e in entries) >= dimm["size"] // PAGE * DESCRIPTOR
    assert small
    for _, physical, page, _ in entries:
        assert dimm["base"] <= physical < dimm["base"] + dimm["head"], hex(physical)
        assert physical % page == 0


def test_nothing_is_writable_and_executable(boot):
    guest = boot()
    guest.plug("256M")
    guest.ok("online dimm0")
    entries = guest.tlb(DIRECT_MAP, 1 << 64)
    assert entries
    wrong = [e for e in entries if "W" in e[3] and "X" not in e[3]]
    assert not wrong, wrong[:5]
    assert not [e for e in entries if "U" in e[3]]


def test_departed_dimm_is_unmapped(boot):
    guest = boot()
    before = {(e[0], e[1]) for e in guest.tlb(DIRECT_MAP, 1 << 64)}
    ident, name = guest.plug_named("1G")
    base = guest.lsdimm()[0]["base"]
    direct = DIRECT_MAP + base
    assert guest.tlb(direct, direct + GIB)
    guest.ok(f"online {name}")
    guest.eject(ident)
    assert not guest.tlb(direct, direct + GIB)
    assert not guest.tlb(*memmap_of(base, GIB))
    added = {e for e in {(e[0], e[1]) for e in guest.tlb(DIRECT_MAP, 1 << 64)} - before
             if e[0] < KMAP}
    assert not added, "the direct map is as before"


def test_direct_map_has_no_hole_or_surplus(boot):
    """The direct map covers the DIMM, page for page."""
    guest = boot(cpu="qemu64")  # no 1 GiB pages: sizes are known
    guest.plug("130M")
    dimm = guest.lsdimm()[0]
    direct = DIRECT_MAP + dimm["base"]
    entries = sorted(guest.tlb(direct, direct + GIB))
    expect = direct
    for virtual, physical, page, _ in entries:
        assert virtual == expect and physical == virtual - DIRECT_MAP
        expect += page
    assert expect == direct + 130 * MIB
