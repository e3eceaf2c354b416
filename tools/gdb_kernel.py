"""tools/gdb_kernel.py - Headroom's structures as gdb sees them: blocks, chunks, zones, threads.

Reads memory only, so it works wherever the machine stands, behind a panic and in a core too.
Names come from the debug information: enumerators, members, array sizes.  Descriptors of pages
are read a page of them at a time, since every read goes to QEMU and back.
"""
import struct

import gdb  # pylint: disable=import-error

from constants import PAGE, VMEMMAP

KERNEL = 0xffffffff00000000  # the upper half of every address of code
DESCRIPTOR = struct.Struct("<BBBBIQQIHH")  # struct page, 32 bytes: mm/page.h
BLOCK_ORDER, MAX_ORDER = 15, 18
BLOCK = 1 << BLOCK_ORDER
GRANULE_ORDER = 9  # 2 MiB, of which a block counts the unmovable chunks


def value(expression):
    return gdb.parse_and_eval(expression)


def pointer(address, kind):
    return gdb.Value(address).cast(gdb.lookup_type(kind).pointer())


def text(array):
    """A char array as a str, up to its NUL."""
    low, high = array.type.range()
    raw = bytes(int(array[i]) & 0xff for i in range(low, high + 1))
    return raw.split(b"\0")[0].decode(errors="replace")


def string(pointed):
    """A char pointer as a str; `-` for NULL, `?` where it leads nowhere."""
    if not int(pointed):
        return "-"
    try:
        return pointed.string(errors="replace")
    except gdb.MemoryError:
        return "?"


def enum(kind, prefix):
    """{number: name} of an enum: BLOCK_GOING_ONLINE is going-online."""
    return {field.enumval: field.name[len(prefix):].lower().replace("_", "-")
            for field in gdb.lookup_type(f"enum {kind}").fields()
            if field.name.startswith(prefix)}


def symbol(address):
    """The function that an address is in; `?` for none."""
    found = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return "?" if found.startswith("No symbol") else found.split()[0]


def size(nbytes):
    """As format_size() has it: 1G, 1.5M."""
    exponent = 0
    while exponent < 6 and nbytes >> (10 * (exponent + 1)):
        exponent += 1
    whole, tenths = nbytes >> (10 * exponent), 0
    if exponent:
        tenths = ((nbytes >> (10 * (exponent - 1))) % 1024 * 10 + 512) // 1024
    whole, tenths = whole + tenths // 10, tenths % 10
    return f"{whole}{f'.{tenths}' if tenths else ''}{'BKMGTPE'[exponent]}"


