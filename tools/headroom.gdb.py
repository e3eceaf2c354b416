"""tools/headroom.gdb.py - gdb commands that show Headroom's own structures (make debug loads it).

hr-dimms, hr-zones, hr-page PFN, hr-log [N], hr-threads: read memory only, so they work wherever the
machine stands, also behind a panic.
"""
import gdb  # pylint: disable=import-error

STATES = ("heads nothing", "free", "used", "free on a CPU's list", "isolated",
          "covered by an earlier chunk")


def value(expression):
    return gdb.parse_and_eval(expression)


def text(array):
    """A char array as a str, up to its NUL."""
    return array.string() if array.type.code != gdb.TYPE_CODE_ARRAY else \
        bytes(int(array[i]) & 0xff for i in range(*array.type.range())
              ).split(b"\0")[0].decode(errors="replace")


class Command(gdb.Command):
    """Registers itself by its class attribute NAME; errors become one line."""

    NAME = ""

    def __init__(self):
        super().__init__(self.NAME, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            self.show(argument.strip())
        except gdb.MemoryError as why:
            print(f"{self.NAME}: not readable (has the kernel set it up yet?): {why}")


class Headroom(gdb.Command):
    """The project's commands: hr-dimms, hr-zones, hr-page PFN, hr-log [N], hr-threads."""

    def __init__(self):
        super().__init__("headroom", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print(self.__doc__)


class Dimms(Command):
    """Memory devices: name, first frame, frames, node, blocks online."""

    NAME = "hr-dimms"

    def show(self, _argument):
        for index in range(int(value("'device.c'::nr_devices"))):
            device = value(f"'device.c'::devices[{index}]").dereference()
            print(f"{text(device['name']):8} pfn {int(device['start']):#x} pages"
                  f" {int(device['npages'])} node {int(device['node'])} online"
                  f" {int(device['blocks_online'])}/{int(device['nblocks'])}"
                  f" head {int(device['head']['pages'])} pages")


class Zones(Command):
    """Zones that have memory: present, managed, free and isolated pages."""

    NAME = "hr-zones"

    def show(self, _argument):
        nodes = value("nodes")
        low, high = nodes.type.range()
        for node in range(low, high + 1):
            for kind, name in enumerate(("Normal", "Movable")):
                zone = nodes[node]["zone"][kind]
                if int(zone["present"]):
                    print(f"node {node} {name:8}" + "".join(
                        f" {field} {int(zone[field])}"
                        for field in ("present", "managed", "free", "isolated")))


class Page(Command):
    """hr-page PFN: the descriptor of a page frame, and who owns its chunk."""

    NAME = "hr-page"

    def show(self, argument):
        pfn = int(gdb.parse_and_eval(argument or "0"))
        page = value(f"((struct page *)0xffffea0000000000)[{pfn}]")
        state = int(page["state"])
        print(f"pfn {pfn:#x}: {STATES[state] if state < len(STATES) else state},"
              f" order {int(page['order'])}, zone {int(page['zone'])}, pins {int(page['pins'])}")
        if state == 2 and int(page["owner"]):
            print(f"owner {page['owner']['name'].string()}, allocated by "
                  + gdb.execute(f"info symbol 0xffffffff{int(page['caller']):08x}",
                                to_string=True).strip())


class Log(Command):
    """hr-log [N]: the last N lines (default 20) of the kernel's log."""

    NAME = "hr-log"

    def show(self, argument):
        ring, end = value("'log.c'::ring"), int(value("'log.c'::next_seq"))
        size = ring.type.range()[1] + 1
        for seq in range(max(1, end - int(argument or 20), end - size), end):
            line = ring[seq % size]
            print(f"[{int(line['time_us']) / 1e6:12.6f}] {text(line['text'])}")


class Threads(Command):
    """hr-threads: every thread, its state and what it waits for."""

    NAME = "hr-threads"

    def show(self, _argument):
        head = value("&sched_all")
        link = gdb.lookup_type("struct thread")
        offset = next(f.bitpos // 8 for f in link.fields() if f.name == "all")
        node = head["next"]
        while node != head:
            thread = gdb.Value(int(node) - offset).cast(link.pointer())
            waits = thread["waits_for"]
            print(f"{int(thread['id']):4} {text(thread['name']):16} {thread['state']}"
                  + (f" on {waits.string()}" if int(waits) else ""))
            node = node["next"]


for command in (Headroom, Dimms, Zones, Page, Log, Threads):
    command()
