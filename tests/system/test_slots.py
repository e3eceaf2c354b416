"""Every slot in use: filled one by one, at once and before the guest runs, emptied in any order.

DIMMs of 2 MiB to 256 MiB in steps of 2 MiB, so that QEMU packs them at odd places and each goes
into a hole that another left.  Every insertion and every ejection must be answered by _OST, as
QEMU tells it: an event that got lost shows as an answer that never comes.

The order and the sizes come from a seed, which is printed; SLOTS_SEED sets it.
"""
import os
import random

import pytest

from harness import MIB, OST_EJECT, OST_INSERT, OST_PENDING, OST_SUCCESS

OST_FOUND = 0x200     # insertion processing without a Notify: found at boot
OST_EJECTION = 0x103  # ejection that the guest started
SEED = int(os.environ.get("SLOTS_SEED", "20261122"))
USED = 1024  # MiB, at most
SIZES = [2, 4, 6, 10, 30, 62, 64, 66, 126, 128, 130, 254, 256]  # MiB


class Slots:
    """A machine's slots and what is in them: {slot: (QEMU's id, bytes)}."""

    def __init__(self, guest, count, rng):
        self.guest, self.count, self.rng = guest, count, rng
        self.held = {}
        self.plugged = 0

    def empty(self):
        return [slot for slot in range(self.count) if slot not in self.held]

    def plug(self, slot):
        """Plugs a DIMM of a drawn size into `slot`; waits for nothing."""
        size = self.rng.choice(SIZES) * MIB
        ident = f"s{slot}-{self.plugged}"
        self.plugged += 1
        self.guest.plug(size, ident=ident, slot=slot, backing="memfd", wait=False)
        self.held[slot] = (ident, size)

    def answered(self, mark, slots, sources):
        """Every one of these slots got its _OST success from one of `sources`; none a refusal."""
        def infos():
            return [event["data"]["info"] for event in self.guest.qmp.events[mark:]
                    if event["event"] == "ACPI_DEVICE_OST"]

        def missing():
            return set(slots) - {int(info["slot"]) for info in infos()
                                 if info["source"] in sources and info["status"] == OST_SUCCESS}

        self.guest.wait_until(lambda: not missing(), f"_OST of {len(slots)} slots",
                              tries=6000, pause=0.1)
        bad = [info for info in infos() if info["status"] not in (OST_SUCCESS, OST_PENDING)]
        assert not bad, f"refused: {bad[:5]}"

    def fill_one_by_one(self):
        for slot in self.rng.sample(self.empty(), len(self.empty())):
            mark = self.guest.qmp.mark()
            self.plug(slot)
            self.answered(mark, [slot], [OST_INSERT, OST_FOUND])

    def fill_at_once(self):
        """All are there before the guest runs another instruction."""
        mark = self.guest.qmp.mark()
        slots = self.rng.sample(self.empty(), len(self.empty()))
        self.guest.qmp.command("stop")
        for slot in slots:
            self.plug(slot)
        self.guest.qmp.command("cont")
        self.answered(mark, slots, [OST_INSERT, OST_FOUND])

    def left(self, mark, slot):
        """The DIMM of `slot` left QEMU."""
        ident = self.held.pop(slot)[0]
        self.guest.gone(ident, mark, timeout=600)

    def empty_one_by_one(self, slots):
        """The guest gives them up, in a drawn order."""
        for slot in self.rng.sample(slots, len(slots)):
            mark = self.guest.qmp.mark()
            self.guest.ok(f"eject dimm{slot}", scale=4)
            self.left(mark, slot)
            self.answered(mark, [slot], [OST_EJECTION])

    def empty_at_once(self, slots):
        """The host asks for all before the guest runs again."""
        order = self.rng.sample(slots, len(slots))
        mark = self.guest.qmp.mark()
        self.guest.qmp.command("stop")
        for slot in order:
            self.guest.qmp.command("device_del", id=self.held[slot][0])
        self.guest.qmp.command("cont")
        for slot in order:
            self.left(mark, slot)
        self.answered(mark, order, [OST_EJECT])

    def agree(self):
        """QEMU and the kernel see the same DIMMs at the same places."""
        qemu = {(d["slot"], d["addr"], d["size"]) for d in self.guest.memory_devices().values()}
        kernel = {(d["slot"], d["base"], d["size"]) for d in self.guest.lsdimm()}
        assert qemu == kernel
        assert {slot for slot, _, _ in qemu} == set(self.held)

    def use(self):
        """All online, and a hog in them, of USED at most: the host pays for its pages."""
        self.guest.ok("online all movable", scale=8)
        assert all(d["state"] == "online" for d in self.guest.lsdimm())
        room = min(sum(size for _, size in self.held.values()) // 2 // MIB, USED)
        self.guest.ok(f"hog start h {room}M movable stride=4K", scale=8)
        self.guest.ok("hog verify h", scale=8)
        self.guest.check()
        self.guest.ok("hog stop h", scale=8)


def machine(boot, count, **kw):
    print(f"{count} slots, seed {SEED}")
    return boot(mem="256M", slots=count, maxmem=f"{256 + 512 * count // 2}M", **kw)


def run(guest, slots, rounds, fill, empty):
    """Fill, use, empty a half, fill the holes, use, empty: `rounds` times."""
    with guest.same_census():
        before = guest.reserves()
        for _ in range(rounds):
            fill(slots)
            slots.agree()
            slots.use()
            half = slots.rng.sample(sorted(slots.held), slots.count // 2)
            empty(slots, half)
            slots.agree()
            fill(slots)
            slots.agree()
            slots.use()
            empty(slots, sorted(slots.held))
            slots.agree()
            guest.check()
        after = guest.reserves()
        assert after["tables_free"] == before["tables_free"] == after["tables"]
        assert after["tables_low"] < after["tables"]
        assert (after["foreign_allocations"], after["arena_refused"]) == (0, 0)
        print(f"{slots.plugged} DIMMs; page tables of the pool: at most"
              f" {after['tables'] - after['tables_low']} of {after['tables']};"
              f" arena: at most {after['arena_peak'] >> 10} of {after['arena'] >> 10} KiB")


FEW = pytest.param(24, 1)
MANY = pytest.param(256, 3, marks=pytest.mark.full)


@pytest.mark.parametrize("count,rounds", [FEW, MANY])
def test_one_by_one(boot, count, rounds):
    guest = machine(boot, count)
    run(guest, Slots(guest, count, random.Random(SEED)), rounds,
        Slots.fill_one_by_one, Slots.empty_one_by_one)


@pytest.mark.parametrize("count,rounds", [FEW, MANY])
def test_at_once(boot, count, rounds):
    guest = machine(boot, count)
    run(guest, Slots(guest, count, random.Random(SEED + 1)), rounds,
        Slots.fill_at_once, Slots.empty_at_once)


@pytest.mark.parametrize("count", [24, pytest.param(256, marks=pytest.mark.full)])
@pytest.mark.parametrize("where", ["q35", "pc"])
def test_before_the_guest_runs(boot, count, where):
    """Plugged before the first instruction of the firmware: found by looking, and answered."""
    guest = machine(boot, count, machine=where, paused=True, prompt=False)
    slots = Slots(guest, count, random.Random(SEED + 2))
    mark = guest.qmp.mark()
    for slot in range(count):
        slots.plug(slot)
    guest.qmp.command("cont")
    guest.wait_prompt(scale=4)
    slots.answered(mark, range(count), [OST_FOUND, OST_INSERT])
    slots.agree()
    slots.use()
    slots.empty_at_once(sorted(slots.held))
    slots.fill_at_once()
    slots.agree()
    assert guest.reserves()["foreign_allocations"] == 0