def elements(head, kind, member):
    """The elements of the circular list at `head` (a pointer), each as a pointer to `kind`."""
    offset = next(f.bitpos // 8 for f in gdb.lookup_type(kind).fields() if f.name == member)
    node, seen = int(head["next"]), set()
    while node != int(head):
        if node in seen or not node:
            raise gdb.MemoryError(f"the list at {int(head):#x} does not come back to its head")
        seen.add(node)
        element = pointer(node - offset, kind)
        yield element
        node = int(element[member]["next"])


# --- pages ------------------------------------------------------------------------------------

class Page:
    """One descriptor, as it was when it was read."""

    def __init__(self, pfn, raw):
        self.pfn = pfn
        (self.state, self.order, self.limit, self.zone, caller, self.owner, self.private,
         self.birth, self.short_pins, self.long_pins) = DESCRIPTOR.unpack(raw)
        self.caller = KERNEL | caller


class Vmemmap:
    """Descriptors by page frame number."""

    def __init__(self):
        self.lines = {}
        self.states = {name: number for number, name in enum("page_state", "PAGE_").items()}
        self.movable_owners = {0: False}

    def page(self, pfn):
        address = VMEMMAP + pfn * DESCRIPTOR.size
        line = address & -PAGE
        if line not in self.lines:
            self.lines[line] = bytes(gdb.selected_inferior().read_memory(line, PAGE))
        at = address - line
        return Page(pfn, self.lines[line][at:at + DESCRIPTOR.size])

    def state_name(self, page):
        """What `page` in the shell calls it."""
        names = {"free": "free", "pcp": "free", "used": "used", "isolated": "isolated",
                 "covered": "covered"}
        return next((names[name] for name, number in self.states.items()
                     if number == page.state and name in names), "nothing")

    def heads(self, page):
        return page.state in (self.states[s] for s in ("free", "pcp", "used", "isolated"))

    def movable(self, page):
        """As page_movable() has it."""
        if page.owner not in self.movable_owners:
            ops = pointer(page.owner, "struct page_owner")["ops"]
            self.movable_owners[page.owner] = int(ops) != 0 and int(ops["move"]) != 0
        return self.movable_owners[page.owner] and page.long_pins == 0

    def first_chunk(self, block):
        """The chunk over the first usable page of an online block; it may start before it."""
        page = self.page(block.usable)
        if self.heads(page):
            return page
        for order in range(BLOCK_ORDER + 1, MAX_ORDER + 1):
            head = self.page(block.usable & -(1 << order))
            if self.heads(head) and head.order >= order:
                return head
        raise gdb.MemoryError(f"no chunk covers pfn {block.usable:#x}")

    def chunks(self, block, start=None):
        """The chunks of a block in order; from the granule's chunk at `start` on."""
        if not block.has_chunks():
            return
        pfn = self.first_chunk(block).pfn if start is None else start
        while pfn < block.end:
            page = self.page(pfn)
            if not self.heads(page):
                raise gdb.MemoryError(f"pfn {pfn:#x} of {block.name} heads no chunk")
            yield page
            pfn += 1 << page.order

    def chunk_of(self, block, pfn):
        """The chunk that a page of the block belongs to, or None."""
        if not block.has_chunks() or pfn < block.usable:
            return None
        return next(page for page in self.chunks(block) if pfn < page.pfn + (1 << page.order))


# --- devices and blocks -----------------------------------------------------------------------

class Block:
    """A struct memory_block; frames, not bytes."""

    def __init__(self, device, raw, states, name):
        self.device, self.raw, self.name = device, raw, name
        self.start, self.npages = int(raw["start"]), int(raw["npages"])
        self.usable, self.end = int(raw["usable"]), int(raw["start"]) + int(raw["npages"])
        self.state = states[int(raw["state"])]
        self.zone = raw["zone"]

    def has_chunks(self):
        return int(self.zone) != 0 and self.usable < self.end

    def zone_name(self):
        return zone_types()[int(self.zone["type"])] if int(self.zone) else "-"

    def unmovable(self):
        """[chunks that cannot move] by granule."""
        counts = self.raw["unmovable"]
        return [int(counts[i]) for i in range(counts.type.range()[1] + 1)]

    def removable(self, vmemmap):
        """As block_removable() has it: the counts first, then a walk."""
        if self.state == "offline":
            return True
        if self.state != "online":
            return False
        first = vmemmap.first_chunk(self) if self.has_chunks() else None
        if first and first.pfn < self.start and first.state == vmemmap.states["used"] \
                and not vmemmap.movable(first):
            return False
        for granule, count in enumerate(self.unmovable()):
            if count and self.used_unmovable(vmemmap, granule):
                return False
        return not any(page.state == vmemmap.states["used"] and not vmemmap.movable(page)
                       for page in vmemmap.chunks(self))

    def used_unmovable(self, vmemmap, granule):
        start = (self.start & -BLOCK) + (granule << GRANULE_ORDER)
        for page in vmemmap.chunks(self, max(start, self.usable)):
            if page.pfn >= start + (1 << GRANULE_ORDER):
                return False
            if page.state == vmemmap.states["used"] and not vmemmap.movable(page):
                return True
        return False


def zone_types():
    return ("Normal", "Movable")


class Devices:
    """The table of memory devices and their blocks, in the order of addresses."""

    TABLE, COUNT = "'mm/hotplug/device.c'::devices", "'mm/hotplug/device.c'::nr_devices"

    def __init__(self):
        table = value(self.TABLE)
        self.all = [table[i].dereference() for i in range(int(value(self.COUNT)))]
        self.states = enum("block_state", "BLOCK_")

    def part(self, start):
        """Which part of its window the block at `start` is: how many devices lie before it."""
        window = start & -BLOCK
        return sum(1 for d in self.all if window < start
                   and int(d["start"]) < start and int(d["start"] + d["npages"]) > window)

    def blocks_of(self, device):
        for index in range(int(device["nblocks"])):
            raw = device["blocks"][index]
            start = int(raw["start"])
            part = self.part(start)
            yield Block(device, raw, self.states,
                        f"memory{start >> BLOCK_ORDER}" + (f".{part}" if part else ""))

    def blocks(self):
        for device in self.all:
            yield from self.blocks_of(device)

    def block_of(self, pfn):
        return next((b for b in self.blocks() if b.start <= pfn < b.end), None)


# --- zones ------------------------------------------------------------------------------------

def zones():
    """(node, name, zone) of every zone with memory."""
    table = value("nodes")
    for node in range(int(value("nr_nodes"))):
        for kind, name in enumerate(zone_types()):
            zone = table[node]["zone"][kind]
            if int(zone["present"]):
                yield node, name, zone


def listed_pages(zone):
    """Pages on the lists of all CPUs."""
    return sum(int(zone["pcp"][cpu]["list"][i]["count"]) << order
               for cpu in range(int(zone["npcp"])) for i, order in enumerate((0, GRANULE_ORDER)))


# --- threads ----------------------------------------------------------------------------------

def threads():
    yield from elements(value("&sched_all"), "struct thread", "all")


def saved_frames(thread, limit=32):
    """Return addresses of a thread that does not run: context_switch() pushed six registers,
    rbp first and so highest, below the address that it goes back to."""
    word = gdb.lookup_type("unsigned long").pointer()

    def read(address):
        return int(gdb.Value(address).cast(word).dereference())

    sp = int(thread["sp"])
    frame, back = read(sp + 40), read(sp + 48)
    while back > KERNEL and limit:
        limit -= 1
        yield back
        if frame <= sp or frame > sp + (1 << 14):
            return
        sp, frame, back = frame, read(frame), read(frame + 8)


def asleep_at(thread):
    """The first function on a sleeper's stack that is no part of the scheduler."""
    name = "?"
    for back in saved_frames(thread):
        table = gdb.find_pc_line(back - 1).symtab
        name = symbol(back - 1)
        if table and not table.filename.endswith(
                ("sched.c", "wait.c", "mutex.c", "thread.c", "context_switch.asm")):
            return f"{name} ({table.filename}:{gdb.find_pc_line(back - 1).line})"
    return name
