"""What outlives a restore: epochs and their lineage, backups that cover entries, deletions let go."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from . import bulk, tables
from .arrival import Arrival
from .change import Author, Change
from .minutes import Head, Minutes
from .record import Kind, kind
from .tree import Range

REASON = "put back from a backup"
JUMP = 1_000_000  # no seq of the lost history is ever issued again, whatever was lost
NAMESPACE = uuid.UUID("7c0f6b0a-9d6b-5a65-8a3e-40b9d3c6a001")
UNTOLD: Mapping[str, str] = MappingProxyType({})
EPOCH: Kind = kind("epoch", zh="纪元", written_by_server=True, fields={})


class _Everything:
    """The restore procedure writes one entry of its own and asks nobody."""

    def sees(self, audience: str) -> bool:  # noqa: ARG002
        return True

    def refusal(self, kind: str, verb: str, audience: str, at: str) -> None:  # noqa: ARG002
        return None

    def grants(self, at: str) -> list[dict[str, Any]]:  # noqa: ARG002
        return []

    def allowed(self, grants: Any, kind: str, verb: str, audience: str) -> bool:  # noqa: ARG002
        return True

    def late(self, ended_at: str) -> bool:  # noqa: ARG002
        return True


RESTORER = Author(actor="system", device="server", may=_Everything(), system=True)
Lineage = Sequence[tuple[int, int]]


def restore(
    conn: Connection,
    head: Head,
    dossier: str,
    author: Author,
    lineage: Lineage,
    *,
    received_at: str,
    reason: str = REASON,
    told: Mapping[str, str] = UNTOLD,
) -> Head:
    """Open a new epoch over a dossier that was put back from a backup; `head` is what came back.

    `lineage` are the (epoch, fork) of earlier restores as kept outside the backup, which has
    forgotten those made after it. Devices notice the epoch, start their cursors anew and push
    again what they retained (protocol.md §6). What devices are told of it, with the `reason`, is signed
    with the epoch's first checkpoint (checkpoints.py). `told` is what else the first entry says of it:
    by whom, from which backup.
    """
    t = tables.lineage
    known = {(r.epoch, r.fork) for r in conn.execute(select(t).where(t.c.dossier == dossier))}
    lost = max([head.epoch, *(epoch + 1 for epoch, _fork in [*known, *lineage])])
    rows = sorted({*known, *lineage, (lost, head.seq)} - known)
    stood = {"size": head.size, "root": Range.load(head.size, head.peaks).root(), "reason": reason}
    stood |= {"actor": told.get("by", author.actor), "at": received_at}
    plain: list[dict[str, Any]] = [{"dossier": dossier, "epoch": e, "fork": f} for e, f in rows]
    conn.execute(
        insert(t), [row | (stood if row["epoch"] == lost else dict.fromkeys(stood)) for row in plain]
    )
    opened = replace(head, epoch=lost + 1, seq=head.seq + JUMP, backed_up=head.seq)
    d = tables.dossiers
    conn.execute(
        update(d)
        .where(d.c.dossier == dossier)
        .values(epoch=opened.epoch, seq=opened.seq, backed_up=opened.backed_up)
    )
    minutes = Minutes(conn, dossier, opened, author, Arrival(received_at))
    minutes.append(_opening(dossier, opened.epoch, rows, received_at, reason, told), "applied", "office")
    minutes.write({})
    return Head(opened.epoch, minutes.seq, minutes.prev, opened.backed_up)


def _opening(
    dossier: str, epoch: int, rows: Iterable[tuple[int, int]], at: str, reason: str, told: Mapping[str, str]
) -> Change:
    """The entry that says since when, and from where, the new epoch runs."""
    name = str(uuid.uuid5(NAMESPACE, f"{dossier}|{epoch}"))
    fields: dict[str, Any] = {"lineage": [list(row) for row in rows]}
    fields |= told
    return Change(
        id=name,
        n=0,
        op="epoch",
        kind=EPOCH,
        record=name,
        at=at,
        digest="0" * 64,
        size=0,
        raw={"reason": reason},
        fields=fields,
    )


def lineage(conn: Connection, dossier: str) -> list[tuple[int, int]]:
    """The (epoch, fork) of every restore, to be kept where no backup reaches."""
    t = tables.lineage
    rows = conn.execute(select(t).where(t.c.dossier == dossier).order_by(t.c.epoch))
    return [(r.epoch, r.fork) for r in rows]


def note_backup(conn: Connection, dossier: str, seq: int) -> None:
    """A backup covers the dossier up to `seq`: devices may let go of what they retained."""
    t = tables.dossiers
    conn.execute(update(t).where(t.c.dossier == dossier, t.c.backed_up < seq).values(backed_up=seq))


def collect(conn: Connection, dossier: str, audience: str, upto: int) -> int:
    """Let go of deletions and leavings up to seq `upto` in one audience; how many there were.

    A cursor that stands before them is told to start anew (`resync: tombstones`).
    """
    f, c = tables.feed, tables.collected
    gone = (f.c.dossier == dossier) & (f.c.audience == audience) & (f.c.op != "put") & (f.c.seq <= upto)
    last = conn.execute(select(func.max(f.c.seq)).where(gone)).scalar()
    if last is None:
        return 0
    before = conn.execute(select(c.c.seq).where(c.c.dossier == dossier, c.c.audience == audience)).scalar()
    bulk.upsert(conn, c, [(dossier, audience, max(last, before or 0))])
    return conn.execute(delete(f).where(gone)).rowcount


@cache
def _collected(dialect: str) -> Select[Any]:
    c = tables.collected
    return select(c).where(bulk.named(dialect, c.c.dossier, "dossiers"))


def with_deletions(conn: Connection) -> list[tuple[str, str]]:
    """The pairs of dossier and audience whose feed still tells of deletions or leavings."""
    f = tables.feed
    rows = conn.execute(select(f.c.dossier, f.c.audience).where(f.c.op != "put").distinct())
    return sorted((row.dossier, row.audience) for row in rows)


def last_before(conn: Connection, dossier: str, moment: str) -> int:
    """The seq of the last entry received before `moment` (RFC 3339 UTC, milliseconds); 0 if none.

    Entries are in the order of receipt, so it is found by halving: some forty look-ups however
    long the journal.
    """
    e = tables.entries
    low, high = 0, conn.execute(select(func.max(e.c.seq)).where(e.c.dossier == dossier)).scalar() or 0
    while low < high:
        middle = (low + high + 1) // 2
        row = conn.execute(
            select(e.c.seq, e.c.bytes)
            .where(e.c.dossier == dossier, e.c.seq <= middle)
            .order_by(e.c.seq.desc())
            .limit(1)
        ).one_or_none()
        if row is None or orjson.loads(row.bytes)["received_at"] < moment:
            low = middle
        else:
            high = row.seq - 1
    return low


def collected(conn: Connection, dossiers: Iterable[str]) -> dict[tuple[str, str], int]:
    """How far deletions were let go, by (dossier, audience). One statement."""
    rows = conn.execute(_collected(conn.dialect.name), {"dossiers": bulk.listed(conn, dossiers)})
    return {(r.dossier, r.audience): r.seq for r in rows}
