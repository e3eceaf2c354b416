"""Nothing in a DIMM is believed before it is written; what leaves is clean."""
import mmap
import os
import shutil
import struct

import pytest

from harness import DEBUG_BUILD, DESCRIPTOR, DIRECT_MAP, GIB, MIB, PAGE, VMEMMAP


def backing(tmp_path, size, fill):
    """A sparse file of `size` bytes; fill(offset) gives 4 KiB for each offset it wants written."""
    path = tmp_path / "dimm"
    with open(path, "wb") as out:
        out.truncate(size)
        for offset, data in fill:
            out.seek(offset)
            out.write(data)
    return str(path)


# struct page's first word: state, order, limit, zone (mm/page.h).  Zones 0 and 1 are node 0's.
FREE, USED, PCP, ISOLATED, COVERED = 1, 2, 3, 4, 5
FORGERIES = {
    "free page": (FREE, 0, 0, 0), "free 2 MiB": (FREE, 9, 18, 1), "free block": (FREE, 15, 18, 1),
    "free GiB": (FREE, 18, 18, 0), "on a list": (PCP, 0, 18, 1), "used": (USED, 0, 18, 0),
    "isolated": (ISOLATED, 15, 18, 1), "covered": (COVERED, 0, 0, 1),
}


def forged_descriptors(size, kind="free page"):
    """A head full of what looks like descriptors of one state, with pointers that are valid: to
    the memmap of the DIMM itself, to its memory, to boot memory, to the kernel's text."""
    state, order, limit, zone = FORGERIES[kind]
    tag = state | order << 8 | limit << 16 | zone << 24
    own = VMEMMAP + 4 * GIB // PAGE * DESCRIPTOR
    page = b"".join(
        struct.pack("<4Q", tag, own + DESCRIPTOR * i, own + DESCRIPTOR * i, i) if i % 2 else
        struct.pack("<4Q", tag, DIRECT_MAP + MIB * i, 0xffffffff80110000, 2 ** 64 - 1)
        for i in range(PAGE // DESCRIPTOR))
    return ((offset, page) for offset in range(0, min(size, 32 * MIB), PAGE))


@pytest.mark.parametrize("byte", [0x00, 0xff, 0x5a])
def test_any_contents(boot, tmp_path, byte):
    size = 256 * MIB
    path = backing(tmp_path, size, ((o, bytes([byte]) * MIB) for o in range(0, size, MIB)))
    life(boot(), path, size)


def test_forged_contents(boot, tmp_path):
    size = 256 * MIB
    life(boot(), backing(tmp_path, size, forged_descriptors(size)), size)


def test_every_forgery(boot, tmp_path):
    """Each state that a descriptor can have, with valid pointers in it."""
    guest, size = boot(), 130 * MIB
    for kind in FORGERIES:
        life(guest, backing(tmp_path, size, forged_descriptors(size, kind)), size)


@pytest.mark.parametrize("zone", ["movable", "kernel"])
def test_forged_page_tables(boot, tmp_path, zone):
    """A head full of entries that are present and writable, of pages and of tables, and lead to the
    kernel's text, to boot memory and to the head itself."""
    size = 2 * GIB
    entries = struct.pack("<4Q", 0x1000000 | 0x63, 0x400000 | 0x1E3, 4 * GIB | 0x63, 2 ** 64 - 1)
    page = entries * (PAGE // len(entries))
    path = backing(tmp_path, size, ((o, page) for o in range(0, 32 * MIB, PAGE)))
    guest = boot(cpu="qemu64")
    life(guest, path, size, zone)


def test_old_contents_come_back(boot, tmp_path):
    """The backend is plugged again with what the DIMM held while it was in use: descriptors, page
    tables and objects of ours, all of them true a moment ago and at the same place."""
    size = 1056 * MIB
    path, old = backing(tmp_path, size, ()), str(tmp_path / "old")
    guest = boot(cpu="qemu64")  # no pages of 1 GiB: a GiB of the device's own needs a PD
    for zone in ("movable", "kernel"):
        ident, name = guest.plug_named(size, backing="file", path=path)
        assert guest.lsdimm()[0]["pagetables"] > 0
        guest.ok(f"online {name} {zone}")
        guest.ok(f"hog start h 600M {'movable' if zone == 'movable' else ''}", scale=4)
        # What is in use is no zeros: 100 MiB of the hog at least.
        assert words_of(path).count(b"\0" * PAGE) < (size - 100 * MIB) // PAGE
        shutil.copyfile(path, old)
        guest.ok("hog stop h")
        guest.eject(ident)
        shutil.copyfile(old, path)
        life(guest, path, size)


def test_contents_of_an_earlier_life(boot, tmp_path):
    """A DIMM pulled without an eject (the machine died) shows its true old descriptors."""
    size = 256 * MIB
    path = backing(tmp_path, size, ())
    first = boot()
    first.plug(size, backing="file", path=path)
    first.ok("online dimm0 movable")
    first.ok("hog start h 100M movable")
    first.close()
    assert any(words_of(path)[:MIB]), "descriptors"
    life(boot(), path, size)


def life(guest, path, size, zone="movable"):
    with guest.same_census():
        ident, name = guest.plug_named(size, backing="file", path=path)
        guest.ok(f"online {name} {zone}")
        guest.check()
        guest.ok(f"hog start h {size * 3 // 4 // MIB}M {zone}", scale=4)
        guest.ok("hog verify h", scale=4)
        guest.check()
        guest.ok("hog stop h")
        guest.eject(ident)


def words_of(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data[:]


def assert_clean(path):
    """Nothing but zeros.  Debug builds mark dead descriptors with a constant, and it may stay."""
    left = words_of(path)
    memmap = len(left) // PAGE * DESCRIPTOR if DEBUG_BUILD else 0
    dirty = [o for o in range(0, len(left), PAGE)
             if left[o:o + PAGE].strip(b"\0\xdb" if o < memmap else b"\0")]
    assert not dirty, f"{len(dirty)} pages are not clean, the first at {dirty[0]:#x}"


@pytest.mark.parametrize("way", ["stopped", "moved"])
def test_nothing_is_left_in_what_leaves(boot, tmp_path, way):
    """Neither a user's pattern nor a kernel pointer nor text of ours is in the file."""
    size = 256 * MIB
    path = backing(tmp_path, size, ())
    guest = boot(mem="768M")
    ident, name = guest.plug_named(size, backing="file", path=path)
    guest.ok(f"online {name} movable")
    guest.ok("hog start h 200M movable seed=77", scale=4)
    used = words_of(path)
    assert used.count(b"\0" * 4096) < size // 4096 // 2, "the hog lies in the DIMM"
    if way == "stopped":
        guest.ok("hog stop h")
    guest.eject(ident, scale=8)
    if way == "moved":
        guest.ok("hog verify h", scale=4)
        guest.ok("hog stop h")
    assert_clean(path)


def test_kernel_memory_is_scrubbed_too(boot, tmp_path):
    size = 256 * MIB
    path = backing(tmp_path, size, ())
    guest = boot()
    ident, name = guest.plug_named(size, backing="file", path=path)
    guest.ok(f"online {name} kernel")
    guest.ok("hog start k 500M kernel", scale=4)
    guest.ok("hog stop k")
    guest.eject(ident, scale=4)
    assert_clean(path)
    assert os.path.getsize(path) == size


def test_departed_memory_faults(boot):
    """A pointer into a DIMM that left traps; it does not read what comes there next."""
    guest = boot(expect_trouble=True)
    ident = guest.plug("256M")
    guest.ok("online dimm0")
    guest.eject(ident)
    guest.send("provoke departed-dimm\r")
    guest.expect(r"panic", panic_ok=True)
