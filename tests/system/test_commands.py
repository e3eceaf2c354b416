"""Every command: that it is there, what it prints, its JSON, and how it refuses.

COMMANDS has a row a command, and the tests of the table compare it with what `help` lists: a
command without a row fails the suite, and so does a row without a test of output, of -J (where the
usage line has it) and of an error, and an option or a fixed word of usage lines that none types.
What -J prints is compared with the table in docs/shell.md.
"""
import os
import re
from dataclasses import dataclass, field

import pytest

from conftest import ROOT, wanted_machine
from harness import KASAN_BUILD, Machine
from json_shape import differences

# What every one of these must have: scripts rely on it.
CONTRACT = {
    "lsmem": "-a -b -J -o", "lsdimm": "-b -J", "online": "kernel movable -k",
    "offline": "-n -k -t", "why": "", "eject": "", "policy": "online eject", "zones": "",
    "chmem": "-e -d -b -z", "free": "-b -h -J", "meminfo": "", "numa": "", "buddyinfo": "",
    "zoneinfo": "", "iomem": "", "vmemmap": "", "pte": "", "page": "", "map": "", "top": "",
    "slabinfo": "", "acpi": "", "srat": "", "slit": "", "madt": "", "events": "-f", "dmesg": "",
    "cpus": "", "threads": "", "irqs": "", "locks": "", "stress": "seed", "provoke": "",
    "hog": "start movable kernel node order seed stride verify churn share list stop max",
    "check": "", "selftest": "", "bench": "-J", "fault": "list off", "time": "", "repeat": "",
    "sleep": "", "echo": "", "history": "", "help": "", "set": "color on off", "panic": "",
    "reboot": "", "poweroff": "",
}
NO_ERROR = {"echo", "panic"}  # whatever is typed behind them is text
ONLY_SOME_BUILDS = {"gcov"}


@dataclass
class Row:
    """The tests of a command."""
    output: list = field(default_factory=list)  # [(command line, what a line of it must match)]
    json: list = field(default_factory=list)    # command lines with -J
    wrong: list = field(default_factory=list)   # [(command line, ECODE)]
    before: str = ""                            # command lines around them, which must succeed
    after: str = ""
    after_json: str = ""
    elsewhere: dict = field(default_factory=dict)  # option or "output": the test that has it

    def words(self):
        lines = [*(c for c, _ in self.output), *self.json, *(c for c, _ in self.wrong),
                 self.before, self.after, self.after_json]
        return set(re.split(r"[ ;=\"]+", " ".join(lines))) | set(self.elsewhere)


# What an eighth more of head makes of a DIMM's overhead, and of where its first free page is.
TAX = r"13\.\d\d%" if KASAN_BUILD else r"0\.\d\d%"
BEHIND_HEAD = "102000000" if KASAN_BUILD else "100000000"

