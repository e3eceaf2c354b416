"""What the host asks and what it is answered: device_del, _OST, DIMMs at odd moments."""
import time

from harness import (MIB, OST_BUSY, OST_EJECT, OST_IN_USE, OST_INSERT, OST_NO_ROOM, OST_SUCCESS,
                     eject_answer)


def test_insert_is_answered(boot):
    guest = boot()
    for _ in range(3):
        mark = guest.qmp.mark()
        ident = guest.plug("128M")
        slot = str(guest.memory_devices()[ident]["slot"])
        info = guest.ost(mark, slot=slot, source=OST_INSERT)
        assert info["status"] == OST_SUCCESS and info["device"] == ident


def test_device_del_of_offline_memory(boot):
    guest = boot()
    with guest.same_census():
        ident = guest.plug("256M")
        mark = guest.unplug(ident)
        guest.gone(ident, mark)
        guest.wait_until(lambda: not guest.lsdimm(), "the kernel to forget it")


def test_device_del_refused_while_held_then_taken(boot):
    guest = boot()
    ident, name = guest.plug_named("1G")
    slot = str(guest.memory_devices()[ident]["slot"])
    guest.ok(f"online {name} movable")
    guest.ok("hog start big 800M movable", scale=4)
    before = guest.free()
    mark = guest.unplug(ident)
    assert guest.wait_until(lambda: eject_answer(guest, slot, mark), "the answer",
                            600) == [OST_NO_ROOM]
    assert ident in guest.memory_devices()
    assert guest.free() == before, "a refused request changed nothing"
    dimm = guest.lsdimm()[0]
    assert (dimm["state"], dimm["blocks_online"]) == ("online", dimm["blocks"])
    assert "big" in guest.ok("events") or "hog" in guest.ok("events"), "events names the holder"
    guest.ok("hog verify big", scale=4)
    guest.ok("hog stop big", scale=2)
    mark = guest.unplug(ident)
    guest.gone(ident, mark)
    assert not guest.lsdimm()


def test_device_del_of_used_memory_with_room_elsewhere(boot):
    guest = boot(mem="1G")
    ident, name = guest.plug_named("256M")
    guest.ok(f"online {name} movable")
    guest.ok("hog start h 200M movable seed=3", scale=4)
    mark = guest.unplug(ident)
    guest.gone(ident, mark)
    guest.ok("hog verify h", scale=4)
    guest.ok("hog stop h")


def test_repeated_device_del(boot):
    """The host may ask as often as it likes."""
    guest = boot()
    ident, name = guest.plug_named("256M")
    guest.ok(f"online {name} kernel")
    guest.ok("hog start k 600M kernel", scale=4)
    slot = str(guest.memory_devices()[ident]["slot"])
    for _ in range(5):
        mark = guest.unplug(ident)
        answer = guest.wait_until(lambda mark=mark: eject_answer(guest, slot, mark), "an answer")
        assert answer[0] in (OST_IN_USE, OST_BUSY, OST_NO_ROOM)
        assert ident in guest.memory_devices()
    guest.ok("hog stop k")
    guest.wait_until(lambda: guest.run("eject " + name, scale=2)[0] == 0
                     or ident not in guest.memory_devices(), "the DIMM to leave")
    guest.gone(ident)


def test_eject_policy_manual(boot):
    guest = boot(fw_cfg={"cmdline": "memhp_eject=manual"})
    assert "manual" in guest.ok("policy eject")
    ident = guest.plug("256M")
    mark = guest.unplug(ident)
    guest.ost(mark, source=OST_EJECT)
    assert ident in guest.memory_devices(), "manual: it stays until the user says eject"
    guest.eject(ident)


def test_cold_plugged(boot):
    """DIMMs there at power-on are in no memory map: only the firmware's objects tell."""
    extra = []
    for number, size in enumerate(("512M", "130M")):
        extra += ["-object", f"memory-backend-ram,id=mem-c{number},size={size}",
                  "-device", f"pc-dimm,id=c{number},memdev=mem-c{number}"]
    guest = boot(extra=extra)
    guest.wait_until(lambda: len(guest.lsdimm()) == 2, "both DIMMs")
    guest.ok("online all movable")
    guest.eject("c1")
    guest.eject("c0")
    ident = guest.plug("256M")  # events still work after them
    mark = guest.unplug(ident)
    guest.gone(ident, mark)


def test_first_device_del_after_boot_of_a_cold_plugged_one(boot):
    """Firmware's stale insert event masks the first eject request unless it is cleared."""
    extra = ["-object", "memory-backend-ram,id=mem-c0,size=256M",
             "-device", "pc-dimm,id=c0,memdev=mem-c0"]
    guest = boot(extra=extra)
    guest.wait_until(guest.lsdimm, "the DIMM")
    mark = guest.unplug("c0")
    guest.gone("c0", mark)


def test_plugged_before_the_first_instruction(boot):
    guest = boot(prompt=False, paused=True)
    ident = guest.plug("256M", wait=False)
    guest.qmp.command("cont")
    guest.wait_prompt()
    guest.wait_until(guest.lsdimm, "the DIMM")
    mark = guest.unplug(ident)
    guest.gone(ident, mark)


def test_plugged_while_the_firmware_and_the_kernel_start(boot):
    """At several moments of the way up; none is lost, and all are answered."""
    guest = boot(prompt=False, slots=16)
    idents = []
    for _ in range(12):
        idents.append(guest.plug("128M", wait=False))
        time.sleep(0.08)
    guest.wait_prompt()
    guest.wait_until(lambda: len(guest.lsdimm()) == len(idents), "all DIMMs")
    for ident in idents:
        slot = str(guest.memory_devices()[ident]["slot"])
        assert guest.ost(0, slot=slot)["status"] == OST_SUCCESS
    for ident in idents:
        mark = guest.unplug(ident)
        guest.gone(ident, mark)


def test_reset_keeps_dimms(boot):
    """After a reset the DIMM is there again, offline, and can leave."""
    guest = boot()
    ident, name = guest.plug_named("256M")
    guest.ok(f"online {name}")
    guest.qmp.command("set-action", reboot="reset")
    start = len(guest.text)
    guest.qmp.command("system_reset")
    guest.wait_prompt(start=start)
    guest.wait_until(guest.lsdimm, "the DIMM")
    assert guest.lsdimm()[0]["state"] == "offline"
    assert guest.lsdimm()[0]["size"] == 256 * MIB
    mark = guest.unplug(ident)
    guest.gone(ident, mark)


def test_many_at_once(boot):
    guest = boot(slots=64, maxmem="64G")
    idents = [guest.plug("128M", wait=False) for _ in range(64)]
    guest.wait_until(lambda: len(guest.lsdimm()) == 64, "64 DIMMs")
    guest.ok("online all movable", scale=2)
    assert guest.free()["hotpluggable"] == 0
    mark = guest.qmp.mark()
    for ident in idents:
        guest.unplug(ident)
    for ident in idents:
        guest.gone(ident, mark, timeout=600)
    guest.wait_until(lambda: not guest.lsdimm(), "all gone")
