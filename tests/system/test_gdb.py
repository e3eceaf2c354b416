"""gdb: what the project's commands and printers show, against the guest's own reports."""
import importlib.machinery
import importlib.util
import os
import re
import subprocess

import pytest

import qemu
from conftest import ROOT
from harness import PAGE, VMEMMAP

MARK = "@@@"


def gdb_arguments(target, commands):
    """A core's path or a socket's `remote PATH`; each command's output comes behind a mark."""
    args = ["gdb", "-q", "-batch", "-iex", "set pagination off", "-iex", "set width 0",
            qemu.kernel()]
    args += ["-ex", f"target {target}"] if target.startswith("remote") else [target]
    args += ["-x", os.path.join(ROOT, "tools/headroom.gdb.py")]
    for command in commands:
        args += ["-ex", f"echo {MARK}\\n", "-ex", command]
    return args + ["-ex", f"echo {MARK}\\n"]


def outputs(text):
    return [part.partition("\n")[2] for part in text.split(MARK)[1:]]


def gdb(target, *commands):
    """What each command printed."""
    done = subprocess.run(gdb_arguments(target, commands), text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=600)
    found = outputs(done.stdout)
    assert len(found) == len(commands) + 1, done.stdout
    return found[:-1]


def rows(text):
    """The rows of a table as dictionaries; no cell but the last has blanks in it."""
    lines = text.splitlines()
    names = lines[0].split()
    return [dict(zip(names, line.split(None, len(names) - 1))) for line in lines[1:]
            if len(line.split()) >= len(names)]


