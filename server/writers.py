"""The writers' queue: in the order of asking, and those who wait for the same turn share one commit.

SQLite's own busy handler polls and is unfair (tails of seconds, protocol.md §10), and many waiting
for one row halve PostgreSQL's throughput (§3). So the writers of one process queue here, for SQLite
all of them, for PostgreSQL those of one dossier.
"""

import fcntl
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from .config import WAITING_FOR_DOSSIER
from .errors import Refusal

# Beyond these, and WAITING_FOR_DOSSIER of one, a writer is told to come again: the wait would be longer
# than a phone's patience.
WAITING = 64
TOGETHER = 500  # changes in one transaction (protocol.md §3)


@dataclass(slots=True, eq=False)
class Writer:
    """One who wants to write; with `work`, also as one of several in a transaction.

    `size` counts its changes. Whoever did the work has set `done`, and `result` or `error`.
    """

    dossier: str | None
    work: Callable[[Connection], Any] | None = None
    size: int = 0
    done: bool = False
    result: Any = None
    error: BaseException | None = None
    after_commit: list[Callable[[], object]] = field(default_factory=list)
    turn: threading.Lock = field(default_factory=threading.Lock)


class Queue:
    """Hands one turn on in the order of asking."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[Writer] = deque()
        self._held = False

    def enter(self, one: Writer) -> None:
        """Wait until it is `one`'s turn, or until another has done its work (`one.done`).

        Raises Refusal `busy` where too many wait.
        """
        with self._guard:
            if not self._held:
                self._held = True
                return
            alike = sum(w.dossier == one.dossier is not None for w in self._waiting)
            if len(self._waiting) >= WAITING or alike >= WAITING_FOR_DOSSIER:
                raise Refusal("busy")
            one.turn.acquire()
            self._waiting.append(one)
        one.turn.acquire()  # released by the holder before, who leaves `_held` set for us

    def leave(self) -> None:
        """Hand the turn on."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().turn.release()
            else:
                self._held = False

    def board(self, one: Writer) -> list[Writer]:
        """Those next in the queue whose work fits into one transaction with that of `one`, who has
        the turn. Nobody is overtaken.
        """
        aboard, size = [one], one.size
        with self._guard:
            while self._waiting and self._waiting[0].work is not None:
                size += self._waiting[0].size
                if size > TOGETHER:
                    break
                aboard.append(self._waiting.popleft())
        return aboard


_sqlite = Queue()
_dossiers: dict[str, Queue] = {}


def queue(engine: Engine, dossier: str | None) -> Queue | None:
    """Where writers of `dossier` wait; None where nobody has to."""
    if engine.dialect.name == "sqlite":
        return _sqlite
    return None if dossier is None else _dossiers.setdefault(dossier, Queue())


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """SQLite's other processes stay out meanwhile; the kernel wakes them without polling."""
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    if not path or path == ":memory:":
        yield
        return
    # Opened each time: a lock belongs to the open file, which a forked worker would share.
    file = os.open(Path(f"{path}-writer"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