# The machine has dimm0 (256M, online, movable) and dimm1 (130M, offline), and the hog `held` of 1M.
COMMANDS = {
    "lsmem": Row(
        [("lsmem", r"0x0000000100000000-0x000000010fffffff +256M +online +yes +32-33"),
         ("lsmem -a", r"0x0000000100000000-0x0000000107ffffff +128M +online +yes +32"),
         ("lsmem -b", r"0x0000000100000000-0x000000010fffffff +268435456 +online +yes +32-33"),
         ("lsmem -o +NODE,ZONES", r"0x0000000100000000-\S+ +256M +online +yes +32-33 +0 +Movable"),
         ("lsmem", r"Total offline memory: +130M")],
        ["lsmem -J", "lsmem -a -J", "lsmem -J -o +CONFIGURED,MEMMAP-ON-MEMORY"],
        [("lsmem -o NOSUCH", "EINVAL"), ("lsmem -Z", "EINVAL")]),
    "lsdimm": Row(
        [("lsdimm", r"dimm0 +0 +0 0x0000000100000000 +256M +online +2/2 +\S+ +" + TAX),
         ("lsdimm -b", r"dimm0 +0 +0 0x0000000100000000 +268435456 +online +2/2 +\d+ .*")],
        ["lsdimm -J"], [("lsdimm x", "EINVAL")]),
    "online": Row(
        [("online memory34; offline memory34", r"online: memory34: 1 block, .*"),
         ("online memory34 movable; zones memory34", "Movable"),
         ("offline memory34; online memory34 kernel -k; zones memory34", "Normal"),
         ("offline memory34", "offline: memory34: 1 block, .*")],
        ["online memory34 -J"],
        [("online dimm0", "EALREADY"), ("online memory99", "ENOENT"),
         ("online memory34 sideways", "EINVAL")], after_json="offline memory34"),
    "offline": Row(
        [("offline dimm0 -n", r"offline: dimm0: dry run: 2 blocks would go offline, \d+ pages .*"),
         ("offline memory34 -k -t 100", r"offline: memory34: 1 block, .*"),
         ("offline memory34-35 -n",
          r"offline: memory34-35: dry run: 0 blocks would go offline, .*")],
        ["offline dimm0 -n -J", "online memory34 -J", "offline memory34 -J"],
        [("offline dimm1", "EALREADY"), ("offline dimm7", "ENODEV"),
         ("offline dimm0 -t x", "EINVAL")], before="online memory34"),
    "why": Row([("why memory0", r"why: memory0: \d+ pages cannot move, \d+ can")],
               ["why memory0 -J", "why dimm0 -J"],
               [("why dimm7", "ENODEV"), ("why memory34", "EALREADY")]),
    "eject": Row([], [], [("eject dimm7", "ENODEV"), ("eject boot", "ENODEV"),
                          ("eject", "EINVAL")],
                 elsewhere={"output": "test_eject", "-J": "test_eject"}),
    "policy": Row(
        [("policy", r"online +offline\b.*"),
         ("policy online online; policy online online_kernel; policy online online_movable; "
          "policy online", r"online +online_movable\b.*"),
         ("policy online offline; policy eject manual; policy eject", r"eject +manual\b.*"),
         ("policy online_policy auto-movable; policy online_policy", r"\S+ +auto-movable\b.*"),
         ("policy auto_movable_ratio 200; policy auto_movable_ratio", r"\S+ +200\b.*")],
        ["policy -J"],
        [("policy online maybe", "EINVAL"), ("policy nosuch", "ENOENT"),
         ("policy nosuch x", "ENOENT")],
        after="policy eject auto; policy online_policy kernel; policy auto_movable_ratio 301"),
    "zones": Row([("zones memory34", "Normal Movable"), ("zones memory32", "Movable")],
                 ["zones memory34 -J"], [("zones memory99", "ENOENT"), ("zones", "EINVAL")]),
    "chmem": Row(
        [("chmem -e -b 34", r"chmem: 1 block enabled"), ("chmem -d -b 34", ".*1 block disabled"),
         ("chmem -e 128M -z Movable; chmem -d 0x110000000-0x117ffffff", ".*disabled"),
         ("chmem -e 128M -z Normal; chmem -d 128M", r"chmem: 128M disabled")], [],
        [("chmem -e -b 99", "ENOENT"), ("chmem -e 100M", "EINVAL"),
         ("chmem -e 128M -z x", "EINVAL"), ("chmem 128M", "EINVAL")],
        after="offline 0x110000000-0x117ffffff"),
    "free": Row(
        [("free -b", r"Mem: +\d{9} +\d+ +\d+ +\d+ +\d+"), ("free", r"Mem: +\d{6} .*"),
         ("free -k", r"Mem: +\d{6} .*"), ("free -m", r"Mem: +\d{3} .*"), ("free -g", r"Mem: +0 .*"),
         ("free -h", r"Mem: +\d+Mi +\d+Mi .*")], ["free -J"],
        [("free -x", "EINVAL"), ("free x", "EINVAL")]),
    "meminfo": Row([("meminfo", r"MemTotal: +\d+ kB")], ["meminfo -J"], [("meminfo x", "EINVAL")]),
    "numa": Row([("numa", r"node 0 size: \d+ MB"), ("numa", r"  0:  10  31 *")], ["numa -J"],
                [("numa x", "EINVAL")]),
    "buddyinfo": Row([("buddyinfo", r"Node 0, zone  Movable( +\d+)+ ")], ["buddyinfo -J"],
                     [("buddyinfo x", "EINVAL")]),
    "zoneinfo": Row([("zoneinfo", r" {8}present  65536")], ["zoneinfo -J"],
                    [("zoneinfo x", "EINVAL")]),
    "iomem": Row([("iomem", r"100000000-10fffffff : System RAM \(dimm0\)")], ["iomem -J"],
                 [("iomem x", "EINVAL")]),
    "vmemmap": Row([("vmemmap dimm0", r"dimm0 +0xffffea0002000000-0xffffea00021fffff +2M +2M .*")],
                   ["vmemmap -J", "vmemmap dimm0 -J"], [("vmemmap dimm7", "ENOENT")]),
    "pte": Row([("pte 0xffffea0002000000", r"0xffffea0002000000 is physical 0x100000000")],
               ["pte 0xffffea0002000000 -J", "pte 0xffffe00000000000 -J"],
               [("pte nonsense", "EINVAL"), ("pte 0x800000000000", "EINVAL")]),
    "page": Row([("page 0x100000", r"chunk:  none: it is in the device's head region"),
                 ("page 0x10ffff", r"zone:   node 0 Movable"),
                 ("page 0x10ffff", r"page:   pfn 0x10ffff, address 0x10ffff000")],
                ["page 0x100000 -J", "page 0x10ffff -J", "page 0x100 -J"],
                [("page 0xfffffffffffff", "ENOENT"), ("page x", "EINVAL")]),
    "map": Row([("map dimm0", BEHIND_HEAD + r" dimm0 +\|H+9.*\| Movable .* max \d+M"),
                ("map", r"1-9 movable.*K kernel.*"),
                ("map 0-0xffffffffffffff00", r"1-9 movable.*K kernel.*"),  # the last page's end: 0
                ("map 1-0x7fffffffffffffff", r"1-9 movable.*K kernel.*")],  # rows without memory
               ["map -J", "map dimm0 -J"],
               [("map dimm7", "ENODEV"), ("map 0x200000000-0x2ffffffff", "ENOENT")]),
    "top": Row([], [], [("top x", "EINVAL")], elsewhere={"output": "test_top"}),
    "reserves": Row([("reserves", r"foreign allocations between event and online: 0")],
                    ["reserves -J"], [("reserves x", "EINVAL")]),
    "slabinfo": Row([("slabinfo", r"kmalloc-64 +\d+ +\d+ +64 .*")], ["slabinfo -J"],
                    [("slabinfo x", "EINVAL")]),
    "acpi": Row([("acpi", r".*\bFACP\b.*"), ("acpi -a", r" *7 .*"),
          ("acpi rescan; acpi", r".*\bFACP\b.*")], ["acpi -J"],
                [("acpi x", "EINVAL")]),
    "srat": Row([("srat", r"0x0000000100000000-\S+ +\S+ +1 yes +no"),
                 ("srat -b", r"0x0000000100000000-\S+ +\d{10,} +1 yes +no")], ["srat -J"],
                [("srat x", "EINVAL")]),
    "slit": Row([("slit", r".*\b31\b.*")], ["slit -J"], [("slit x", "EINVAL")]),
    "madt": Row([("madt", r".*0xfec00000.*")], ["madt -J"], [("madt x", "EINVAL")]),
    "events": Row([("events", r"\[ *\d+\.\d{6}\] online +dimm0 +ok +2 blocks to Movable")],
                  ["events -J"], [("events x", "EINVAL"), ("events -f -J", "EINVAL")],
                  elsewhere={"-f": "test_events_follow"}),
    "dmesg": Row([("dmesg", r"\[ *\d+\.\d{6}\] acpi: .*dimm0, 256 MiB at 0x100000000")],
                 ["dmesg -J"], [("dmesg x", "EINVAL")]),
    "cpus": Row([("cpus", r" *0 .*")], ["cpus -J"], [("cpus x", "EINVAL")]),
    "threads": Row([("threads", r".*\bshell\b.*")], ["threads -J"], [("threads x", "EINVAL")]),
    "irqs": Row([("irqs", r".*serial.*")], ["irqs -J"], [("irqs x", "EINVAL")]),
    "locks": Row([("locks", r".*\bconsole\b.*")], ["locks -J"], [("locks x", "EINVAL")]),
    "hog": Row(
        [("hog list", r"held +1M +movable +.*"),
         ("hog start a 1M movable node=0 order=2 seed=3 stride=4K; hog list",
          r"a +1M +movable +.*"),
         ("hog churn a cpu=0; hog share a; hog list", r"a +1M +movable +.*"),
         ("hog start b 256K kernel wait; hog pin a long offset=4K size=8K; hog list",
          r"b +\S+ +kernel .*"),
         ("hog unpin a; hog pin b 0.01; hog verify b; echo verified", r"verified")],
        ["hog list -J"],
        [("hog stop nobody", "ENOENT"), ("hog start x 0", "EINVAL"),
         ("hog verify nobody", "ENOENT"), ("hog start held 1M", "EEXIST"),
         ("hog start x 1T", "ENOMEM")],
        after="hog stop a; hog stop b",
        elsewhere={"max": "test_exhausted.py", "slabs": "test_exhausted.py"}),
    "stress": Row([("stress 1 seed=7", r"stress: ok: .* seed 7")], [], [("stress x", "EINVAL")]),
    "provoke": Row([("provoke", r"write-text\b.*")], [], [("provoke nosuch", "EINVAL")],
                   elsewhere={"output": "test_panic.py"}),
    "check": Row([("check", r"check: ok")], ["check -J"], [("check x", "EINVAL")]),
    "selftest": Row([("selftest -b log", r"ok \d+ .*"), ("selftest -l", r"mutex\..*")], [],
                    [("selftest nosuchtest", "ENOENT")]),
    "bench": Row([("bench page", r".*page.*")], ["bench page -J"],
                 [("bench nosuchbench", "ENOENT")],
                 elsewhere={"-c": "test_bench.py"}),
    "fault": Row([("fault list", r"migrate_alloc .*"),
                  ("fault migrate_alloc 9 always; fault list; fault migrate_alloc off; fault off",
                   r"migrate_alloc .*"),
                  ("fault count on; fault count off; echo counted", "counted")],
                 ["fault list -J"], [("fault nosuchsite 1", "ENOENT")]),
    "time": Row([("time echo x", r"time: \d+ ticks \d+ us")], [], [("time", "EINVAL")]),
    "repeat": Row([("repeat 2 echo y", r"y")], [], [("repeat x echo", "EINVAL")]),
    "taskset": Row([("taskset -c 1,0-1 echo z", r"z")], [], [("taskset -c 63 echo", "ENODEV")]),
    "sleep": Row([("sleep 0.01; echo slept", r"slept")], [], [("sleep x", "EINVAL")]),
    "echo": Row([("echo a  b", r"a b"), ("echo -n a; echo b", r"ab")]),
    "history": Row([("echo first; history", r" *\d+  echo first; history.*")], ["history -J"],
                   [("history x", "EINVAL")]),
    "help": Row([("help offline", r"offline TARGET .*"), ("help hog", r"hog unpin HOG")],
                ["help -J", "help offline -J"], [("help nosuch", "ENOENT")]),
    "set": Row([("set", r"color off"), ("set columns 100; set", r"columns 100"),
                ("set columns 80; set rows 30; set", r"rows 30"),
                ("set rows 24; set loglevel 7; set", r"loglevel 7")],
               ["set -J"], [("set color blue", "EINVAL"), ("set columns 0", "EINVAL")],
               after="set loglevel 6",
               elsewhere={"on": "test_keys.py", "off": "test_keys.py"}),
    "panic": Row([], [], [], elsewhere={"output": "test_panic"}),
    "reboot": Row([], [], [("reboot now", "EINVAL")], elsewhere={"output": "test_reboot"}),
    "poweroff": Row([], [], [("poweroff now", "EINVAL")], elsewhere={"output": "test_poweroff"}),
}


