"""Several CPUs: all of them run, one that does not answer is left, and DIMMs come and go while
every CPU writes to memory."""
import os
import re
import time

import pytest

import qemu
from tables import Q35_IRQS, lapic, madt


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


def test_make_run_has_four_cpus_where_the_host_has_the_cores(monkeypatch):
    for cores, smp in ((1, 1), (2, 2), (4, 4), (64, 4), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert qemu.settings({})["smp"] == smp
        assert qemu.settings({"SMP": "3"})["smp"] == 3
    args = qemu.command_line("x.iso", **qemu.settings({"SMP": "8"}))
    assert args[args.index("-smp") + 1] == "8"


def test_maxcpus_leaves_the_rest(boot):
    guest = boot(smp=4, fw_cfg={"cmdline": "maxcpus=2"})
    assert [row["state"] for row in cpus(guest)] == ["running"] * 2 + ["not started"] * 2
    assert "smp: 2 more CPUs are left alone" in guest.ok("dmesg")
    assert guest.json("numa -J")["nodes"][0]["cpus"] == [0, 1], "those that run"


def test_sockets_without_a_cpu_are_skipped(boot):
    guest = boot(smp="2,maxcpus=4")
    states = [row["state"] for row in cpus(guest)]
    assert states[:2] == ["running"] * 2 and len(states) == 4
    assert set(states[2:]) <= {"not plugged", "disabled"}, states  # by QEMU's version


@pytest.mark.parametrize("silent", [5, 254])
def test_a_cpu_that_does_not_answer_is_said(boot, image, silent):
    """The MADT names a CPU that is not there, before one that is."""
    table = madt(lapic(0, 0), lapic(9, silent), lapic(1, 1), lapic(2, 2), *Q35_IRQS)
    guest = boot(iso=image([table]), smp=3)
    rows = {row["apic_id"]: row for row in cpus(guest)}
    assert rows[silent]["state"] == "does not answer" and "cpu" not in rows[silent]
    assert [rows[i]["cpu"] for i in (0, 1, 2)] == [0, 1, 2]
    assert guest.json("numa -J")["nodes"][0]["cpus"] == [0, 1, 2], "as `cpus` numbers them"
    assert f"the CPU with APIC id {silent} does not answer [ETIMEDOUT]" in guest.ok("dmesg")


def test_sixty_cpus_that_are_not_there_hold_the_boot_up_for_a_while_only(boot, image):
    """The one that is there is the last; 5 seconds for each would be five minutes."""
    silent = range(100, 160)
    table = madt(lapic(0, 0), *(lapic(i, i) for i in silent), lapic(1, 1), *Q35_IRQS)
    guest = boot(iso=image([table]), smp=2)
    states = {row["apic_id"]: row["state"] for row in cpus(guest)}
    assert {states.pop(0), states.pop(1)} == {"running"}
    assert list(states) == list(silent) and set(states.values()) == {"does not answer"}
    said = re.findall(r"\[ *(\d+)\.\d+\] smp: the CPU with APIC id", guest.ok("dmesg"))
    assert len(said) == len(silent) and int(said[-1]) - int(said[0]) < 5 * len(silent) // 2
    guest.check()


def start_churners(guest, smp, prefix, options):
    """A hog for each CPU, written and verified there all the time."""
    for i in range(smp):
        guest.ok(f"hog start {prefix}{i} {options[i % len(options)]}", scale=4)
        guest.ok(f"hog churn {prefix}{i} cpu={i}")


def stop_hogs(guest, smp, prefix):
    """A wrong word is an error.  How many chunks of theirs were moved."""
    hogs = guest.hogs(scale=4)
    for i in range(smp):
        guest.ok(f"hog stop {prefix}{i}", scale=4)
    return sum(hog["moves"] for name, hog in hogs.items() if name.startswith(prefix))


def eject_under_churn(boot, smp, cycles):
    guest = boot(nodes=2, smp=smp, mem="768M")
    moved, began = 0, time.monotonic()
    with guest.same_census():
        start_churners(guest, smp, "c", [f"24M movable order={o}" for o in (0, 9, 3, 0)])
        churners = {row["name"]: row for row in guest.json("threads -J")["threads"]}
        for i in range(smp):
            assert churners[f"churn:c{i}"]["affinity"] == 1 << i
        for _ in range(cycles):
            ident, name = guest.plug_named("256M", node=1)
            guest.ok(f"online {name} movable", scale=4)
            start_churners(guest, smp, "x", ["4M movable node=1"])
            guest.eject(ident, scale=8)
            moved += stop_hogs(guest, smp, "x")
        stop_hogs(guest, smp, "c")
    print(f"{cycles} ejects under churn on {smp} CPUs: {moved} pages moved,"
          f" {time.monotonic() - began:.0f} s wall")
    assert moved > cycles * smp, "the DIMMs were in use"
    rows = cpus(guest)
    assert sum(row["switches"] > 10 for row in rows) == smp, "every CPU ran threads"
    assert all(row["flushes"] > 0 for row in rows[1:]) or smp == 1


def test_a_churner_is_bound_to_a_cpu_that_runs(boot):
    guest = boot(smp=2)
    guest.ok("hog start h 4M")
    for wrong, code in (("2", "ENODEV"), ("64", "ENODEV"), ("4294967296", "ENODEV"),
                        ("x", "EINVAL")):
        guest.refused(f"hog churn h cpu={wrong}", code)
    guest.refused("hog churn h cpu=0 cpu=1", "EINVAL")
    guest.ok("hog churn h cpu=1")
    guest.refused("hog churn h cpu=0", "EALREADY")
    guest.ok("hog stop h")


@pytest.mark.parametrize("smp", [2, 4])
def test_eject_under_churn_on_every_cpu(boot, smp):
    eject_under_churn(boot, smp, 2)


@pytest.mark.full
@pytest.mark.timeout(4 * 3600)
def test_200_ejects_under_churn(boot):
    eject_under_churn(boot, 4, 200)


def test_taskset(boot):
    guest = boot(smp=4)

    def shell(prefix):
        rows = guest.json(f"{prefix} threads -J")["threads"]
        row = next(row for row in rows if row["name"] == "shell")
        return row["cpu"], row["affinity"]

    for cpu in (3, 0, 2):
        assert shell(f"taskset -c {cpu}") == (cpu, 1 << cpu)
    cpu, affinity = shell("taskset -c 1-3 taskset -c 0-1,3")
    assert cpu in (0, 1, 3) and affinity == 0b1011
    assert shell("")[1] == 0b1111
    for wrong, code in (("4", "ENODEV"), ("4-63", "ENODEV"), ("64", "EINVAL"), ("2-1", "EINVAL"),
                        ("0,,1", "EINVAL"), ("a", "EINVAL"), ("0-", "EINVAL")):
        guest.refused(f"taskset -c {wrong} echo", code)
    guest.refused("taskset 1 echo", "EINVAL")
    assert shell("")[1] == 0b1111


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
