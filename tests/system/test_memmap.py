"""tools/memmap: of a machine that runs, of one that ended, of what was kept; what the SVG shows."""
import json
import os
import socket
import subprocess
import time
import xml.etree.ElementTree as ET

import pytest

import qemu
from conftest import ROOT
from harness import KASAN_BUILD

COMMANDS = ("lsmem -a", "lsdimm", "vmemmap", "free")
SVG = "{http://www.w3.org/2000/svg}"


def memmap(*words, **env):
    return subprocess.run([os.path.join(ROOT, "tools/memmap"), *words], text=True, check=False,
                          capture_output=True, env={**os.environ, **env})


class Picture:
    """What an SVG shows."""

    def __init__(self, text):
        self.root = ET.fromstring(text)
        self.words = [e.text for e in self.root.iter(SVG + "text")]
        self.boxes = [{k: e.get(k) for k in ("x", "y", "width", "height", "fill")}
                      for e in self.root.iter(SVG + "rect") if e.get("x")]
        self.lines = len(list(self.root.iter(SVG + "path")))

    def blocks(self, fill):
        """Boxes of blocks of that colour: as high as a row, wider than a head."""
        return [b for b in self.boxes if b["fill"] == fill and float(b["height"]) == 40
                and float(b["width"]) > 6]


NORMAL, MOVABLE, OFFLINE, HEAD = "#d97757", "#71af6f", "#c9c9c9", "#4f86c6"
HEAD_OF_DIMM0 = "256M, head 34M" if KASAN_BUILD else "256M, head 2.004M"


def assert_right(text):
    """What the machine below must look like."""
    shown = Picture(text)
    for word in ("Physical memory", "boot", "dimm0", "dimm1", "dimm2", "vmemmap", "0x100000000",
                 "32", "33", HEAD_OF_DIMM0, "its page tables lie in"):
        assert word in shown.words, word
    assert (len(shown.blocks(MOVABLE)), len(shown.blocks(OFFLINE))) == (2, 1)
    assert len(shown.blocks(NORMAL)) == 4 + 1  # boot memory and dimm2
    assert shown.lines == 3, "a line from each head to its descriptors"
    width, height = (float(shown.root.get(k)) for k in ("width", "height"))
    for box in shown.boxes:
        assert 0 <= float(box["x"]) and float(box["x"]) + float(box["width"]) <= width, box
        assert 0 <= float(box["y"]) and float(box["y"]) + float(box["height"]) <= height, box


def furnish(ok, plug):
    for size in ("256M", "128M", "128M"):
        plug(size)
    ok("online dimm0 movable; online dimm2 kernel")


@pytest.fixture
def kept(boot, tmp_path):
    """(documents in a file, a serial log that ends with them) of a machine that has ended."""
    guest = boot()
    furnish(guest.ok, guest.plug)
    guest.ok("lsmem -a -J")  # an earlier one, which is not to be drawn
    documents = {command: guest.json(command + " -J") for command in COMMANDS}
    guest.close()
    (tmp_path / "state.json").write_text(json.dumps(documents))
    return str(tmp_path / "state.json"), guest.log_path


def test_what_was_kept(kept, tmp_path):
    state, log = kept
    assert_right(memmap("--json", state).stdout)
    assert_right(memmap("--log", log).stdout)
    done = memmap("--log", log, "-o", str(tmp_path / "a.svg"))
    assert done.returncode == 0 and not done.stdout
    assert_right((tmp_path / "a.svg").read_text())
    os.symlink(log, tmp_path / "run.log")  # what `make run` keeps
    assert_right(memmap(HEADROOM_RUN=str(tmp_path)).stdout)


def wait_for_prompt(path):
    """Connects to a serial line's socket until the shell is there."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(240)
    for _ in range(600):
        if os.path.exists(path):
            break
        time.sleep(0.2)
    line.connect(path)
    text = b""
    while b"hr> " not in text:
        text += line.recv(65536)
    line.close()


def test_a_machine_that_runs(tmp_path):
    path = str(tmp_path / "serial.sock")
    iso = qemu.image()
    machine = subprocess.Popen(qemu.command_line(iso) + ["-serial",
                                                         f"unix:{path},server=on,wait=on"])
    try:
        wait_for_prompt(path)
        done = memmap("--serial", path)
        assert done.returncode == 0, done.stderr
        shown = Picture(done.stdout)
        assert "boot" in shown.words and len(shown.blocks(NORMAL)) == 4 and shown.lines == 0
        assert memmap(HEADROOM_RUN=str(tmp_path)).stdout == done.stdout  # as `make debug` has it
    finally:
        machine.kill()
        machine.wait()


def test_errors(tmp_path):
    for words, said in ((("--log", str(tmp_path / "none")), "No such file"),
                        (("--serial", str(tmp_path / "none")), "No such file")):
        done = memmap(*words)
        assert done.returncode == 1 and said in done.stderr and not done.stdout
    (tmp_path / "run.log").write_text('hr> free -J\n{"memory":{"total":1}}\n{"cut": \n')
    done = memmap(HEADROOM_RUN=str(tmp_path))
    assert done.returncode == 1
    assert "not there: lsmem -a -J, lsdimm -J, vmemmap -J: type these" in done.stderr
    (tmp_path / "bad.json").write_text("[]")
    assert memmap("--json", str(tmp_path / "bad.json")).returncode == 1
