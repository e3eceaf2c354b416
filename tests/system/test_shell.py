"""The serial line as a user and a script have it: status, errors, JSON, editing, abuse."""
import json
import random
import re

import pytest

from harness import MIB

JSON_COMMANDS = ["free -J", "lsmem -J", "lsmem -a -J", "lsdimm -J", "buddyinfo -J",
                 "zoneinfo -J", "iomem -J", "meminfo -J", "numa -J", "slabinfo -J", "acpi -J",
                 "srat -J", "slit -J", "madt -J", "irqs -J", "threads -J", "cpus -J", "locks -J",
                 "hog list -J", "fault list -J", "events -J", "vmemmap -J"]
PLAIN_COMMANDS = ["free", "free -h", "free -b", "meminfo", "numa", "buddyinfo", "zoneinfo",
                  "iomem", "vmemmap", "slabinfo", "acpi", "srat", "slit", "madt", "events",
                  "dmesg", "cpus", "threads", "irqs", "locks", "lsmem", "lsmem -a", "lsmem -b",
                  "lsdimm", "lsdimm -b", "policy", "history", "help", "hog list", "fault list"]


@pytest.fixture
def plugged(boot):
    guest = boot(nodes=2, extra=["-numa", "dist,src=0,dst=1,val=31"])
    guest.plug("256M", node=1)
    guest.plug("130M")
    guest.ok("online dimm0 movable")
    return guest


def test_json_is_json(plugged):
    """Every -J a command has: one document on one line."""
    lacking = []
    for command in JSON_COMMANDS:
        status, text = plugged.run(command)
        lines = [line for line in text.splitlines() if line.startswith("{")]
        if status == 2 and not lines:
            lacking.append(command)
            continue
        assert status == 0, f"{command}: {text}"
        assert len(lines) == 1, f"{command}: {text}"
        json.loads(lines[0])
    promised = {"free -J", "lsmem -J", "lsmem -a -J", "lsdimm -J"}
    assert not promised & set(lacking)


def test_every_looking_command_works(plugged):
    for command in PLAIN_COMMANDS:
        assert plugged.ok(command, scale=2).strip(), command


def test_every_command_has_help_and_a_usage_error(plugged):
    names = re.findall(r"^  ([a-z]+) {2,}", plugged.ok("help"), re.M)
    assert len(names) > 35
    for name in names:
        assert name in plugged.ok(f"help {name}")


def test_lsmem_is_util_linux_like(plugged):
    lines = plugged.ok("lsmem").splitlines()
    assert lines[0].split() == ["RANGE", "SIZE", "STATE", "REMOVABLE", "BLOCK"]
    assert any(line.startswith("Total online memory:") for line in lines)
    assert lines[-1].startswith("Total offline memory:")
    size = sum(r["size"] for r in plugged.lsmem() if r["base"] >= 4 << 30)
    assert size == 386 * MIB


@pytest.mark.parametrize("command,status", [
    ("echo a; echo b", 0), ("nosuchcommand", 2), ("online", 2), ("online nosuch", 2),
    ("online memory9999", 1), ("offline dimm99", 1), ("online dimm0 sideways", 2),
    ("offline dimm0 -t x", 2), ("eject nosuch", 1), ("page zzz", 2), ("hog", 2),
    ("hog stop nobody", 1), ("hog start x 0", 2), ("policy nosuch x", 1), ("chmem", 2),
    ("online 0x0-", 2), ("pte nonsense", 2), ("lsmem -Z", 2), ("free --bogus", 2)])
def test_statuses(boot, command, status):
    """0, 1 and 2 mean what they should, and a failure is one error line that changes nothing."""
    guest = boot()
    guest.plug("256M")
    with guest.same_census():
        got, text = guest.run(command)
    errors = re.findall(r"^error: .*\[E[A-Z0-9]+\]$", text, re.M)
    assert got == status, text
    assert len(errors) == (1 if status else 0), text


@pytest.mark.parametrize("command", ["bench page", "selftest", "stress 60", "sleep 60"])
def test_ctrl_c_is_a_failure_with_one_line(boot, command):
    guest = boot()
    start = len(guest.text)
    guest.send(f"{command}\r\x03")
    guest.wait_prompt(start=start + len(command), scale=4)
    assert guest.ok("echo $?") == "1\n"
    assert re.findall(r"^error: (\w+): .*interrupted \[EINTR\]", guest.text[start:], re.M) \
        == [command.split()[0]]


def test_pipes_and_status(boot):
    guest = boot()
    assert guest.ok("echo one; echo two | grep tw") == "one\ntwo\n"
    assert guest.run("nosuch; echo $?")[1].endswith("2\n")
    start = len(guest.text)
    guest.send("echo x # a comment\r")
    guest.expect(r"^x\r?$", start=start)


