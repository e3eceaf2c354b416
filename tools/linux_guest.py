"""tools/linux_guest.py - Debian's own Linux kernel in the machine that Headroom is measured in.

Its packages are downloaded by apt-get and unpacked into the cache ($XDG_CACHE_HOME/headroom),
nothing is installed.  The guest runs one program of ours (tests/bench/linux/init.c) and one module
(tests/bench/linux/hrbench.c), both compiled here; see there for what they measure.
"""
import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
import time

import qemu
from guest import Guest, GuestError

SOURCES = os.path.join(qemu.ROOT, "tests/bench/linux")
OUT = os.path.join(qemu.ROOT, "build/bench/linux")
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                     "headroom")
# 6.12 first: before 6.8 memmap_on_memory works for DIMMs of a single block only.
IMAGES = ("linux-image-6.12-amd64", "linux-image-amd64")
ICOUNT = ["-icount", "shift=0,sleep=off"]
BLOCK = 128 << 20
SETTLE = 3  # host seconds; a waiting guest's clock runs ahead, so these are many of its own


class Missing(Exception):
    """Something that is needed is not to be had; the text names the package."""


def _run(*command, cwd=None):
    """A command's output; CalledProcessError with it if it fails."""
    return subprocess.run(command, check=True, cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


# --- packages ----------------------------------------------------------------------------------

def _depends(package):
    """Names that `package` depends on, first alternatives only; [] where it is not known."""
    try:
        text = _run("apt-cache", "depends", "--important", package)
    except (OSError, subprocess.CalledProcessError):
        return []
    return re.findall(r"^[ |]+Depends: (\S+)", text, re.M)


def packages():
    """The packages of one kernel: image, headers, common headers, build programs."""
    wanted = os.environ.get("LINUX_IMAGE")
    for meta in [wanted] if wanted else IMAGES:
        for image in [name for name in _depends(meta) if name.startswith("linux-image-")]:
            headers = image.replace("linux-image-", "linux-headers-")
            parts = [name for name in _depends(headers)
                     if re.match(r"linux-(headers-.*-common|kbuild-.*)$", name)]
            if len(parts) == 2:
                return [image, headers, *parts]
    raise Missing(f"no package {wanted or ' or '.join(IMAGES)} with its headers in the package"
                  " lists (apt-get update as root fetches them; LINUX_IMAGE names another)")


def _unpack(names, place, final):
    """Downloads into `place` and unpacks what is needed there, to be used as `final`."""
    for name in names:
        print(f"bench-linux: fetching {name} (once, then kept in {CACHE})", flush=True)
        try:
            _run("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3",
                 "download", name, cwd=place)
        except (OSError, subprocess.CalledProcessError) as failed:
            raise Missing(f"package {name} cannot be downloaded:"
                          f" {getattr(failed, 'output', failed)}") from failed
        deb = next(f for f in os.listdir(place) if f.endswith(".deb"))
        wanted = ["./boot"] if name.startswith("linux-image-") else ["./usr"]
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], cwd=place,
                              stdout=subprocess.PIPE) as tar:
            subprocess.run(["tar", "-x", *wanted], cwd=place, stdin=tar.stdout, check=True)
        os.unlink(os.path.join(place, deb))
    # The headers' Makefile names where they would be installed; a vmlinux would ask for pahole.
    source = os.path.join(place, "usr/src", names[1])
    with open(os.path.join(source, "Makefile"), "w", encoding="ascii") as makefile:
        makefile.write(f"include {final}/usr/src/{names[2]}/Makefile\n")
    if os.path.exists(os.path.join(source, "vmlinux")):
        os.unlink(os.path.join(source, "vmlinux"))


