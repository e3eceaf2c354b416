"""tools/headroom.gdb.py - gdb commands that show Headroom's own structures (make debug loads it).

In any gdb that has the kernel and a machine or a core of it: `source tools/headroom.gdb.py`, then
`headroom` lists the commands.  They read memory only, so they work wherever the machine stands.
"""
import os
import sys

import gdb  # pylint: disable=import-error

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
import gdb_kernel as kernel  # noqa: E402
import gdb_printers  # noqa: E402

COMMANDS = []


def table(columns, rows):
    """Prints rows of cells under their columns; a name that starts with < is aligned left."""
    names = [name.lstrip("<") for name in columns]
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *rows)]
    for row in [names, *rows]:
        print(" ".join(cell.ljust(width) if name.startswith("<") else cell.rjust(width)
                       for name, width, cell in zip(columns, widths, row)).rstrip())


def arguments(name, argument, letters, words=0):
    """({option letters}, [words]) of a command's arguments."""
    given = gdb.string_to_argv(argument)
    options = {letter for word in given if word.startswith("-") for letter in word[1:]}
    named = [word for word in given if not word.startswith("-")]
    if options - set(letters) or len(named) > words:
        raise gdb.GdbError(f"{name}: {argument}: see help {name}")
    return options, named


class Command(gdb.Command):
    """A command by its class attribute NAME; what cannot be read becomes one line."""

    NAME = ""

    def __init__(self):
        super().__init__(self.NAME, gdb.COMMAND_DATA)
        COMMANDS.append(self)

    def invoke(self, argument, from_tty):
        try:
            self.show(argument.strip())
        except gdb.MemoryError as why:
            raise gdb.GdbError(f"{self.NAME}: not readable (has the kernel set it up yet?): {why}")


