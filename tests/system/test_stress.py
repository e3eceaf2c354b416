"""`stress` on all CPUs, by itself and while the host plugs DIMMs and asks for them back."""
import random
import re
import time

import pytest

from harness import OST_INSERT, OST_SUCCESS, eject_answer

SIZES = ("128M", "130M", "256M", "384M", "512M")
MOST = 4  # DIMMs plugged at once
FIGURES = re.compile(r"stress: ok: (?P<threads>\d+) threads on (?P<cpus>\d+) CPUs,"
                     r" (?P<operations>\d+) operations, \S+ verified, (?P<maps>\d+) maps,"
                     r" (?P<drains>\d+) drains, (?P<offlines>\d+) offlines and"
                     r" (?P<refused>\d+) refused")


def figures(text):
    return {name: int(value) for name, value in FIGURES.search(text).groupdict().items()}


class Host:
    """Plugs and asks back, in bursts; every request must be answered."""

    def __init__(self, guest, seed):
        self.guest, self.random = guest, random.Random(seed)
        self.there = []
        self.plugs = self.ejects = self.refusals = 0

    def plug(self):
        mark = self.guest.qmp.mark()
        burst = [self.guest.plug(self.random.choice(SIZES), node=self.random.randrange(2),
                                 wait=False)
                 for _ in range(self.random.randint(1, MOST - len(self.there)))]
        devices = self.guest.memory_devices()
        for ident in burst:
            slot = str(devices[ident]["slot"])
            assert self.guest.ost(mark, source=OST_INSERT, slot=slot)["status"] == OST_SUCCESS
        self.there += burst
        self.plugs += len(burst)

    def ask_back(self, count):
        devices = self.guest.memory_devices()
        mark = self.guest.qmp.mark()
        burst = self.random.sample(self.there, count)
        for ident in burst:
            self.guest.unplug(ident)
        for ident in burst:
            slot = str(devices[ident]["slot"])
            status = self.guest.wait_until(lambda slot=slot: eject_answer(self.guest, slot, mark),
                                           f"an answer for {ident}", tries=6000, pause=0.05)[0]
            if status != OST_SUCCESS:
                self.refusals += 1
                continue
            self.guest.gone(ident, mark)
            self.there.remove(ident)
            self.ejects += 1

    def round(self):
        if len(self.there) < MOST and (not self.there or self.random.random() < 0.5):
            self.plug()
        else:
            self.ask_back(self.random.randint(1, len(self.there)))

    def take_all_back(self):
        while self.there:
            self.ask_back(len(self.there))


def stress_while_dimms_come_and_go(boot, seconds, seed):
    """They go online by themselves; stress takes their blocks off line and back meanwhile."""
    guest = boot(nodes=2, smp=4, fw_cfg={"cmdline": "memhp_default_state=online_movable"})
    began = time.monotonic()
    with guest.same_census():
        host = Host(guest, seed)
        start = len(guest.text)
        guest.send(f"stress {seconds} seed={seed}\r")
        while "stress: ok" not in guest.text[start:]:
            assert "error: stress" not in guest.text[start:], guest.text[start:]
            host.round()
        guest.expect(r"^hr> $", start=start)
        done = figures(guest.text[start:])
        host.take_all_back()
    print(f"seed {seed}: {time.monotonic() - began:.0f} s wall, {host.plugs} plugs,"
          f" {host.ejects} ejects, {host.refusals} requests refused; {done}")
    assert host.plugs == host.ejects > 0
    assert done["operations"] > 0 and done["maps"] > 0 and done["drains"] > 0
    return done


def test_stress_uses_every_cpu(boot):
    guest = boot(smp=4)
    done = figures(guest.ok("stress 5 seed=7", scale=4))
    assert done["threads"] == 14 and done["cpus"] == 4
    assert all(row["switches"] > 0 for row in guest.json("cpus -J")["cpus"])


def test_blocks_come_back_from_stress(boot):
    """An administrator's part of it: they go and come, and all are where they were."""
    guest = boot(nodes=2, smp=4)
    ident, name = guest.plug_named("512M", node=1)
    guest.ok(f"online {name} movable", scale=2)
    with guest.same_census():
        assert figures(guest.ok("stress 5 seed=3", scale=4))["offlines"] > 0
    guest.eject(ident, scale=4)


def test_stress_while_dimms_come_and_go(boot):
    stress_while_dimms_come_and_go(boot, 5, 1)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10))
def test_stress_for_a_minute_while_dimms_come_and_go(boot, seed):
    assert stress_while_dimms_come_and_go(boot, 60, seed)["offlines"] > 0
