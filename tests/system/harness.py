"""The Machine of the system tests: a Guest (tools/guest.py) with a census and a last check."""
import contextlib
import os
import re

# The tests have all of these from here.
from constants import (BLOCK, DESCRIPTOR, DIRECT_MAP, GIB, KMAP, KMAP_END, MIB,  # noqa: F401
                       PAGE, TIB, VMEMMAP)
from guest import TROUBLE, Guest, GuestError

# Is the kernel under test one with the checks of CONFIG_DEBUG?
ISO = os.environ.get("HEADROOM_ISO", "")
DEBUG_BUILD = re.search(r"/build/(?:llvm/)?(?!llvm/)[a-z]+/", ISO) is not None
# ... and the address sanitizer's?  There an eighth of each DIMM is shadow, in its head.
KASAN_BUILD = "/kasan/" in ISO
UBSAN_BUILD = "/ubsan/" in ISO
GCOV_BUILD = "/gcov/" in ISO
SHADOW_SHARE = 8
# -m with which SeaBIOS and GRUB still hand over, and the kernel has room for itself and its shadow.
SMALLEST = "19M" if KASAN_BUILD else "8M" if UBSAN_BUILD or GCOV_BUILD else "6M"

# _OST source events and status codes [ACPI 6.5 6.3.5].
OST_INSERT, OST_EJECT = 1, 3
OST_SUCCESS, OST_FAILURE, OST_PENDING = 0, 1, 0x84
OST_IN_USE, OST_BUSY, OST_NO_ROOM = 0x81, 0x82, 0x83


def head_arrays(size):
    """Bytes that a DIMM of `size` bytes has in its head for each of its bytes: memmap, shadow."""
    return size // PAGE * DESCRIPTOR + (size // SHADOW_SHARE if KASAN_BUILD else 0)


def offline_bytes(dimm):
    """What `free` counts as hotpluggable of a DIMM (of lsdimm()) of whole blocks that is offline:
    a block that is all head has nothing to be put online."""
    return dimm["size"] - dimm["head"] // BLOCK * BLOCK


class Machine(Guest):
    """One machine under test."""

    expect_trouble = False

    # --- what the kernel counts -------------------------------------------------------------

    def free(self):
        """`free -J`: {total, used, free, metadata, hotpluggable} in bytes."""
        return self.json("free -J")["memory"]

    def lsmem(self, option=""):
        """`lsmem -J`: rows with base and end (exclusive) added as numbers."""
        rows = self.json(f"lsmem -J {option}".strip())["memory"]
        for row in rows:
            first, last = row["range"].split("-")
            row["base"], row["end"] = int(first, 16), int(last, 16) + 1
        return rows

    def slabs(self):
        """Objects in use by cache name."""
        rows = self.json("slabinfo -J")["slabs"]
        return {row["name"]: row["active_objs"] for row in rows if row["active_objs"]}

    def reserves(self):
        """`reserves -J`: what hot-plug lives on when memory is out, and who asked for more."""
        return self.json("reserves -J")["reserves"]

    def census(self):
        """Everything that an operation and its opposite must leave as it was."""
        free = self.free()
        return {"free": free, "lsmem": self.lsmem(), "dimms": self.lsdimm(),
                "buddyinfo": free_pages_by_zone(self.json("buddyinfo -J")),
                "slabs": self.slabs(), "qemu": self.memory_devices()}

    @contextlib.contextmanager
    def same_census(self):
        """The census at the end of the block equals that at its start."""
        before = self.census()
        yield before
        after = self.census()
        for key, value in before.items():
            assert after[key] == value, f"census: {key} differs"

    def states(self, name):
        """The states of the blocks of a device by address."""
        dimm = next(d for d in self.lsdimm() if d["name"] == name)
        return [(row["base"], row["end"], row["state"]) for row in self.lsmem("-a")
                if dimm["base"] <= row["base"] < dimm["base"] + dimm["size"]]

    def check(self):
        """Every invariant of the memory subsystem holds."""
        text = self.ok("check", scale=2)
        assert "check: ok" in text, text

    # --- life cycle of a DIMM ------------------------------------------------------------------

    def plug_named(self, size, **kw):
        """Plugs a DIMM; (QEMU's id, the kernel's name)."""
        ident = self.plug(size, **kw)
        return ident, self.name_of(ident)

    def eject(self, ident, scale=2):
        """Ejects from inside and sees the DIMM leave QEMU; its backend is deleted."""
        name = self.name_of(ident)
        mark = self.qmp.mark()
        self.ok(f"eject {name}", scale=scale)
        self.gone(ident, mark)
        assert ident not in self.memory_devices()
        assert name not in [d["name"] for d in self.lsdimm()]

    def prove(self):
        """The machine works: memory is consistent, and a DIMM can come, be used, and leave."""
        self.check()
        ident, name = self.plug_named("256M")
        self.ok(f"online {name} movable")
        self.ok("hog start h 64M movable")
        self.ok("hog verify h")
        self.ok("hog stop h")
        self.eject(ident)
        self.check()

    # --- the end -------------------------------------------------------------------------------

    def at_end(self):
        """What must hold when a test is done."""
        if self.expect_trouble:
            return
        if self.ended() is None and self.process.poll() is None:
            self.check()
        trouble = [line for line in self.text.splitlines() if TROUBLE.search(line)
                   and not line.lstrip().startswith("hr> ")]
        if trouble:
            raise GuestError("trouble in the serial log:\n" + "\n".join(trouble[:20]))


def eject_answer(guest, slot, mark):
    """[status], the last word on the host's request for a slot since `mark`; None: not yet."""
    for event in guest.qmp.events[mark:]:
        info = event.get("data", {}).get("info", {})
        if (info.get("slot"), info.get("source")) == (slot, OST_EJECT) \
                and info["status"] != OST_PENDING:
            return [info["status"]]
    return None


def free_pages_by_zone(document):
    """buddyinfo -J reduced to the free pages of each zone (how they are cut may differ)."""
    sums = {}
    for row in document["zones"]:
        pages = sum(n << order for order, n in enumerate(row["free_chunks"]))
        if pages:
            sums[row["node"], row["zone"]] = pages
    return sums
