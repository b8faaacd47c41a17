"""The periodic jobs run in a process of their own, beside the workers that answer.

In a worker's thread they would take its interpreter lock from the requests: each of its threads then
waits up to 5 ms whenever it wants to go on, and a pass over ten thousand issues is felt on every phone.

Every worker of a node asks for the node's lock, and the one that has it keeps the process going. The
process holds the lock too, so that while it lives there is no second one; it ends with its worker.
"""

import ctypes
import fcntl
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import structlog

log = structlog.get_logger()
PAUSE_S = 2.0  # before the jobs: who just restarted has requests waiting
NICE = 5  # who waits for an answer comes first
PR_SET_PDEATHSIG = 1  # prctl(2)


def keep(scratch: Path) -> None:
    """Keep the jobs going as long as this process lives, once it is this node's turn."""
    threading.Thread(target=_keep, args=(scratch / "jobs.lock",), name="caretaker", daemon=True).start()


def _keep(path: Path) -> None:
    lock = None
    while True:
        time.sleep(PAUSE_S)
        try:
            lock = _lock(path) if lock is None else lock
            command = [sys.executable, "-m", "server.caretaker", str(os.getpid())]
            child = subprocess.Popen(command, pass_fds=(lock,))  # noqa: S603  # our own module
        except OSError:  # a full disk, no room for a process: both pass
            log.exception("jobs cannot begin", again_s=PAUSE_S)
            continue
        log.info("jobs run", process=child.pid)
        log.warning("jobs ended", process=child.pid, status=child.wait())


def _lock(path: Path) -> int:
    """The node's lock, once nobody else has it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def end_with(parent: int) -> None:
    """Have the kernel end this process when that one ends, in whatever way. Raises SystemExit where it
    has ended already.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit


def main() -> None:
    """Run the jobs of the environment's house until the worker that started this is gone."""
    end_with(int(sys.argv[1]))
    os.nice(NICE)
    gc.disable()  # what is loaded stays: the collector need not look at it, now or later
    from . import logs, scheduler  # what is long to load, after what must not be late
    from .app import create_app

    logs.take_over()
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.enable()
    scheduler.run(app)


if __name__ == "__main__":
    main()
