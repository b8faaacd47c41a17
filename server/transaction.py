"""The only module that commits. Work for after the commit runs after it, or not at all."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import structlog
from flask import g
from sqlalchemy import Connection

from .database import db
from .errors import Refusal
from .office import office

if TYPE_CHECKING:
    from sync.change import Author, Change, Unreadable
    from sync.journal import Pushed

log = structlog.get_logger()
# Waiting writers beyond these are told to come again: a wait would be longer than a phone's patience,
# and many waiting for one row halve PostgreSQL's throughput (protocol.md §3).
WAITING_FOR_DOSSIER = 8
WAITING_FOR_SQLITE = 64


class FairLock:
    """A lock that is handed on in the order of asking.

    SQLite's own busy handler polls and is unfair (tails of seconds, protocol.md §10); so the
    writers of one process queue here, and SQLite sees them one at a time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            if len(self._waiting) >= self.most:
                raise Refusal("busy")
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()  # released by the holder before, who leaves `_held` set for us

    def __exit__(self, *_exc: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


_sqlite_writers = FairLock(WAITING_FOR_SQLITE)
_dossiers: dict[str, FairLock] = {}


@contextmanager
def queued(dossier: str) -> Iterator[None]:
    """One writer of this process at a time for one dossier, in the order of asking.

    They wait here, before they hold a connection, so that a busy dossier leaves connections for
    the others. Raises Refusal `busy` where too many wait.
    """
    with _dossiers.setdefault(dossier, FairLock(WAITING_FOR_DOSSIER)):
        yield


@contextmanager
def reading() -> Iterator[Connection]:
    """A read transaction: one snapshot on SQLite, statement snapshots on PostgreSQL.

    There each statement would have its own snapshot anyway: without a transaction around them
    two round trips are saved.
    """
    plain = {} if db.engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
    try:
        yield db.session.connection(execution_options=plain)
    finally:
        db.session.rollback()


@contextmanager
def writing(dossier: str | None = None) -> Iterator[Connection]:
    """A write transaction: committed when the block ends well, rolled back when it raises.

    With `dossier`, the writers of that dossier are queued first.
    Functions given to `after_commit` meanwhile run once it is durable; if one fails, the write
    stands and the failure is logged (jobs find again what it left undone).
    """
    db.session.rollback()  # a read before this left a snapshot open; a writer waits without it
    with ExitStack() as turns:
        if dossier is not None:
            turns.enter_context(queued(dossier))
        if db.engine.dialect.name == "sqlite":
            turns.enter_context(_sqlite_writers)
        queue = yield from _write()
    for work in queue:
        try:
            work()
        except Exception:
            log.exception("after-commit work failed", work=getattr(work, "__qualname__", repr(work)))


def _write() -> Generator[Connection, None, list[Callable[[], object]]]:
    queue: list[Callable[[], object]] = []
    g.after_commit = queue
    try:
        yield db.session.connection(execution_options={"writes": True})
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        g.pop("after_commit", None)
    return queue


def after_commit(work: Callable[[], object]) -> None:
    """Run `work` when the present write transaction is durable."""
    g.after_commit.append(work)


def push(
    conn: Connection,
    dossier: str,
    author: Author,
    changes: Sequence[Change | Unreadable],
    *,
    received_at: str,
    skew_ms: int | None = None,
    epoch: int | None = None,
) -> Pushed:
    """The one way to write: changes into a dossier's journal, in the write transaction of `conn`.

    What the touched kinds have to follow up is done after the commit. Raises sync's
    UnknownDossier and EpochChanged.
    """
    here = office()
    pushed = here.journal.push(
        conn, dossier, author, changes, received_at=received_at, skew_ms=skew_ms, epoch=epoch
    )
    for kind, follow in here.followers.items():
        touched = [t for t in pushed.touched if t.kind == kind]
        if touched:
            after_commit(partial(follow, dossier, touched))
    return pushed


def submit(
    dossier: str,
    author: Author,
    changes: Sequence[Change | Unreadable],
    *,
    received_at: str,
    begin: bool = False,
) -> Pushed:
    """A transaction of its own for changes of the desk, a job or an importer.

    `begin` opens the dossier's journal first. Raises sync's UnknownDossier.
    """
    with writing(dossier) as conn:
        if begin:
            office().journal.open(conn, dossier)
        return push(conn, dossier, author, changes, received_at=received_at)
