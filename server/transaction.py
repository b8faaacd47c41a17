"""The only module that commits. Work for after the commit runs after it, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from flask import g
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sync.arrival import Arrival
from sync.journal import always

from . import metrics, writers
from . import standby as at_standby
from .database import STANDBY, db
from .office import office
from .writers import Queue, Writer

if TYPE_CHECKING:
    from sync.change import Author, Change, Unreadable
    from sync.journal import Pushed

log = structlog.get_logger()
T = TypeVar("T")
_PLAIN: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"}


@contextmanager
def reading() -> Iterator[Connection]:
    """A read transaction: one snapshot on SQLite, statement snapshots on PostgreSQL.

    There each statement would have its own snapshot anyway: without a transaction around them
    two round trips are saved. What is only shown (`shown`) is read from the standby where there is
    one that holds all that stands at this moment.
    """
    session = db.session()
    begun = db.engine.dialect.name == "sqlite" or session.in_transaction()
    try:
        yield (
            session.connection()
            if begun
            else _at_standby(session) or session.connection(execution_options=_PLAIN)
        )
    finally:
        _from_primary(session)


def _at_standby(session: Any) -> Connection | None:
    """The session's connection to the standby, or None where the primary is to be asked."""
    standby = office().standby
    if standby is None or not g.get("shown"):
        return None
    if standby.fault is None and (position := at_standby.position()) is not None:
        try:
            session.info[STANDBY] = db.engines[STANDBY]
            conn: Connection = session.connection(execution_options=_PLAIN)
            if standby.holds(conn, position):
                g.shown = STANDBY
                metrics.SHOWN.labels(STANDBY).inc()
                return conn
        except PoolTimeout:
            pass  # too many ask it just now
        except DBAPIError:
            standby.give_up(at_standby.AWAY)
        _from_primary(session)
    metrics.SHOWN.labels("primary").inc()
    return None


def _from_primary(session: Any) -> None:
    session.rollback()
    session.info.pop(STANDBY, None)


def shown(work: Callable[[], T]) -> T:
    """The result of `work`, which decides nothing and only reads what somebody is shown.

    Its `reading` may be of the standby. Should that fall away under it, or have to let go of what is
    read (a conflict with what it replays), `work` is done once more from the primary.
    """
    g.shown = "primary"
    try:
        return work()
    except DBAPIError as wrong:
        if g.shown != STANDBY:
            raise
        log.warning("read again from the primary", error=str(wrong.orig)[:200])
        standby = office().standby
        if standby is not None and wrong.connection_invalidated:
            standby.give_up(at_standby.AWAY)
        g.pop("shown")
        return work()
    finally:
        g.pop("shown", None)


@contextmanager
def snapshot() -> Iterator[Connection]:
    """The whole database as it stands at one moment, for as long as it takes to read it; nobody waits
    for it, and it writes nothing.

    A connection of its own: SQLite keeps the moment in its log (WAL), PostgreSQL in its old rows,
    and neither lets go of them before the block ends.
    """
    with db.engine.connect() as plain:
        frozen = {} if plain.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        yield plain.execution_options(**frozen)


@contextmanager
def writing(dossier: str | None = None) -> Iterator[Connection]:
    """A write transaction: committed when the block ends well, rolled back when it raises.

    With `dossier`, the writers of that dossier are queued first: they wait before they hold a
    connection, so that a busy dossier leaves connections for the others. Raises Refusal `busy`,
    `read-only`.
    Functions given to `after_commit` meanwhile run once it is durable; if one fails, the write
    stands and the failure is logged (jobs find again what it left undone).
    """
    office().readonly.check()
    with _write(Writer(dossier)) as conn:
        yield conn


@contextmanager
def at_the_door() -> Iterator[Connection]:
    """As `writing`, for what is noted of those who come, go and look: sessions, proofs, attempts, the
    watchbook. Open in read-only mode too: what is to be seen then would be seen by nobody who has to come in.
    """
    with _write(Writer(None)) as conn:
        yield conn


@contextmanager
def _write(one: Writer) -> Iterator[Connection]:
    with _turn(one), _transaction() as conn:
        g.after_commit = one.after_commit
        yield conn
    _follow_up(one)


