"""libvirt as the host: a second client of the guest's hot-plug, which knows nothing of our tools.

virsh runs with libvirt's QEMU driver in its own process (qemu:///embed), with all its files below
the test's folder: no daemon, no network, nothing of the machine's own libvirt.  The driver wants to
be either root with a system user of its own, or nobody special; so root takes a name space in which
it is nobody.
"""
import json
import os
import pathlib
import re
import shutil
import socket
import tempfile
import time

import pexpect
import pytest

import qemu
from guest import ANSI

DRIVER = "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver/libvirt_driver_qemu.so"
CONFIG = """\
security_driver = "none"
cgroup_controllers = [ ]
stdio_handler = "file"
remember_owner = 0
namespaces = [ ]
"""
DOMAIN = """\
<domain type='qemu'>
  <name>headroom</name>
  <maxMemory slots='8' unit='GiB'>16</maxMemory>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='cdrom'/></os>
  <features><acpi/><apic/></features>
  <cpu mode='maximum'><numa>
    <cell id='0' cpus='0' memory='256' unit='MiB'/><cell id='1' cpus='1' memory='256' unit='MiB'/>
  </numa></cpu>
  <devices>
    <emulator>{emulator}</emulator>
    <disk type='file' device='cdrom'>
      <driver name='qemu' type='raw'/><source file='{iso}'/>
      <target dev='sda' bus='sata'/><readonly/>
    </disk>
    <serial type='unix'><source mode='bind' path='{serial}'/><target port='0'/></serial>
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
"""
DIMM = """\
<memory model='dimm'>
  <target><size unit='MiB'>{size}</size><node>{node}</node></target>{address}
</memory>
"""


class Virsh:
    """One virsh that lives as long as the test, and the guest's serial line."""

    def __init__(self, folder):
        self.folder, self.text, self.number = folder, "", 0
        (folder / "etc").mkdir()
        (folder / "etc/qemu.conf").write_text(CONFIG)
        serial = folder / "serial.sock"
        (folder / "domain.xml").write_text(DOMAIN.format(
            emulator=shutil.which("qemu-system-x86_64"), iso=qemu.image(), serial=serial))
        words = ["virsh", "-c", f"qemu:///embed?root={folder}"]
        if os.geteuid() == 0:
            words = ["unshare", "--user", *words]
        self.shell = pexpect.spawn(words[0], words[1:], encoding="utf-8", timeout=600, echo=False,
                                   dimensions=(50, 250),
                                   env=dict(os.environ, HOME=str(folder), TERM="dumb"))
        self.shell.expect("virsh # ")
        created = self.run(f"create {folder}/domain.xml")
        assert "Domain 'headroom' created" in created, created
        self.serial = socket.socket(socket.AF_UNIX)
        self.serial.connect(str(serial))
        self.serial.settimeout(5)

    def run(self, command):
        """What virsh prints for a command."""
        self.shell.sendline(command)
        self.shell.expect(r"virsh # $")
        return self.shell.before.replace("\r", "").partition(command)[2].strip() \
            or self.shell.before.replace("\r", "").strip()

    def attach(self, size, node, slot=None, base=None):
        """Attaches a DIMM; its XML file, which detach() takes."""
        path = self.folder / f"dimm-{size}-{node}-{slot}.xml"
        address = "" if slot is None else f"<address type='dimm' slot='{slot}' base='{base:#x}'/>"
        path.write_text(DIMM.format(size=size, node=node, address=address))
        said = self.run(f"attach-device headroom {path} --live")
        assert said == "Device attached successfully", said
        return path

    def detach(self, path):
        return self.run(f"detach-device headroom {path} --live")

    def memory(self):
        """What libvirt says the domain has (MiB), and how many DIMMs are in that."""
        xml = self.run("dumpxml headroom")
        return int(re.search(r"<memory unit='KiB'>(\d+)<", xml).group(1)) >> 10, \
            xml.count("<memory model='dimm'>")

    def plugged(self):
        """QEMU's own word, through libvirt."""
        said = self.run("qemu-monitor-command headroom '{\"execute\":\"query-memory-devices\"}'")
        return [d["data"] for d in json.loads(said[said.index("{"):])["return"]]

    # --- the guest's shell ------------------------------------------------------------------

    def wait(self, pattern, start=0):
        """Waits for a pattern on the serial line: for ten minutes at most without a byte."""
        silent = 0
        while not re.search(pattern, self.text[start:], re.M):
            try:
                data = self.serial.recv(65536)
            except TimeoutError:
                silent += 5
                assert silent < 600, f"no {pattern} in:\n{self.text[-3000:]}"
                continue
            assert data, f"the machine has ended:\n{self.text[-3000:]}"
            silent, self.text = 0, self.text + data.decode("latin-1")
        return re.search(pattern, self.text[start:], re.M)

    def guest(self, line):
        """(status, output) of a command of the guest's shell."""
        self.number += 1
        start, mark = len(self.text), f"echo @{self.number}:$?"
        self.serial.sendall(f"{line}; {mark}\r".encode())
        found = self.wait(rf"^@{self.number}:(\d+)\r?\n", start)
        text = ANSI.sub("", self.text[start:start + found.start()]).replace("\r", "")
        return int(found.group(1)), text.rpartition(mark)[2].strip()

    def wait_until(self, condition, what):
        for _ in range(240):
            if condition():
                return
            time.sleep(0.5)
        raise AssertionError(f"waited in vain for {what}")

    def close(self):
        self.shell.sendline("destroy headroom")
        self.shell.sendline("quit")
        self.shell.expect(pexpect.EOF)
        self.shell.close()