@pytest.fixture(scope="module")
def machine(request):
    """One machine for all rows: none of them leaves it other than it was."""
    log = os.path.join(request.config.rootpath, "build/system-logs/test_commands.log")
    with Machine(log=log, nodes=2, extra=["-numa", "dist,src=0,dst=1,val=31"],
                 **wanted_machine(request.config)) as guest:
        guest.wait_prompt()
        guest.plug("256M")
        guest.plug("130M")
        guest.ok("online dimm0 movable; hog start held 1M movable")
        yield guest
        guest.check()


@pytest.fixture(scope="module")
def listed(machine):
    """What `help -J` says, by name."""
    commands = {c["name"]: c for c in machine.json("help -J")["commands"]}
    return {name: c for name, c in commands.items() if name not in ONLY_SOME_BUILDS}


@pytest.fixture(scope="module")
def documents():
    """The notation of each -J document in docs/shell.md, by command."""
    with open(os.path.join(ROOT, "docs/shell.md"), encoding="utf-8") as page:
        section = page.read().partition("## JSON\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|$", section, re.M))


def fixed_words(usage):
    """The options and fixed words of a usage line: -n, kernel, order=."""
    return {word.partition("=")[0] for word in re.split(r"[ |\[\]]+", usage)
            if re.match(r"-[A-Za-z]$|[a-z]", word)}


