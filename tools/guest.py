"""tools/guest.py - a Headroom machine under our hands: QEMU, its QMP, its serial shell.

Limits are in what the guest does, not in wall seconds: while QEMU burns CPU time or the serial
line says something, there is progress; only a guest that does neither for SILENCE_WALL seconds,
or burns SILENCE_CPU seconds without a word, is stuck.
"""
import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import qemu
from constants import MIB, PAGE
from qmp import Qmp, QmpClosed, QmpError

PROMPT = "hr> "
SILENCE_CPU = 150   # CPU seconds of QEMU without a byte on the serial line
SILENCE_WALL = 240  # wall seconds without a byte and hardly any CPU time either
# At the start of a line, behind a log line's time: never the help text's `panic`.
TROUBLE = re.compile(r"^(\[[^\]]*\] )?(panic:|panic within|assertion failed)", re.I)
TLB_LINE = re.compile(r"^([0-9a-f]{16}): ([0-9a-f]{16}) (\S+)\s*$", re.M)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class GuestError(Exception):
    """The machine did not do what was asked of it; the text shows the end of the serial log."""


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Guest:
    """One running machine.  Use as a context manager."""

    def __init__(self, iso=None, log=None, paused=False, echo=None, **machine):
        """machine: see qemu.command_line(); paused: do not start the CPUs; echo: gets the text."""
        iso = iso or qemu.image()
        self._text, self._news = "", []  # what was printed, and what came since it was looked at
        self.echo = echo
        self.log_path = log
        if log:
            os.makedirs(os.path.dirname(os.path.abspath(log)), exist_ok=True)
        self._log = open(log, "wb") if log else None
        self._cond = threading.Condition()
        self._marker = 0
        self._dimms = 0
        serial, serial_qemu = socket.socketpair()
        control, control_qemu = socket.socketpair()
        self._gcov = self._gcov_file()
        self.args = qemu.command_line(iso, **machine) + (
            ["-debugcon", f"file:{self._gcov}"] if self._gcov else []) + [
            "-chardev", f"socket,id=serial0,fd={serial_qemu.fileno()}",
            "-serial", "chardev:serial0",
            "-chardev", f"socket,id=qmp0,fd={control_qemu.fileno()}",
            "-mon", "chardev=qmp0,mode=control",
            "-action", "reboot=shutdown,shutdown=pause"] + (["-S"] if paused else [])
        self.process = subprocess.Popen(
            self.args, pass_fds=(serial_qemu.fileno(), control_qemu.fileno()),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent)
        serial_qemu.close()
        control_qemu.close()
        self.serial = serial
        threading.Thread(target=self._drain, daemon=True).start()
        try:
            self.qmp = Qmp(control)
        except QmpClosed as gone:
            self.process.wait(30)
            raise GuestError("QEMU did not start: "
                             + self.process.stdout.read().decode(errors="replace")) from gone

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def _gcov_file():
        """Where this machine's counters go (tools/coverage), or None."""
        folder = os.environ.get("HEADROOM_GCOV")
        return tempfile.mktemp(suffix=".gcov", dir=folder) if folder else None

    def _take_gcov(self):
        """Has the kernel write its counters, if it still answers at either of its prompts."""
        start = len(self.text)
        try:
            if self.ended() is not None:
                return
            self.qmp.command("cont", timeout=20)
            self.send("\x03\x15gcov; echo counted\r")
            self.expect(r"^counted", start=start, scale=0.2, panic_ok=True)
        except (GuestError, QmpClosed, QmpError, TimeoutError, OSError):
            pass

    def close(self):
        """Ends QEMU, whatever state it is in."""
        if self._gcov:
            self._take_gcov()
        try:
            self.qmp.command("quit", timeout=20)
        except (QmpClosed, QmpError, TimeoutError, AttributeError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        for sock in (self.serial, self.qmp.sock):
            sock.close()
        if self._log:
            self._log.close()
            self._log = None

    # --- the serial line -----------------------------------------------------------------

    def _drain(self):
        while True:
            try:
                data = self.serial.recv(65536)
            except OSError:
                data = b""
            with self._cond:
                if self._log and data:
                    self._log.write(data)
                    self._log.flush()
                self._news.append(data.decode("latin-1"))
                self._cond.notify_all()
            if self.echo and data:
                self.echo(data.decode("latin-1"))
            if not data:
                return

    @contextlib.contextmanager
    def nobody_reads(self):
        """Takes nothing off the serial line meanwhile: QEMU has room for some 300 bytes."""
        with self._cond:
            yield

    @property
    def text(self):
        """All that the serial line has said."""
        with self._cond:
            if self._news:
                # Grown in place, since nobody else refers to it: a copy of megabytes for each of
                # a million pieces would take longer than the machine.
                text, self._text = self._text, ""
                text += "".join(self._news)
                self._text = text
                self._news.clear()
            return self._text

    def send(self, data):
        """Types `data` (text or bytes), as it is."""
        self.serial.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def cpu_seconds(self):
        """CPU time QEMU has used: guest progress as the host sees it."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _stuck(self, since_cpu, since_wall, scale):
        cpu = self.cpu_seconds() - since_cpu
        wall = time.monotonic() - since_wall
        return cpu > SILENCE_CPU * scale or wall > SILENCE_WALL * scale + 4 * cpu

    def fail(self, what):
        """Raises GuestError with `what`, the state of QEMU, and the last lines of the log."""
        try:
            state = self.qmp.command("query-status", timeout=20)["status"]
        except (QmpClosed, QmpError, TimeoutError) as gone:
            state = f"gone ({gone})"
        tail = "\n".join(self.text.splitlines()[-40:])
        raise GuestError(f"{what}\n--- QEMU: {state}; the end of the serial log"
                         f" ({self.log_path or 'not kept'}):\n{tail}")

    def expect(self, pattern, start=None, scale=1, panic_ok=False):
        """Waits until `pattern` (a regular expression) appears at or after text[start:].

        Returns the match.  scale stretches the limits on silence for work known to be long.
        """
        regex = re.compile(pattern, re.M | re.S) if isinstance(pattern, str) else pattern
        start = len(self.text) if start is None else start
        seen, cpu, wall = len(self.text), self.cpu_seconds(), time.monotonic()
        while True:
            with self._cond:
                match = regex.search(self.text, start)
                if match:
                    return match
                if len(self.text) == seen:
                    self._cond.wait(2)
                size = len(self.text)
            if self.process.poll() is not None:
                self.fail(f"QEMU ended with {self.process.returncode} while waiting for {pattern}")
            if size != seen:
                seen, cpu, wall = size, self.cpu_seconds(), time.monotonic()
                if not panic_ok and self._panicked(start):
                    time.sleep(3)  # let it say where
                    self.fail("the kernel panicked")
            elif self.ended():
                self.fail(f"the machine stopped while waiting for {regex.pattern!r}")
            elif self._stuck(cpu, wall, scale):
                self.fail(f"no progress while waiting for {regex.pattern!r}")

    def _panicked(self, start):
        return any(TROUBLE.search(line) for line in self.text[start:].splitlines())

    def ended(self):
        """The SHUTDOWN event's data if the guest powered off, reset or triple faulted."""
        for event in self.qmp.events:
            if event["event"] == "SHUTDOWN":
                return event.get("data", {})
        return None

    def wait_prompt(self, start=0, **kw):
        """Waits for a prompt at the start of a line."""
        return self.expect(r"(?:^|[\r\n]|\x1b\[[0-9;]*[A-Za-z])hr> ", start=start, **kw)

    def run(self, command, scale=1):
        """Types a command; returns (status, what it printed).

        The line gets `; echo @N:$?` appended: the marker tells the command's own end from a
        prompt that was only redrawn below an asynchronous message.
        """
        self._marker += 1
        tail = f"echo @{self._marker}:$?"
        start = len(self.text)
        self.send(f"{command}; {tail}\r")
        match = self.expect(rf"@{self._marker}:(\d+)\r?\n(?=.*?hr> )", start=start, scale=scale)
        text = ANSI.sub("", self.text[start:match.start()])
        # Output starts behind the echo; a redrawn line shows its tail before, without the newline.
        echo = re.search(re.escape(tail) + r"\r*\n", text)
        text = text[echo.end():] if echo else text.partition("\n")[2]
        return int(match.group(1)), text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")

    def ok(self, command, scale=1):
        """Runs a command that must succeed; its text."""
        status, text = self.run(command, scale)
        if status != 0:
            raise GuestError(f"'{command}' gave status {status}:\n{text}")
        return text

    def refused(self, command, code=None, scale=1):
        """Runs a command that must fail with one `error:` line (and that ECODE); its text."""
        status, text = self.run(command, scale)
        errors = re.findall(r"^error: .*$", text, re.M)
        if status == 0 or len(errors) != 1 or (code and f"[{code}]" not in errors[0]):
            raise GuestError(f"'{command}' should be refused with {code or 'an error'}; it gave"
                             f" status {status}:\n{text}")
        return errors[0]

    def json(self, command, scale=1):
        """Runs a -J command; its one line of JSON, parsed."""
        text = self.ok(command, scale)
        lines = [line for line in text.splitlines() if line.startswith("{")]
        if len(lines) != 1:
            raise GuestError(f"'{command}' printed {len(lines)} JSON lines:\n{text}")
        try:
            return json.loads(lines[0])
        except ValueError as bad:
            raise GuestError(f"'{command}' printed bad JSON ({bad}):\n{lines[0]}") from bad

    # --- the host's side of hot-plug -------------------------------------------------------

    def plug(self, size, node=None, ident=None, wait=True, **backing):
        """Plugs a DIMM; returns its id.  wait: until the kernel shows it in lsdimm."""
        ident = ident or f"d{self._dimms}"
        self._dimms += 1
        size = qemu.parse_size(size)
        before = len(self.lsdimm()) if wait else 0
        memdev, device = qemu.dimm_objects(ident, size, node, **backing)
        self.qmp.command("object-add", **memdev)
        try:
            self.qmp.command("device_add", **device)
        except QmpError:
            self.qmp.command("object-del", id=f"mem-{ident}")
            raise
        if wait:
            self.wait_until(lambda: len(self.lsdimm()) > before, f"{ident} to arrive")
        return ident

    def unplug(self, ident):
        """Asks for a DIMM back (device_del); returns the event mark before the request."""
        mark = self.qmp.mark()
        self.qmp.command("device_del", id=ident)
        return mark

    def gone(self, ident, since=0, timeout=240):
        """Waits for DEVICE_DELETED of `ident` and deletes its memory backend."""
        if not self.qmp.wait_event("DEVICE_DELETED", since, timeout, device=ident):
            self.fail(f"no DEVICE_DELETED for {ident}")
        self.qmp.command("object-del", id=f"mem-{ident}")

    def ost(self, since=0, timeout=240, **info):
        """Waits for an ACPI_DEVICE_OST event with these info fields; the info."""
        fields = {f"info__{key.replace('_', '-')}": value for key, value in info.items()}
        event = self.qmp.wait_event("ACPI_DEVICE_OST", since, timeout, **fields)
        if not event:
            seen = [e["data"]["info"] for e in self.qmp.events[since:]
                    if e["event"] == "ACPI_DEVICE_OST"]
            self.fail(f"no ACPI_DEVICE_OST with {info}; there were {seen}")
        return event["data"]["info"]

    def memory_devices(self):
        """What QEMU says is plugged: {id: {addr, size, node, slot, ...}}."""
        return {d["data"]["id"]: d["data"] for d in self.qmp.command("query-memory-devices")}

    def lsdimm(self):
        """The plugged devices as the kernel sees them (without boot memory)."""
        return [d for d in self.json("lsdimm -J")["dimms"] if d["name"] != "boot"]

    def dimm_at(self, base):
        """The kernel's view of the device at physical address `base`."""
        return next((d for d in self.lsdimm() if d["base"] == base), None)

    def name_of(self, ident):
        """The kernel's name of the DIMM that QEMU calls `ident`."""
        base = self.memory_devices()[ident]["addr"]
        found = self.dimm_at(base)
        if not found:
            self.fail(f"the kernel does not show {ident} at {base:#x}")
        return found["name"]

    def hogs(self, scale=1):
        """`hog list -J`: rows by name."""
        return {row["name"]: row for row in self.json("hog list -J", scale)["hogs"]}

    def tlb(self, start, end):
        """QEMU's own walk of the guest's page tables in [start, end).

        Entries (virtual, physical, size, flags); flags are QEMU's letters: X no execute, P large,
        U user, W writable.  QEMU does not print sizes: 1 GiB pages are those whose neighbours are
        absent, so only 4 KiB and 2 MiB are told apart here.
        """
        found = []
        for virtual, physical, flags in TLB_LINE.findall(self.qmp.human("info tlb")):
            address = int(virtual, 16)
            if start <= address < end:
                found.append((address, int(physical, 16), 2 * MIB if "P" in flags else PAGE, flags))
        return found

    def wait_until(self, condition, what, tries=120, pause=0.5):
        """Polls; each poll usually is a command of the guest, hence guest progress."""
        for _ in range(tries):
            result = condition()
            if result:
                return result
            time.sleep(pause)
        return self.fail(f"waited in vain for {what}")
