"""docs/tour.md is a session that happened: its commands are typed, and the output compared.

`HEADROOM_TOUR=write pytest tests/system/test_tour.py` writes the outputs into it anew.
"""
import os
import re
import subprocess

import pexpect
import pytest

from harness import KASAN_BUILD

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOUR = os.path.join(ROOT, "docs/tour.md")
LEFT_OUT = re.compile(r"\[ *\d+\.\d+\]|offline: \w+: \w+: \d+ of \d+ pages moved")
VARIES = re.compile(r"0x[0-9a-f]{5,8}\b|\b\d{4,}\b|\d+(\.\d+)?(?= ?(ms|us|s)\b)")


def sessions(text):
    """Code blocks with commands, as [(start, end, [(command, [output lines])])]."""
    found = []
    for block in re.finditer(r"^```\n(.*?)^```$", text, re.M | re.S):
        commands = []
        for line in block.group(1).splitlines():
            if line.startswith(("hr> ", "$ ")):
                commands.append((line, []))
            elif commands:
                commands[-1][1].append(line)
        if commands:
            found.append((block.start(1), block.end(1), commands))
    return found


def alike(lines):
    """Without times and counts that depend on the build, log lines and blanks at the end."""
    kept = [VARIES.sub("N", line.rstrip()) for line in lines]
    return [re.sub(r"[\d.]+[KM]/\d+ max", "N max", line) for line in kept if line]


class Session:
    """What `make run` starts, with the terminal in our hands."""

    def __init__(self, folder):
        self.env = dict(os.environ, HEADROOM_RUN=folder, MEM="512M", SMP="2",
                        MACHINE="q35")
        self.shell = pexpect.spawn(os.path.join(ROOT, "tools/run"), env=self.env, cwd=ROOT,
                                   encoding="latin-1", timeout=300, dimensions=(50, 200))
        self.shell.delaybeforesend = None
        self.shell.expect(r"\nhr> ")

    def run(self, command):
        """The lines that a command prints, without the log's, and those that say how far it is."""
        if command.startswith("$ "):
            program, *arguments = command.split()[1:]
            socket = os.path.join(self.env["HEADROOM_RUN"], "qmp.sock")
            done = subprocess.run([os.path.join(ROOT, program), "--socket", socket, *arguments],
                                  check=True, capture_output=True, text=True)
            lines = done.stdout.splitlines()
        else:
            self.shell.send(command[4:] + "\r")
            self.shell.expect_exact(command[4:])
            self.shell.expect(r"\nhr> ")
            lines = self.shell.before.replace("\r", "").splitlines()
        self.settle()
        lines = [line.rstrip() for line in lines if not LEFT_OUT.match(line)]
        return lines[next((n for n, line in enumerate(lines) if line), 0):]

    def settle(self):
        """Until the messages of a DIMM are over, and the shell is at its prompt."""
        self.shell.send("sleep 1; echo set\"\"tled\r")
        self.shell.expect(r"\nsettled\r*\n")
        self.shell.expect(r"hr> ")

    def end(self):
        self.shell.send("poweroff\r")
        self.shell.expect(pexpect.EOF)


@pytest.mark.skipif(KASAN_BUILD, reason="heads are larger there, and the tour shows them")
def test_the_tour_is_true(tmp_path):
    with open(TOUR, encoding="utf-8") as page:
        text = page.read()
    session, blocks, differ = Session(str(tmp_path)), [], []
    for start, end, commands in sessions(text):
        block = ""
        for command, wanted in commands:
            output = session.run(command)
            block += "\n".join([command, *output]).rstrip() + "\n"
            if alike(output) != alike(wanted):
                differ.append(f"{command}:\n{alike(output)}\nin the tour:\n{alike(wanted)}")
        blocks.append((start, end, block))
    session.end()
    if os.environ.get("HEADROOM_TOUR") == "write":
        for start, end, block in reversed(blocks):
            text = text[:start] + block + text[end:]
        with open(TOUR, "w", encoding="utf-8") as page:
            page.write(text)
    else:
        assert not differ, "\n".join(differ)
