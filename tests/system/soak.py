"""The soak: DIMMs come, are used, and go, in cycles drawn from a seed.

A cycle: plug one to four DIMMs of random sizes into random nodes, put them online in random
zones, fill hogs of random orders in them, take memory offline under those hogs while they are
written, verify every word, and eject everything in random order, half of it by the host.  After
each cycle the census and `check` must say that nothing is left of it.

A refusal for want of room (ENOSPC, ENOMEM) is an answer: it is counted, and what was refused must
have changed nothing.  Any other error, a wrong word, a lost page ends the cycle as a failure.

Cycle N of a seed draws the same numbers whether or not the ones before it ran.
"""
import random
import re

from harness import (BLOCK, GIB, MIB, OST_INSERT, OST_NO_ROOM, OST_SUCCESS, PAGE, eject_answer)

NODES = 2
MACHINE = {"mem": "512M", "slots": 16, "maxmem": "64G", "nodes": NODES}
NO_ROOM = re.compile(r"\[(ENOSPC|ENOMEM)\]")
ORDERS = (0, 0, 0, 1, 2, 3, 5, 8, 9, 9, 12, 15)
FULL_PATTERN = 12 * MIB  # a hog with every word written; larger ones get a stride
ROOM = 24 * MIB          # of boot memory, that hogs leave free


class SoakError(Exception):
    """Something was not as it must be after a cycle, or in it."""


class Dimm:
    """A DIMM that this cycle has plugged."""

    def __init__(self, ident, name, size, head, zone):
        self.ident, self.name, self.size, self.head, self.zone = ident, name, size, head, zone


