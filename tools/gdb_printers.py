"""tools/gdb_printers.py - how gdb's print shows Headroom's structures.

A printer says in a line what the structure means (who holds a lock, what chunk a descriptor
heads) and shows its members below; `print /r` shows it raw.
"""
import errno

import gdb  # pylint: disable=import-error
import gdb.printing  # pylint: disable=import-error

import gdb_kernel as kernel

LIST_SHOWN = 200


class Printer:
    """Members as they are, below the line that to_string() has."""

    def __init__(self, val):
        self.val = val

    def children(self):
        for field in self.val.type.fields():
            if field.name:
                yield field.name, self.val[field.name]


class ListHead:
    """list_head: how long the list is, and its nodes."""

    def __init__(self, val):
        self.val = val

    def nodes(self):
        """Addresses of the nodes; the last one is a str that names a fault, if there is one."""
        head = int(self.val.address)
        before, node = head, int(self.val["next"])
        while node != head:
            try:
                entry = kernel.pointer(node, "struct list_head")
                back = int(entry["prev"])
            except gdb.MemoryError:
                yield f"broken: {before:#x} leads to {node:#x}, where nothing is"
                return
            if back != before:
                yield f"broken: {node:#x} has {back:#x} before it, not {before:#x}"
                return
            yield entry
            before, node = node, int(entry["next"])

    def to_string(self):
        if not int(self.val["next"]):
            return "on no list"
        if self.val.address is None:
            return f"next {self.val['next']}, prev {self.val['prev']}"
        count = 0
        for node in self.nodes():
            if isinstance(node, str):
                return f"list of {count}, then {node}"
            count += 1
            if count > LIST_SHOWN:
                return f"list of more than {LIST_SHOWN}"
        return f"list of {count}" if count else "empty list"

    def children(self):
        if not int(self.val["next"]) or self.val.address is None:
            return
        for index, node in enumerate(self.nodes()):
            if isinstance(node, str) or index == LIST_SHOWN:
                return
            yield f"[{index}]", node

    def display_hint(self):
        return "array"


class Spinlock(Printer):
    """spinlock: who holds it, and who waits."""

    def to_string(self):
        name = kernel.string(self.val["name"])
        rank = kernel.enum("lock_rank", "RANK_").get(int(self.val["rank"]), "?")
        if not int(self.val["cpu"]):
            return f"spinlock {name} (rank {rank}): free"
        waiting = (int(self.val["next"]) - int(self.val["serving"]) - 1) % (1 << 32)
        return (f"spinlock {name} (rank {rank}): held by CPU {int(self.val['cpu']) - 1}, taken in"
                f" {kernel.symbol(int(self.val['acquirer']))}"
                + (f", {waiting} waiting" if 0 < waiting < 1 << 16 else ""))

    def children(self):
        return iter(())


class Mutex(Printer):
    """mutex: its owner, and how many threads wait."""

    def to_string(self):
        name, owner = kernel.string(self.val["name"]), self.val["owner"]
        if not int(owner):
            return f"mutex {name}: free"
        waiters = ListHead(self.val["wait"]["waiters"]).to_string()
        return (f"mutex {name}: held by thread {int(owner['id'])} {kernel.text(owner['name'])}"
                + ("" if waiters == "empty list" else f", waiters: {waiters}"))

    def children(self):
        return iter(())


