"""make LLVM=1: what clang and lld make of the sources builds without a warning, boots and works."""
import os
import re
import subprocess

import pytest

from conftest import ROOT
from harness import BLOCK

ISO = os.path.join(ROOT, "build/llvm/headroom.iso")


@pytest.fixture(scope="module")
def iso():
    done = subprocess.run(["make", "-s", "SAN=", "LLVM=1", "iso"], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert "warning" not in done.stderr, done.stderr
    return ISO


def test_it_is_made_by_clang_and_lld(iso):
    elf = iso[:-4] + ".elf"
    debug = subprocess.run(["readelf", "--debug-dump=info", "--dwarf-depth=1", elf], check=True,
                           capture_output=True, text=True).stdout
    producers = set(re.findall(r"DW_AT_producer.*?: (?:\(indirect.*?\): )?(\w+).*", debug))
    assert any("clang version" in line for line in debug.splitlines())
    assert "GNU C" not in debug, producers


def test_self_tests_and_a_life_of_a_dimm(boot, iso):
    guest = boot(iso=iso, nodes=2, smp=2)
    for size in ("1G", "130M"):
        guest.plug(size, node=1)
    text = guest.ok("selftest", scale=8)
    assert len(re.findall(r"^ok \d+", text, re.M)) > 90 and "not ok" not in text
    with guest.same_census():
        ident, name = guest.plug_named("512M", node=1)
        guest.ok(f"online {name} movable")
        guest.ok("hog start m 200M movable node=1")
        guest.ok(f"offline {name}")
        guest.ok("hog verify m")
        guest.ok("hog stop m")
        guest.eject(ident)
    size = sum(r["size"] for r in guest.lsmem("-a") if r["state"] == "offline")
    assert size == (1 << 30) + 130 * BLOCK // 128


@pytest.mark.parametrize("case,said", [
    ("null", r"panic: page fault: read of 0x10"), ("write-rodata", r"panic: page fault: write"),
    ("stack-overflow", r"panic: .*guard"), ("exec-data", r"panic: page fault: .*")])
def test_protections_hold(boot, iso, case, said):
    guest = boot(iso=iso, expect_trouble=True)
    start = len(guest.text)
    guest.send(f"provoke {case}\r")
    guest.expect(said, start=start, panic_ok=True)
    guest.expect(r"^panic> ", start=start, panic_ok=True)