class Soak:
    """One machine and its cycles; the figures are in `counts`."""

    def __init__(self, guest, seed):
        self.guest, self.seed, self.rng = guest, seed, None
        self.counts = dict.fromkeys(("plugged", "bytes", "hogs", "moved", "refused", "ejected"), 0)
        self.lost = 0
        self.dimms, self.hogs, self.serial = [], [], 0

    # --- what is drawn -------------------------------------------------------------------------

    def draw_size(self):
        """Small, odd by 2 MiB, whole blocks, large."""
        rng = self.rng
        return rng.choice((lambda: 2 * MIB * rng.randint(1, 32),
                           lambda: 2 * MIB * rng.randint(1, 400),
                           lambda: BLOCK * rng.randint(1, 8),
                           lambda: GIB * rng.randint(1, 3) + 2 * MIB * rng.randint(0, 65)))()

    def maybe(self, chance):
        return self.rng.random() < chance

    # --- commands ------------------------------------------------------------------------------

    def tried(self, command, scale=4):
        """Runs what may be refused for want of room; whether it was done."""
        status, text = self.guest.run(command, scale)
        if status == 0:
            return True
        if not NO_ROOM.search(text):
            raise SoakError(f"'{command}' gave status {status}:\n{text}")
        self.counts["refused"] += 1
        return False

    def plug(self):
        guest, size, node = self.guest, self.draw_size(), self.rng.randrange(NODES)
        mark = guest.qmp.mark()
        ident = guest.plug(size, node=node, wait=False)
        data = guest.memory_devices()[ident]
        ost = guest.ost(mark, slot=str(data["slot"]), source=OST_INSERT)
        seen = guest.dimm_at(data["addr"])
        if ost["status"] != OST_SUCCESS or not seen:
            raise SoakError(f"{ident} of {size // MIB}M: _OST {ost}, the kernel shows {seen}")
        if (seen["size"], seen["node"]) != (size, node):
            raise SoakError(f"{ident} is {size} bytes of node {node}; the kernel shows {seen}")
        # Kernel memory that outlives the cycle may lie in Normal: it would keep the DIMM.
        zone = "kernel" if self.maybe(0.2) else "movable"
        self.dimms.append(Dimm(ident, seen["name"], size, seen["head"], zone))
        self.counts["plugged"] += 1
        self.counts["bytes"] += size

    def online(self, dimm):
        if self.maybe(0.3):  # in two halves
            base = self.guest.memory_devices()[dimm.ident]["addr"]
            # Of a DIMM within one block the border lies below it, where another DIMM may be.
            middle = max(base, (base + self.rng.randrange(dimm.size)) // BLOCK * BLOCK)
            for start, end in ((base, middle), (middle, base + dimm.size)):
                if start < end and end - start > dimm.head:
                    self.guest.ok(f"online {start:#x}-{end:#x} {dimm.zone} -k", 2)
        status, text = self.guest.run(f"online {dimm.name} {dimm.zone}", 2)
        if status != 0 and "[EALREADY]" not in text:
            raise SoakError(f"online {dimm.name}: {text}")

    def start_hog(self):
        rng, free = self.rng, self.guest.free()["free"]
        order = rng.choice(ORDERS)
        chunk = PAGE << order
        most = min(free - ROOM, 400 * MIB) // chunk
        if most < 1:
            return
        size = chunk * max(1, int(most * rng.random() ** 2))
        stride = "" if size <= FULL_PATTERN else " stride=4K"
        zone = "movable" if self.maybe(0.9) else "kernel"
        node = f" node={rng.randrange(NODES)}" if self.maybe(0.3) else ""
        name = f"h{self.serial}"
        self.serial += 1
        command = f"hog start {name} {size // 1024}K {zone} order={order}" \
                  f" seed={rng.randrange(1 << 32)}{node}{stride}"
        if not self.tried(command):
            taken = free - self.guest.free()["free"]
            if taken:
                raise SoakError(f"refused '{command}' took {taken} bytes")
            return
        self.hogs.append(name)
        self.counts["hogs"] += 1
        if zone == "movable" and self.maybe(0.3):
            self.guest.ok(f"hog share {name}")
        if zone == "movable" and self.maybe(0.4):
            self.guest.ok(f"hog churn {name}")

    def offline_under_use(self, dimm):
        """Moves what is in a DIMM while it is used; then the memory comes back, or stays off."""
        states = self.guest.states(dimm.name)
        if not self.is_online(dimm):
            return
        if not self.tried(f"offline {dimm.name}", 8):
            if self.guest.states(dimm.name) != states:
                raise SoakError(f"a refused offline of {dimm.name} changed {states} to"
                                f" {self.guest.states(dimm.name)}")
        elif self.maybe(0.7):
            self.guest.ok(f"online {dimm.name} {dimm.zone}", 2)

    def is_online(self, dimm):
        return next(d["blocks_online"] for d in self.guest.lsdimm() if d["name"] == dimm.name) > 0

    def stop_hogs(self, names):
        for name in names:
            self.guest.ok(f"hog verify {name}", 8)
            self.counts["moved"] += self.guest.hogs()[name]["moves"]
            self.guest.ok(f"hog stop {name}", 4)
            self.hogs.remove(name)

    def host_answer(self, slot, mark):
        """The last word on the host's request for a slot."""
        return self.guest.wait_until(lambda: eject_answer(self.guest, slot, mark),
                                     f"an answer for slot {slot}", 3000, 0.1)[0]

    def eject(self, dimm):
        """By the shell or by the host; False if there was no room for what it holds."""
        guest, mark = self.guest, self.guest.qmp.mark()
        if self.maybe(0.5):
            if not self.tried(f"eject {dimm.name}", 8):
                return False
        else:
            slot = str(guest.memory_devices()[dimm.ident]["slot"])
            guest.unplug(dimm.ident)
            answer = self.host_answer(slot, mark)
            if answer == OST_NO_ROOM:
                self.counts["refused"] += 1
                return False
            if answer != OST_SUCCESS:
                raise SoakError(f"the host's request for {dimm.name} was answered by {answer:#x}")
        guest.gone(dimm.ident, mark)
        self.dimms.remove(dimm)
        self.counts["ejected"] += 1
        return True

    # --- a cycle -------------------------------------------------------------------------------

    def use(self):
        rng = self.rng
        for _ in range(rng.randint(1, 4)):
            self.start_hog()
        for dimm in rng.sample(self.dimms, min(len(self.dimms), rng.randint(1, 2))):
            if dimm.zone == "movable":
                self.offline_under_use(dimm)
        self.stop_hogs(rng.sample(self.hogs, rng.randint(0, len(self.hogs))))

    def leave(self):
        """One DIMM while hogs remain, where it can; the others when they are gone."""
        rng = self.rng
        movable = [dimm for dimm in self.dimms if dimm.zone == "movable" and self.is_online(dimm)]
        if movable and self.maybe(0.5):
            dimm = rng.choice(movable)
            if self.tried(f"offline {dimm.name} -n"):
                self.eject(dimm)
        self.stop_hogs(rng.sample(self.hogs, len(self.hogs)))
        for dimm in rng.sample(self.dimms, len(self.dimms)):
            if not self.eject(dimm):
                raise SoakError(f"{dimm.name} has no room for its contents, and no hog runs")

    def cycle(self, number):
        """Cycle `number` of the seed.  SoakError, GuestError, AssertionError: it failed."""
        self.rng = random.Random(f"{self.seed}/{number}")
        before = self.guest.census()
        for _ in range(self.rng.randint(1, 4)):
            self.plug()
        for dimm in self.dimms:
            if not self.maybe(0.05):  # some stay offline
                self.online(dimm)
        self.use()
        self.leave()
        self.compare(before, self.guest.census())
        self.guest.check()

    def compare(self, before, after):
        self.lost += abs(before["free"]["free"] - after["free"]["free"]) // PAGE
        wrong = [key for key in before if before[key] != after[key]]
        if wrong:
            raise SoakError("the census differs:\n" + "\n".join(
                f"  {key}: {before[key]} became {after[key]}" for key in wrong))

    def run(self, cycles, first=1, report=None):
        """The numbers of cycles done; the first failure ends it by its exception."""
        for number in range(first, first + cycles):
            self.cycle(number)
            if report:
                report(number)
        return cycles
