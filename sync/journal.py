"""The journal of a dossier: the first copy of the truth, appended under one lock, never rewritten."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from . import bulk, epochs, erasure, growth, lookup, tables
from .arrival import Arrival
from .change import Author, Change, Unreadable
from .conflicts import CONFLICT, PARKED
from .guards import Guard
from .minutes import Head, Outcome, Touched
from .protocol import SCHEMA
from .record import Kind
from .schema import Ledger
from .sitting import Sitting

FIRST = Ledger({SCHEMA: date(2026, 11, 22)})
UNGUARDED: Mapping[str, Guard] = MappingProxyType({})
GENESIS = b"\x00" * 32  # what the first entry names as the entry before it
_head = tables.dossiers
_LOCK = select(_head).where(_head.c.dossier == bindparam("dossier")).with_for_update()


@cache
def _heads(dialect: str) -> Select[Any]:
    return select(_head).where(bulk.named(dialect, _head.c.dossier, "dossiers"))


@cache
def _audiences(dialect: str) -> Select[Any]:
    t = tables.audiences
    return select(t).where(bulk.named(dialect, t.c.dossier, "dossiers"))


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one group of changes came to: an outcome per change, the new head, what was touched, how many
    entries no checkpoint covers yet, how many one does, and how many were appended.
    """

    epoch: int
    head: int
    outcomes: list[Outcome]
    touched: list[Touched]
    unsealed: int = 0
    sealed: int = 0
    appended: int = 0


Projection = Callable[[Connection, Sequence[Touched]], None]


def always() -> bool:
    """There is time for all of it."""
    return True


