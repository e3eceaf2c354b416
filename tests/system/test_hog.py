"""Hogs that are too large: refused at once, or when there is no more, with the true reason."""
import re


def test_too_large_for_address_space_or_memory(boot):
    guest = boot(mem="256M")
    with guest.same_census():
        error = guest.refused("hog start x 3000000G", "E2BIG")
        assert "3000000 GiB are wanted" in error and "16384 GiB" in error
        error = guest.refused("hog start x 2T", "ENOMEM")
        assert "536870912 pages are wanted" in error
        managed = int(re.search(r"all zones have (\d+)", error).group(1))
        assert 40_000 < managed < 65_536
        error = guest.refused(f"hog start x {managed * 4}K", "ENOMEM", scale=2)
        assert "order 0 in the Normal zones after" in error
        figures = re.search(r"after (\d+) of (\d+) pages; (\d+) are", error)
        had, of, left = map(int, figures.groups())
        assert 0.8 * managed < had < of == managed and left < 64
        error = guest.refused("hog start x 128M order=15 node=0", "ENOMEM")
        assert "order 15" in error and "of node 0 after 0 of 32768 pages" in error


def age(guest, frame):
    """In seconds, but counted in ticks, of which a busy host loses some."""
    return float(re.search(r"^age:    ([0-9.]+)s", guest.ok(f"page {frame}"), re.M).group(1))


def first_frame(guest, hog):
    """Where the first page of the hog is."""
    text = guest.ok(f"hog pin {hog} size=4K; hog unpin {hog}")
    return re.search(r"pfn (0x[0-9a-f]+)", text).group(1)


def test_why_names_caller_and_age(boot):
    guest = boot(nodes=2, smp=1)
    _, name = guest.plug_named("1G", node=1)
    guest.ok(f"online {name} kernel")
    guest.ok("hog start k 400M kernel node=1", scale=4)
    frame = first_frame(guest, "k")
    guest.wait_until(lambda: age(guest, frame) >= 1, "the page to grow a second old")
    row = next(line for line in guest.ok(f"why {name}", scale=2).splitlines()
               if line.startswith("hog:k"))
    owner, chunks, pages, pfn, order, old, caller = row.split()
    assert owner == "hog:k" and caller.startswith("vm_object_grow") and order == "0"
    assert int(chunks) == int(pages) > 1000 and int(pfn, 16) > 0x100000
    assert float(old.rstrip("s")) > 0.3
    text = guest.ok(f"page {pfn}")
    assert re.search(r"^owner:  hog:k, unmovable$", text, re.M)
    assert re.search(r"^caller: vm_object_grow", text, re.M)
    guest.ok("hog stop k", scale=2)


def test_a_page_that_moved_keeps_caller_and_age(boot):
    guest = boot()
    _, name = guest.plug_named("1G")
    guest.ok(f"online {name} movable")
    guest.ok("hog start m 4M movable")
    frame = first_frame(guest, "m")
    guest.wait_until(lambda: age(guest, frame) >= 1, "the page to grow a second old")
    guest.ok(f"offline {name}", scale=2)
    moved = first_frame(guest, "m")
    assert moved != frame and age(guest, moved) >= 1
    text = guest.ok(f"page {moved}")
    assert re.search(r"^owner:  hog:m, movable$", text, re.M)
    assert re.search(r"^caller: vm_object_grow", text, re.M)
    guest.ok("hog stop m")
