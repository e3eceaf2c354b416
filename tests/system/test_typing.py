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

    def shows(self, line, cursor):
        text = self.guest.text
        self.terminal.feed(text[self.fed:])
        self.fed = len(text)
        rows, row, column = self.terminal.typed()
        cells, place = "hr> " + line, 4 + cursor
        wanted = [cells[n:n + 80].rstrip() for n in range(0, len(cells), 80)]
        while len(wanted) > 1 and not wanted[-1]:
            wanted.pop()
        return rows == wanted and (row, column) == divmod(place, 80)


def test_a_dimm_at_every_moment_of_typing(boot):
    """Whatever has been typed when a DIMM arrives, prompt, line and cursor are shown below."""
    guest = boot(slots=len(KEYS) + 1, maxmem="64G")
    screen, line, cursor = Screen(guest), "", 0
    for moment, key in enumerate(["", *KEYS]):
        guest.send(key.encode())
        line, cursor = edited(line, cursor, key)
        guest.wait_until(lambda: screen.shows(line, cursor), f"{line!r} on the screen", pause=0.02)
        arrived = len(guest.text)
        guest.plug("128M", wait=False)
        guest.expect(rf": dimm{moment}, ", start=arrived)
        guest.wait_until(lambda: screen.shows(line, cursor), f"{line!r} below the message",
                         pause=0.02)
        above = screen.terminal.rows()
        first = len(above) - 1 - next(n for n, row in enumerate(above[::-1])
                                      if row.startswith("hr> ") or row == "hr>")
        assert f": dimm{moment}, " in above[first - 1], "a message on a line of its own"
    guest.send("\x03")
    assert len(guest.lsdimm()) == len(KEYS) + 1


def alive(guest, tries=5):
    """Whether the shell answers, whatever the noise has made it do (wait for a quote, ask a search)."""
    for _ in range(tries):
        guest.send("\x03\x03\r")
        if "alive and well\n" in guest.run("echo alive and well")[1]:
            return True
    return False


@pytest.mark.parametrize("size", [120_000, pytest.param(10_000_000, marks=pytest.mark.full)])
def test_noise(boot, size):
    """Random bytes of all values, none lost: a prompt comes back, and every invariant holds.

    No more is sent at a time than the line's queue holds (16 KiB), so every byte is fed to the editor.
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
    """A command reads nothing meanwhile; what was typed too much is counted, the rest is there."""
    guest = boot()
    start = len(guest.text)
    guest.send("sleep 2\r")
    guest.expect(r"sleep 2\r?\n", start=start)
    guest.send("echo first\r" + "x" * 20000)
    guest.expect(r"^first\r?$.* (\d+) bytes of input lost", start=start)
    lost = int(re.search(r"(\d+) bytes of input lost", guest.text[start:]).group(1))
    assert lost == 20000 + len("echo first\r") - 16384
    guest.send("\x15\r")
    guest.ok("echo alive")