def exists(test):
    """Whether a test named in a row is there: a function here, or a file beside this one."""
    return test in globals() or os.path.exists(os.path.join(os.path.dirname(__file__), test))


def test_the_table_is_complete(machine, listed):
    plain = re.findall(r"^  ([a-z]+) {2,}", machine.ok("help"), re.M)
    assert sorted(set(plain) - ONLY_SOME_BUILDS) == sorted(listed) == sorted(COMMANDS)
    for name, options in CONTRACT.items():
        assert set(options.split()) <= fixed_words(listed[name]["usage"]), name


def test_every_row_is_whole(listed):
    """Output, JSON where there is any, an error, and each option and word of the usage line."""
    for name, row in COMMANDS.items():
        has_json = "-J" in fixed_words(listed[name]["usage"])
        assert row.output or exists(row.elsewhere.get("output", "")), f"{name}: no output"
        assert bool(row.json) == (has_json and "-J" not in row.elsewhere), f"{name}: -J"
        assert bool(row.wrong) == (name not in NO_ERROR), f"{name}: no error"
        assert all(exists(test) for test in row.elsewhere.values()), name
        lacking = fixed_words(listed[name]["usage"]) - row.words()
        assert not lacking, f"{name}: no test types {lacking}"


def test_every_help_has_an_example(machine, listed):
    for name, command in listed.items():
        text = machine.ok(f"help {name}")
        assert f"for example: {command['example']}\n" in text and name in command["example"], text
        assert text.startswith(name) and command["help"] in text


