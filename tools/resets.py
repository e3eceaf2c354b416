"""tools/resets.py - where CPUs were when one of them met a triple fault.

QEMU's log of resets (-d cpu_reset) says `Triple fault` and then dumps the registers of every CPU
that is reset for it, in their order, not of the one it happened to alone.  That one is among
those that did not sleep in HLT.
"""
import re

DUMP = re.compile(r"^CPU Reset \(CPU (\d+)\)\n.*?^([RE])IP=([0-9a-f]+) .*?HLT=(\d).*?"
                  r"CR2=([0-9a-f]+) ", re.M | re.S)
MARK = "Triple fault\n"


def triple_fault(log, cpus, is_kernel):
    """The first triple fault in `log`, the text of a machine with so many CPUs.

    Returns (end, places): `end` is the offset behind it; `places` lists (cpu, rip, cr2) of those
    that ran in long mode, or where is_kernel(rip) is true: not those in firmware, where one fault
    leads to others until the machine is reset.  None if there is none, or not yet whole.
    """
    start = log.find(MARK)
    if start < 0:
        return None
    stop = log.find(MARK, start + len(MARK))
    dumps = list(DUMP.finditer(log, start, stop if stop >= 0 else len(log)))[:cpus]
    if stop < 0 and len(dumps) < cpus:
        return None
    end = dumps[-1].end() if dumps else start + len(MARK)
    places = [(int(cpu), int(rip, 16), int(cr2, 16))
              for cpu, mode, rip, halted, cr2 in (dump.groups() for dump in dumps)
              if halted == "0" and (mode == "R" or is_kernel(int(rip, 16)))]
    return end, places
