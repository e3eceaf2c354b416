"""Several CPUs: all of them run, one that does not answer is left, and DIMMs come and go while
every CPU writes to memory."""
import os
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests/firmware"))

# pylint: disable=wrong-import-position
import iso as firmware_iso  # noqa: E402
from tables import ioapic, lapic, madt, override  # noqa: E402

Q35_IRQS = (ioapic(0, 0xFEC00000, 0), override(0, 2, 0), override(5, 5, 13), override(9, 9, 13),
            override(10, 10, 13), override(11, 11, 13))


def cpus(guest):
    return guest.json("cpus -J")["cpus"]


@pytest.mark.parametrize("machine", ["q35", "pc"])
@pytest.mark.parametrize("smp", [1, 2, 4, 8])
def test_all_cpus_run(boot, machine, smp):
    guest = boot(machine=machine, smp=smp)
    rows = cpus(guest)
    assert [row["cpu"] for row in rows] == list(range(smp))
    assert {row["state"] for row in rows} == {"running"}
    guest.wait_until(lambda: all(row["ticks"] > 0 for row in cpus(guest)), "a tick on each CPU")


def test_maxcpus_leaves_the_rest(boot):
    guest = boot(smp=4, fw_cfg={"cmdline": "maxcpus=2"})
    assert [row["state"] for row in cpus(guest)] == ["running"] * 2 + ["not started"] * 2
    assert "smp: 2 more CPUs are left alone" in guest.ok("dmesg")


def test_sockets_without_a_cpu_are_skipped(boot):
    guest = boot(smp="2,maxcpus=4")
    states = [row["state"] for row in cpus(guest)]
    assert states[:2] == ["running"] * 2 and len(states) == 4
    assert set(states[2:]) <= {"not plugged", "disabled"}, states  # by QEMU's version


@pytest.mark.parametrize("silent", [5, 254])
def test_a_cpu_that_does_not_answer_is_said(boot, tmp_path, silent):
    """The MADT names a CPU that is not there, before one that is."""
    base = os.environ.get("HEADROOM_ISO", os.path.join(ROOT, "build/headroom.iso"))
    table = madt(lapic(0, 0), lapic(9, silent), lapic(1, 1), lapic(2, 2), *Q35_IRQS)
    guest = boot(iso=firmware_iso.make(base, str(tmp_path / "silent.iso"), [table]), smp=3)
    rows = {row["apic_id"]: row for row in cpus(guest)}
    assert rows[silent]["state"] == "does not answer" and "cpu" not in rows[silent]
    assert [rows[i]["cpu"] for i in (0, 1, 2)] == [0, 1, 2]
    assert f"the CPU with APIC id {silent} does not answer [ETIMEDOUT]" in guest.ok("dmesg")


def churn_everywhere(guest, smp):
    """As many hogs as CPUs, all written to all the time."""
    for i in range(smp):
        guest.ok(f"hog start c{i} 24M movable order={(0, 9, 3, 0)[i % 4]}")
        guest.ok(f"hog churn c{i}")


def end_churn(guest, smp):
    for i in range(smp):
        guest.ok(f"hog stop c{i}", scale=4)  # a wrong word is an error


def eject_under_churn(boot, smp, cycles):
    guest = boot(nodes=2, smp=smp, mem="768M")
    with guest.same_census():
        churn_everywhere(guest, smp)
        for _ in range(cycles):
            ident, name = guest.plug_named("256M", node=1)
            guest.ok(f"online {name} movable", scale=4)
            for i in range(smp):
                guest.ok(f"hog start x{i} 16M movable node=1", scale=4)
                guest.ok(f"hog churn x{i}")
            guest.eject(ident, scale=8)
            for i in range(smp):
                guest.ok(f"hog stop x{i}", scale=4)
        end_churn(guest, smp)
    rows = cpus(guest)
    assert sum(row["switches"] > 10 for row in rows) == smp, "every CPU ran threads"
    assert all(row["flushes"] > 0 for row in rows[1:]) or smp == 1


@pytest.mark.parametrize("smp", [2, 4])
def test_eject_under_churn_on_every_cpu(boot, smp):
    eject_under_churn(boot, smp, 2)


@pytest.mark.full
def test_200_ejects_under_churn(boot):
    eject_under_churn(boot, 4, 200)


def test_panic_shows_every_cpu(boot):
    guest = boot(smp=4, expect_trouble=True)
    guest.ok("hog start busy 4M")
    guest.ok("hog churn busy")
    start = len(guest.text)
    guest.send("provoke null\r")
    guest.expect(r"^panic> ", start=start, panic_ok=True)
    report = guest.text[start:]
    assert report.count("thread: shell, cpu ") == 1
    assert len([line for line in report.splitlines() if line.startswith("cpu ")]) == 3, report
    assert "thread churn:busy" in report
    start = len(guest.text)
    guest.send("cpus\r")
    guest.expect(r"running.*^panic> ", start=start, panic_ok=True)