def test_line_editing(boot):
    guest = boot()
    start = len(guest.text)
    guest.send("ecko hello\x01\x1b[C\x1b[C\x1b[3~h\x05 world\r")  # Home, right, Delete, End
    guest.expect(r"^hello world\r?$", start=start)
    start = len(guest.text)
    guest.send("\x1b[A\r")  # up: once more
    guest.expect(r"^hello world\r?$", start=start)
    start = len(guest.text)
    guest.send("echo gone\x15echo kept\r")  # Ctrl-U
    guest.expect(r"^kept\r?$", start=start)
    start = len(guest.text)
    guest.send("polic\t\r")
    guest.expect(r"online.*eject|eject.*online", start=start)


def test_ctrl_c_stops_a_command(boot):
    guest = boot()
    start = len(guest.text)
    guest.send("sleep 10000\r")
    guest.expect(r"sleep 10000\r?\n", start=start)
    guest.send("\x03")
    guest.wait_prompt(start=start + 12)
    guest.ok("echo alive")


def test_asynchronous_messages_leave_the_line_alone(boot):
    """A DIMM arrives in the middle of a word."""
    guest = boot()
    start = len(guest.text)
    guest.send("echo abc")
    guest.expect("echo abc", start=start)
    middle = len(guest.text)
    guest.plug("128M", wait=False)
    guest.expect(r"128 ?M|dimm0", start=middle)
    guest.expect(r"hr> echo abc", start=middle)
    guest.send("def\r")
    guest.expect(r"^abcdef\r?$", start=middle)


def test_long_line(boot):
    guest = boot()
    text = "x" * 4000
    status, out = guest.run(f"echo {text}")
    assert status == 0 and out.replace("\n", "").strip() == text
    guest.send("y" * 20000 + "\x15\r")  # more than any line; Ctrl-U takes it away
    guest.ok("echo alive")


def test_noise_with_newlines(boot):
    guest = boot(expect_trouble=True)  # its words may spell anything, `panic` excluded below
    noise = random.Random(7)
    words = ["online", "offline", "dimm0", "-J", "|", "grep", ";", "$?", "#", "'", '"', "\\",
             "memory32", "0x0-0xffffffffffffffff", "all", "-t", "99999999999999999999", "hog",
             "start", "pte", "page", "echo", "zones", "lsmem", "-o", ",", "why", "chmem", "-b"]
    for _ in range(300):
        guest.send(" ".join(noise.choice(words) for _ in range(noise.randrange(1, 9))) + "\r")
    guest.expect_trouble = False
    guest.ok("echo alive")


def test_command_line_options(boot):
    guest = boot(fw_cfg={"cmdline": "memhp_default_state=online_movable nonsense=1 color=0"})
    assert "nonsense" in guest.ok("dmesg")
    guest.plug("256M")
    guest.wait_until(lambda: guest.lsdimm()[0]["state"] == "online", "auto online")
    rows = [r for r in guest.lsmem("-o RANGE,STATE,ZONES") if r["base"] >= 4 << 30]
    assert all("Movable" in r["zones"] for r in rows if r["state"] == "online")


def test_4_kib_command_line(boot):
    words = " ".join(f"unknown{i}=value{i}" for i in range(400))[:4080]
    guest = boot(fw_cfg={"cmdline": words + " x"})
    guest.ok("echo alive")


@pytest.mark.parametrize("text", ["memhp_default_state", "memhp_default_state=", "=", "maxcpus=x",
                                  "maxcpus=99999999999999999999", "loglevel=-1",
                                  "\x01\x02 =\x7f", "memhp_eject=perhaps"])
def test_malformed_options(boot, text):
    guest = boot(fw_cfg={"cmdline": text})
    guest.plug("128M")
    guest.ok("online dimm0")


def test_script_from_the_host(boot, tmp_path):
    path = tmp_path / "script"
    path.write_text("echo from the script\necho second line\n")
    guest = boot(fw_cfg={"script": f"@{path}"})
    guest.expect(r"^from the script\r?$.*^second line\r?$.*^hr> $", start=0)


def test_maxcpus(boot):
    guest = boot(smp=4, fw_cfg={"cmdline": "maxcpus=1"})
    guest.plug("128M")
    guest.ok("online dimm0; offline dimm0")


@pytest.mark.parametrize("value,zone", [("online", None), ("online_kernel", "Normal"),
                                        ("online_movable", "Movable")])
def test_online_policy(boot, value, zone):
    guest = boot()
    guest.ok(f"policy online {value}")
    guest.plug("256M")
    guest.wait_until(lambda: guest.lsdimm()[0]["state"] == "online", "auto online")
    rows = [r for r in guest.lsmem("-o RANGE,STATE,ZONES")
            if r["base"] >= 4 << 30 and r["state"] == "online"]
    assert rows and (zone is None or all(zone in r["zones"] for r in rows))


def test_chmem(boot):
    guest = boot()
    guest.plug("512M")
    before = guest.free()["total"]
    guest.ok("chmem -e 256M")
    assert guest.free()["total"] - before >= 256 * MIB - 8 * MIB
    guest.ok("chmem -d 256M")
    assert guest.free()["total"] == before


def test_time_and_repeat(boot):
    guest = boot()
    assert re.search(r"^time: \d+ ticks \d+ us$", guest.ok("time echo x"), re.M)
    assert guest.ok("repeat 3 echo y").count("y\n") == 3
