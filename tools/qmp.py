"""tools/qmp.py - a small QMP client: commands, and events kept in the order they came.

Speaks to a connected socket.  A thread reads all the time, so that QEMU never blocks on us and an
event is never lost: wait_event() looks at every event since the mark the caller gives it.
"""
import json
import socket
import threading
import time


class QmpError(Exception):
    """QEMU refused a command; str() is its description, .kind its class."""

    def __init__(self, command, error):
        super().__init__(f"{command}: {error.get('desc', error)}")
        self.kind = error.get("class", "")


class QmpClosed(Exception):
    """The connection is gone: QEMU has ended."""


class Qmp:
    """One connection.  Thread safe for one commanding thread."""

    def __init__(self, sock, timeout=60):
        self.sock = sock
        self.events = []
        self._replies = {}
        self._next = 1
        self._closed = False
        self._greeting = None
        self._cond = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        with self._cond:
            if not self._cond.wait_for(lambda: self._greeting or self._closed, timeout):
                raise QmpClosed("no QMP greeting")
        self.command("qmp_capabilities")

    @classmethod
    def connect(cls, path):
        """Connects to the UNIX socket `path`; OSError where nobody listens."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(path)
        return cls(sock)

    @property
    def closed(self):
        """Whether QEMU has ended; read before `events`, no event of it comes later."""
        return self._closed

    def _read(self):
        rest = b""
        while True:
            try:
                data = self.sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.strip():
                    self._message(json.loads(line))
        with self._cond:
            self._closed = True
            self._cond.notify_all()

    def _message(self, message):
        with self._cond:
            if "QMP" in message:
                self._greeting = message
            elif "event" in message:
                self.events.append(message)
            else:
                self._replies[message.get("id")] = message
            self._cond.notify_all()

    def command(self, name, timeout=120, **arguments):
        """Runs a command; returns its result.  Underscores in argument names stay."""
        with self._cond:
            ident = self._next
            self._next += 1
        request = {"execute": name, "id": ident}
        if arguments:
            request["arguments"] = {k.replace("__", "-"): v for k, v in arguments.items()}
        try:
            self.sock.sendall(json.dumps(request).encode() + b"\n")
        except OSError as gone:
            raise QmpClosed(str(gone)) from gone
        with self._cond:
            if not self._cond.wait_for(lambda: ident in self._replies or self._closed, timeout):
                raise TimeoutError(f"QMP {name}: no answer in {timeout} s")
            if ident not in self._replies:
                raise QmpClosed(f"QEMU ended during {name}")
            reply = self._replies.pop(ident)
        if "error" in reply:
            raise QmpError(name, reply["error"])
        return reply["return"]

    def human(self, line):
        """A command of the human monitor; its text."""
        return self.command("human-monitor-command", command__line=line)

    def mark(self):
        """Where the events stand now, for wait_event(since=...)."""
        with self._cond:
            return len(self.events)

    def wait_event(self, name, since=0, timeout=120, **fields):
        """The first event `name` since the mark whose data has all `fields`; None if it is late.

        A field may be a nested one: info__slot is data["info"]["slot"].
        """
        def matches(event):
            if event["event"] != name:
                return False
            for key, want in fields.items():
                have = event.get("data", {})
                for part in key.split("__"):
                    have = have.get(part) if isinstance(have, dict) else None
                if have != want:
                    return False
            return True

        def found():
            return next((e for e in self.events[since:] if matches(e)), None)

        deadline = time.monotonic() + timeout
        with self._cond:
            while not found() and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._cond.wait(left)
            return found()

    def close(self):
        """Ends the connection (QEMU goes on)."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