def core_tool():
    """tools/core, which has no .py in its name, as a module."""
    loader = importlib.machinery.SourceFileLoader("core", os.path.join(ROOT, "tools/core"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("core", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def machine(boot, tmp_path):
    """A machine with gdb's socket, three DIMMs (one at an odd place) and users of memory."""
    path = tmp_path / "gdb.sock"
    guest = boot(nodes=2, smp=2, extra=["-chardev", f"socket,id=gdb0,path={path},server=on,"
                                        "wait=off", "-gdb", "chardev:gdb0"])
    guest.remote = f"remote {path}"
    for size, node in (("256M", 1), ("130M", 0), ("512M", 1)):
        guest.plug(size, node=node)
    for command in ("online dimm0 movable", "online dimm2 kernel", "hog start k 40M kernel",
                    "hog start m 80M movable node=1"):
        guest.ok(command)
    text = guest.ok("hog pin m long size=8M")
    guest.pinned = int(re.search(r"the first at pfn (0x[0-9a-f]+)", text).group(1), 16)
    return guest


def assert_blocks(guest, lsmem, blocks):
    """hr-lsmem -a and hr-blocks against lsmem -a -J."""
    said = guest.lsmem("-a")
    shown = rows(lsmem)
    assert [(r["RANGE"], int(r["SIZE"]), r["STATE"], r["REMOVABLE"] == "yes", r["BLOCK"],
             int(r["NODE"])) for r in shown] == \
        [(r["range"], r["size"], r["state"], r["removable"], r["block"], r["node"]) for r in said]
    assert [r["ZONES"] for r in shown if r["STATE"] == "online"] == \
        [r["zones"] for r in said if r["state"] == "online"]
    assert [(r["BLOCK"], int(r["START"], 16) * PAGE, int(r["PAGES"]) * PAGE, r["STATE"])
            for r in rows(blocks)] == \
        [("memory" + r["block"], r["base"], r["size"], r["state"]) for r in said]
    free = guest.free()
    total = sum(int(r["PAGES"]) * PAGE for r in rows(blocks) if r["STATE"] == "offline")
    assert total == free["hotpluggable"]


def assert_dimms(guest, text):
    assert [(r["NAME"], int(r["SLOT"]), int(r["NODE"]), int(r["BASE"], 16), int(r["SIZE"]),
             r["STATE"], r["ONLINE"], int(r["HEAD"])) for r in rows(text)] == \
        [(d["name"], d["slot"], d["node"], d["base"], d["size"], d["state"],
          f"{d['blocks_online']}/{d['blocks']}", d["head"]) for d in guest.lsdimm()]


def assert_zones(guest, text):
    assert [(int(r["NODE"]), r["ZONE"], *(int(r[c]) for c in (
        "PRESENT", "MANAGED", "FREE", "ISOLATED", "PCP"))) for r in rows(text)] == \
        [(z["node"], z["zone"], z["present"], z["managed"], z["free"], z["isolated"],
          sum(p["count"] << p["order"] for p in z["pcp"]))
         for z in guest.json("zoneinfo -J")["zones"]]


def assert_threads(guest, text):
    """All but who runs on which CPU, and the shell, which waits for its next line now."""
    shown = rows(text)
    said = guest.json("threads -J")["threads"]
    assert [(int(r["ID"]), r["NAME"]) for r in shown] == [(t["id"], t["name"]) for t in said]
    by_name = {r["NAME"]: r for r in shown}
    assert by_name["shell"]["STATE"] == "sleeping"
    for thread in said:
        if thread["state"] == "sleeping":
            assert thread["waits_for"] in text, thread
            assert by_name[thread["name"]]["STATE"] == "sleeping"
    assert "worker (kernel/workqueue.c:" in text
    assert "serial_read (drivers/serial_input.c:" in text


def test_commands_say_what_the_guest_says(machine, tmp_path):
    commands = ("hr-lsmem -ab", "hr-blocks", "hr-dimm -b", "hr-zones", "hr-threads", "hr-lsmem",
                "hr-dimm -b dimm2", "hr-log 200", "hr-threads -b")
    live = gdb(machine.remote, *commands)
    assert_blocks(machine, *live[:2])
    assert_dimms(machine, live[2])
    assert_zones(machine, live[3])
    assert_threads(machine, live[4])
    said = machine.lsmem()
    totals = re.compile(r"^Total (\w+) memory: +(\S+)$", re.M)
    assert totals.findall(live[5]) == totals.findall(machine.ok("lsmem"))
    assert live[5].count("0x0000") == 2 * len(said)
    device = next(d for d in machine.lsdimm() if d["name"] == "dimm2")
    parts = [int(size) for size in re.findall(r"^(?!usable).*, (\S+)$", live[6], re.M)]
    assert sum(parts) == device["memmap"] + device["pagetables"] + device["descriptors"]
    logged = [line for line in machine.ok("dmesg").splitlines() if line.startswith("[")]
    assert live[7].splitlines() == logged[-200:]
    assert re.search(r"thread_block  kernel/sched\.c:\d+\n.*wait_event  kernel/wait\.c", live[8])

    # The same of a core, which is of the machine as it stands: DIMMs and nodes side by side too.
    machine.qmp.command("stop")
    core = tmp_path / "core"
    machine.qmp.command("dump-guest-memory", timeout=600, paging=False, protocol=f"file:{core}")
    again = gdb(machine.remote, *commands)  # the last, since the machine goes on when gdb leaves
    with open(core, "r+b") as file:
        core_tool().Core(file).add_virtual()
    dead = gdb(str(core), *commands)
    core.unlink()
    machine.qmp.command("cont")
    assert dead == again
    assert again[:3] == live[:3]


def test_pages(machine):
    """A page of each kind, against `page`: in a head, offline, free, used, pinned, in a gap."""
    movable = next(r for r in machine.lsmem("-a") if r.get("zones") == "Movable")
    start = movable["base"] // PAGE
    frames = [0x100000, 0x117f10, start + 0x300, start + 0x4321, machine.pinned, 0x1000, 0x2345,
              0x130000, 0x1381ff]
    seen = set()
    for pfn, shown in zip(frames, gdb(machine.remote, *(f"hr-page {p:#x}" for p in frames))):
        said = [line for line in machine.ok(f"page {pfn:#x}").splitlines()
                if line and not line.startswith("age:")]
        assert shown.splitlines() == said
        seen |= {line.strip() for line in said}
    for line in ("state:  used", "state:  free", "chunk:  none: the block is not online",
                 "chunk:  none: it is in the device's head region", "owner:  hog:m, movable"):
        assert line in seen
    assert any(line.startswith("pins:") for line in seen)
    nothing, none_such, wanted = gdb(machine.remote, "hr-page 0xf0000000", "hr-dimm dimm7",
                                     "hr-page")
    assert nothing == "hr-page: pfn 0xf0000000: no memory is there\n"
    assert none_such == "hr-dimm: no device dimm7; there are: dimm0 dimm1 dimm2\n"
    assert wanted == "hr-page: a page frame number is needed\n"


def test_printers(machine):
    dimm = machine.lsdimm()[0]
    behind = (dimm["base"] + dimm["head"]) // PAGE  # the first page that is not head
    device = "'mm/hotplug/device.c'::devices['mm/hotplug/device.c'::nr_devices - 1]"
    shown = gdb(machine.remote, f"p ((struct page *){VMEMMAP:#x})[{behind:#x}]",
                f"p {device}->blocks[0]", f"p *{device}", "p nodes[1].zone[1]", "p sched_all",
                "p sched_lock", "p hotplug_lock", "p nodes[1].zone[1].area[15].list",
                "p sched_cpus[0].idle->stack_owner", "p *sched_cpus[0].idle", "p /r sched_lock")
    zone = next(z for z in machine.json("zoneinfo -J")["zones"]
                if (z["node"], z["zone"]) == (1, "Movable"))
    nthreads = len(machine.json("threads -J")["threads"])
    chunks = next(z for z in machine.json("buddyinfo -J")["zones"]
                  if (z["node"], z["zone"]) == (1, "Movable"))["free_chunks"]
    assert re.search(rf"pfn {behind:#x}: (used|free|pcp) chunk of order \d+ \(limit \d+\), "
                     r"node 1 Movable", shown[0])
    assert "memory35.1 of dimm2: pfn 0x118200 to 0x11ffff, online in Normal" in shown[1]
    assert "dimm2: pfn 0x118200, 512M, node 1, 5 of 5 blocks online" in shown[2]
    assert f"node 1 Movable: present {zone['present']} managed {zone['managed']} free" in shown[3]
    assert f"list of {nthreads} = {{" in shown[4]
    assert "spinlock sched (rank sched): free" in shown[5]
    assert "mutex hotplug: free" in shown[6]
    assert (f"list of {chunks[15]} =" if chunks[15] else "empty list") in shown[7]
    assert "stack:idle, unmovable" in shown[8]
    assert re.search(r"thread 2 idle: (ready|running), CPU 0 = \{run = ", shown[9])
    assert "next = " in shown[10] and "spinlock sched" not in shown[10]


def test_a_broken_list_is_named(machine):
    *_, broken, _ = gdb(machine.remote, "set $saved = sched_all.next->prev",
                        "set var sched_all.next->prev = 0", "p sched_all",
                        "set var sched_all.next->prev = $saved")
    assert re.search(r"list of 0, then broken: 0x\w+ has 0x0 before it, not 0x\w+", broken)


def stop_at(machine, function, line, *commands):
    """Runs commands where the machine stops in `function` after `line` is typed; their outputs."""
    debugger = subprocess.Popen(
        gdb_arguments(machine.remote, (f"tbreak {function}", "continue", *commands)),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    text = ""
    while "Temporary breakpoint 1 at" not in text:
        said = debugger.stdout.readline()
        assert said, text
        text += said
    start = len(machine.text)
    machine.send(f"{line}; echo be\"\"hind\r")
    text += debugger.stdout.read()  # communicate() would miss what readline() has read ahead
    assert debugger.wait() == 0, text
    machine.expect(r"^behind", start=start)
    assert re.search(r"Temporary breakpoint 1(\.\d+)?, ", text), text  # .1: it is inlined, too
    assert len(outputs(text)) == len(commands) + 3, text
    return outputs(text)[2:-1]


def test_a_refusal_and_locks_that_are_held(machine):
    """Printed where they are: the machine is stopped by a breakpoint in the middle of things."""
    why, mutex, stack = stop_at(machine, "refusal_format", "hog start x 9G kernel", "p *why",
                                "p hotplug_lock", "bt 2")
    said = re.findall(r"^error: hog: \w+: (.*) \[(\w+)\]", machine.text, re.M)[-1]
    assert "= refused: " in why and said[0] in why and f"[{said[1]}]" in why
    assert "mutex hotplug: free" in mutex
    assert "refusal_format (why=" in stack
    zone, mutex = stop_at(machine, "zone_forget_going", "offline dimm0 -k", "p zone->lock",
                          "p hotplug_lock")
    shell = next(t["id"] for t in machine.json("threads -J")["threads"] if t["name"] == "shell")
    assert re.search(r"spinlock zone \(rank zone\): held by CPU [01], taken in \w+", zone)
    assert f"mutex hotplug: held by thread {shell} shell" in mutex


def test_before_the_kernel_is_there(boot, tmp_path):
    """make debug: gdb on a machine stopped before its first instruction."""
    done = subprocess.run(
        [os.path.join(ROOT, "tools/debug"), "-batch", "-ex", f"echo {MARK}\\n", "-ex", "hr-lsmem",
         "-ex", f"echo {MARK}\\n", "-ex", "headroom", "-ex", "tbreak kmain", "-ex", "continue",
         "-ex", f"echo {MARK}\\n", "-ex", "info symbol $pc", "-ex", "tbreak serial_read",
         "-ex", "continue", "-ex", f"echo {MARK}\\n", "-ex", "hr-lsmem"],
        env=dict(os.environ, HEADROOM_RUN=str(tmp_path), MEM="256M", SMP="2"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=600)
    early, listed, where, late = outputs(done.stdout)
    assert "hr-lsmem: not readable (has the kernel set it up yet?)" in early, done.stdout
    for name in ("hr-lsmem", "hr-dimm", "hr-page", "hr-zones", "hr-blocks", "hr-threads", "hr-log"):
        assert re.search(rf"^{name}\b.*:", listed, re.M)
    assert "memory_block" in listed
    assert re.match(r"kmain (\+ \d+ )?in section .text", where)
    assert "Total online memory:     255.9M" in late, late
    assert not (tmp_path / "gdb.sock").exists() or done.returncode == 0
