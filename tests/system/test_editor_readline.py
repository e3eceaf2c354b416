"""The line editor against GNU readline: the same keys give the same lines.

Both get each script's keys, then a mark that is typed where the cursor stands.  What readline
returns is the line that the shell must have, and what its terminal must show, cursor included.

What is left out is where readline differs on purpose: it keeps what was changed in a line of the
history when one walks on from it; the shell forgets it.  Characters of two columns
have their own tests in tests/unit/test_editor.c.
"""
import json
import os
import random
import re
import time

import pexpect
import pytest

from terminal import COLUMNS, Terminal

HERE = os.path.dirname(os.path.abspath(__file__))
LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
MOVES = [LEFT, RIGHT, "\x02", "\x06", "\x01", "\x05", "\x1bb", "\x1bf", HOME, END]
CUTS = ["\x0b", "\x15", "\x17", "\x1bd", "\x1b\x7f"]
EDITS = ["\x7f", "\x08", "\x04", DELETE, "\x14", "\x19", "\x19", *CUTS]
WORDS = ["online", "dimm0", "a", "memory32-39", "--", "x y", " ", "  ", "-t 5", "./p", "é",
         "жук", "0x1000", "Zz"]

BY_HAND = [
    "abc", "abc" + LEFT * 2 + "X", "abc" + HOME + "X" + END + "Y", "abc\x01\x04", "abc\x7f\x7fd",
    "one two three\x17\x17\x19", "one two three\x1b\x7f\x1b\x7f\x19\x19",
    "one two three\x01\x1bd\x1bd\x05\x19", "one two\x02\x02\x0b\x01\x19", "one two\x15\x19\x19",
    "one-two/three\x1bb\x1bbX", "one-two/three\x01\x1bf\x1bfX", "one-two/three\x17new",
    "ab\x14", "ab\x01\x14", "abc\x02\x14", "a\x14", "\x14", "\x7f", "\x04", "\x0b", "\x15", "\x17",
    "\x19", LEFT + RIGHT + HOME + END, "one two\x17\x02\x17\x19", "one two three\x17\x1bb\x17\x19",
    UP, UP * 3, UP * 2 + DOWN, UP * 2 + DOWN * 2, "abc" + UP + DOWN, UP * 400, DOWN,
    "abc" + UP * 2 + DOWN * 2 + "d", UP + "\x15" + "new", UP + "\x01" + DELETE + "q",
    "x" * 76, "x" * 77, "x" * 75 + LEFT + RIGHT + "yz", "x" * 200 + "\x01ab\x05cd",
    "word " * 40 + "\x17" * 5, "word " * 40 + "\x01" + "\x1bd" * 6, "x" * 156 + "\x7f" * 3,
    "x" * 150 + "\x01\x0b\x19\x19", "é" * 30 + LEFT * 5 + "\x7f", "жук\x14",
    "é\x1bbx", "a  b   c\x17", "a  b   c\x1b\x7f", "   \x17x", "a.b.c\x1bb\x1bd", "A\x1bB",
    "zebra one\r", "zebra two zebra three\r", "yak\r",
    "\x12zebra\x05", "\x12zebra\x12\x05", "\x12zebra\x12\x12\x05", "\x12zebra\x12\x12\x12\x05",
    "\x12zeb\x7f\x7f\x05", "\x12zebra\x07", "abc\x12zebra\x07", "\x12qqqq\x05",
    "\x12zeqq\x7f\x7f\x05",
    "\x12zebra o\x01X", "\x12yak" + "\x02" + "Y", "\x12zebra" + UP, "\x12zebra" + DOWN,
    "\x12\x05", "abc\x12\x05", "abc\x12\x07", "abc\x12b\x05X", "\x12one\x0b",
    "abc\x12zebra\x19\x05", "\x12ze\x17\x05", "\x12zebra\x17\x17\x05", "\x12zebra\x17\x05",
    "\x12\x12\x05",
]


