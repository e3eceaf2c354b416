"""Each protection holds, and the report of a fault names what, where and whose."""
import os
import re

import pytest

from conftest import ROOT
from harness import DEBUG_BUILD, KASAN_BUILD, UBSAN_BUILD

# Case of `provoke`: what the first line of the report says, and a function of the backtrace.
CASES = {
    "write-text": (r"page fault: write to 0xffffffff8\w+ \(kernel code\): read-only", "write_text"),
    "write-rodata": (r"write to 0xffffffff8\w+ \(kernel read-only data\): read-only",
                     "write_rodata"),
    "exec-data": (r"execution of 0xffffffff8\w+ \(kernel data\): not executable",
                  "command_provoke"),
    "exec-rodata": (r"execution of 0x\w+ \(kernel read-only data\): not executable",
                    "command_provoke"),
    "exec-heap": (r"execution of 0xffff80\w+ \(direct map of physical 0x\w+\): not executable",
                  "exec_heap"),
    "exec-vm": (r"execution of 0xffffd9\w+ \(.*\): not executable", "exec_vm"),
    "exec-stack": (r"execution of 0x\w+ \(stack:shell\): not executable", "exec_stack"),
    "stack-overflow": (r"stack overflow of thread shell \(guard page of stack:shell\)",
                       "stack_overflow"),
    "double-fault": (r"double fault", "double_fault"),
    "null": (r"page fault: read of 0x10 \(null pointer\): not mapped", "null_pointer"),
    "non-canonical": (r"general protection fault: perhaps a non-canonical", "non_canonical"),
    "smap": (r"read of 0x40000000 \(user half\): user page, SMAP", "smap"),
    "smep": (r"execution of 0x40000000 \(user half\): user page, SMEP", "smep"),
    "double-free": (r"slab kmalloc-64: double free", "double_free"),
    "wild-free": (r"slab kmalloc-64: wild free", "wild_free"),
    "use-after-free": (r"slab kmalloc-64: .* was written after it was freed", "use_after_free"),
    "redzone": (r"slab kmalloc-64: .* was written past its 64 bytes", "redzone"),
    "stack-overrun": (r"stack smashed in stack_overrun", "stack_overrun"),
}

# What the address sanitizer sees, at the access itself, in the build for it; with what its report
# says about what was hit.
KASAN_CASES = {
    "double-free": (r"kasan: double-free of 0x\w+ by ", "double_free",
                    r"byte 0 of it\nallocated by\n.* double_free\+.*freed by\n.* double_free\+"),
    "use-after-free": (r"kasan: use-after-free: write of 1 byte at 0x\w+ by use_after_free",
                       "use_after_free", r"of slab kmalloc-64, 64 bytes; .* at byte 20 of it\n"
                       r"allocated by\n.* use_after_free\+.*freed by\n.* use_after_free\+"
                       r".*\[fb\]"),
    "redzone": (r"kasan: slab-out-of-bounds: write of 1 byte at 0x\w+ by redzone", "redzone",
                r"of slab kmalloc-64, 64 bytes; .* at byte 64 of it\n"
                r"allocated by\n.* redzone\+.*\[fc\]"),
    "stack-overrun": (r"kasan: stack-out-of-bounds: write of 1 byte at 0x\w+ by stack_overrun",
                      "stack_overrun", r"few, 16 bytes; the access is at byte 16 of it, in the "
                      r"frame of stack_overrun\n"),
    "global-overrun": (r"kasan: global-out-of-bounds: write of 1 byte at 0x\w+ by global_overrun",
                       "global_overrun", r"global few of kernel/shell/cmd_provoke.c, 64 bytes; "
                       r"the access is at byte 64 of it\n"),
    "page-after-free": (r"kasan: use-of-free-page: write of 1 byte at 0x\w+ by page_after_free",
                        "page_after_free", r"page frame 0x\w+, byte 64 of it\n.*\[ff\]"),
}

