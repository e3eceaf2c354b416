"""tests/system/aml.py - AML made by hand: an SSDT with memory devices as odd as a test wants them.

Just enough of the language [ACPI 6.5 20.2] for devices, names, small methods and resource
descriptors; QEMU adds the table to its own by `-acpitable file=`.
"""
import struct

from tables import resum

PRESENT = 0xF  # present, enabled, shown, functioning
MEMORY_DEVICE = b"\x0c" + bytes((0x41, 0xD0, 0x0C, 0x80))  # EisaId("PNP0C80")
ZERO, ONE = b"\x00", b"\x01"
LOCAL0, ARG0, ARG1 = b"\x60", b"\x68", b"\x69"
END_TAG = b"\x79\x00"


def package_length(body):
    """PkgLength counts itself [20.2.4]."""
    for extra in range(4):
        length = len(body) + 1 + extra
        if extra == 0 and length < 64:
            return bytes([length])
        if extra and length < 1 << (4 + 8 * extra):
            rest = (length >> 4).to_bytes(extra, "little")
            return bytes([extra << 6 | length & 15]) + rest
    raise ValueError("package too long")


def packaged(opcode, body):
    return opcode + package_length(body) + body


def integer(value):
    return b"\x0e" + struct.pack("<Q", value)


def text(value):
    return b"\x0d" + value.encode() + b"\0"


def name(segment, value):
    return b"\x08" + segment.encode() + value


def buffer(content):
    return packaged(b"\x11", integer(len(content)) + content)


def method(segment, body, arguments=0):
    return packaged(b"\x14", segment.encode() + bytes([arguments]) + body)


def give(value):
    """Return (value)."""
    return b"\xa4" + value


def store(value, target):
    return b"\x70" + value + target.encode()


def increment(target):
    return b"\x75" + target.encode()


def if_equal(left, right, body):
    return packaged(b"\xa0", b"\x93" + left + right + body)


def notify(target, code):
    return b"\x86" + target.encode() + integer(code)


def path(*segments):
    """An absolute name of two segments or more [20.2.2]."""
    prefix = "\\\x2e" if len(segments) == 2 else f"\\\x2f{chr(len(segments))}"
    return prefix + "".join(segments)


def sleep(milliseconds):
    return b"\x5b\x22" + integer(milliseconds)


def stall(microseconds):
    return b"\x5b\x21" + integer(microseconds)


def fatal(kind, code, argument):
    return b"\x5b\x32" + struct.pack("<BI", kind, code) + integer(argument)


def region(segment, space, offset, length):
    """OperationRegion; space 1 is I/O, 2 is PCI configuration space."""
    return b"\x5b\x80" + segment.encode() + bytes([space]) + integer(offset) + integer(length)


def field16(of_region, segment):
    """The region's first word, accessed as words."""
    return packaged(b"\x5b\x81", of_region.encode() + b"\x02" + segment.encode() + b"\x10")


def field8(of_region, segment):
    """The region's first byte."""
    return packaged(b"\x5b\x81", of_region.encode() + b"\x01" + segment.encode() + b"\x08")


def device(segment, *parts):
    return packaged(b"\x5b\x82", segment.encode() + b"".join(parts))


def scope(of, *parts):
    return packaged(b"\x10", of.encode() + b"".join(parts))


def qword(base, size, last=None, translation=0, flags=0x0C, kind=0):
    """A QWord address space descriptor [6.4.3.5.1]; flags 0x0C: both ends fixed."""
    last = (base + size - 1) & (1 << 64) - 1 if last is None else last
    return struct.pack("<BHBBBQQQQQ", 0x8A, 0x2B, kind, flags, 3, 0, base, last, translation, size)


def extended(base, size):
    """An extended address space descriptor for memory [6.4.3.5.4]."""
    return struct.pack("<BHBBBBBQQQQQQ", 0x8B, 0x35, 0, 0x0C, 3, 1, 0, 0, base, base + size - 1, 0,
                       size, 0)


def dword_fixed(base, size):
    """A fixed 32-bit memory descriptor [6.4.3.4]."""
    return struct.pack("<BHBII", 0x86, 9, 1, base, size)


def resources(*descriptors):
    return name("_CRS", buffer(b"".join(descriptors) + END_TAG))


def memory_device(segment, uid, *parts, status=PRESENT, crs=None):
    """A device with the usual objects; parts follow and may be more objects."""
    objects = [name("_HID", MEMORY_DEVICE), name("_UID", integer(uid))]
    if status is not None:
        objects.append(name("_STA", integer(status)))
    if crs is not None:
        objects.append(resources(*crs))
    return device(segment, *objects, *parts)


def ssdt(*parts):
    """The whole table, checksum included."""
    body = b"".join(parts)
    header = b"SSDT" + struct.pack("<IBB6s8sI4sI", 36 + len(body), 2, 0, b"HROOM ", b"HRTEST  ", 1,
                                   b"HR  ", 1)
    return resum(header + body)


def arguments_for(tmp_path, *parts, elsewhere=()):
    """QEMU's arguments that add an SSDT of `parts`, which stand below \\_SB, and `elsewhere`."""
    table = tmp_path / "ssdt.aml"
    table.write_bytes(ssdt(*elsewhere, scope("\\_SB_", *parts)))
    return ["-acpitable", f"file={table}"]
