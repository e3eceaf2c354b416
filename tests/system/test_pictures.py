"""map and top as pictures: what fits on a screen, what cells mean, zooming; keys and bars."""
import re

import pytest

from harness import MIB
from terminal import Watcher

ROW = re.compile(r" *([0-9a-f]+) (\w+) *(\+?)\|([-1-9kK.:H ]{32})\| (\w+)"
                 r"(?: (\S+)/(\d+) max (\S+))?$")
LEGEND = "1-9 movable (9 full)  K kernel (k part)  . free (: pieces)  H head  - offline"
UNITS = {"B": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def picture(guest, command):
    """(bytes a cell stands for, [(base, device, several, cells, state)]) of a map."""
    title, *rows, legend = guest.ok(command, scale=2).splitlines()
    assert legend == LEGEND
    cell = re.fullmatch(r" +address device \| one cell is (\d+)([BKMGT]) +\| zone, .*", title)
    found = [ROW.fullmatch(row) for row in rows]
    assert cell and all(found), [row for row, match in zip(rows, found) if not match]
    assert len({row.index("|") for row in [title, *rows]}) == 1, "columns"
    return (int(cell.group(1)) << UNITS[cell.group(2)],
            [(int(m.group(1), 16), m.group(2), m.group(3), m.group(4), m.group(5)) for m in found])


@pytest.mark.huge
def test_one_tebibyte_is_readable(boot):
    """All of it on one screen of 80x24, each cell where it says, and every zoom down to a page."""
    guest = boot(mem="512M", maxmem="4T", cpu="max,phys-bits=46")
    guest.plug("1G", backing="memfd")
    guest.plug("1T", backing="memfd")
    guest.ok("online dimm0; online dimm1 movable", scale=4)
    guest.ok("hog start h 3G movable stride=2M", scale=4)
    screen = Watcher(guest, 80, 24)
    guest.send("map\r")
    guest.wait_until(lambda: screen.shows("hr> map") and screen.terminal.typed()[0] == ["hr>"],
                     "the whole map on the screen")
    rows = screen.rows()
    assert rows[0] == "hr> map" and LEGEND in rows, rows
    big = next(d for d in guest.lsdimm() if d["name"] == "dimm1")

    cell, lines = picture(guest, "map")
    assert cell >= 1 << 30 and {"boot", "dimm1"} <= {line[1] for line in lines}
    assert sum(cells.count(c) for _, _, _, cells, _ in lines for c in ".:") > 1000 / (cell >> 30)
    for target, most in (("dimm1", 2 << 30), ("dimm0", 2 * MIB)):
        assert picture(guest, f"map {target}")[0] <= most
    block = big["base"] + (10 << 30)
    cell, lines = picture(guest, f"map memory{block >> 27}")
    assert cell <= 256 << 10 and lines[0][0] == block
    cell, lines = picture(guest, f"map {block:#x}-{block + 0x40000:#x}")
    assert cell == 4096 and [line[0] for line in lines] == [block, block + 0x20000]
    assert all(line[3] == "." * 32 for line in lines)
    end = big["base"] + big["size"]
    guest.refused(f"map {end:#x}-{end + (1 << 40):#x}", "ENOENT")


def test_cells_say_what_is_there(boot):
    guest = boot()
    guest.plug("256M")
    assert {line[3] for line in picture(guest, "map memory33")[1]} == {"-" * 32}
    guest.ok("online dimm0 movable")
    _, lines = picture(guest, "map dimm0")
    row = next(line for line in lines if line[3] != "H" * 32)
    assert re.match(r"HHHH[:.]\.+$", row[3]) and row[4] == "Movable"
    guest.ok("hog start half 64M movable order=9 stride=1M; hog start holes 32M movable order=0")
    guest.ok("hog stop half")
    cells = "".join(line[3] for line in picture(guest, "map dimm0")[1])
    assert "9" in cells and "." in cells and not set(cells) & set("kK")
    guest.ok("hog start all max movable stride=2M", scale=4)
    assert {line[3] for line in picture(guest, "map memory33")[1]} == {"9" * 32}
    guest.ok("hog stop all; hog stop holes")
    guest.ok("offline dimm0; online dimm0 kernel; hog start k 300M kernel order=6 stride=1M")
    assert "K" in "".join(line[3] for line in picture(guest, "map dimm0")[1])


def test_map_is_the_same_in_json_and_in_colour(boot):
    guest = boot()
    guest.plug("256M")
    guest.ok("online dimm0 movable")
    cell, lines = picture(guest, "map")
    document = guest.json("map -J")["map"]
    assert document["cell"] == cell
    assert [(row["base"], row["device"], row["cells"], row["state"])
            for row in document["rows"]] == [(b, d, c, s) for b, d, _, c, s in lines]
    guest.ok("set rows 12")
    assert len(picture(guest, "map dimm0")[1]) == 8
    guest.run("set color on")
    start = len(guest.text)
    guest.send("map\r")
    guest.expect("\u258c".encode().decode("latin-1") + r".*\nhr> $", start=start)
    assert "\x1b[38;5;" in guest.text[start:]
    guest.run("set color off")


@pytest.fixture
def top(boot):
    """top on a screen of 80x24, with two devices."""
    guest = boot(mem="1280M")
    guest.plug("256M")
    guest.plug("128M")
    screen = Watcher(guest, 80, 24)
    guest.send("top\r")

    def after(keys, pattern):
        guest.send(keys)
        guest.wait_until(lambda: screen.shows(pattern), f"{pattern} after {keys!r}", 3000, 0.02)

    after("", r"^> boot .*")
    after("", r"^  dimm1 ")
    after("", "^up, down: choose  o: online .* q$")
    yield guest, screen, after
    guest.send("q")
    guest.ok("echo after top")


DOWN, UP = "\x1b[B", "\x1b[A"


def test_top_chooses_and_does(top):
    """The device chosen goes online, offline and away; what is refused is said."""
    guest, screen, after = top
    assert len([row for row in screen.rows() if row]) <= 24
    for keys, shown in ((DOWN * 2, "^> dimm1 "), (UP, "^> dimm0 "), (UP * 5, "^> boot "),
                        (DOWN * 9, "^> dimm1 "), (UP, "^> dimm0 .* 0/2 "),
                        ("m", "^dimm0: online"), ("", "^> dimm0 .* 2/2 "),
                        ("m", "^dimm0: .* nothing is offline there"), ("f", "^dimm0: offline"),
                        ("k", "^dimm0: online"), ("e", "^dimm0: ejected"),
                        ("o", "^dimm1: online"), ("", "^> dimm1 .* 1/1 ")):
        after(keys, shown)
    guest.send("q")
    assert [d["name"] for d in guest.lsdimm()] == ["dimm1"]
    guest.send("top\r")


BAR = r"\[(#*)(-*)\] (\d+) of (\d+) pages"


def check_bars(drawn, least):
    """Every bar that was drawn of an operation's phases: at least so many different ones."""
    bars = [(phase, int(done)) for phase, full, rest, done, total in
            re.findall(r"(\w+) +" + BAR, drawn)
            if len(full + rest) == 22 and abs(len(full) - 22 * int(done) / int(total)) <= 1]
    assert len(bars) == len(re.findall(BAR, drawn)), "a bar is not as its numbers are"
    assert len(set(bars)) >= least
    moved = [done for phase, done in bars if phase == "migrate"]
    assert moved == sorted(moved)


def test_top_shows_what_runs(top):
    """The bar of a long offline, its own and one that the host asked for; Ctrl-C stops it."""
    guest, screen, after = top
    guest.send("q")
    guest.ok("online dimm0 movable; hog start big 240M movable seed=3", scale=2)
    guest.send("top\r")
    after(DOWN, "^> dimm0 .*")
    start = len(guest.text)
    after("f", BAR)
    after("", "^dimm0: offline")
    check_bars(guest.text[start:], 3)
    after("m", "^dimm0: online")
    guest.send("q")
    # Large enough for top, which draws once a second what others do.
    _, name = guest.plug_named("1G")
    guest.ok(f"online {name} movable; hog stop big; hog start again 800M movable stride=4K", 4)
    start = len(guest.text)
    guest.send("top\r")
    guest.expect(" q\\x1b", start=start)
    mark = guest.unplug("d2")  # the worker's thread does it, while top draws
    guest.gone("d2", mark)
    after("", rf"eject +{name} +ok")
    check_bars(guest.text[start:], 1)