def random_script(rng):
    """A dozen or so keys.  A line of the history that was changed is not walked away from."""
    keys, changed, recalled = [], False, False
    for _ in range(rng.randrange(2, 25)):
        kind = rng.random()
        if kind < 0.45:
            keys.append(rng.choice(WORDS))
            changed = True
        elif kind < 0.65:
            keys.append(rng.choice(MOVES) * rng.choice((1, 1, 1, 2, 5)))
        elif kind < 0.88:
            keys.append(rng.choice(EDITS) * rng.choice((1, 1, 1, 2, 4)))
            changed = True
        elif kind < 0.96 and not (recalled and changed):
            keys.append(rng.choice((UP, UP, DOWN, "\x10", "\x0e")) * rng.choice((1, 1, 3)))
            recalled, changed = True, False
        elif kind >= 0.96 and not recalled:
            keys.append("\x12" + rng.choice(("dimm", "o", "a", "0x", "no such")) +
                        rng.choice(("", "\x12", "\x12\x12", "\x7f")) +
                        rng.choice(("\x05", "\x01", "\x07")))
            recalled, changed = True, False
    return "".join(keys)


class Readline:
    """A program that reads lines with it."""

    def __init__(self, log):
        self.log, self.taken = log, 0
        self.child = pexpect.spawn("/usr/bin/python3", [os.path.join(HERE, "readline_reader.py"),
                                                        str(log)],
                                   env={"TERM": "linux", "LANG": "C.UTF-8", "INPUTRC": "/dev/null"},
                                   dimensions=(50, COLUMNS))
        self.child.delaybeforesend = None

    def enter(self, keys):
        """Types keys and Enter; the line."""
        self.child.expect_exact("hr> ")
        self.child.send(keys.encode() + b"\r")
        self.child.expect_exact("taken", timeout=120)
        lines = self.log.read_text(encoding="utf-8").splitlines()
        self.taken += 1
        assert len(lines) == self.taken
        return json.loads(lines[-1])


class Shell:
    """Headroom's, on a terminal."""

    def __init__(self, guest):
        self.guest, self.terminal, self.fed = guest, Terminal(), 0

    def shows(self, rows, row, column):
        text = self.guest.text
        self.terminal.feed(text[self.fed:])
        self.fed = len(text)
        return self.terminal.typed() == (rows, row, column)

    def enter(self, keys, line, mark):
        """Types keys and Enter; a text where the screen is not what `line` should look like."""
        self.wait(["hr>"], 0, 4)
        self.guest.send(keys.encode())
        text = "hr> " + line
        rows = [text[n:n + COLUMNS].rstrip() for n in range(0, len(text), COLUMNS)]
        place = text.index(mark) + len(mark) if mark else len(text)
        right = self.wait(rows, *divmod(place, COLUMNS))
        self.guest.send("\r")
        return None if right else f"{keys!r}: {self.terminal.typed()}, not {rows} {place}"

    def wait(self, *screen):
        for _ in range(1000):
            if self.shows(*screen):
                return True
            time.sleep(0.01 if self.guest.process.poll() is None else 0)
        return False

    def lines(self):
        """What was entered, by the shell's own word."""
        text = self.guest.ok("history").encode("latin-1").decode()
        return [re.sub(r"^ *\d+  ", "", line) for line in text.splitlines()]


def compare(guest, log, scripts):
    readline, shell, wrong, wanted = Readline(log), Shell(guest), [], []
    before = len(shell.lines())
    readline.enter("history; echo @1:$?")
    for number, keys in enumerate(scripts):
        *lines, last = keys.split("\r")
        for text, mark in [*((line, "") for line in lines), (last, f"@{number}@")]:
            wanted.append(readline.enter(text + mark))
            wrong.append(shell.enter(text + mark, wanted[-1], mark))
    ours = shell.lines()[before:-1]
    readline.child.close(force=True)
    assert not any(wrong), "\n".join(text for text in wrong if text)
    assert ours == wanted


def test_keys_by_hand(boot, tmp_path):
    compare(boot(), tmp_path / "lines", BY_HAND)


@pytest.mark.parametrize("seed", [1, 2, pytest.param(3, marks=pytest.mark.full),
                                  pytest.param(4, marks=pytest.mark.full)])
def test_keys_at_random(boot, tmp_path, seed):
    rng = random.Random(seed)
    compare(boot(), tmp_path / "lines", [random_script(rng) for _ in range(100)])