def share(dossier: str, size: int, work: Callable[[Connection], T]) -> T:
    """The result of `work` in a write transaction, where others who wait may be in it too.

    `size` counts its changes. Each work that fails is undone alone; a commit that fails fails all.
    One flush to the disk for all who wait is what bounds small writes. Raises Refusal `busy`,
    `read-only`.
    """
    office().readonly.check()
    one = Writer(dossier, work, size)
    with _turn(one) as queue:
        if not one.done:
            aboard = [one] if queue is None else queue.board(one)
            try:
                _cross(aboard)
            except BaseException as wrong:
                for other in aboard:
                    other.error = wrong
            finally:
                for other in aboard:
                    other.done = True
                    if other is not one:
                        other.turn.release()
    if one.error is not None:
        raise one.error
    _follow_up(one)
    result: T = one.result
    return result


@contextmanager
def _turn(one: Writer) -> Iterator[Queue | None]:
    """Wait for the turn and hold it, or come back with `one.done`."""
    db.session.rollback()  # a read before this left a snapshot open; a writer waits without it
    queue = writers.queue(db.engine, one.dossier)
    if queue is None:
        yield None
        return
    queue.enter(one)
    if one.done:
        yield queue
        return
    try:
        with writers.alone(db.engine):
            yield queue
    finally:
        queue.leave()


def _cross(aboard: Sequence[Writer]) -> None:
    """Do the work of all in one transaction."""
    with _transaction() as conn:
        for one in aboard:
            assert one.work is not None
            g.after_commit = one.after_commit
            if len(aboard) == 1:
                one.result = one.work(conn)
                continue
            stage = conn.begin_nested()
            try:
                one.result = one.work(conn)
            except Exception as wrong:
                # Raises where the database has given up the whole transaction (a full disk, a dead
                # connection): then nobody's work stands, and nobody is told that it does.
                stage.rollback()
                one.error = wrong
            else:
                stage.commit()


@contextmanager
def _transaction() -> Iterator[Connection]:
    db.session().info.pop(STANDBY, None)
    try:
        yield db.session.connection(execution_options={"writes": True})
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        g.pop("after_commit", None)
        g.pop("judged_until", None)


def _follow_up(one: Writer) -> None:
    for work in one.after_commit:
        try:
            work()
        except Exception:
            # By its name alone: what it was bound to is what people wrote.
            bare = work.func if isinstance(work, partial) else work
            log.exception("after-commit work failed", work=getattr(bare, "__qualname__", type(bare).__name__))


def after_commit(work: Callable[[], object]) -> None:
    """Run `work` when the present write transaction is durable."""
    g.after_commit.append(work)


def still() -> bool:
    """Whether one more change of a device may be judged in the present write transaction: for
    XUNJIAN_LOCKED_MS from the first time that this is asked, whoever's work is in it.
    """
    now = time.monotonic()
    return now < float(g.setdefault("judged_until", now + office().config.locked_ms / 1_000))


def push(
    conn: Connection,
    dossier: str,
    author: Author,
    changes: Sequence[Change | Unreadable],
    *,
    arrival: Arrival,
    epoch: int | None = None,
    still: Callable[[], bool] = always,
) -> Pushed:
    """The one way to write: changes into a dossier's journal, in the write transaction of `conn`.

    `still` is for changes that their sender repeats; those of the desk, the jobs and the importers are judged
    whatever the time. What belongs to a change and may not stand without it is done at once, in the same
    transaction (`completions`); what the touched kinds have to follow up, after the commit. Raises sync's
    UnknownDossier and EpochChanged.
    """
    here = office()
    pushed = here.journal.push(conn, dossier, author, changes, arrival=arrival, epoch=epoch, still=still)
    for kind, complete in here.completions.items():
        touched = [t for t in pushed.touched if t.kind == kind]
        if touched:
            complete(conn, touched)
    for kind, follow in here.followers.items():
        touched = [t for t in pushed.touched if t.kind == kind]
        if touched:
            after_commit(partial(follow, dossier, touched))
    after_commit(partial(metrics.judged, pushed.outcomes, pushed.appended))
    here.attest(dossier, changes, pushed)
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
        return push(conn, dossier, author, changes, arrival=Arrival(received_at))
