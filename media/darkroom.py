"""The room where untrusted pictures are developed: a fire in it harms nothing outside.

A decoder fed by strangers runs in a child of its own, with limits on memory and time. Our callers
are threads of a web worker, and a fork of a threaded process may inherit a held lock and hang. So
each process keeps one small single-threaded server, started by fork and exec, that has the
decoder loaded and forks once for each picture.

Measured (2 shared cores): the server starts in 0.12 s, once a process. A child that decodes nothing
comes back after 2.3 ms (median; p95 5 ms). A 12-megapixel JPEG takes 71 ms here and 62 ms without
the darkroom: the child also pays for first touching the pages that it shares with the server.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from media.durable import BLOCK, MIB
from media.errors import DarkroomUnavailable

Result = dict[str, Any]
# The work itself: (descriptor of the open picture, request) → (JSON-able result, bytes).
Develop = Callable[[int, Result], tuple[Result, bytes]]

BEGUN = b"!"  # the child's first byte: from here on a death is the picture's doing
MAX_REPLY = 32 * MIB  # a child that was taken over must not fill our memory either
BOOT = (
    "import json, sys; told = json.loads(sys.argv[1]); sys.path[:] = told['path']; "
    "from media.darkroom import _serve; _serve(told)"
)


class ChildDied(Exception):
    """The child was killed by a limit or crashed while it held this picture."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may cost."""

    # On top of what the loaded server maps. 64 megapixels take 256 MB in Pillow's RGB, and a
    # conversion holds two of them at once.
    memory_bytes: int = 768 * MIB
    cpu_s: int = 10
    wall_s: float = 20.0
    at_once: int = 2  # in one worker process: eight threads × 768 MB would be the machine


class Darkroom:
    """Runs `work`, given as "module:function" (see Develop), in a child for each call.

    Threads may share it; a process forked from ours gets its own server on its first call.
    """

    def __init__(self, work: str, limits: Limits | None = None) -> None:
        self._work = work
        self._limits = limits or Limits()
        self._forget()
        # A forked worker would otherwise share our server, and our lock in whatever state it was.
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self._limits.at_once)
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def develop(self, source: Path, request: Result) -> tuple[Result, bytes]:
        """Do the work on an open `source`; raises ChildDied, DarkroomUnavailable.

        What the work itself raises comes back as {"fault": "<type>: <message>"}.
        """
        with self._places, source.open("rb", buffering=0) as file:
            for _ in range(2):  # a server that died since the last picture is replaced, once
                reply = self._ask(file.fileno(), request)
                if reply.startswith(BEGUN):
                    return _unpack(reply[1:])
                self.close()
        raise DarkroomUnavailable

    def close(self) -> None:
        """End the server; the next picture starts another one."""
        with self._lock:
            server, control = self._server, self._control
            self._server = self._control = None
        if control is not None:
            control.close()  # the server reads the end of its orders and goes home
        if server is not None:
            try:
                server.wait(timeout=1)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    def _ask(self, picture: int, request: Result) -> bytes:
        """The raw reply, empty where the server is gone."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                try:
                    order = json.dumps(request).encode()
                    socket.send_fds(self._connection(), [order], [theirs.fileno(), picture])
                except OSError:
                    return b""
            # The child ends itself by its own alarm; this is for one that switched it off.
            ours.settimeout(self._limits.wall_s + 2)
            return _receive(ours)

    def _connection(self) -> socket.socket:
        with self._lock:
            if self._control is None or self._server is None or self._server.poll() is not None:
                self._server, self._control = self._start()
            return self._control

    def _start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        # SEQPACKET: one order is one message with its descriptors, whichever thread sends it.
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).resolve().parent.parent)
        told = {
            "control": theirs.fileno(),
            "work": self._work,
            "limits": asdict(self._limits),
            "path": [root, *(str(Path(entry).absolute()) for entry in sys.path)],
        }
        with theirs:
            server = subprocess.Popen(  # noqa: S603  (our own interpreter, our own words)
                # Not multiprocessing's forkserver: it imports the caller's main script again,
                # which a script without `if __name__` and a test runner do not survive.
                [sys.executable, "-I", "-S", "-c", BOOT, json.dumps(told)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server of requests; we follow it
            )
        return server, ours


def _receive(connection: socket.socket) -> bytes:
    reply = bytearray()
    with contextlib.suppress(OSError):  # a timeout or a reset: what came so far speaks for itself
        while (block := connection.recv(BLOCK)) and len(reply) <= MAX_REPLY:
            reply += block
    return bytes(reply)


def _unpack(reply: bytes) -> tuple[Result, bytes]:
    """JSON and bytes, never pickle: the child may be under a stranger's control by now."""
    head, _, payload = reply.partition(b"\n")
    try:
        result = json.loads(head)
    except ValueError:
        raise ChildDied from None
    if not isinstance(result, dict) or result.pop("bytes", None) != len(payload):
        raise ChildDied
    return result, payload


# -- the other side: everything below runs in the server and its children ------------------------


def _serve(told: dict[str, Any]) -> None:
    control = socket.socket(fileno=told["control"])
    module, _, name = told["work"].partition(":")
    work: Develop = getattr(importlib.import_module(module), name)
    limits = Limits(**told["limits"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the children
    gc.freeze()  # a collection in a child would copy every page it touches
    while True:
        order, fds, _, _ = socket.recv_fds(control, 64 * 1024, 2)
        if not order:
            return
        try:
            if os.fork() == 0:
                control.close()
                _child(work, limits, order, fds)
        except OSError as fault:  # no process to be had: the caller sees no BEGUN and may retry
            print(f"darkroom: {fault}", file=sys.stderr)  # noqa: T201
        finally:
            for fd in fds:
                os.close(fd)


def _child(work: Develop, limits: Limits, order: bytes, fds: list[int]) -> None:
    reply, picture = socket.socket(fileno=fds[0]), fds[1]
    try:
        reply.sendall(BEGUN)
        _confine(limits)
        try:
            result, payload = work(picture, json.loads(order))
        except Exception as fault:
            result, payload = {"fault": f"{type(fault).__name__}: {fault}"[:300]}, b""
        head = json.dumps({**result, "bytes": len(payload)}).encode()
        reply.sendall(head + b"\n" + payload)
    finally:
        os._exit(0)  # no clean-up that belongs to the server


def _confine(limits: Limits) -> None:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold somebody's photograph
    # The default action of SIGALRM kills without asking Python, in the middle of C code too.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s)
