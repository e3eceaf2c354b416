"""make run's side of a death: source lines behind a panic, and a triple fault that says where."""
import os
import re
import subprocess

import pexpect
import pytest

import qemu
from conftest import ROOT


@pytest.fixture
def terminal(tmp_path):
    env = dict(os.environ, HEADROOM_RUN=str(tmp_path), SMP="4")
    shell = pexpect.spawn(os.path.join(ROOT, "tools/run"), env=env, cwd=ROOT, encoding="latin-1",
                          timeout=300, dimensions=(50, 200))
    shell.delaybeforesend = None
    shell.expect(r"\nhr> ")
    yield shell
    shell.send("\x01x")
    shell.expect(pexpect.EOF)
    shell.close()


def test_a_panic_gets_source_lines_and_a_triple_fault_its_place(terminal):
    terminal.send("taskset -c 2 provoke null\r")
    terminal.expect(r"panic: page fault: read of 0x10")
    terminal.expect(r"run: source lines")
    terminal.expect(r"null_pointer\+0x\w+  kernel/shell/cmd_provoke\.c:\d+")
    terminal.send("reboot\r")  # after a panic the CPU is reset by a triple fault
    terminal.expect(r"run: triple fault: the machine is reset; the CPUs that did not sleep were at"
                    r"\s+CPU 2  rip [0-9a-f]{16} cpu_triple_fault\+0x\w+  arch/x86_64/cpu\.c:\d+"
                    r"  cr2 0{14}10\s+\(all registers")
    terminal.expect(r"\nhr> ")


def test_poweroff_ends_it(tmp_path):
    env = dict(os.environ, HEADROOM_RUN=str(tmp_path))
    shell = pexpect.spawn(os.path.join(ROOT, "tools/run"), env=env, cwd=ROOT, encoding="latin-1",
                          timeout=300)
    shell.expect(r"\nhr> ")
    shell.send("echo a; poweroff\r")
    shell.expect(pexpect.EOF)
    shell.close()
    assert shell.exitstatus == 0
    with open(tmp_path / "run.log", encoding="latin-1") as log:
        assert re.search(r"^a\r?$", log.read(), re.M)


def test_core_opens_in_gdb(terminal, tmp_path):
    """Its symbols are where they are: a counter read from the core, and the project's commands."""
    core = str(tmp_path / "core")
    done = subprocess.run([os.path.join(ROOT, "tools/core"), core, "--socket",
                           str(tmp_path / "qmp.sock")], check=True, capture_output=True, text=True)
    assert "MiB" in done.stdout
    gdb = subprocess.run(["gdb", "-q", "-batch", qemu.kernel(), core,
                          "-x", os.path.join(ROOT, "tools/headroom.gdb.py"), "-ex", "hr-log 50",
                          "-ex", "hr-zones"], check=True, capture_output=True, text=True)
    assert "Headroom: a kernel about memory that comes and goes" in gdb.stdout, gdb.stderr
    assert re.search(r"^ +0 Normal +\d+ +\d+", gdb.stdout, re.M)
    gone = subprocess.run([os.path.join(ROOT, "tools/core"), "--socket", str(tmp_path / "none")],
                          check=False, capture_output=True, text=True)
    assert gone.returncode == 1 and "no machine is running" in gone.stderr
