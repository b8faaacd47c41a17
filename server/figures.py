"""The folder in memory in which the processes of one node keep their figures for metrics.py.

It must be named before prometheus_client is first imported, so it stands apart from it.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path

WHERE = "PROMETHEUS_MULTIPROC_DIR"
LOCK = "in-use.lock"
# Memory and not a disk: a page of a file that finds no room on a full disk kills its process (SIGBUS).
MEMORY = Path("/dev/shm")  # noqa: S108  # nosec B108  # a folder of our own in it


def folder() -> None:
    """Make the folder that the processes of this node share, unless a parent has.

    It is this family's as long as one of them lives, for all inherit its lock; what families before it left
    is cleared away.
    """
    if os.environ.get(WHERE):
        return
    if "prometheus_client" in sys.modules:
        raise RuntimeError(
            "prometheus_client was imported first: each process would keep its figures to itself"
        )
    home = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for left in home.glob("xunjian-metrics-*"):
        _clear(left)
    made = Path(tempfile.mkdtemp(prefix="xunjian-metrics-", dir=home))
    lock = os.open(made / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.set_inheritable(lock, True)  # also over USR2, which starts a new gunicorn
    os.environ[WHERE] = str(made)


def _clear(left: Path) -> None:
    try:
        lock = os.open(left / LOCK, os.O_RDWR)
    except OSError:  # another account's, or being made or cleared by another at this moment
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    except BlockingIOError:  # in use
        pass
    finally:
        os.close(lock)
