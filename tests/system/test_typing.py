"""Typing while things happen, and typing of things that are no commands."""
import random
import re

import pytest

from guest import ANSI
from terminal import Terminal

CHUNK = 12_000  # bytes of noise at a time
LEFT, HOME, END = "\x1b[D", "\x1b[H", "\x1b[F"
# Keys, and what the line is after each; the last ones wrap the line around the terminal's edge.
KEYS = [*"offline", " ", *"dimm", LEFT, LEFT, "X", "\x7f", END, "0", HOME, "#", END, " é",
        "-t 5 " * 12, "abc", LEFT * 30, "Y", "\x15"]


def edited(line, cursor, key):
    """What a key makes of a line: the test's own editor, for the few keys above."""
    if key.startswith(LEFT):
        return line, cursor - key.count(LEFT)
    if key in (HOME, END):
        return line, 0 if key == HOME else len(line)
    if key == "\x7f":
        return line[:cursor - 1] + line[cursor:], cursor - 1
    if key == "\x15":
        return line[cursor:], 0
    return line[:cursor] + key + line[cursor:], cursor + len(key)


class Screen:
    """The terminal of a guest."""

    def __init__(self, guest):
        self.guest, self.terminal, self.fed = guest, Terminal(), 0

    def shows(self, line, cursor, prompt="hr> "):
        text = self.guest.text
        self.terminal.feed(text[self.fed:])
        self.fed = len(text)
        rows, row, column = self.terminal.typed(prompt)
        cells, place = prompt + line, len(prompt) + cursor
        wanted = [cells[n:n + 80].rstrip() for n in range(0, len(cells), 80)]
        while len(wanted) > 1 and not wanted[-1]:
            wanted.pop()
        return rows == wanted and (row, column) == divmod(place, 80)


def searching(pattern, failed=""):
    return f"({failed}reverse-i-search)`{pattern}': "


# Moments in the middle of something: what is typed, then prompt, line and cursor.  The history has
# `echo one two`, and the line is empty at first.
MIDDLES = [
    (b"\x12", searching(""), "", 0), (b"t", searching("t"), "echo one two", 9),
    (b"w", searching("tw"), "echo one two", 9),
    (b"q", searching("twq", "failed "), "echo one two", 9),
    (b"\x7f", searching("tw", "failed "), "echo one two", 9),  # as readline has it
    (b"\x12", searching("tw", "failed "), "echo one two", 9),
    (b"\x07", "hr> ", "", 0), (b"\x1b[A", "hr> ", "echo one two", 12),
    (b"\x17", "hr> ", "echo one ", 9), (b"\x01", "hr> ", "echo one ", 0),
    (b"\x19", "hr> ", "twoecho one ", 3), (b"\x05\x15", "hr> ", "", 0),
    (b"eje\t", "hr> ", "eject ", 6), (b"\t", "hr> ", "eject dimm", 10),
    (b"\t", "hr> ", "eject dimm", 10), (b"\t", "hr> ", "eject dimm", 10),  # a list above it
    (b"\x15\x1b[200~pasted\rte", "hr> ", "pasted; te", 10), (b"xt", "hr> ", "pasted; text", 12),
    (b"\x1b[201~", "hr> ", "pasted; text", 12),
    (b"\x1b", "hr> ", "pasted; text", 12), (b"[", "hr> ", "pasted; text", 12),  # a key in parts
    (b"D", "hr> ", "pasted; text", 11), (b"\xc3", "hr> ", "pasted; text", 11),
    (b"\xa9", "hr> ", "pasted; tex\xe9t", 12), (b"\x0c", "hr> ", "pasted; tex\xe9t", 12),
]


class Moments:
    """Types, has a DIMM arrive, and looks whether the line is what it was, below the message."""

    def __init__(self, guest):
        self.guest, self.screen, self.arrived = guest, Screen(guest), 0

    def try_one(self, keys, line, cursor, prompt="hr> "):
        guest, screen = self.guest, self.screen
        guest.send(keys)
        guest.wait_until(lambda: screen.shows(line, cursor, prompt), f"{line!r} after {keys!r}",
                         pause=0.02)
        start = len(guest.text)
        guest.plug("128M", wait=False)
        guest.expect(rf": dimm{self.arrived}, ", start=start)
        guest.wait_until(lambda: screen.shows(line, cursor, prompt), f"{line!r} below the message",
                         pause=0.02)
        above = screen.terminal.rows()
        first = len(above) - 1 - next(n for n, row in enumerate(above[::-1])
                                      if (row + " ").startswith(prompt))
        assert f": dimm{self.arrived}, " in above[first - 1], "a message on a line of its own"
        self.arrived += 1