@pytest.mark.parametrize("name", COMMANDS)
def test_output(machine, name):
    row = COMMANDS[name]
    if row.before:
        machine.ok(row.before)
    for command, line in row.output:
        text = machine.ok(command, scale=2)
        assert re.search(rf"^(?:{line})$", text, re.M), f"{command}:\n{text}"
    if row.after:
        machine.ok(row.after)


def document_of(documents, command):
    """The notation for a command line: that of its first words."""
    words = [word for word in command.split() if word != "-J"]
    option = f"{words[0]} -n" if words[0] == "offline" and "-n" in words else words[0]
    return documents.get(" ".join(words[:2])) or documents[option]


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if row.json])
def test_json(machine, documents, name):
    """One document on one line, with the keys that docs/shell.md gives it."""
    row = COMMANDS[name]
    for command in row.json:
        document = machine.json(command, scale=2)
        assert not differences(document_of(documents, command), document), command
    if row.after_json:
        machine.ok(row.after_json)


def test_refusals_change_nothing(machine):
    """One error line each, with the command and the code, and the world is as it was."""
    with machine.same_census():
        for name, row in COMMANDS.items():
            for command, code in row.wrong:
                status, text = machine.run(command)
                errors = re.findall(r"^error: .*$", text, re.M)
                assert len(errors) == 1 and status in (1, 2), f"{command}: {status}\n{text}"
                assert re.match(rf"error: {name}: .*\[{code}\]$", errors[0]), errors[0]
                assert (status == 2) == (": usage: " in errors[0]), errors[0]


def test_events_follow(boot):
    """New ones as they come, until Ctrl-C."""
    guest = boot()
    start = len(guest.text)
    guest.send("events -f\r")
    guest.expect(r"events -f\r?\n", start=start)
    guest.plug("128M", wait=False)
    guest.expect(r"^\[ *\d+\.\d{6}\] add +dimm0 +ok .*", start=start)
    guest.send("\x03")
    guest.wait_prompt(start=start + 12)


def test_eject(boot):
    guest = boot()
    ident, _ = guest.plug_named("128M")
    guest.eject(ident)
    guest.refused("eject dimm0", "ENODEV")
    guest.plug("128M")
    assert guest.json("eject dimm0 -J")["eject"] == {"target": "dimm0", "size": 128 << 20}


def test_top(boot):
    """Live until q; Ctrl-C ends it, too."""
    guest = boot()
    guest.refused("top x", "EINVAL")
    for key in ("q", "\x03"):
        start = len(guest.text)
        guest.send("top\r")
        guest.expect(r"up \d+ s", start=start)
        guest.send(key)
        guest.wait_prompt(start=start + 8)


def test_poweroff(boot):
    guest = boot()
    guest.refused("poweroff now", "EINVAL")
    guest.send("poweroff\r")
    guest.wait_until(guest.ended, "the end")
    assert guest.ended()["reason"] == "guest-shutdown"


def test_reboot(boot):
    guest = boot()
    guest.refused("reboot now", "EINVAL")
    guest.send("reboot\r")
    guest.wait_until(guest.ended, "the reset")
    assert guest.ended()["reason"] == "guest-reset"


def test_panic(boot):
    guest = boot(expect_trouble=True)
    start = len(guest.text)
    guest.send("panic because of it\r")
    guest.expect(r"^panic: asked for by the shell: because of it\r?$.*^panic> $", start=start,
                 panic_ok=True)
