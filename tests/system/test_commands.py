"""Every command: that it is there, what it prints, its JSON, and how it refuses.

COMMANDS has a row a command.  The test of the table fails if `help` shows a command that has no
row, or if one of the contract's (CONTRACT) is not there; so a new command comes with its row.
"""
import json
import re

import pytest

CONTRACT = """
    lsmem lsdimm online offline why eject policy zones chmem
    free meminfo numa buddyinfo zoneinfo iomem vmemmap pte page map top slabinfo acpi srat slit
    madt events dmesg cpus threads irqs locks
    hog stress provoke check selftest bench fault time repeat sleep echo history help set panic
    reboot poweroff
""".split()

# name: (a command and what a line of its output must match, a -J command and a key of its
# document, a command that is refused and its ECODE).  The machine has dimm0 (256M, online,
# movable) and dimm1 (130M, offline), and the hog `held` of 1M.
COMMANDS = {
    "lsmem": ("lsmem", r"0x0000000100000000-0x000000010fffffff +256M +online +yes +32-33",
              "lsmem -J", "memory", "lsmem -o NOSUCH", "EINVAL"),
    "lsdimm": ("lsdimm", r"dimm0 +0 +0 0x0000000100000000 +256M +online +2/2 +\S+ +0\.\d\d%",
               "lsdimm -J", "dimms", "lsdimm x", "EINVAL"),
    "online": ("online memory34; offline memory34", r"online: memory34: 1 block, .*",
               None, None, "online dimm0", "EALREADY"),
    "offline": ("offline dimm0 -n", r"offline: dimm0: .*", None, None, "offline dimm1",
                "EALREADY"),
    "why": ("why memory0", r".*\b(kernel|memmap|boot|page|pfn)\b.*", None, None, "why dimm7",
            "ENODEV"),
    "eject": None,
    "policy": ("policy", r"online +offline\b.*", None, None, "policy online maybe", "EINVAL"),
    "zones": ("zones memory34", r"(Normal|Movable)( \w+)*", None, None, "zones memory99",
              "ENOENT"),
    "chmem": ("chmem -e -b 34; chmem -d -b 34", r"chmem: 1 block enabled", None, None,
              "chmem -e 1T", "ENOMEM"),
    "free": ("free -b", r"Mem: +\d{9} +\d+ +\d+ +\d+ +\d+", "free -J", "memory", "free -x",
             "EINVAL"),
    "meminfo": ("meminfo", r"MemTotal: +\d+ kB", "meminfo -J", "meminfo", "meminfo x", "EINVAL"),
    "numa": ("numa", r"node 0 size: \d+ MB", "numa -J", "nodes", "numa x", "EINVAL"),
    "buddyinfo": ("buddyinfo", r"Node 0, zone  Movable( +\d+)+ ", "buddyinfo -J", "zones",
                  "buddyinfo x", "EINVAL"),
    "zoneinfo": ("zoneinfo", r" {8}present  65536", "zoneinfo -J", "zones", "zoneinfo x",
                 "EINVAL"),
    "iomem": ("iomem", r"100000000-10fffffff : System RAM \(dimm0\)", "iomem -J", None, "iomem x",
              "EINVAL"),
    "vmemmap": ("vmemmap dimm0", r"dimm0 +0xffffea0002000000-0xffffea00021fffff +2M +2M .*",
                "vmemmap -J", None, "vmemmap dimm7", "ENOENT"),
    "pte": ("pte 0xffffea0002000000", r"0xffffea0002000000 is physical 0x100000000",
            "pte 0xffffea0002000000 -J", None, "pte nonsense", "EINVAL"),
    "page": ("page 0x100000", r".*\b(memmap|head|dimm0)\b.*", None, None,
             "page 0xfffffffffffff", "ENOENT"),
    "map": ("map dimm0", r"100000000 dimm0 +\|.*", None, None, "map dimm7", "ENODEV"),
    "top": None,
    "reserves": ("reserves", r"foreign allocations between event and online: 0", "reserves -J",
                 "reserves", "reserves x", "EINVAL"),
    "slabinfo": ("slabinfo", r"kmalloc-64 +\d+ +\d+ +64 .*", "slabinfo -J", "slabs", "slabinfo x",
                 "EINVAL"),
    "acpi": ("acpi", r".*\bFACP\b.*", "acpi -J", None, "acpi x", "EINVAL"),
    "srat": ("srat", r"0x0000000100000000-\S+ +\S+ +1 yes +no", "srat -J", None, "srat x",
             "EINVAL"),
    "slit": ("slit", r".*\b31\b.*", "slit -J", None, "slit x", "EINVAL"),
    "madt": ("madt", r".*0xfec00000.*", "madt -J", None, "madt x", "EINVAL"),
    "events": ("events", r"\[ *\d+\.\d{6}\] online +dimm0 +ok +2 blocks to Movable", "events -J",
               "events", "events x", "EINVAL"),
    "dmesg": ("dmesg", r"\[ *\d+\.\d{6}\] acpi: .*dimm0, 256 MiB at 0x100000000", None, None,
              "dmesg x", "EINVAL"),
    "cpus": ("cpus", r" *0 .*", "cpus -J", "cpus", "cpus x", "EINVAL"),
    "threads": ("threads", r".*\bshell\b.*", "threads -J", "threads", "threads x", "EINVAL"),
    "irqs": ("irqs", r".*serial.*", "irqs -J", "irqs", "irqs x", "EINVAL"),
    "locks": ("locks", r".*\bconsole\b.*", "locks -J", "ranks", "locks x", "EINVAL"),
    "hog": ("hog list", r"held +1M +movable +.*", "hog list -J", "hogs", "hog stop nobody",
            "ENOENT"),
    "stress": ("stress 1 seed=7", r"stress: .*", None, None, "stress x", "EINVAL"),
    "provoke": ("provoke", r"write-text\b.*", None, None, "provoke nosuch", "E[A-Z]+"),
    "check": ("check", r"check: ok", None, None, "check x", "EINVAL"),
    "selftest": ("selftest mutex", r"ok \d+ .*", None, None, "selftest nosuchtest",
                 "ENOENT"),
    "bench": ("bench page", r".*page.*", "bench page -J", None, "bench nosuchbench", "ENOENT"),
    "fault": ("fault list", r"\w+ .*", "fault list -J", None, "fault nosuchsite 1", "ENOENT"),
    "time": ("time echo x", r"time: \d+ ticks \d+ us", None, None, "time", "EINVAL"),
    "repeat": ("repeat 2 echo y", r"y", None, None, "repeat x echo", "EINVAL"),
    "taskset": ("taskset -c 1,0-1 echo z", r"z", None, None, "taskset -c 63 echo", "ENODEV"),
    "sleep": ("sleep 0.01; echo slept", r"slept", None, None, "sleep x", "EINVAL"),
    "echo": ("echo a b", r"a b", None, None, None, None),
    "history": ("echo first; history", r" *\d+  echo first; history.*", None, None, "history x",
                "EINVAL"),
    "help": ("help offline", r"offline TARGET .*", None, None, "help nosuch", "ENOENT"),
    "set": ("set", r"color off", None, None, "set color blue", "EINVAL"),
    "panic": None,
    "reboot": None,
    "poweroff": None,
}