class PageDescriptor:
    """page: the chunk that it heads."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        val = self.val
        states = kernel.enum("page_state", "PAGE_")
        state = states.get(int(val["state"]), "none")
        where = ""
        if val.address is not None and int(val.address) >= kernel.VMEMMAP:
            pfn = (int(val.address) - kernel.VMEMMAP) // kernel.DESCRIPTOR.size
            where = f"pfn {pfn:#x}: "
        if state == "none":
            return f"{where}heads nothing"
        if state == "covered":
            return f"{where}covered by a chunk that starts before"
        types = kernel.zone_types()
        line = (f"{where}{state} chunk of order {int(val['order'])} (limit {int(val['limit'])}),"
                f" node {int(val['zone']) // len(types)} {types[int(val['zone']) % len(types)]}")
        if state == "used":
            owner = val["owner"]
            line += f", owner {kernel.string(owner['name']) if int(owner) else '-'}, from " \
                + kernel.symbol(kernel.KERNEL | int(val["caller"]))
            if int(val["short_pins"]) or int(val["long_pins"]):
                line += f", pins {int(val['short_pins'])} short {int(val['long_pins'])} long"
        return line


class PageOwner:
    """page_owner: its name, and whether what it owns can move."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        ops = self.val["ops"]
        movable = int(ops) and int(ops["move"])
        return f"{kernel.string(self.val['name'])}, {'movable' if movable else 'unmovable'}"


class Zone(Printer):
    """zone: its figures; then its members."""

    def to_string(self):
        val = self.val
        name = kernel.zone_types()[int(val["type"])]
        return (f"node {int(val['node'])} {name}: present {int(val['present'])}"
                f" managed {int(val['managed'])} free {int(val['free'])}"
                f" (CPUs' lists {kernel.listed_pages(val)}) isolated {int(val['isolated'])}")


class FreeArea:
    """free_area: chunks of one order."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        return f"{int(self.val['count'])} chunks"


class MemoryBlock:
    """memory_block: its name, state, zone, and what is in it that cannot move."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        devices = kernel.Devices()
        start, npages = int(self.val["start"]), int(self.val["npages"])
        part = devices.part(start)
        block = kernel.Block(self.val["device"], self.val, devices.states,
                             f"memory{start >> kernel.BLOCK_ORDER}" + (f".{part}" if part else ""))
        stuck = sum(block.unmovable())
        return (f"{block.name} of {kernel.text(self.val['device']['name'])}: pfn {start:#x} to"
                f" {start + npages - 1:#x}, {block.state}"
                + (f" in {block.zone_name()}" if int(block.zone) else "")
                + (f", {stuck} unmovable chunks" if stuck else ""))


class MemoryDevice(Printer):
    """memory_device: where it is; then its members."""

    def to_string(self):
        val = self.val
        return (f"{kernel.text(val['name'])}: pfn {int(val['start']):#x},"
                f" {kernel.size(int(val['npages']) * kernel.PAGE)}, node {int(val['node'])},"
                f" {int(val['blocks_online'])} of {int(val['nblocks'])} blocks online")


class Refusal:
    """refusal: as refusal_format() writes it."""

    def __init__(self, val):
        self.val = val

    def to_string(self):
        val = self.val
        if not int(val["err"]):
            return "nothing refused"
        where = f"pfn {int(val['pfn']):#x} " if val["has_pfn"] else ""
        return (f"refused: {kernel.string(val['step'])}: {where}{kernel.text(val['text'])}"
                f" [{errno.errorcode.get(-int(val['err']), int(val['err']))}]")


class Thread(Printer):
    """thread: who it is and what it does; then its members."""

    def to_string(self):
        val = self.val
        state = kernel.enum("thread_state", "THREAD_").get(int(val["state"]), "?")
        waits = kernel.string(val["waits_for"])
        return (f"thread {int(val['id'])} {kernel.text(val['name'])}: {state}, CPU"
                f" {int(val['cpu'])}" + (f", waits for {waits}" if state == "sleeping" else ""))


def collection():
    printers = gdb.printing.RegexpCollectionPrettyPrinter("headroom")
    for name, printer in (
            ("list_head", ListHead), ("spinlock", Spinlock), ("mutex", Mutex),
            ("page", PageDescriptor), ("page_owner", PageOwner), ("zone", Zone),
            ("free_area", FreeArea), ("memory_block", MemoryBlock),
            ("memory_device", MemoryDevice), ("refusal", Refusal), ("thread", Thread)):
        printers.add_printer(name, f"^{name}$", printer)
    return printers


def register():
    gdb.printing.register_pretty_printer(None, collection(), replace=True)