@contextlib.contextmanager
def _lock():
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(CACHE, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _cached_names():
    """The packages of the newest kernel in the cache, for a machine without package lists."""
    found = [os.path.join(CACHE, name, ".complete") for name in os.listdir(CACHE)
             if name.startswith("linux-image-")]
    found = sorted(filter(os.path.exists, found), key=os.path.getmtime)
    if not found:
        return None
    with open(found[-1], encoding="ascii") as complete:
        return complete.read().split()


def kernel():
    """(directory, its packages' names), downloaded if the cache has it not."""
    with _lock():
        try:
            names = packages()
        except Missing:
            names = None if os.environ.get("LINUX_IMAGE") else _cached_names()
            if not names:
                raise
        final = os.path.join(CACHE, names[0])
        if not os.path.exists(os.path.join(final, ".complete")):
            place = tempfile.mkdtemp(prefix="tmp.", dir=CACHE)
            try:
                _unpack(names, place, final)
                with open(os.path.join(place, ".complete"), "w", encoding="ascii") as complete:
                    complete.write("\n".join(names))
                shutil.rmtree(final, ignore_errors=True)
                os.chmod(place, 0o755)
                os.rename(place, final)
            finally:
                shutil.rmtree(place, ignore_errors=True)
    return final, names


# --- what runs in it ---------------------------------------------------------------------------

def _cpio(path, files):
    """A `newc` archive of {name: bytes}, with the folders and the console that init needs."""
    entries = [(name, 0o040755, b"", (0, 0)) for name in ("dev", "proc", "sys")]
    entries += [("dev/console", 0o020600, b"", (5, 1))]
    entries += [(name, 0o100755, data, (0, 0)) for name, data in files.items()]
    with open(path, "wb") as out:
        for inode, (name, mode, data, device) in enumerate(
                entries + [("TRAILER!!!", 0, b"", (0, 0))], 1):
            fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
            head = "070701" + "".join(f"{field:08x}" for field in fields) + name + "\0"
            for part in (head.encode("ascii"), data):
                out.write(part + b"\0" * (-len(part) % 4))


def build():
    """Compiles init and module; (vmlinuz, initrd, the image's package name)."""
    place, names = kernel()
    os.makedirs(OUT, exist_ok=True)
    try:
        _run("gcc", "-O2", "-Wall", "-Wextra", "-static", "-o", os.path.join(OUT, "init"),
             os.path.join(SOURCES, "init.c"))
        shutil.copy(os.path.join(SOURCES, "hrbench.c"), OUT)
        with open(os.path.join(OUT, "Kbuild"), "w", encoding="ascii") as kbuild:
            kbuild.write("obj-m := hrbench.o\n")
        _run("make", "-C", os.path.join(place, "usr/src", names[1]), f"M={OUT}", "CC=gcc",
             "modules")
    except (OSError, subprocess.CalledProcessError) as failed:
        raise Missing("the guest's program or module does not build (packages gcc, libc6-dev,"
                      f" libelf1 and {names[1]}):\n{getattr(failed, 'output', failed)}") from failed
    files = {}
    for inside, outside in (("init", "init"), ("hrbench.ko", "hrbench.ko")):
        with open(os.path.join(OUT, outside), "rb") as file:
            files[inside] = file.read()
    initrd = os.path.join(OUT, "initrd")
    _cpio(initrd, files)
    vmlinuz = next(f for f in os.listdir(os.path.join(place, "boot")) if f.startswith("vmlinuz"))
    return os.path.join(place, "boot", vmlinuz), initrd, names[0]


class Linux(Guest):
    """A running Linux guest; the machine is that of tools/bench but for what it boots."""

    def __init__(self, image, options="", log="linux", **machine):
        vmlinuz, initrd, _ = image
        append = ("console=ttyS0 quiet panic=-1 nokaslr memhp_default_state=offline"
                  f" memory_hotplug.memmap_on_memory=1 {options}").strip()
        super().__init__(log=os.path.join(OUT, f"{log}.log"), smp=1, maxmem="256G",
                         extra=ICOUNT + ["-kernel", vmlinuz, "-initrd", initrd,
                                         "-append", append], **machine)
        self.expect(r"^ready\r?\n@ 0 0\r?\n", start=0, scale=4)
        time.sleep(SETTLE)  # until what the boot has put off is done

    def ask(self, line, scale=8):
        """A command of init.c: (errno, counts, text)."""
        start = len(self.text)
        self.send(line + "\n")
        match = self.expect(r"^@ (\d+) (\d+)\r?\n", start=start, scale=scale)
        text = self.text[start:match.start()].replace("\r\n", "\n")
        return int(match.group(1)), int(match.group(2)), text

    def done(self, line, scale=8):
        """A command that must succeed: (counts, text)."""
        err, counts, text = self.ask(line, scale)
        if err:
            raise GuestError(f"Linux: '{line}': {os.strerror(err)}\n{text}")
        return counts, text

    def plug_and_add(self, size):
        """Plugs a DIMM; (id, its data in QEMU, counts of Linux's add)."""
        mark = self.qmp.mark()
        ident = self.plug(size, wait=False, backing="memfd")
        data = self.memory_devices()[ident]
        if self.ost(mark, slot=str(data["slot"]), source=1)["status"]:
            raise GuestError(f"Linux does not take {ident} of {size}")
        return ident, data, self.last_call("add", data)

    def eject(self, ident):
        """Takes an offline DIMM away; counts of Linux's remove."""
        data, mark = self.memory_devices()[ident], self.unplug(ident)
        self.gone(ident, mark)
        return self.last_call("remove", data)

    def last_call(self, name, data):
        calls = re.findall(rf"^{name} ({data['addr']:#x}) ({data['size']}) (-?\d+) (\d+)$",
                           self.done("cat /proc/hrbench")[1], re.M)
        if not calls:
            raise GuestError(f"hrbench saw no {name} of {data}")
        return int(calls[-1][3])

    def state(self, data, text):
        """Writes `text` to the state of a DIMM's blocks: (errno, counts)."""
        err, counts, _ = self.ask(f"state {data['addr'] // BLOCK} {data['size'] // BLOCK} {text}",
                                  scale=40)
        return err, counts

    def changed(self, data, text):
        """The same where it must succeed; counts."""
        err, counts = self.state(data, text)
        if err:
            raise GuestError(f"Linux: {text} of {data['id']}: {os.strerror(err)}")
        return counts

    def measured(self, command):
        """The counts that hrbench answers for one of its commands."""
        self.done(f"write /proc/hrbench {command}")
        return int(self.done("cat /proc/hrbench")[1].split()[-1])

    def field(self, path, name):
        """The number behind `name` in a file such as /proc/meminfo."""
        return int(re.search(rf"^{re.escape(name)}:?\s+(\d+)", self.done(f"cat {path}")[1],
                             re.M).group(1))

    def pages(self):
        """(free, managed) pages of all zones; what lies in per-CPU lists is free."""
        text = self.done("cat /proc/zoneinfo")[1]
        free = re.findall(r"^\s+pages free\s+(\d+)|^\s+count:\s+(\d+)", text, re.M)
        managed = re.findall(r"^\s+managed\s+(\d+)", text, re.M)
        return sum(int(a or b) for a, b in free), sum(map(int, managed))