# What the build for undefined behaviour sees before the stack is smashed.
UBSAN_CASES = {
    "stack-overrun": (r"ubsan: \S+cmd_provoke\.c:\d+:\d+: index 16 is outside of 'char \[16\]'",
                      "stack_overrun"),
}
CASES_HERE = {**CASES, **(KASAN_CASES if KASAN_BUILD else UBSAN_CASES if UBSAN_BUILD else {})}


def provoke(guest, case):
    """Provokes `case`; the whole report, up to the panic shell's prompt."""
    guest.expect_trouble = True
    start = len(guest.text)
    guest.send(f"provoke {case}\r")
    guest.expect(r"^panic> ", start=start, panic_ok=True)
    assert guest.ended() is None, "a report, not a reset"
    return guest.text[start:]


@pytest.mark.parametrize("case", sorted(CASES_HERE))
def test_report(boot, case):
    expected = CASES_HERE[case]
    first, function = expected[:2]
    guest = boot(cpu="max")
    report = provoke(guest, case)
    assert re.search(rf"^panic: {first}|^panic: page fault: {first}", report, re.M), report
    assert "panic within" not in report, report
    assert "thread: shell, cpu " in report
    backtrace = report[report.index("backtrace:"):report.index("last log lines:")]
    assert re.search(rf" {function}\+0x", backtrace), backtrace
    assert re.search(r"^  \[ *\d+\.\d{6}\] \w+: ", report, re.M), "lines of the log"
    if len(expected) > 2:
        owner = report.replace("\r", "").split("kasan:\n")[-1]
        assert re.search(expected[2], owner, re.S), owner


@pytest.mark.parametrize("case,address,place", [
    ("departed-dimm", "ffff800100000000", "direct map"),
    ("departed-page", "ffffea0002000000", "vmemmap")])
def test_the_walk_and_the_place_of_the_fault(boot, case, address, place):
    """A DIMM that was there a moment ago: the tables end somewhere, and the report says whose."""
    guest = boot(nodes=1)
    ident, _ = guest.plug_named("256M")
    guest.ok("online dimm0; offline dimm0")
    guest.eject(ident)
    report = provoke(guest, case)
    walk = re.search(r"^page-table walk of (\w+):\n((?:  .*\n)+)(.*)$", report.replace("\r", ""),
                     re.M)
    assert walk and walk.group(1) == address, report
    assert walk.group(2).splitlines()[0].startswith("  PML4[")
    assert walk.group(2).splitlines()[-1].endswith("not present")
    assert re.fullmatch(rf"{place} of dimm0, ejected \d+ s ago \(pfn 0x100000\)", walk.group(3))
    log = report[report.index("last log lines:"):report.index("page-table walk")]
    assert "dimm0 ejected" in log and "acpica: " not in log, "the last that was said, no chatter"


@pytest.mark.huge
def test_who_holds_the_lock(boot):
    """An NMI in the middle of a long list, which is printed with the lock held."""
    guest = boot(maxmem="300G", expect_trouble=True)
    guest.plug("256G")
    start = len(guest.text)
    guest.send("lsmem -a -b\r")
    guest.expect(r"134217728 +offline .*134217728 +offline ", start=start)
    guest.qmp.human("nmi")
    guest.expect(r"^panic: non-maskable interrupt.*^mutex hotplug: held by thread shell\r?$.*"
                 r"^panic> $", start=start, panic_ok=True)


def test_ctrl_c_on_its_way_into_a_panic(boot):
    """A Ctrl-C typed right behind Enter is for the command; the panic shell does not stop."""
    guest = boot(expect_trouble=True)
    start = len(guest.text)
    guest.send("panic\r\x03")
    guest.expect(r"^panic: asked for by the shell.*^panic> $", start=start, panic_ok=True)
    start = len(guest.text)
    guest.send("dmesg; srat\r")
    guest.expect(r"Headroom: a kernel about memory.*^APIC +DOMAIN.*^panic> $", start=start,
                 panic_ok=True)


def test_colour_of_a_report(boot):
    """Only where colour is on, and never in front of the words that programs look for."""
    guest = boot()
    guest.run("set color on")
    report = provoke(guest, "null")
    assert re.search(r"^panic: \x1b\[31mpage fault: read of 0x10 .*\x1b\[0m\r?$", report, re.M)
    assert "\x1b[34mbacktrace:\x1b[0m" in report


