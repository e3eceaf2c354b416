"""Every machine, firmware and processor gets to the prompt; poweroff and reboot end it."""
import pytest

from harness import MIB


@pytest.mark.parametrize("cpu", ["qemu64", "max"])
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_prompt(boot, machine, firmware, cpu):
    guest = boot(machine=machine, firmware=firmware, cpu=cpu)
    free = guest.free()
    assert free["total"] == free["used"] + free["free"]
    # Firmware keeps some of it (UEFI's own code and data more than a BIOS).
    assert 512 * MIB - 64 * MIB < free["total"] <= 512 * MIB
    guest.plug("256M")
    assert [d["size"] for d in guest.lsdimm()] == [256 * MIB]


def test_interface_command_line(boot):
    """The bare command line of the documentation: no -cpu, no SMP."""
    guest = boot(cpu="qemu64", smp=1, machine="pc")
    assert guest.run("echo hello world") == (0, "hello world\n")


def test_nothing_dead_is_left_of_the_start(boot):
    threads = boot().json("threads -J")["threads"]
    assert "shell" in [thread["name"] for thread in threads]
    assert "dead" not in [thread["state"] for thread in threads]
    assert "main" not in [thread["name"] for thread in threads]


def test_64_mib(boot):
    guest = boot(mem="64M", maxmem="4G")
    guest.plug("1G")
    guest.ok("online dimm0")
    assert guest.free()["total"] > 1024 * MIB


def test_one_cpu_without_slots(boot):
    """No hot-plug slots at all: everything else works."""
    guest = boot(slots=0, smp=1)
    assert guest.lsdimm() == []


def test_four_cpus(boot):
    guest = boot(smp=4)
    assert "cpu" in guest.ok("cpus").lower()


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_poweroff(boot, machine):
    guest = boot(machine=machine)
    guest.send("poweroff\r")
    event = guest.qmp.wait_event("SHUTDOWN", 0, 240)
    assert event and event["data"]["reason"] == "guest-shutdown"


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_reboot(boot, machine):
    guest = boot(machine=machine)
    guest.send("reboot\r")
    event = guest.qmp.wait_event("SHUTDOWN", 0, 240)
    assert event and event["data"]["reason"] == "guest-reset"