class Headroom(gdb.Command):
    """Lists the project's commands; `print` shows the kernel's structures in its own words."""

    def __init__(self):
        super().__init__("headroom", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        for command in COMMANDS:
            print(command.__doc__.splitlines()[0])
        print("`help NAME` says more; print knows: " + ", ".join(
            printer.name for printer in gdb_printers.collection().subprinters))


class Lsmem(Command):
    """hr-lsmem [-a] [-b]: memory blocks and their states, as lsmem (-a: one a row, -b: bytes).

    ZONES is where an online block is; to which an offline one could go is for the kernel to say.
    """

    NAME = "hr-lsmem"

    def show(self, argument):
        options, _ = arguments(self.NAME, argument, "ab")
        size = str if "b" in options else kernel.size
        vmemmap, rows, online, offline = kernel.Vmemmap(), [], 0, 0
        for block in kernel.Devices().blocks():
            used = int(block.zone) or (block.state == "memmap"
                                       and int(block.device["blocks_online"]))
            online, offline = online + bool(used) * block.npages, \
                offline + (not used) * block.npages
            row = [block.start, block.end, block.state,
                   "yes" if block.removable(vmemmap) else "no", block.name[6:], block.name[6:],
                   int(block.device["node"]), block.zone_name()]
            if rows and "a" not in options and rows[-1][1] == row[0] \
                    and rows[-1][2:4] + rows[-1][6:] == row[2:4] + row[6:]:
                rows[-1][1], rows[-1][5] = row[1], row[5]
            else:
                rows.append(row)
        table(("<RANGE", "SIZE", "STATE", "REMOVABLE", "BLOCK", "NODE", "ZONES"), [
            (f"0x{start * kernel.PAGE:016x}-0x{end * kernel.PAGE - 1:016x}",
             size((end - start) * kernel.PAGE), state, removable,
             first if first == last else f"{first}-{last}", node, zone)
            for start, end, state, removable, first, last, node, zone in rows])
        for name, pages in ("online", online), ("offline", offline):
            print(f"{f'Total {name} memory:':24} {size(pages * kernel.PAGE)}")


class Dimm(Command):
    """hr-dimm [-b] [NAME]: plugged memory, as lsdimm; of one device: what is in its head region."""

    NAME = "hr-dimm"
    HEAD = ("memmap_large", "memmap_front", "memmap_rear", "tables", "descriptors")

    def show(self, argument):
        options, names = arguments(self.NAME, argument, "b", 1)
        size = str if "b" in options else kernel.size
        devices = kernel.Devices()
        plugged = [d for d in devices.all if int(d["slot"]) >= 0]
        if names:
            named = [d for d in plugged if kernel.text(d["name"]) == names[0]]
            if not named:
                raise gdb.GdbError(f"hr-dimm: no device {names[0]}; there are: "
                                   + (" ".join(kernel.text(d["name"]) for d in plugged) or "none"))
            return self.show_head(named[0], size)
        return table(("<NAME", "SLOT", "NODE", "<BASE", "SIZE", "STATE", "ONLINE", "HEAD", "TAX"),
                     [self.row(devices, d, size) for d in plugged])

    @staticmethod
    def row(devices, device, size):
        online, blocks = int(device["blocks_online"]), int(device["nblocks"])
        if online:  # the blocks in the head are in use with the first that is
            online += sum(1 for b in devices.blocks_of(device) if b.state == "memmap")
        head, pages = int(device["head"]["pages"]), int(device["npages"])
        return (kernel.text(device["name"]), int(device["slot"]), int(device["node"]),
                f"0x{int(device['start']) * kernel.PAGE:016x}", size(pages * kernel.PAGE),
                "offline" if not online else "online" if online == blocks else "partial",
                f"{online}/{blocks}", size(head * kernel.PAGE),
                f"{100 * head / pages:.2f}%")

    def show_head(self, device, size):
        head = device["head"]
        for name in self.HEAD:
            pages = int(head["memmap_large_slots"]) * 512 if name == "memmap_large" \
                else int(head[f"{name}_pages"])
            if pages:
                print(f"{name:13} pfn {int(head[name]):#x}, {size(pages * kernel.PAGE)}")
        print(f"{'usable':13} pfn {int(device['start'] + head['pages']):#x},"
              f" {size(int(head['usable']) * kernel.PAGE)}")


class Blocks(Command):
    """hr-blocks: every block's own words: frames, state, zone, pages, granules used, unmovable."""

    NAME = "hr-blocks"

    def show(self, _argument):
        table(("<BLOCK", "<DEVICE", "START", "PAGES", "USABLE", "STATE", "ZONE", "PRESENT",
               "MANAGED", "DIRTY", "UNMOVABLE"), [
            (b.name, kernel.text(b.device["name"]), f"{b.start:#x}", b.npages, f"{b.usable:#x}",
             b.state, b.zone_name(), int(b.raw["present"]), int(b.raw["managed"]),
             bin(int(b.raw["dirty"])).count("1"), sum(b.unmovable()))
            for b in kernel.Devices().blocks()])


class Zones(Command):
    """hr-zones: pages of every zone with memory: present, managed, free, isolated, on lists."""

    NAME = "hr-zones"

    def show(self, _argument):
        rows = []
        for node, name, zone in kernel.zones():
            listed = kernel.listed_pages(zone)
            rows.append((node, name, int(zone["present"]), int(zone["managed"]),
                         int(zone["free"]) + listed, int(zone["isolated"]), listed,
                         kernel.string(zone["lock"]["name"]) if int(zone["lock"]["cpu"]) else "-"))
        table(("NODE", "<ZONE", "PRESENT", "MANAGED", "FREE", "ISOLATED", "PCP", "<LOCKED"), rows)


class Page(Command):
    """hr-page PFN: the chunk that a page frame belongs to, and its owner, as page."""

    NAME = "hr-page"

    def show(self, argument):
        if not argument:
            raise gdb.GdbError("hr-page: a page frame number is needed")
        pfn = int(gdb.parse_and_eval(argument))
        devices, vmemmap = kernel.Devices(), kernel.Vmemmap()
        block = devices.block_of(pfn)
        if block is None:
            raise gdb.GdbError(f"hr-page: pfn {pfn:#x}: no memory is there")
        print(f"page:   pfn {pfn:#x}, address {pfn * kernel.PAGE:#x}")
        print(f"block:  {block.name} of {kernel.text(block.device['name'])}, {block.state}")
        chunk = vmemmap.chunk_of(block, pfn)
        if chunk is None:
            print("chunk:  none: " + ("it is in the device's head region" if pfn < block.usable
                                      else "the block is not online"))
            return
        self.show_chunk(vmemmap, chunk)

    @staticmethod
    def show_chunk(vmemmap, chunk):
        node, kind = divmod(chunk.zone, len(kernel.zone_types()))
        print(f"chunk:  pfn {chunk.pfn:#x} to {chunk.pfn + (1 << chunk.order) - 1:#x}, order"
              f" {chunk.order}, {kernel.size(kernel.PAGE << chunk.order)}")
        print(f"state:  {vmemmap.state_name(chunk)}")
        print(f"zone:   node {node} {kernel.zone_types()[kind]}")
        if chunk.state != vmemmap.states["used"]:
            return
        owner = kernel.string(kernel.pointer(chunk.owner, "struct page_owner")["name"]) \
            if chunk.owner else "(being allocated)"
        print(f"owner:  {owner}, {'movable' if vmemmap.movable(chunk) else 'unmovable'}")
        if chunk.short_pins or chunk.long_pins:
            print(f"pins:   {chunk.short_pins} short, {chunk.long_pins} long")
        print(f"caller: {kernel.symbol(chunk.caller)}")


class Log(Command):
    """hr-log [N]: the last N lines (default 20) of the kernel's log."""

    NAME = "hr-log"

    def show(self, argument):
        ring = kernel.value("'kernel/log.c'::ring")
        end, lines = int(kernel.value("'kernel/log.c'::next_seq")), ring.type.range()[1] + 1
        wanted = int(gdb.parse_and_eval(argument or "20"))
        for seq in range(max(1, end - wanted, end - lines), end):
            line = ring[seq % lines]
            print(f"[{int(line['time_us']) / 1e6:12.6f}] {kernel.text(line['text'])}")


class Threads(Command):
    """hr-threads [-b]: threads, what they wait for, and where; -b: with their stacks."""

    NAME = "hr-threads"

    def show(self, argument):
        options, _ = arguments(self.NAME, argument, "b")
        states = kernel.enum("thread_state", "THREAD_")
        rows, stacks = [], []
        for thread in kernel.threads():
            state = states[int(thread["state"])]
            stacks.append(thread if state != "running" else None)
            rows.append((int(thread["id"]), kernel.text(thread["name"]), state,
                         int(thread["cpu"]), int(thread["switches"]), self.waits(thread, state),
                         kernel.asleep_at(thread) if state == "sleeping" else
                         f"(gdb thread {int(thread['cpu']) + 1})" if state == "running" else "-"))
        columns = ("ID", "<NAME", "<STATE", "CPU", "SWITCHES", "<WAITS-FOR", "<AT")
        if not options:
            return table(columns, rows)
        for row, thread in zip(rows, stacks):
            table(columns, [row])
            for back in kernel.saved_frames(thread) if thread else ():
                line = gdb.find_pc_line(back - 1)
                print(f"     {back:016x} {kernel.symbol(back - 1)}"
                      + (f"  {line.symtab.filename}:{line.line}" if line.symtab else ""))
        return None

    @staticmethod
    def waits(thread, state):
        if state != "sleeping":
            return "-"
        mutex = thread["waits_mutex"]
        held = int(mutex) and int(mutex["owner"])
        name = kernel.string(thread["waits_for"]) if int(thread["waits_for"]) \
            else "end of a thread"
        return f"{name}, held by {int(mutex['owner']['id'])}" if held else name


gdb_printers.register()
Headroom()
for command in (Lsmem, Dimm, Blocks, Zones, Page, Threads, Log):
    command()