def test_every_case_is_tested(boot):
    names = re.findall(r"^(\S+)", boot().ok("provoke"), re.M)
    assert sorted(names) == sorted({*CASES, *KASAN_CASES, "lock-order", "departed-dimm",
                                    "departed-page", "format-n", "undefined"})


def test_a_case_that_gets_no_memory_keeps_none(boot):
    guest = boot(cpu="max")
    guest.ok("free")  # what a first command allocates is there
    with guest.same_census():
        for nth in range(1, 5):
            guest.ok(f"fault alloc_page {nth}")
            guest.refused("provoke smep", "ENOMEM")
        guest.ok("fault off")


def test_format_n_is_refused(boot):
    assert boot().ok("provoke format-n").strip() == "provoke: format-n: refused"


def test_undefined_behaviour_dies_where_it_is_looked_for(boot):
    """In the build for it; elsewhere the case says that it can't be tripped."""
    guest = boot()
    if not UBSAN_BUILD:
        guest.refused("provoke undefined", "EOPNOTSUPP")
        return
    report = provoke(guest, "undefined")
    assert re.search(r"^panic: ubsan: \S+cmd_provoke\.c:\d+:\d+: "
                     r"2147483647 \+ 1 does not fit 'int'", report, re.M), report


def test_cases_of_other_builds_say_so(boot):
    """In the release build; nothing is harmed by the attempt."""
    guest = boot()
    if DEBUG_BUILD:
        pytest.skip("the release build's")
    for case in ("global-overrun", "page-after-free"):
        guest.refused(f"provoke {case}", "EOPNOTSUPP")


@pytest.mark.skipif(KASAN_BUILD, reason="sees the write itself")
def test_a_freed_page_that_was_written_is_found_when_given_out(boot):
    guest = boot(iso=os.path.join(ROOT, "build/debug/headroom.iso"))
    report = provoke(guest, "page-after-free")
    assert re.search(r"^panic: page poison: pfn 0x\w+ was written after it was freed, at byte 64; "
                     r"allocated before by page_after_free", report, re.M), report


def test_lock_order(boot):
    guest = boot(iso=os.path.join(ROOT, "build/debug/headroom.iso"))
    report = provoke(guest, "lock-order")
    assert re.search(r"^panic: lock order: provoke-outer .* while provoke-inner", report, re.M)
    assert re.search(r"^cpu \d+ holds provoke-inner, taken by \w+", report, re.M), report


@pytest.mark.parametrize("case", ["smap", "smep"])
def test_absent_protection_is_said(boot, case):
    boot(cpu="qemu64").refused(f"provoke {case}", "EOPNOTSUPP")


def test_panic_shell_answers(boot):
    """After the report a shell polls the line: what reads only works, the rest is refused."""
    guest = boot()
    provoke(guest, "null")
    start = len(guest.text)
    guest.send("dmesg | grep cpu\r")
    guest.expect(r"\] cpu: .*^panic> ", start=start, panic_ok=True)
    start = len(guest.text)
    guest.send("hog list\r")
    guest.expect(r"error: hog: .*^panic> ", start=start, panic_ok=True)


def test_cpu_without_long_mode(boot):
    guest = boot(cpu="qemu32", prompt=False, expect_trouble=True)
    guest.expect(r"this CPU has no 64-bit mode")
    assert guest.ended() is None


def test_nmi(boot):
    guest = boot(expect_trouble=True)
    guest.qmp.human("nmi")
    guest.expect(r"^panic: non-maskable interrupt.*backtrace:.*^panic> ", start=0, panic_ok=True)


def test_machine_check_names_the_bank_and_the_address(boot):
    """An uncorrected error in bank 1 at 0x12345000; with MCE off this would reset the machine."""
    guest = boot(expect_trouble=True)
    guest.qmp.human("mce 0 1 0xbe00000000000005 0x5 0x12345000 0x8c")
    guest.expect(r"^panic: machine check.*^bank 1: status be00000000000005, not corrected, "
                 r"physical address 0x12345000.*^panic> ", start=0, panic_ok=True)
