"""tools/bench_machine.py - a Headroom machine whose instructions are counted."""
import os
import re
import sys

import qemu
from guest import Guest

ICOUNT = ["-icount", "shift=0,sleep=off"]
OUT = os.path.join(qemu.ROOT, "build/bench")


class Failed(Exception):
    """Something could not be measured."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Machine(Guest):
    """A guest whose instructions are counted."""

    def __init__(self, name, **machine):
        os.makedirs(OUT, exist_ok=True)
        super().__init__(log=os.path.join(OUT, f"{name}.log"), smp=1, extra=ICOUNT,
                         **{"maxmem": "256G", **machine})
        self.wait_prompt()
        self.seen = -1

    def cycles(self, kind, outcome="ok"):
        """The instructions of the last event of this kind since the last call."""
        found = None
        for event in self.json("events -J")["events"]:
            if event["seq"] > self.seen:
                self.seen = event["seq"]
                if event["kind"] == kind and event["cycles"]:
                    found = event
        if found is None or found["outcome"] != outcome:
            raise Failed(f"no event {kind} with outcome {outcome}, but {found}")
        return found["cycles"]

    def all_cycles(self, kind):
        """{device: instructions} of the events of this kind since the last call."""
        found = {}
        for event in self.json("events -J", scale=4)["events"]:
            if event["seq"] > self.seen:
                self.seen = event["seq"]
                if event["kind"] == kind and event["cycles"]:
                    if event["outcome"] != "ok":
                        raise Failed(f"{kind} of {event['device']}: {event}")
                    found[event["device"]] = event["cycles"]
        return found

    def measured(self, command, kind, scale=4):
        self.ok(command, scale)
        return self.cycles(kind)

    def timed(self, command):
        """The instructions of a shell command, what it prints included."""
        text = self.ok(f"time {command}", scale=4)
        return int(re.search(r"^time: (\d+) ticks", text, re.M).group(1))

    def all_names(self):
        """The devices that the kernel has, by name."""
        return [dimm["name"] for dimm in self.lsdimm()]

    def memory(self):
        return self.json("free -J")["memory"]

    def dimm(self, size):
        """Plugs a DIMM; its id and the kernel's view of it."""
        ident = self.plug(size, backing="memfd")
        return ident, self.dimm_at(self.memory_devices()[ident]["addr"])

    def eject(self, ident):
        mark = self.qmp.mark()
        self.ok(f"eject {self.name_of(ident)}", 4)
        self.gone(ident, mark)
