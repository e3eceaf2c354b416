"""tools/qemu.py - the QEMU command line of a Headroom machine, in one place.

run, demo, debug, bench and the system tests all get theirs here, so that what is tested is what
a user runs.
"""
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def image():
    """The boot image: that of `make iso`, or the file that HEADROOM_ISO names."""
    return os.environ.get("HEADROOM_ISO") or os.path.join(ROOT, "build/headroom.iso")


def kernel():
    """The kernel in the boot image, with its symbols: it stands beside it."""
    return os.path.splitext(image())[0] + ".elf"


def parse_size(text):
    """Bytes of `512M`, `1G`, `4096`, `0x1000`; ValueError for anything else."""
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)([KMGT]?)(?:i?B)?", str(text).strip(), re.I)
    if not match:
        raise ValueError(f"'{text}' is not a size (try 512M or 1G)")
    number = match.group(1)
    return int(number, 16 if number[:2] in ("0x", "0X") else 10) * UNITS[match.group(2).upper()]


def format_size(size):
    """1073741824 -> 1G."""
    for unit in "TGMK":
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)


def ovmf():
    """The UEFI firmware's (code, variables) files; FileNotFoundError if it is not installed."""
    folder = "/usr/share/OVMF"
    for suffix in ("_4M.fd", ".fd"):
        pair = tuple(os.path.join(folder, f"OVMF_{part}{suffix}") for part in ("CODE", "VARS"))
        if all(os.path.exists(path) for path in pair):
            return pair
    raise FileNotFoundError(f"no OVMF firmware in {folder} (package ovmf)")


def firmware_args(firmware):
    if firmware == "bios":
        return []
    if firmware != "uefi":
        raise ValueError(f"FIRMWARE={firmware}: bios or uefi")
    code, variables = ovmf()
    # The variable store is written to a snapshot that is thrown away.
    return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={variables}"]


def numa_args(nodes, mem, smp):
    """`nodes` nodes that share memory (in 2 MiB steps) and CPUs as evenly as they go."""
    if nodes < 2:
        return []
    args, left = [], mem
    for node in range(nodes):
        size = left if node == nodes - 1 else mem // nodes & ~0x1fffff
        left -= size
        args += ["-object", f"memory-backend-ram,id=node{node},size={size}"]
        cpus = [c for c in range(smp) if c % nodes == node]
        spec = f"node,nodeid={node},memdev=node{node}"
        args += ["-numa", spec + "".join(f",cpus={c}" for c in cpus)]
    return args


def command_line(iso, mem="512M", slots=8, maxmem="16G", smp=2, machine="q35", firmware="bios",
                 nodes=1, cpu="max", fw_cfg=None, extra=()):
    """The arguments of a machine without its serial line and QMP.

    slots=0 leaves slots and maxmem out.  fw_cfg: {"cmdline": text, "script": text}; a value
    that starts with @ names a file.
    """
    if machine not in ("q35", "pc"):
        raise ValueError(f"MACHINE={machine}: q35 or pc")
    size = parse_size(mem)
    memory = f"{size // (1 << 20)}M"
    if slots:
        memory += f",slots={slots},maxmem={parse_size(maxmem)}"
    args = [os.environ.get("QEMU", "qemu-system-x86_64"), "-machine", machine, "-cpu", cpu,
            "-m", memory, "-smp", str(smp), "-cdrom", iso, "-boot", "d",
            "-nodefaults", "-display", "none"]
    args += firmware_args(firmware) + numa_args(nodes, size, smp)
    for name, value in (fw_cfg or {}).items():
        kind = f"file={value[1:]}" if value.startswith("@") else \
            "string=" + value.replace(",", ",,")
        args += ["-fw_cfg", f"name=opt/org.headroom/{name},{kind}"]
    return args + list(extra)


def settings(environ=os.environ):
    """The variables of run, demo and debug as arguments of command_line()."""
    chosen = {}
    for name in ("MEM", "MAXMEM", "MACHINE", "FIRMWARE"):
        if environ.get(name):
            chosen[name.lower()] = environ[name]
    chosen["smp"] = min(4, os.cpu_count() or 1)
    for name in ("SLOTS", "SMP", "NODES"):
        if environ.get(name):
            if not environ[name].isdigit():
                raise ValueError(f"{name}={environ[name]}: not a number")
            chosen[name.lower()] = int(environ[name])
    if environ.get("QEMU_EXTRA"):
        import shlex
        chosen["extra"] = shlex.split(environ["QEMU_EXTRA"])
    return chosen


def dimm_objects(ident, size, node=None, backing="ram", path=None, slot=None, addr=None):
    """What object-add and device_add want for a DIMM: (object, device) as dictionaries."""
    memdev = {"qom-type": f"memory-backend-{backing}", "id": f"mem-{ident}", "size": size}
    if backing == "file":
        memdev.update({"mem-path": path, "share": True})
    if backing == "memfd":
        memdev["share"] = True
    if size > 4 << 30 or backing == "memfd":
        memdev["reserve"] = False  # the host need not own what the guest never touches
    device = {"driver": "pc-dimm", "id": ident, "memdev": f"mem-{ident}"}
    for key, value in (("node", node), ("slot", slot), ("addr", addr)):
        if value is not None:
            device[key] = value
    return memdev, device
