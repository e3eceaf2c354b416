"""Completion, hints, pasting, paging and stopping, as a person at the terminal has them."""
import re

import pytest

from harness import OST_INSERT, OST_SUCCESS
from terminal import Terminal

TAB = "\t"


class Typist:
    """Types at a guest and looks at a screen."""

    def __init__(self, guest):
        self.guest, self.terminal, self.fed = guest, Terminal(), 0

    def look(self):
        text = self.guest.text
        self.terminal.feed(text[self.fed:])
        self.fed = len(text)
        return self.terminal

    def line(self):
        """The line being typed."""
        return self.look().typed()[0][0].removeprefix("hr>").lstrip()

    def types(self, keys, line):
        """After these keys the line is this one."""
        self.guest.send(keys)
        self.guest.wait_until(lambda: self.line() == line, f"{keys!r} to make {line!r}", pause=0.05)

    def lists(self, keys):
        """The words listed by these keys (the last a second Tab), and the usage line."""
        before = len(self.guest.text)
        self.guest.send(keys)
        self.guest.expect(r"\nhr> ", start=before)
        rows = self.guest.text[before:].split("\n")[1:-1]
        usage = rows[0].strip() if re.match(r"[a-z]+ [-A-Z\[a-z]", rows[0]) else ""
        self.guest.send("\x15")
        return [word for row in rows[usage != "":] for word in row.split()], usage


@pytest.fixture
def typist(boot):
    guest = boot()
    guest.plug("256M")
    guest.plug("128M")
    guest.ok("online dimm0 movable; hog start bighog 1M; hog start other 1M")
    return Typist(guest)


def test_completion(typist):
    for keys, line in [("lsd" + TAB, "lsdimm"), ("online di" + TAB, "online dimm"),
                       ("online dimm0 mo" + TAB, "online dimm0 movable"),
                       ("zones memory3" + TAB, "zones memory3"),
                       ("hog ver" + TAB, "hog verify"), ("hog verify b" + TAB, "hog verify bighog"),
                       ("hog stop o" + TAB, "hog stop other"),
                       ("hog start big 1M or" + TAB, "hog start big 1M order="),
                       ("eject dimm1" + TAB, "eject dimm1"), ("echo a; lsm" + TAB, "echo a; lsmem"),
                       ("lsmem -" + TAB, "lsmem -"), ("free | m" + TAB, "free | more"),
                       ("time offl" + TAB, "time offline"), ("fault co" + TAB, "fault count"),
                       ("taskset -c 0 offl" + TAB, "taskset -c 0 offline"),
                       ("repeat 3 offline dimm1 -" + TAB, "repeat 3 offline dimm1 -"),
                       ("policy ej" + TAB, "policy eject"), ("nosuch x" + TAB, "nosuch x")]:
        typist.types(keys, line)
        typist.guest.send("\x15")


def test_second_tab_lists(typist):
    assert typist.lists("ls" + 2 * TAB) == (["lsdimm", "lsmem"], "")
    words, usage = typist.lists("online " + 2 * TAB)
    assert words == ["all", *(f"memory{n}" for n in range(4)), "dimm0", "memory32", "memory33",
                     "dimm1", "memory34", "kernel", "movable"]
    assert usage == "online TARGET [kernel|movable] [-k] [-J]"
    # The first Tab completes `dimm`; as with readline, one that changed the line is not the first.
    assert typist.lists("eject " + 3 * TAB)[0] == ["dimm0", "dimm1"]
    words, usage = typist.lists("hog " + 2 * TAB)
    assert {"start", "verify", "stop", "list"} <= set(words) and "movable" not in words
    words, usage = typist.lists("hog verify " + 2 * TAB)
    assert words == ["bighog", "other"]
    assert usage.startswith("hog start NAME SIZE|max")
    assert typist.lists("sleep " + 2 * TAB) == ([], "sleep SECONDS")  # nothing but a hint