@pytest.fixture
def virsh(request):
    if not shutil.which("virsh") or not os.path.exists(DRIVER):
        if request.config.getoption("--full"):
            pytest.fail("virsh or libvirt's QEMU driver is not installed (tools/setup test-full)")
        pytest.skip("virsh or libvirt's QEMU driver is not installed (tools/setup test-full)")
    # libvirt makes sockets deep below its folder, and a socket's path has 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="hr", dir="/tmp") as folder:
        client = Virsh(pathlib.Path(folder))
        try:
            client.wait(r"^hr> ")
            yield client
        finally:
            client.close()


def test_attach_and_detach(virsh):
    """Memory is set up and down in cycles; all three agree on it all the time."""
    assert virsh.memory() == (512, 0)
    for cycle in range(3):
        paths = [virsh.attach(256, 1), virsh.attach(130 + 2 * cycle, 0)]
        virsh.wait_until(lambda: virsh.guest("lsdimm -J")[1].count('"name"') == 2, "two DIMMs")
        assert virsh.memory() == (512 + 256 + 130 + 2 * cycle, 2)
        assert sorted(d["node"] for d in virsh.plugged()) == [0, 1]
        dimms = json.loads(virsh.guest("lsdimm -J")[1])["dimms"]
        assert [(d["base"], d["size"], d["node"]) for d in dimms] == \
            [(d["addr"], d["size"], d["node"]) for d in virsh.plugged()]
        assert virsh.guest("online all movable")[0] == 0
        assert virsh.guest("hog start m 100M movable node=1")[0] == 0
        for path in paths:
            said = virsh.detach(path)
            assert "successfully" in said, said
        virsh.wait_until(lambda: virsh.memory() == (512, 0), "both to leave")
        assert virsh.plugged() == []
        assert virsh.guest("hog verify m; hog stop m")[0] == 0
        assert json.loads(virsh.guest("lsdimm -J")[1])["dimms"] == []
    assert "check: ok" in virsh.guest("check")[1]


def test_a_refused_detach_is_reported_as_refused(virsh):
    path = virsh.attach(256, 1)
    virsh.wait(r"dimm0, 256 MiB")
    assert virsh.guest("online dimm0 kernel")[0] == 0
    # More than the two boot nodes have: some of it can only be in the DIMM, and stay there.
    assert virsh.guest("hog start k 600M kernel order=0")[0] == 0
    for _ in range(10):
        start = len(virsh.text)
        said = virsh.detach(path)
        if "request sent" not in said:
            break
        virsh.wait("refused", start)  # the guest took longer than libvirt's five seconds
    assert "error: Failed to detach device" in said and "rejected by the guest" in said, said
    assert virsh.memory() == (768, 1)
    assert [d["slot"] for d in virsh.plugged()] == [0]
    status, events = virsh.guest("events")
    # The hog's pages, or the slab with what describes the hog: whichever is met first.
    assert status == 0
    assert re.search(r"is held by (hog:k|slab:kmalloc-\d+) \(order 0, from ", events), events
    assert virsh.guest("hog verify k; hog stop k")[0] == 0
    assert "successfully" in virsh.detach(path)
    virsh.wait_until(lambda: virsh.memory() == (512, 0), "it to leave")