class EpochChanged(Exception):
    """The group was made in another epoch of the dossier: nothing was applied, pull first."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the dossier is in epoch {epoch}")
        self.epoch = epoch


class UnknownDossier(LookupError):
    """No such dossier, or none that the author may know of: the two look alike."""


class Journal:
    """All dossiers' journals: the kinds they hold and the read models that follow them.

    Every method works in the transaction of the connection it is given and commits nothing.
    """

    def __init__(
        self,
        kinds: Iterable[Kind],
        projections: Mapping[str, Projection],
        schemas: Ledger = FIRST,
        guards: Mapping[str, Guard] = UNGUARDED,
    ) -> None:
        self.schemas, self.guards = schemas, dict(guards)
        self.kinds: dict[str, Kind] = {k.name: k for k in (CONFLICT, PARKED)}
        for declared in kinds:
            if declared.name in self.kinds:
                raise ValueError(f"two kinds are called {declared.name}")
            self.kinds[declared.name] = declared
        self.projections = dict(projections)

    def open(self, conn: Connection, dossier: str) -> bool:
        """Begin the dossier's journal unless it exists. Returns whether it was begun now.

        After a restore it may have existed before, younger than the backup: it begins in an epoch
        that it cannot have had, so that devices notice and push again what they retained.
        """
        if dossier in self.heads(conn, [dossier]):
            return False
        lost = conn.execute(select(func.max(tables.lineage.c.epoch))).scalar() or 0
        begun = {"dossier": dossier, "epoch": lost + 1, "seq": 0, "hash": GENESIS}
        try:
            with conn.begin_nested():
                conn.execute(insert(tables.dossiers).values(begun | {"backed_up": 0, "closed_at": None}))
                if lost:
                    conn.execute(insert(tables.lineage).values(dossier=dossier, epoch=lost, fork=0))
        except IntegrityError:
            return False  # another transaction began it in the meantime
        return True

    def heads(self, conn: Connection, dossiers: Iterable[str]) -> dict[str, Head]:
        """The heads of those of `dossiers` that exist. One statement."""
        found = conn.execute(_heads(conn.dialect.name), {"dossiers": bulk.listed(conn, dossiers)})
        return {
            r.dossier: Head(*(r.epoch, r.seq, r.hash, r.backed_up, r.closed_at), size=r.size, sealed=r.sealed)
            for r in found
        }

    def known(self, conn: Connection, dossier: str, changes: Iterable[str]) -> set[str]:
        """Which of these changes have an outcome here. One statement."""
        return {row.change for row in lookup.find(conn, lookup.outcomes, dossier, changes)}

    def audiences(self, conn: Connection, dossiers: Iterable[str]) -> dict[str, set[str]]:
        """The audiences that records of these dossiers have, or had. One statement."""
        found: dict[str, set[str]] = {}
        wanted = {"dossiers": bulk.listed(conn, dossiers)}
        for row in conn.execute(_audiences(conn.dialect.name), wanted):
            found.setdefault(row.dossier, set()).add(row.audience)
        return found

    def lock(self, conn: Connection, dossier: str) -> Head:
        """Take the dossier's only lock and read its head.

        It protects seq, the chain and every record of the dossier until the transaction ends; a
        second holder waits. SQLite has one writer, who holds the lock since BEGIN IMMEDIATE.
        Raises UnknownDossier.
        """
        row = conn.execute(_LOCK, {"dossier": dossier}).one_or_none()
        if row is None:
            raise UnknownDossier(dossier)
        size, peaks = growth.caught_up(conn, row)
        return Head(row.epoch, row.seq, row.hash, row.backed_up, row.closed_at, size, peaks, row.sealed)

    def push(
        self,
        conn: Connection,
        dossier: str,
        author: Author,
        changes: Sequence[Change | Unreadable],
        *,
        arrival: Arrival,
        epoch: int | None = None,
        still: Callable[[], bool] = always,
    ) -> Pushed:
        """Judge every change in its order, append one entry each, store and return the outcomes.

        `still` says whether there is time for one more change; it is asked first when the lock is held. What
        there is no time for is answered `retry`. The statement count does not depend on how many changes
        there are. Raises EpochChanged, UnknownDossier.
        """
        head = self.lock(conn, dossier)
        still()  # the time runs from here: to read what the changes touch is work under the lock too
        if epoch is not None and epoch != head.epoch:
            raise EpochChanged(head.epoch)
        sitting = Sitting(conn, self.kinds, dossier, head, author, arrival, self.guards)
        sitting.read(changes)
        outcomes = sitting.judge_all(changes, still)
        touched = sitting.write()
        self.project(conn, touched)
        unsealed = sitting.minutes.tree.size - head.sealed
        appended = sitting.minutes.seq - head.seq
        return Pushed(head.epoch, sitting.minutes.seq, outcomes, touched, unsealed, head.sealed, appended)

    def restore(
        self,
        conn: Connection,
        dossier: str,
        *,
        received_at: str,
        lineage: epochs.Lineage = (),
        author: Author = epochs.RESTORER,
        reason: str = epochs.REASON,
        told: Mapping[str, str] = epochs.UNTOLD,
    ) -> Head:
        """Open a new epoch after the database was put back from a backup; see epochs.restore."""
        head = self.lock(conn, dossier)
        said = {"received_at": received_at, "reason": reason}
        return epochs.restore(conn, head, dossier, author, lineage, **said, told=told)

    def erase(
        self, conn: Connection, dossier: str, order: erasure.Order, author: Author = epochs.RESTORER
    ) -> erasure.Erased:
        """Carry an order to erase out, under the lock, and bring the read models along; see erasure.py.

        Raises UnknownDossier, NothingToErase.
        """
        done = erasure.erase(conn, self.kinds, dossier, self.lock(conn, dossier), order, author)
        self.project(conn, done.touched)
        return done

    def collect(self, conn: Connection, dossier: str, audience: str, upto: int) -> int:
        """Let go of old deletions, under the lock; see epochs.collect."""
        self.lock(conn, dossier)
        return epochs.collect(conn, dossier, audience, upto)

    def note_backup(self, conn: Connection, dossier: str, seq: int) -> None:
        """A backup covers the dossier up to `seq`; see epochs.note_backup."""
        epochs.note_backup(conn, dossier, seq)

    def forget_invalid(self, conn: Connection, before: str) -> int:
        """Let go of undecodable bytes received before `before` (RFC 3339 UTC); how many there were.

        Their outcomes stay, so that a device that comes late still gets the same answer.
        """
        t = tables.invalid
        return conn.execute(delete(t).where(t.c.received_at < before)).rowcount

    def project(self, conn: Connection, touched: Sequence[Touched]) -> None:
        """Bring the read models of the touched kinds up to date, one call a kind."""
        by_kind: dict[str, list[Touched]] = {}
        for item in touched:
            by_kind.setdefault(item.kind, []).append(item)
        for kind, items in by_kind.items():
            projection = self.projections.get(kind)
            if projection is not None:
                projection(conn, items)
