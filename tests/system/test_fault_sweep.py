"""Fault injection: the sweep over every site, and `fault` as a user has it."""
import re

import pytest

from harness import MIB, offline_bytes


def sweep(guest):
    text = guest.ok("selftest fault", scale=8)
    survived, sites = re.search(r"^(\d+) of (\d+) sites survived\r?$", text, re.M).groups()
    assert survived == sites and int(sites) > 10, text
    assert "# SKIP" not in text
    return text


def test_sweep_at_odd_addresses(boot):
    """A DIMM of 130 MiB pushes the others off every natural boundary."""
    guest = boot()
    for size in ("130M", "1G", "256M"):
        guest.plug(size)
    guest.ok("online dimm0 movable")
    assert any(dimm["base"] % (128 * MIB) != 0 for dimm in guest.lsdimm())
    with guest.same_census():
        sweep(guest)
    guest.check()


@pytest.mark.full
@pytest.mark.parametrize("machine", [
    {"cpu": "qemu64"}, {"nodes": 2, "smp": 2}, {"machine": "pc", "mem": "128M"}], ids=str)
def test_sweep_elsewhere(boot, machine):
    guest = boot(**machine)
    for size in ("1G", "130M"):
        guest.plug(size)
    sweep(guest)
    guest.check()


def beside_load(guest, pattern):
    """The same with threads on every CPU that allocate, map and verify; faults are not theirs."""
    text = guest.ok(f"selftest -b {pattern}", scale=30)
    load = re.search(r"^# beside (\d+) threads on (\d+) CPUs, (\d+) operations$", text, re.M)
    threads, ncpus, operations = map(int, load.groups())
    assert threads == ncpus + 1 and ncpus == 4 and operations > threads, text
    assert "# SKIP" not in text
    return text


def test_faults_beside_load(boot):
    """The quick operations; all of them in the full suite."""
    guest = boot(nodes=2, smp=4)
    guest.plug("130M", node=1)
    with guest.same_census():
        assert "online of dimm0: " in beside_load(guest, "fault.online")


@pytest.mark.full
@pytest.mark.timeout(2 * 3600)
def test_sweep_beside_load(boot):
    guest = boot(nodes=2, smp=4)
    for size in ("130M", "256M"):
        guest.plug(size, node=1)
    with guest.same_census():
        text = beside_load(guest, "fault")
    survived, sites = re.search(r"^(\d+) of (\d+) sites survived\r?$", text, re.M).groups()
    assert survived == sites and int(sites) > 10, text


def test_without_a_dimm_the_sweep_says_so(boot):
    text = boot().run("selftest fault")[1]
    assert "SKIP no DIMM is plugged and offline" in text
    assert "sites survived" not in text


def test_fault_by_hand(boot):
    guest = boot()
    _, name = guest.plug_named("1G")
    with guest.same_census():
        guest.ok("fault online_check 3")
        error = guest.refused(f"online {name}", "EIO")
        assert "0x" in error and "fault injection" in error
    guest.ok(f"online {name} movable")  # once is once
    guest.ok("hog start h 8M movable order=9")
    guest.ok("fault migrate_isolate 1 always")
    assert "hog:h" in guest.refused(f"offline {name}", "EBUSY", scale=4)
    armed = {row["site"]: row for row in guest.json("fault list -J")["sites"]}["migrate_isolate"]
    assert armed["always"] and armed["failed"] >= 4
    guest.ok("fault migrate_isolate off")
    guest.ok(f"offline {name}", scale=4)
    guest.ok("hog verify h; hog stop h")
    assert guest.free()["hotpluggable"] == offline_bytes(guest.lsdimm()[0])


def test_a_veto_names_the_listener(boot):
    guest = boot()
    _, name = guest.plug_named("256M")
    for command in (f"online {name}", f"offline {name}", f"eject {name}"):
        with guest.same_census():
            guest.ok("fault listener 1")
            assert "listener: pfn 0x" in guest.refused(command, "EBUSY")
        events = guest.json("events -J")["events"]
        assert (events[-1]["kind"], events[-1]["outcome"]) == (command.split()[0], "EBUSY")
        if not command.startswith("eject"):
            guest.ok(command, scale=2)


@pytest.mark.parametrize("nth,site", [(1, "eject_firmware"), (2, "listener")])
def test_an_eject_that_fails_late_brings_all_back(boot, nth, site):
    """The firmware keeps it, or a listener speaks up after the offline: blocks and zones return."""
    guest = boot()
    ident, name = guest.plug_named("1G")
    block = guest.lsdimm()[0]["base"] // (128 * MIB)
    guest.ok(f"online memory{block + 2} kernel; online memory{block + 3}-{block + 5} movable")
    with guest.same_census():
        guest.ok(f"fault {site} {nth}")
        guest.refused(f"eject {name}")
        assert ident in guest.memory_devices()
    guest.ok("fault off")
    guest.eject(ident)


def test_wrong_words(boot):
    guest = boot()
    for command, status, code in (("fault", 2, "EINVAL"), ("fault add_head", 2, "EINVAL"),
                                  ("fault add_head 0", 2, "EINVAL"),
                                  ("fault add_head x", 2, "EINVAL"),
                                  ("fault add_head 1 ever", 2, "EINVAL"),
                                  ("fault no_such_site 1", 1, "ENOENT")):
        got, text = guest.run(command)
        assert got == status and f"[{code}]" in text, (command, text)


def test_keep_going_puts_the_rest_online(boot):
    """One block of eight is refused: without -k nothing is done, with it the other seven are."""
    guest = boot()
    _, name = guest.plug_named("1G")
    guest.ok("fault online_check 3")
    guest.refused(f"online {name}", "EIO")
    assert guest.lsdimm()[0]["blocks_online"] == 0
    guest.ok("fault online_check 3")
    guest.refused(f"online {name} -k", "EIO")
    assert guest.lsdimm()[0]["blocks_online"] == 7
    guest.ok(f"offline {name}")
    left = sum(state == "offline" for *_, state in guest.states(name))
    assert left >= 7  # with KASAN, the first block is all head
    guest.ok("fault online_check 1 always")
    status, text = guest.run(f"online {name} -k")
    assert status == 1 and f"online: {name}: 0 blocks, 0B, {left} refused" in text, text
    guest.ok("fault off")
    guest.ok(f"online {name}")
    assert guest.lsdimm()[0]["blocks_online"] == 8