def test_unknown_command_names_the_nearest(typist):
    for wrong, right in [("ofline", "offline"), ("lsmen", "lsmem"), ("onlien", "online"),
                         ("fre", "free"), ("budyinfo", "buddyinfo")]:
        assert f"did you mean {right}?" in typist.guest.refused(wrong, "ENOENT")
    assert "did you mean" not in typist.guest.refused("xyzzyxyzzy", "ENOENT")


def test_every_help_has_an_example(typist):
    names = re.findall(r"^  ([a-z]+) {2,}", typist.guest.ok("help"), re.M)
    for name in names:
        text = typist.guest.ok(f"help {name}")
        example = re.search(rf"^for example: (.*\b{name}\b.*)$", text, re.M)
        assert example, text


def test_a_paste_runs_nothing(typist):
    typist.types("\x1b[200~echo one\recho two\r\x1b[201~", "echo one; echo two")
    start = len(typist.guest.text)
    typist.guest.send("\r")
    typist.guest.expect(r"^one\r?\ntwo\r?$", start=start)


def test_the_terminal_is_asked_only_with_colour(boot):
    guest = boot()
    guest.ok("lsmem; help")
    guest.send("x" * 100 + "\x01\x05\x0c\x15\r")
    guest.ok("echo on")
    assert "\x1b[6n" not in guest.text and "\x1b[?2004h" not in guest.text
    guest.run("set color on")
    assert guest.text.count("\x1b[6n") == 1 and "\x1b[?2004h" in guest.text
    guest.send("\x1b[40;123R")
    assert "columns 123\n" in guest.ok("set") and "rows 40\n" in guest.ok("set")
    guest.ok("sleep 1.1")
    guest.send("\x0c")
    guest.wait_until(lambda: guest.text.count("\x1b[6n") == 2, "the question of Ctrl-L")
    guest.ok("sleep 1.2")  # too late for an answer
    guest.send("\x1b[40;99R")
    assert "columns 123\n" in guest.ok("set")
    guest.run("set color off")


def test_more(boot):
    """A screenful, then as asked; the command is over meanwhile, and holds no lock."""
    guest = boot()
    guest.ok("set rows 10; set columns 200")  # no line wraps
    everything = guest.ok("help").splitlines()

    def page(keys, shown):
        start = len(guest.text)
        guest.send(keys)
        guest.expect(r"-- more|hr> $", start=start)
        rows = [row.rpartition("\r")[2] for row in
                guest.text[start:].replace("\r\n", "\n").split("\n")]
        rows = [row for row in rows if row and "| more" not in row and "-- more" not in row]
        assert [row for row in rows if not row.startswith("hr>")] == shown

    page("help | more\r", everything[:9])
    page(" ", everything[9:18])
    page("\r", everything[18:19])
    mark = guest.qmp.mark()
    guest.plug("128M", wait=False)  # the hot-plug core is free, though somebody still reads
    guest.ost(mark, source=OST_INSERT, status=OST_SUCCESS)
    start = len(guest.text)
    guest.send("q")
    guest.expect(r"dimm0, 128 MiB.*hr> $", start=start)
    page("help | grep -v -c nosuchword | more\r", [str(len(everything))])
    page("help | more\r", everything[:9])
    page("\x03", [])
    assert guest.run("help | more | grep x")[0] == 2
    assert guest.ok("echo a | more") == "a\n"


@pytest.mark.huge
def test_ctrl_c_stops_long_output(boot):
    guest = boot(slots=4, maxmem="300G")
    guest.plug("256G", wait=False)
    guest.wait_until(guest.lsdimm, "the DIMM")
    for command in ("lsmem -a -J", "lsmem -a -b", "repeat 100000 lsdimm -J"):
        start = len(guest.text)
        guest.send(command + "\r")
        guest.wait_until(lambda: len(guest.text) > start + 1000, "output", pause=0.01)
        guest.send("\x03")
        guest.expect(r"\nhr> $", start=start)
        assert len(guest.text) - start < 100_000, command
    assert "error: offline" in guest.run("offline dimm0")[1]
