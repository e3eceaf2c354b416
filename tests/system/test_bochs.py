"""Bochs, an emulator of its own: another CPU, chipset and firmware boot the same image.

It has no memory hot-plug.  What it checks is the way up: multiboot2, paging with SMEP, SMAP and
1 GiB pages, interrupts, the ACPI tables of another BIOS; and the allocator's own tests.
"""
import os
import re
import shutil
import signal
import threading
import tty

import pexpect
import pexpect.fdpexpect
import pytest

import qemu

CONFIG = """\
display_library: term
memory: guest=256, host=256
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios.bin
cpu: model=corei7_skylake_x, count=1, ips=50000000, reset_on_triple_fault=0
clock: sync=none, time0=utc
pci: enabled=1, chipset=i440fx
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
com1: enabled=1, mode=term, dev={serial}
log: {folder}/log.txt
panic: action=fatal
error: action=report
info: action=ignore
"""


def drain(machine):
    """Reads its screen, or it stops; until it is closed."""
    try:
        while True:
            machine.read_nonblocking(65536, timeout=None)
    except (pexpect.EOF, OSError):
        pass


@pytest.mark.full
def test_bochs_boots_the_image(tmp_path):
    if not shutil.which("bochs"):
        pytest.fail("bochs is not installed (tools/setup test-full)")
    line, serial = os.openpty()
    tty.setraw(serial)
    (tmp_path / "rc").write_text(CONFIG.format(iso=qemu.image(), serial=os.ttyname(serial),
                                               folder=tmp_path))
    machine = pexpect.spawn("bochs", ["-q", "-f", str(tmp_path / "rc"), "-rc", "/dev/null"],
                            env=dict(os.environ, TERM="xterm"), dimensions=(30, 100), timeout=600)
    try:
        machine.expect(r"<bochs:1>")  # Debian's is built with Bochs's debugger
        machine.sendline("c")
        threading.Thread(target=drain, args=(machine,), daemon=True).start()
        shell = pexpect.fdpexpect.fdspawn(line, encoding="latin-1", timeout=1200)
        shell.expect(r"cpu: .*smep smap 1g-pages")
        shell.expect(r"acpi: (\d+) tables")
        assert int(shell.match.group(1)) >= 4
        shell.expect(r"\nhr> ")
        for command, said in (("check", r"check: ok"), ("selftest mm; echo st$?", r"\nst0\r"),
                              ("hog start a 64M movable; hog verify a; hog stop a; echo hog$?",
                               r"\nhog0\r")):
            shell.send(command + "\r")
            shell.expect(said)
            assert not re.search(r"not ok|panic", shell.before), shell.before
            shell.expect(r"\nhr> ")
    finally:
        machine.kill(signal.SIGKILL)
        machine.wait()
        os.close(serial)
