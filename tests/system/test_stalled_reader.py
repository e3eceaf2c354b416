"""Whoever reads the serial line stops for a while: Ctrl-S in a terminal, a host that is busy.

QEMU then keeps the transmitter full.  A command waits, asleep, and loses nothing; a line of the
log, which cannot wait, does not hold its CPU up at every byte, and is in dmesg.
"""
import re
import time

STALL = 8  # seconds; the bound for those who cannot wait is two, on a host of average speed


def test_output_waits_asleep(boot):
    guest = boot(smp=2)
    wanted = guest.ok("help")
    assert len(wanted) > 1000
    start, used = len(guest.text), guest.cpu_seconds()
    with guest.nobody_reads():
        guest.send("help; echo @read\r")
        time.sleep(STALL)
        used = guest.cpu_seconds() - used
    guest.expect(r"^@read\r?\n", start=start)
    said = guest.text[start:].replace("\r", "")
    assert wanted in said
    assert used < STALL / 2, f"{used} s of CPU time"
    assert "lost" not in said


def test_the_log_holds_nobody_up(boot):
    """Eight DIMMs arrive and leave while nobody reads: the work is done, what was not shown is
    said, and dmesg has it."""
    guest = boot(smp=2, slots=8)
    with guest.nobody_reads():
        idents = [guest.plug("128M", wait=False) for _ in range(8)]
        for slot in range(8):
            guest.ost(source=1, status=0, slot=str(slot))
        marks = [(ident, guest.unplug(ident)) for ident in idents]
        for ident, mark in marks:
            guest.gone(ident, mark)
    guest.send("\r")
    guest.expect(r"shell: \d+ bytes of output lost: nobody read them")
    log = guest.ok("dmesg")
    for slot in range(8):
        assert re.search(rf"dimm{slot} ejected", log), log
    assert guest.lsdimm() == []