def test_a_dimm_at_every_moment_of_typing(boot):
    """Whatever has been typed when a DIMM arrives, prompt, line and cursor are shown below."""
    guest = boot(slots=len(KEYS) + 1, maxmem="64G")
    moments, line, cursor = Moments(guest), "", 0
    for key in ["", *KEYS]:
        line, cursor = edited(line, cursor, key)
        moments.try_one(key.encode(), line, cursor)
    guest.send("\x03")
    assert len(guest.lsdimm()) == len(KEYS) + 1


def test_a_dimm_in_the_middle_of_something(boot):
    """The same while a search, a list of completions, a paste, a key's sequence is under way."""
    guest = boot(slots=len(MIDDLES), maxmem="64G")
    guest.send("echo one two\r")
    guest.expect(r"^one two\r?$.*hr> $", start=0)
    moments = Moments(guest)
    for keys, prompt, line, cursor in MIDDLES:
        moments.try_one(keys, line, cursor, prompt)
    guest.send("\x03")
    assert len(guest.lsdimm()) == len(MIDDLES)


def test_a_dimm_at_every_place_of_the_cursor(boot):
    """A line of three rows, the cursor in every seventh column, and at the edges of the rows."""
    line = "echo " + "0123456789" * 18
    edges = {n for edge in (76, 156) for n in range(edge - 1, edge + 2)}
    places = sorted({*range(0, len(line) + 1, 7), *edges, len(line)}, reverse=True)
    guest = boot(slots=len(places), maxmem="64G")
    moments, at = Moments(guest), len(line)
    guest.send(line)
    for place in places:
        moments.try_one(LEFT.encode() * (at - place), line, place)
        at = place
    guest.send("\x03")
    assert len(guest.lsdimm()) == len(places)


def alive(guest, tries=5):
    """Whether the shell answers, whatever the noise has made it do (a search, ...)."""
    for _ in range(tries):
        guest.send("\x03\x03\r")
        if "alive and well\n" in guest.run("echo alive and well")[1]:
            return True
    return False


@pytest.mark.parametrize("size", [120_000, pytest.param(10_000_000, marks=pytest.mark.full)])
def test_noise(boot, size):
    """Random bytes of all values, none lost: a prompt comes back, and every invariant holds.

    No more is sent at a time than the line's queue holds (16 KiB), so the editor gets each byte.
    """
    guest = boot()
    noise = random.Random(size)
    guest.expect_trouble = True  # the noise is echoed, and may spell anything
    for at in range(0, size, CHUNK):
        guest.send(noise.randbytes(min(CHUNK, size - at)))
        mark = len(guest.text)
        assert alive(guest), f"after {at} bytes"
    assert guest.ended() is None and not re.search(
        r"^(\[[^\]]*\] )?panic:", ANSI.sub("", guest.text[mark:]), re.M)
    guest.check()
    assert "bytes of input lost" not in guest.ok("dmesg")
    assert guest.run("lsdimm")[0] == 0


def test_what_the_queue_cannot_hold_is_reported(boot):
    """A command reads nothing meanwhile; what was typed too much is counted, the rest is there.

    The Ctrl-C behind it all is seen when it comes, and ends the command.
    """
    guest = boot()
    start = len(guest.text)
    guest.send("sleep 10000\r")
    guest.expect(r"sleep 10000\r?\n", start=start)
    guest.send("echo first\r" + "x" * 20000 + "\x03")
    guest.expect(r"^first\r?$.* (\d+) bytes of input lost", start=start)
    lost = int(re.search(r"(\d+) bytes of input lost", guest.text[start:]).group(1))
    assert lost == 20000 + len("echo first\r") - 16384
    guest.send("\x15\r")
    guest.ok("echo alive")
