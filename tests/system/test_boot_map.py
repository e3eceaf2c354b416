"""Memory maps and command lines as no sound boot loader would give them."""
import re

from harness import DIRECT_MAP, MIB


def cut(start, end):
    return f"cutmem {start:#x} {end:#x}"


def test_hole_in_ram(boot, image):
    """RAM that the map leaves out is never used, and everything else is."""
    whole = boot().free()["total"]
    guest = boot(iso=image(modules=["mmap"], commands=[cut(64 * MIB, 80 * MIB)]))
    assert whole - guest.free()["total"] == 16 * MIB
    status, text = guest.run(f"pte {DIRECT_MAP + 72 * MIB:#x}")
    assert status != 0 or "not mapped" in text or "not present" in text, text


def test_map_longer_than_the_kernel_keeps(boot, image):
    """400 holes cut RAM into more ranges than fit; the small ones go, and it is said."""
    holes = [cut(16 * MIB + i * 0x20000, 16 * MIB + i * 0x20000 + 0x1000) for i in range(400)]
    guest = boot(iso=image(modules=["mmap"], commands=holes))
    found = re.search(r"boot: .* (\d+) memory ranges, (\d+) dropped", guest.ok("dmesg"))
    assert found and int(found.group(1)) == 256 and int(found.group(2)) > 100
    assert guest.free()["total"] > 470 * MIB
    guest.plug("256M")
    guest.ok("online dimm0")


def test_long_command_line(boot, image):
    guest = boot(iso=image(cmdline="memhp_default_state=online " + "x" * 5000 + " loglevel=3"))
    log = guest.ok("dmesg")
    assert "options: the command line is longer than 4096 bytes: cut" in log
    assert re.search(r"options: .*unknown option 'x{40}\.\.\.': ignored", log)
    guest.plug("128M")
    assert [dimm["state"] for dimm in guest.lsdimm()] == ["online"]


def boot_line(guest):
    """Ranges and bytes of the boot loader's tags."""
    line = re.search(r"boot: .* (\d+) memory ranges, \d+ dropped, (\d+) bytes", guest.ok("dmesg"))
    return int(line.group(1)), int(line.group(2))


def test_tags_longer_than_the_kernel_keeps(boot, image):
    """What lies behind 64 KiB is lost and said; the map lies before it, so the machine runs."""
    ranges, size = boot_line(boot())
    # A module's words stand before the map, and behind that there is more than they push out.
    words = ["module2 /boot/grub/grub.cfg " + "x" * 4000] * 15
    size += 15 * (16 + 4000 + 8)
    words.append("module2 /boot/grub/grub.cfg " + "y" * (65536 + 100 - size))
    guest = boot(iso=image(after=words))
    assert "boot: multiboot2 information: the information is longer" in guest.ok("dmesg")
    found, size = boot_line(guest)
    assert found == ranges and 65536 < size < 65536 + 300
    assert guest.free()["total"] > 470 * MIB
    guest.ok("hog start a 64M; hog stop a", scale=2)


def test_bad_options_change_nothing(boot, image):
    guest = boot(iso=image(cmdline="maxcpus=0 quiet numa=maybe memhp_eject=never =on"))
    log = guest.ok("dmesg")
    for line in ("bad value in 'maxcpus=0'", "unknown option 'quiet'", "bad value in 'numa=maybe'",
                 "bad value in 'memhp_eject=never'", "unknown option '=on'"):
        assert f"options: command line: {line}: ignored" in log
    assert "auto" in guest.ok("policy eject")


def test_fw_cfg_wins(boot, image):
    guest = boot(iso=image(cmdline="memhp_default_state=online"),
                 fw_cfg={"cmdline": "memhp_default_state=offline nonsense"})
    assert "options: opt/org.headroom/cmdline: unknown option 'nonsense'" in guest.ok("dmesg")
    guest.plug("128M")
    assert [dimm["state"] for dimm in guest.lsdimm()] == ["offline"]