@pytest.fixture(scope="module")
def machine(request):
    """One machine for all rows: none of them leaves it other than it was."""
    import os
    from harness import Machine
    log = os.path.join(request.config.rootpath, "build/system-logs/test_commands.log")
    with Machine(log=log, nodes=2, extra=["-numa", "dist,src=0,dst=1,val=31"]) as guest:
        guest.wait_prompt()
        guest.plug("256M")
        guest.plug("130M")
        guest.ok("online dimm0 movable; hog start held 1M movable")
        yield guest
        guest.check()


def test_the_table_is_complete(machine):
    names = re.findall(r"^  ([a-z]+) {2,}", machine.ok("help"), re.M)
    assert sorted(names) == sorted(COMMANDS)
    assert not set(CONTRACT) - set(names)


@pytest.mark.parametrize("name", [name for name, row in COMMANDS.items() if row])
def test_command(machine, name):
    command, line, document, key, wrong, code = COMMANDS[name]
    text = machine.ok(command, scale=2)
    assert re.search(rf"^(?:{line})$", text, re.M), text
    if document:
        parsed = machine.json(document, scale=2)
        assert parsed and (key is None or key in parsed)
        assert json.loads(json.dumps(parsed)) == parsed
    else:
        assert "-J" not in machine.ok(f"help {name}").split("\n")[0], "a -J without a test"
    if wrong:
        error = machine.refused(wrong)
        assert re.match(rf"error: {name}: .*\[{code}\]$", error), error


def test_eject(boot):
    guest = boot()
    ident, _ = guest.plug_named("128M")
    guest.eject(ident)
    guest.refused("eject dimm0", "ENODEV")
    guest.refused("eject boot")


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
    guest.send("panic because\r")
    guest.expect(r"^panic: asked for by the shell: because.*^panic> $", start=start, panic_ok=True)
